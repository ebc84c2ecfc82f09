/* Leases and the keys attached to them. When one ends is not known here. */
#ifndef ACTORS_STORE_MVCC_LEASE_H
#define ACTORS_STORE_MVCC_LEASE_H

#include "actors/store/mvcc/state.h"

enum { lease_id_bytes = 8 };

void leases_init(struct leases *self);
void leases_fini(struct leases *self);

struct lease *lease_find(const struct mvcc *state, int64_t id); /* NULL */

/* id is not in use. Into the tail too. */
struct lease *lease_add(struct mvcc *state, int64_t id, int64_t ttl_s);
void lease_remove(struct mvcc *state, struct lease *lease); /* it has no keys */
void lease_set_rest(struct mvcc *state, struct lease *lease, int64_t rest_s);

/* A record of BUCKET_LEASE. Errors: ERR_CORRUPT. */
enum err lease_restore(struct mvcc *state, struct str id, struct str record);

/* A key is attached to the lease of its last put, if that is there: to one at most. */
void lease_attach(struct mvcc *state, int64_t id, uint32_t key);
void lease_detach(struct mvcc *state, uint32_t key); /* if it is attached */

/* The key that comes first; KEY_NONE: it has none. */
uint32_t lease_first_key(const struct lease *self);

#endif
