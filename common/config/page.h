/* Text of manual pages. */
#ifndef COMMON_CONFIG_PAGE_H
#define COMMON_CONFIG_PAGE_H

#include "common/base/str.h"

enum { page_width = 80 };

/* Appends the words of text in lines of page_width, each indented; at: the column that
 * to is already in, for the first line. A line feed in text begins a new line; the last
 * line is ended. */
void page_wrap(struct buf *to, size_t at, size_t indent, const char *text);

#endif
