/* The last of what was told, for those who look on from outside: at most ring_items_max items and
 * ring_bytes_max bytes, in one piece of memory, so that it never grows once it was full.
 * Each has an ordinal, one more than the one before; whoever reads holds one and costs nothing
 * while he does not read.
 */
#ifndef GATEWAY_OPERATE_RING_H
#define GATEWAY_OPERATE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

enum { ring_items_max = 10000, ring_bytes_max = 4 * 1024 * 1024, ring_keys = 2 };

struct ring_item {
    const char *event; /* its name for readers; static */
    unsigned kind;     /* below 32 */
    uint64_t epoch;    /* with seq its id, which lasts; 0: it has none */
    uint64_t seq;
    int64_t wall_ns;
    struct str key[ring_keys]; /* what it is of, for filters */
    struct str data;           /* the owner's; with the keys ring_bytes_max at most */
};

/* Appends an item's data as a JSON object. */
typedef void ring_print(struct buf *to, const struct ring_item *item);

struct ring {
    struct ring_item *items; /* owns; by ordinal % ring_items_max; NULL before the first */
    char *room;              /* owns: keys and data; those of an item side by side */
    size_t at;               /* where in room the next one's begin, if they fit there */
    uint64_t first;          /* ordinal of the oldest */
    uint64_t next;           /* of the one to come */
    size_t bytes;            /* of all that is held in room */
};

void ring_fini(struct ring *self); /* all zeros is empty */
/* Copies. The oldest make room. */
void ring_add(struct ring *self, const struct ring_item *item);
/* first ≤ ordinal < next; borrowed until the next add. */
const struct ring_item *ring_at(const struct ring *self, uint64_t ordinal);
/* The ordinal behind the item with this id. False: it is not held. */
bool ring_behind(const struct ring *self, uint64_t epoch, uint64_t seq, uint64_t *ordinal);

/* Which items a reader wants. */
struct ring_filter {
    uint32_t kinds;            /* a bit each */
    struct str key[ring_keys]; /* empty: any */
    int64_t since;             /* not older, wall ns */
};
bool ring_wants(const struct ring_filter *filter, const struct ring_item *item);

#endif
