/* Writes JSON strings as Go's encoding/json does, byte for byte: < > & U+2028
 * U+2029 as \u003c \u003e \u0026 \u2028 \u2029; control characters as \u00XX but
 * \n \r \t; each byte that is not UTF-8 as \ufffd; all else raw. */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include "common/base/str.h"

/* The string with its quotes. */
void json_quote(struct buf *to, struct str s);

#endif
