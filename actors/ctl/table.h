/* Columns for people: as wide as their widest cell, two blanks between, none at the
 * end of a line. Control characters in cells are shown as "?". */
#ifndef ACTORS_CTL_TABLE_H
#define ACTORS_CTL_TABLE_H

#include "common/base/str.h"

struct table {
    size_t columns;
    size_t cells;
    struct buf text; /* of the cells, each with a NUL behind */
};

/* The head: names, NULL-terminated. */
void table_init(struct table *self, const char *const *head);
void table_fini(struct table *self);
void table_add(struct table *self, struct str cell); /* the next cell, row by row; empty: "-" */
void table_add_i64(struct table *self, int64_t value);
/* "3s", "12m", "5h", "8d" */
void table_add_age(struct table *self, int64_t ms);
void table_print(const struct table *self, struct buf *to);

#endif
