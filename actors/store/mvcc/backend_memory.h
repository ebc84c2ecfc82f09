/* A backend in memory: sorted arrays, made anew by each write; durable as long as it lives. */
#ifndef ACTORS_STORE_MVCC_BACKEND_MEMORY_H
#define ACTORS_STORE_MVCC_BACKEND_MEMORY_H

#include "actors/store/mvcc/backend.h"

struct backend *backend_memory_new(void);

/* One with the same state as reads of it see. */
struct backend *backend_memory_copy(struct backend *self);

#endif
