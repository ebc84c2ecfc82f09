/* The simulator's inside: sim.c gives turns, courier.c carries what they send. */
#ifndef TESTS_SIM_ENGINE_H
#define TESTS_SIM_ENGINE_H

#include "common/runtime/turn.h"
#include "tests/sim/parcel.h"

enum { turns_at_once_max = 100000 };

struct running {
    const struct sim_process *process;
    void *state; /* NULL: down */
    struct outbox *out;
    struct turn turn;
    uint32_t life; /* counts starts: what was sent to or by an earlier one is lost */
    int64_t paused_until_ms;
};

/* A replicator's way to another node's. */
struct way {
    uint32_t to;         /* sim_no_node: to nobody */
    uint32_t address;    /* of it */
    uint32_t generation; /* 0: closed; of all ways there ever were */
};

struct machine {
    int64_t mono_offset_ms;
    int64_t wall_offset_ns;
    int actors[ACTOR_COUNT]; /* process numbers; -1: none */
    struct way ways[outbox_peers_max];
};

struct sim {
    struct plan *plan;
    struct network *network;
    struct trace *trace;
    struct sim_watch watch;
    struct prng prng;
    int64_t ms;
    struct running processes[sim_process_max];
    int64_t wake_ms[sim_process_max]; /* when each has something to do; INT64_MAX: never */
    unsigned count;
    struct machine machines[plan_nodes_max];
    struct parcels parcels;
    struct parcels held; /* by partitions */
    uint32_t released;
    int64_t last_due[sim_process_max][sim_process_max];
    uint32_t generations;
    unsigned drop_per_mille;
    int64_t lost_ms[plan_nodes_max][sim_lost_max]; /* the latest facts lost, oldest overwritten */
    uint64_t lost_count[plan_nodes_max];
    struct sim_counts counts;
};

/* The address of who asks through a door: its node, its number for the way, which way that was. */
struct door_address {
    uint8_t node;
    uint8_t peer;
    uint32_t generation;
};

/* Whether this link follows facts of that process. */
static inline bool follows(const struct running *running, const struct actor_link *link,
                           const struct running *source)
{
    return link->follower != NULL && running->process->node == source->process->node &&
           link->to == source->process->actor && source->process->node != sim_no_node;
}

/* ── courier.c ── */
/* Empties a lane of the process' outbox. */
void courier_send(struct sim *self, unsigned from, enum outbox_lane lane);
/* What partitions held, when some have ended. */
void courier_release(struct sim *self);

#endif
