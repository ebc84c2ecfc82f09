/* Columns for people: as wide as their widest cell is on a terminal, two blanks between, none at
 * the end of a line. Control characters in cells are shown as "?". */
#ifndef ACTORS_CTL_TEXT_TABLE_H
#define ACTORS_CTL_TEXT_TABLE_H

#include "common/base/str.h"

struct text_table {
    size_t columns;
    size_t cells;
    struct buf text; /* of the cells, each with a NUL behind */
};

/* The head: names, NULL-terminated. */
void text_table_init(struct text_table *self, const char *const *head);
void text_table_fini(struct text_table *self);
void text_table_add(struct text_table *self,
                    struct str cell); /* the next cell, row by row; empty: "-" */
void text_table_add_i64(struct text_table *self, int64_t value);
/* "3s", "12m", "5h", "8d" */
void text_table_age(struct buf *to, int64_t ms);
void text_table_add_age(struct text_table *self, int64_t ms);
void text_table_print(const struct text_table *self, struct buf *to);

#endif
