/* One node of a simulated cluster: its configuration, its disk, and its four processes, which the
 * simulator runs: registry, replicator, evictor and a gateway's replica. */
#ifndef TESTS_SIM_SITE_H
#define TESTS_SIM_SITE_H

#include "actors/registry/state.h"
#include "actors/replicator/state.h"
#include "gateway/discovery/replica.h"
#include "tests/journal/disk_sim.h"
#include "tests/sim/sim.h"

enum { site_actors = ACTOR_STORE }; /* the naming plane's, which come first */

struct site {
    struct plan *plan;
    struct sim *sim;
    uint32_t index;
    struct prng prng;
    struct config config;
    char name[16];
    char zone[16];
    char advertise[32];
    char door[32];
    char source[32]; /* the address its posts come from */
    char *nodes[plan_nodes_max + 2];
    char *zones[plan_nodes_max];
    char node_id[33];
    char peers[plan_nodes_max][32];
    struct site *others; /* all sites, this one too */
    struct disk_sim *disk;
    struct clock clock;
    struct sim_process specs[site_actors];
    unsigned processes[site_actors]; /* numbers in the simulator, by enum actor_name */
    struct actor_link evictor_link;
    struct actor_link replicator_link;
    unsigned boots; /* of the machine */
    unsigned renames;
    /* A registry's start and the end of a standstill begin ages anew. */
    int64_t fresh_ms;
    bool leaving;
    int64_t left_ms; /* it has left the cluster, in good order, since then; INT64_MAX: it has not */
    struct reference *reference; /* NULL: there is none */
    struct edge *edge;           /* of the gateway that runs, where nodes speak HTTP; else NULL */
    struct replica *replica;     /* … its */
    uint32_t life;               /* counts the runs of its replicator */
    uint64_t posted[64];         /* requests of that run under way, posts only; 0: free */
    uint64_t posts;
    uint64_t requests;                               /* over HTTP, to other nodes */
    void (*restarted)(void *context, uint32_t node); /* of its registry */
    void (*observe)(void *context, uint32_t node, struct replica *replica); /* a new one */
    void *context;
};

/* Fills in and adds its processes to sim, all down. others: all sites, filled in or not. */
void site_init(struct site *self, struct plan *plan, struct sim *sim, uint32_t index,
               struct site *others);
void site_fini(struct site *self); /* after the simulator's end */

void site_start(struct site *self, enum actor_name actor);
void site_kill(struct site *self, enum actor_name actor);
/* Tells the node to leave the cluster: its replicator says so to the others and ends, then the
 * others of its processes do. asker: the process whose command it is. */
void site_leave(struct site *self, unsigned asker);
/* … if it has not come to that. */
void site_end(struct site *self);
/* All of it dies; the disk keeps what was synced and part of the rest. */
void site_cut_power(struct site *self);
/* The node, all of it down, is given another name, or stands at another address. */
void site_rename(struct site *self);
void site_move(struct site *self);
/* Turns a bit of one of the registry's files; which must be down. False: there is none. */
bool site_damage(struct site *self);

/* NULL while it is down. */
struct registry_actor *site_registry(const struct site *self);
struct replicator *site_replicator(const struct site *self);
const struct replica *site_replica(const struct site *self);

#endif
