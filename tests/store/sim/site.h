/* The store and what it stands on: a disk that forgets what was not synced, a backend whose
 * transactions are durable one by one. */
#ifndef TESTS_STORE_SIM_SITE_H
#define TESTS_STORE_SIM_SITE_H

#include "actors/store/store.h"
#include "tests/journal/disk_sim.h"
#include "tests/store/sim/judge.h"
#include "tests/store/sim/shell.h"

struct site {
    struct plan *plan;
    struct trace *trace;
    struct shell *shell;
    struct judge *judge;
    struct disk_sim *disk;
    struct clock_virtual clock; /* it times syncs */
    struct backend *durable;    /* what was written */
    struct disk_log *log;
    struct store *store; /* NULL: down */
    struct outbox *out;
    struct prng prng;
    uint64_t boots;
    uint64_t dies_at;       /* so many changes of the disk; UINT64_MAX: it doesn't */
    unsigned flush_dies;    /* it dies when so many more flushes are durable; 0: it doesn't */
    bool within;            /* an entry is applied in part */
    bool within_dies;       /* it dies when a turn ends so */
    bool full;              /* writes may fail */
    struct machine machine; /* the product's own functions */
    size_t heard[OUTBOX_LANE_COUNT][plan_gateways_max + 1]; /* messages in the outbox that the judge
                                                               knows */
    uint64_t flushes;
};

void site_init(struct site *self, struct plan *plan, struct trace *trace, struct shell *shell,
               struct judge *judge);
void site_fini(struct site *self);

/* False: it could not, as the disk fails. */
bool site_start(struct site *self);
/* After so many more changes of the disk; 0: now; UINT32_MAX: not at all. */
void site_die_after(struct site *self, uint32_t changes);
/* When so many more flushes are durable. */
void site_die_flushed(struct site *self, unsigned flushes);
/* When a turn has applied a part of an entry. */
void site_die_within(struct site *self);
/* It is gone, without any order. power: with the host. */
void site_kill(struct site *self, bool power);
void site_stop(struct site *self); /* in good order */
/* After its turn. False: it is dead now. */
bool site_lives(struct site *self);
/* The judge is told what it says. */
void site_hear(struct site *self);
/* Writes fail, from the so many-th on, or again do not. */
void site_fill(struct site *self, bool full);

#endif
