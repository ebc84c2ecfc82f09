/* What a list goes on behind: parts, each with its length before it, that only who made it
 * understands. In an answer's `next` and a query's `after` it stands in hexadecimal. */
#ifndef GATEWAY_OPERATE_CURSOR_H
#define GATEWAY_OPERATE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

/* part: 64 KiB at most. */
void cursor_add(struct buf *cursor, struct str part);
void cursor_add_number(struct buf *cursor, uint64_t part);
/* Takes the next part off rest. False: there is none. */
bool cursor_part(struct str *rest, struct str *part);
bool cursor_part_number(struct str *rest, uint64_t *part);

void cursor_print(struct str cursor, struct buf *to);
/* Appends the bytes. False: the text is none of cursor_print's. */
bool cursor_read(struct str text, struct buf *cursor);

#endif
