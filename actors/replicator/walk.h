/* How far the walk down the digests of one node has come (repair.h). Pure. */
#ifndef ACTORS_REPLICATOR_WALK_H
#define ACTORS_REPLICATOR_WALK_H

#include "common/base/str.h"

enum walk_state {
    WALK_IDLE,
    WALK_BRANCHES,
    WALK_LEAVES,
    WALK_ENTRIES,
    WALK_COMPARE,
    WALK_LOOKUP,
    WALK_MERGE,
    WALK_STATE_COUNT
};

struct sums {
    bool in;
    struct buf sums;
    struct buf moving;
};
void sums_clear(struct sums *self);

struct walk {
    enum walk_state state;
    uint64_t round;   /* of this walk and step: an answer to an earlier one is late */
    unsigned differs; /* ticks in a row that the roots do */
    int64_t since_ms; /* mono, since when they do */
    bool all;         /* also leaves that are moving */
    bool calm; /* the last one that went through found nothing lacking; or the roots agreed */
    struct sums mine;
    struct sums theirs;
    struct buf branches; /* asked for; empty: the branches themselves */
    struct buf leaves;   /* that differ, two bytes each */
    size_t leaves_at;
    uint64_t leaf_cursor; /* where the leaf there goes on; 0: at its beginning */
    unsigned pieces;      /* of that leaf so far */
    struct buf entries;   /* theirs, still to be compared from entries_at on */
    size_t entries_at;
    struct buf keys; /* of what wins over ours */
    size_t keys_at;
    uint64_t pulled;
    uint32_t cut_at; /* place of the last one that was cut; 0: none was since one went through */
    bool cut_said;
};

/* To another state, and from one that may lead there; whatever was asked before is late. */
void walk_enter(struct walk *self, enum walk_state state);
/* Frees what it holds; what it has counted stays. */
void walk_clear(struct walk *self);

#endif
