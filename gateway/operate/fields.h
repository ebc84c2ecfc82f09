/* Members of JSON objects and items of arrays, with the commas between them, behind
 * common/base/json.h:
 *
 *   buf_add_char(to, '{'); field_text(to, "node", name); field_number(to, "stale_ms", 0); …
 *
 * A comma is added unless an object, an array or a key has just begun.
 */
#ifndef GATEWAY_OPERATE_FIELDS_H
#define GATEWAY_OPERATE_FIELDS_H

#include <stdint.h>

#include "common/base/str.h"

/* At most max bytes of it: texts of others may be of any length, an answer not. */
struct str field_cut(struct str text, size_t max);

void field_item(struct buf *to);                 /* the comma before the next item, if need be */
void field_key(struct buf *to, const char *key); /* "key": … whose value the caller appends */
void field_open(struct buf *to, const char *key, char bracket); /* "key":{ or "key":[ */

void field_text(struct buf *to, const char *key, struct str value);
/* The same, null where it is empty. */
void field_text_or_null(struct buf *to, const char *key, struct str value);
void field_number(struct buf *to, const char *key, int64_t value);
void field_flag(struct buf *to, const char *key, bool value);
void field_null(struct buf *to, const char *key);
/* 16 hex digits, as a string: numbers beyond 2^53 are none in JavaScript. */
void field_hex(struct buf *to, const char *key, uint64_t value);
/* RFC 3339 in UTC with milliseconds; 0 and below: null. */
void field_time(struct buf *to, const char *key, int64_t wall_ns);
void time_print(struct buf *to, int64_t wall_ns); /* 2026-11-28T22:48:22.123Z */

#endif
