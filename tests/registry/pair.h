/* Two registries, and what one asks the other: digests, leaves, what is wanted. */
#ifndef TESTS_REGISTRY_PAIR_H
#define TESTS_REGISTRY_PAIR_H

#include "actors/registry/digest.h"
#include "actors/registry/state.h"
#include "common/base/prng.h"
#include "common/naming/limits.h"
#include "tests/registry/node.h"

enum { told_bytes = 256 * 1024, every_leaf_bytes = 2 * digest_leaves };

static const int64_t idle_ms = 90000;
static const int64_t tombstone_ms = 3600000 + 600000;

struct pair {
    struct node a;
    struct node b;
    struct buf kept; /* of an answer of one that the other is given */
};

int pair_set_up(void **state);
int pair_tear_down(void **state);
/* Borrows until the next turn. */
struct msg pair_ask(struct node *node, const struct msg *question, enum msg_type type);
struct msg pair_question(struct node *node, enum msg_type type);
struct msg pair_digest(struct node *node, struct str branches);
struct hash128 pair_sum_at(struct str sums, size_t i);
struct hash128 pair_root(struct node *node);
bool pair_roots_agree(struct pair *pair);
bool pair_is_empty(struct node *node);
struct str pair_every_leaf(void);
struct msg pair_leaves(struct node *node, struct str leaves);
/* Of what is in all leaves; the caller gives the buffer back. */
struct buf pair_entries(struct node *node);
struct entry_state pair_only_entry(struct node *node);
struct msg_wanted pair_compare(struct node *node, struct str entries);
/* One node's walk: it pulls what it lacks. Returns how many it wanted. */
size_t pair_walk(struct pair *pair, struct node *from, struct node *to);
void pair_register(struct node *node, const char *hostname, int64_t dirty_timestamp);
void pair_renew(struct node *node, const char *hostname);
void pair_cancel(struct node *node, const char *hostname);
struct msg pair_only_record(struct node *node);

#endif
