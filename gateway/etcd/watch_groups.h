/* Who watches a key. Watchers that want the same of the same keys are one group; groups of single
 * keys are found by hash, those of ranges in an interval tree: a treap in order of where ranges
 * begin, each node of which knows the end that reaches farthest in its subtree.
 *
 *            [c, f)  farthest: z         "e"? left: farthest d is not beyond, none; itself: hit;
 *           /      \                     right: begins behind it, and so does all further right
 *      [a, d)      [k, z)
 */
#ifndef GATEWAY_ETCD_WATCH_GROUPS_H
#define GATEWAY_ETCD_WATCH_GROUPS_H

#include "common/base/prng.h"
#include "common/base/str.h"
#include "common/container/index.h"
#include "common/container/table.h"
#include "gateway/etcd/watch_links.h"

/* What a watcher asked for, but for where it begins. */
struct watch_wish {
    struct str key;
    struct str end; /* empty: key alone; one byte 0: all from key on */
    bool prev;      /* what was before, too */
    bool fragment;
    bool no_put, no_delete;
};

struct watch_body;
struct watch_read;

struct watch_group {
    struct watch_wish wish;      /* its own copy */
    uint32_t count;              /* of watchers */
    struct watch_links live;     /* those of them that are told of facts */
    struct watch_body *body;     /* what they are told in this turn; NULL: nothing yet */
    struct watch_read *read;     /* that is under way for some of the others */
    struct watch_body *history;  /* what it has brought */
    struct watch_link prev_link; /* of those that want prev */
    union {
        struct { /* of a single key */
            uint32_t number;
            struct watch_group *same; /* another one of that key */
        };
        struct { /* of a range */
            struct watch_group *left, *right;
            struct watch_group *farthest; /* whose end it is, of this subtree */
            uint32_t priority;
        };
    };
};

struct watch_groups {
    struct memory memory;
    struct table singles; /* the first group of each key */
    struct index by_key;
    struct watch_group *ranges; /* root */
    struct watch_links prev;
    struct prng prng;
    uint32_t count;
    size_t bytes; /* of their keys */
    uint32_t prev_count;
    struct watch_group **found; /* by the last search */
    size_t found_count, found_cap;
};

/* seed: random. */
void watch_groups_init(struct watch_groups *self, uint64_t seed);
void watch_groups_fini(struct watch_groups *self); /* there are none any more */

/* The group with this wish, made if there is none; wish is copied. */
struct watch_group *watch_groups_get(struct watch_groups *self, const struct watch_wish *wish);
/* It has no watchers any more, and is freed. */
void watch_groups_drop(struct watch_groups *self, struct watch_group *group);

/* Those that watch key, in found, until the next search or change. */
void watch_groups_find(struct watch_groups *self, struct str key);

static inline bool watch_wish_is_single(const struct watch_wish *wish)
{
    return wish->end.len == 0;
}

static inline bool watch_wish_is_open(const struct watch_wish *wish)
{
    return wish->end.len == 1 && wish->end.data[0] == 0;
}

static inline bool watch_wish_has(const struct watch_wish *wish, struct str key)
{
    if (watch_wish_is_single(wish)) {
        return str_eq(wish->key, key);
    }
    return str_cmp(wish->key, key) <= 0 &&
           (watch_wish_is_open(wish) || str_cmp(key, wish->end) < 0);
}

/* kind: an event's. */
static inline bool watch_wish_wants(const struct watch_wish *wish, uint32_t kind)
{
    return kind == 0 ? !wish->no_put : !wish->no_delete;
}

#endif
