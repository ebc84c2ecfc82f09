/* What is done to a cluster: processes killed and paused, machines without power, disks damaged,
 * partitions, wall clocks that jump. Everything is repaired after a while, or at chaos_end. */
#ifndef TESTS_SIM_CHAOS_H
#define TESTS_SIM_CHAOS_H

#include "tests/sim/judge.h"

enum { chaos_repairs_max = 64 };

/* What is to be undone, and when. */
struct repair {
    bool open;
    int64_t at_ms;
    int64_t begun_ms;
    bool cut;     /* the way from a to b; else actor of node a is down */
    bool left;    /* node a has left, or is about to */
    bool renamed; /* node a comes back under another name or at another address */
    uint32_t a;
    uint32_t b;
    enum actor_name actor;
};

struct chaos {
    struct plan *plan;
    struct sim *sim;
    struct network *network;
    struct trace *trace;
    struct site *sites;
    struct judge *judge;
    bool on;
    int64_t next_ms;
    int64_t every_ms; /* about */
    struct repair repairs[chaos_repairs_max];
    unsigned client; /* its process */
    uint64_t power_cuts;
    uint64_t leaves;
    uint64_t renames;
    uint64_t damages;
};

void chaos_init(struct chaos *self, struct plan *plan, struct sim *sim, struct network *network,
                struct trace *trace, struct site *sites, struct judge *judge, unsigned client);
void chaos_begin(struct chaos *self);
/* Two halves do not hear each other until chaos_end, or one does not hear the other. */
void chaos_split(struct chaos *self);
/* Two nodes do not hear each other until chaos_end; nothing else is done to anybody. */
void chaos_gap(struct chaos *self);
void chaos_end(struct chaos *self);    /* all is repaired */
void chaos_second(struct chaos *self); /* call each second */

#endif
