/* What a seed's cluster is like and what happens to it: all that is drawn before it runs.
 *
 * Times are what the actors see, in ms: their constants are the real ones (heartbeats of 30 s,
 * ticks of 1 s, idle after 90 s). Only evictor.ceiling is shorter, so that a seed lives through
 * three tombstone lives in little time. What is reported as virtual time is `scale` times shorter:
 * the simulated cluster is one whose times are the real ones / scale.
 */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"

enum {
    plan_nodes_max = 7,
    plan_places_max = plan_nodes_max + 1, /* the reference node stands behind the last node */
    plan_zones_max = 3,
    plan_hosts_max = 256,
    plan_apps = 3,
    plan_entries_max = plan_hosts_max + plan_apps,
};

/* How messages get lost between nodes. */
enum plan_loss {
    PLAN_LOSS_STREAM,  /* in order; what is lost breaks the connection and all that is under way */
    PLAN_LOSS_SCATTER, /* each on its own: dropped, duplicated, out of order */
};

/* F(name, one seed in so many has it; 0: see draw_extras): what only some seeds have.
 * It is drawn from a stream of its own, so that a seed without any of it is the run it always was.
 */
// clang-format off
#define PLAN_FEATURES(F)                                                               \
    F(large,     50) /* 200 instances and more */                                      \
    F(schedules,  4) /* the weights of apps change, by command and by file */          \
    F(leaves,     4) /* nodes leave the cluster, and come back */                      \
    F(forms,      6) /* nodes without keys: they speak HTTP with each other */         \
    F(elsewhere,  6) /* some nodes' posts come from an address they do not advertise */ \
    F(late,       6) /* names of some nodes stand for nothing for the first minutes */ \
    F(ghosts,     6) /* a peer is configured that is not there, by a name of nobody */ \
    F(renamed,    6) /* nodes come back under other names, or at other addresses */    \
    F(reference,  0) /* a node of the reference implementation stands among them */
// clang-format on

struct features {
#define PLAN_FEATURE(name, once_in) bool name;
    PLAN_FEATURES(PLAN_FEATURE)
#undef PLAN_FEATURE
};

struct plan {
    uint64_t seed;
    struct features with;
    uint32_t nodes;
    uint32_t zones;
    uint32_t hosts;
    uint32_t entries; /* hosts, and the schedules of the apps after them, if they have any */
    uint32_t zone_of[plan_nodes_max];
    int64_t mono_offset_ms[plan_nodes_max];
    int64_t wall_offset_ns[plan_nodes_max];
    int64_t ceiling_ms;
    int64_t life_ms; /* of a tombstone */
    int64_t end_ms;  /* of all the rounds */
    int64_t op_ms;   /* about one in so long is done by clients, beside heartbeats */

    enum plan_loss loss;
    uint32_t lost_per_million; /* messages between nodes, during chaos */
    uint32_t doubled_per_million;
    uint32_t facts_lost_per_mille;                      /* within a node, during chaos */
    int64_t delay_ms[plan_places_max][plan_places_max]; /* at the least */
    int64_t jitter_ms;
    bool holds; /* a partition keeps what it stops until it heals, else it is lost */

    bool jumps; /* wall clocks are set, by up to an hour */

    bool elsewhere[plan_nodes_max];
    int64_t named_ms[plan_nodes_max]; /* its name stands for nothing before */
    int64_t schedule_ms;              /* about one in so long the weights of an app change */

    uint32_t scale;
    struct prng prng;  /* for what is drawn on the way */
    struct prng extra; /* the same, of what only some seeds have */
};

struct plan_options {
    uint32_t scale;       /* 1: evictor.ceiling is the real one too */
    struct features with; /* in any case, whatever the seed says */
    bool plain;           /* nothing else than that */
};

void plan_draw(struct plan *self, uint64_t seed, const struct plan_options *options);

/* True once in so many. */
bool plan_chance(struct plan *self, uint32_t once_in);
bool plan_extra(struct plan *self, uint32_t once_in); /* … of the other stream */
/* from … to, both in it. */
int64_t plan_between(struct plan *self, int64_t from, int64_t to);

#endif
