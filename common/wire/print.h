/* Messages and frames for people: one JSON object a message, field names from
 * the table. It prints any bytes: what is no message is shown as msgpack value,
 * what is no msgpack as hex with the offset of the damage.
 *
 *   {"type":"PING","id":7}
 *   {"type":"PING","id":7,"unknown":["a field of a newer version"]}
 *   {"type":200,"fields":[1,"x"]}       a type not in the table
 *   {"value":{"a":1}}                   msgpack, but no message
 *   {"damaged_at":17,"hex":"dfdf…"}     no msgpack; nothing after it is shown
 *
 * Integers are exact, bin is a string of hex; a map's key that is no string is
 * shown as the string of its JSON (an array or map: of its bytes in hex). The
 * output is always valid JSON, also where a map holds a key twice.
 */
#ifndef COMMON_WIRE_PRINT_H
#define COMMON_WIRE_PRINT_H

#include "common/wire/codec.h"

void msg_print(struct buf *json, const struct msg *msg);
void msg_print_fields(struct buf *json, const struct msg *msg); /* the object without "type" */
void frame_print(struct buf *json, struct str frame);           /* an array of objects */

/* Appends s as a JSON string, quotes included; invalid UTF-8 as U+FFFD, what commands a terminal
 * (str_commands) as an escape. */
void json_add_str(struct buf *json, struct str s);

#endif
