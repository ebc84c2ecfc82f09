/* Sums over what this node holds, by which two nodes find what one of them lacks without telling
 * all they have: 4,096 leaves by the first 12 bits of the key, 64 branches of 64 leaves, one root.
 *
 * A sum is that of 128-bit hashes of its entries' states, so that an entry comes and goes in O(1)
 * and equal sets have equal sums whatever the order. In it are live instances that are not idle
 * (who is idle is each node's own matter) and tombstones until half their life (their ages differ a
 * little between nodes, and the end must not look like a difference). A column beside the registry:
 * slots are its numbers.
 */
#ifndef ACTORS_REGISTRY_DIGEST_H
#define ACTORS_REGISTRY_DIGEST_H

#include "common/base/hash.h"

enum { digest_branches = 64, digest_branch_leaves = 64, digest_leaves = 4096 };

struct digest;

struct digest *digest_new(void);
void digest_destroy(struct digest **self);

/* Slot's entry is in the sums with this state from now on, instead of what it had before. gone:
 * hash is not looked at. awake_ms: when, for digest_moving. */
void digest_put(struct digest *self, uint32_t slot, struct hash128 key, int64_t dirty_timestamp,
                uint64_t hash, bool gone, int64_t awake_ms);
void digest_drop(struct digest *self, uint32_t slot, int64_t awake_ms); /* not in it: nothing */
bool digest_holds(const struct digest *self, uint32_t slot);
uint64_t digest_hash(const struct digest *self,
                     uint32_t slot); /* as it was put; gone: 0. It is in */
uint64_t digest_count(const struct digest *self);

struct hash128 digest_root(const struct digest *self);
struct hash128 digest_branch(const struct digest *self, uint32_t branch);
struct hash128 digest_leaf(const struct digest *self, uint32_t leaf);

/* Whether the leaf changed within the last within_ms: what differs there may be under way. */
bool digest_moving(const struct digest *self, uint32_t leaf, int64_t awake_ms, int64_t within_ms);

/* The slots in a leaf, in no order: *slot is REGISTRY_NONE (UINT32_MAX) before the first. False: no
 * further one. */
bool digest_next(const struct digest *self, uint32_t leaf, uint32_t *slot);
/* Whether slot is in this leaf: whoever was given it by digest_next may go on from there. */
bool digest_is_in(const struct digest *self, uint32_t slot, uint32_t leaf);
uint32_t digest_leaf_count(const struct digest *self, uint32_t leaf);

#endif
