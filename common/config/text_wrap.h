/* Text of manual pages. */
#ifndef COMMON_CONFIG_TEXT_WRAP_H
#define COMMON_CONFIG_TEXT_WRAP_H

#include "common/base/str.h"

enum { text_width = 80 };

/* Appends the words of text in lines of text_width, each indented; at: the column that
 * to is already in, for the first line. A line feed in text begins a new line; the last
 * line is ended. */
void text_wrap(struct buf *to, size_t at, size_t indent, const char *text);

#endif
