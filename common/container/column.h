/* A column beside numbered things (slots, apps): zeroed cells of one size by number, which never
 * move. */
#ifndef COMMON_CONTAINER_COLUMN_H
#define COMMON_CONTAINER_COLUMN_H

#include "common/container/chunks.h"

enum { column_chunk_cells = 4096 };

struct column {
    struct chunks chunks;
    size_t cell_bytes;
};

/* Empty. */
struct column column_of(size_t cell_bytes);
void column_fini(struct column *self);
void *column_make(struct column *self, uint32_t number);       /* the cell, made if need be */
void *column_find(const struct column *self, uint32_t number); /* NULL: never made */
/* The column_chunk_cells from number x column_chunk_cells on; NULL: none of them was made. */
void *column_chunk(const struct column *self, uint32_t number);
uint32_t column_chunk_count(const struct column *self);

#endif
