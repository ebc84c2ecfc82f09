/* A column beside numbered things (slots, apps): zeroed cells of one size by
 * number. Grows a chunk at a time; cells never move. {.cell_bytes = n} is empty. */
#ifndef GATEWAY_DISCOVERY_COLUMN_H
#define GATEWAY_DISCOVERY_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { column_chunk_cells = 4096 };

struct column {
    void **chunk; /* owns; NULL where no cell was needed yet */
    size_t chunk_count;
    size_t cell_bytes;
};

void column_fini(struct column *self);
void *column_make(struct column *self, uint32_t number);       /* the cell, made if need be */
void *column_find(const struct column *self, uint32_t number); /* NULL: never made */

#endif
