/* What the files of mvcc.h share. */
#ifndef ACTORS_STORE_MVCC_STATE_H
#define ACTORS_STORE_MVCC_STATE_H

#include "actors/store/mvcc/key_index.h"
#include "actors/store/mvcc/key_value.h"
#include "actors/store/mvcc/mvcc.h"
#include "actors/store/mvcc/tail.h"
#include "common/container/column.h"
#include "common/container/index.h"

struct lease {
    int64_t id;
    int64_t ttl_s;
    int64_t rest_s;
    struct order keys; /* numbers of the key index */
};

struct leases {
    struct memory memory;
    struct table table; /* struct lease */
    struct index index; /* by id */
    struct column of;   /* int64_t by number of a key: the lease it is attached to; 0: none */
};

struct pin {
    int64_t at;
    struct pin *next;
};

struct mvcc {
    struct mvcc_settings settings;
    struct backend *backend; /* borrowed */
    struct key_index index;
    struct leases leases;
    struct tail **tails; /* owned, oldest first; the last one is open */
    size_t tail_count, tail_cap;
    int64_t revision;
    int64_t sub;       /* changes made by the transaction under way */
    int64_t compacted; /* nothing is read below it; -1: never */
    int64_t finished;  /* what is below it is gone; -1: never */
    struct buf behind; /* the compaction under way has done the keys up to this one */
    bool begun;        /* it has done one */
    struct pin *pins;  /* borrowed; pin.h */
    enum err damage;
    struct mvcc_counts counts;
};

static inline struct tail *open_tail(const struct mvcc *self)
{
    return self->tails[self->tail_count - 1];
}

/* The revision that a read sees; that of a transaction sees its own changes. */
static inline int64_t current_revision(const struct mvcc *self)
{
    return self->revision + (self->sub > 0);
}

#endif
