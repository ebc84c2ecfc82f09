/* Ranges of keys as a set: whether a key is in any of them. Bounded: a set of more than spans_max
 * ranges that do not meet, or spans_bytes_max bytes, holds every key. */
#ifndef ACTORS_STORE_SPANS_H
#define ACTORS_STORE_SPANS_H

#include "common/base/str.h"

enum { spans_max = 1000, spans_bytes_max = 1 << 20 };

/* Keys from `from` on, up to end. */
struct span {
    uint32_t from, from_len; /* in bytes */
    uint32_t end, end_len;
    bool rest; /* there is no end */
};

/* {0} is empty. */
struct spans {
    struct buf bytes;
    struct span *items; /* owned; those that are settled are in order and do not meet */
    size_t count, cap;
    size_t settled;
    bool all;
};

/* A range in etcd's form: end empty: from alone; end "\0": all from it on. Copies. */
void spans_add(struct spans *self, struct str from, struct str end);
bool spans_has(struct spans *self, struct str key);
void spans_clear(struct spans *self);
void spans_fini(struct spans *self);

#endif
