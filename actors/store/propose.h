/* Entries of the store's own, which nobody waits for. */
#ifndef ACTORS_STORE_PROPOSE_H
#define ACTORS_STORE_PROPOSE_H

#include <stdint.h>

struct store;

/* Its body is self->body. Its number; 0: it can't be proposed now. */
uint64_t store_propose(struct store *self, int64_t deadline_ms);

#endif
