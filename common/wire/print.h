/* Messages and frames for people: one JSON object a message, field names from
 * the table. It prints any bytes: what is no message is shown as msgpack value,
 * what is no msgpack as hex with the offset of the damage.
 *
 *   {"type":"PING","id":7}
 */
#ifndef COMMON_WIRE_PRINT_H
#define COMMON_WIRE_PRINT_H

#include "common/wire/codec.h"

void msg_print(struct buf *json, const struct msg *msg);
void msg_print_fields(struct buf *json, const struct msg *msg); /* the object without "type" */
void frame_print(struct buf *json, struct str frame);           /* an array of objects */

/* Appends s as a JSON string, quotes included; invalid UTF-8 as U+FFFD. */
void json_add_str(struct buf *json, struct str s);

#endif
