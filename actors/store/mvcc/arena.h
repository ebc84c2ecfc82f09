/* Memory that is given back all at once: of a turn's answers, of what a tail holds. What it gave
 * never moves. */
#ifndef ACTORS_STORE_MVCC_ARENA_H
#define ACTORS_STORE_MVCC_ARENA_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/str.h"

struct arena_block;

/* {0} is empty. */
struct arena {
    struct arena_block *blocks; /* owned; the first is the one in use */
    size_t bytes;               /* of all blocks */
};

void *arena_get(struct arena *self, size_t size); /* fit for anything; no memory ends the process */
void *arena_zero(struct arena *self, size_t size); /* the same, of zeros */
void arena_reset(struct arena *self); /* all it gave is gone; a block stays for what comes */
void arena_fini(struct arena *self);

/* What protobuf-c unpacks with it needs no free_unpacked. Borrows self. */
ProtobufCAllocator arena_allocator(struct arena *self);

#endif
