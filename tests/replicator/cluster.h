/* A few nodes, each a registry core and a replicator core, wired directly, on virtual clocks that
 * differ. A millisecond a step, and each hop takes one at least. */
#ifndef TESTS_REPLICATOR_CLUSTER_H
#define TESTS_REPLICATOR_CLUSTER_H

#include "actors/registry/state.h"
#include "actors/replicator/state.h"
#include "common/runtime/turn.h"
#include "tests/registry/node.h"

enum { cluster_max = 6 };

struct member {
    struct node registry;
    struct config config; /* the replicator's */
    struct replicator *replicator;
    bool up;   /* the replicator runs */
    bool hung; /* … and stands still: what is sent to it waits */
    bool deaf; /* its registry takes no commands and publishes nothing */
    bool http_dead;
    struct outbox *out;
    struct clock_virtual clock;
    struct turn turn;
    struct actor_link link; /* to its registry */
    bool due;
    char zone[8];
    char name[16];
    char advertise[24];
    char other_address[24]; /* that it answers HTTP at too; empty: none */
    char door[24];
    char node_id[40];
    bool reference; /* it is no node of muster: says nothing of its identity */
    char *nodes[cluster_max];
    char *zones[cluster_max];
    char seeds[cluster_max][40];
    uint32_t ways[outbox_peers_max]; /* member + 1; 0: closed */
    uint64_t lives;                  /* of the replicator */
    bool untold;                     /* what its registry says to all is lost */
    bool door_waits;
    bool no_door;      /* it says nothing of muster.peer */
    bool lacks;        /* it answers heartbeats over HTTP with -404 */
    struct buf posted; /* bodies of the posts it got, one a line */
    uint64_t facts_answered;
};

struct parcel;

struct cluster {
    struct member members[cluster_max];
    unsigned count;
    int64_t delay_ms[cluster_max][cluster_max];
    bool cut[cluster_max][cluster_max]; /* from, to */
    struct parcel *parcels;
    size_t parcel_count;
    size_t parcel_cap;
    uint64_t seed;
    /* of the messages between nodes, by type */
    uint64_t sent[cluster_max][256];
    size_t frame_max;     /* the largest between nodes */
    struct buf last_sent; /* the last of watched_type between nodes, encoded */
    enum msg_type watched_type;
};

/* zones: one letter a node: nodes with the same letter stand in one zone. Each is configured with
 * all others: those of its zone in peers.nodes, the others in peers.zones. Not started. */
struct cluster *cluster_new(const char *zones, uint64_t seed);
void cluster_destroy(struct cluster **self);

void cluster_start(struct cluster *self, unsigned member); /* registry and replicator */
void cluster_start_replicator(struct cluster *self, unsigned member);
void cluster_kill_replicator(struct cluster *self, unsigned member);
void cluster_restart_registry(struct cluster *self, unsigned member, bool empty);
/* Cuts or heals both directions. */
void cluster_cut(struct cluster *self, unsigned a, unsigned b, bool cut);
void cluster_run(struct cluster *self, int64_t ms);
/* All are started, and linked. */
struct cluster *cluster_linked(const char *zones, uint64_t seed);

/* A client's command at a member's registry; the cluster does not run. */
struct msg_result cluster_register(struct cluster *self, unsigned member, const char *hostname);
struct msg_result cluster_renew(struct cluster *self, unsigned member, const char *hostname);
struct msg_result cluster_cancel(struct cluster *self, unsigned member, const char *hostname);
bool cluster_live(const struct cluster *self, unsigned member, const char *hostname);
/* All digests' roots are equal. */
bool cluster_equal(const struct cluster *self);
uint32_t cluster_live_count(struct cluster *self, unsigned member);

/* The peer that `of` is to `member`; NULL: it knows none. */
struct peer *cluster_peer(struct cluster *self, unsigned member, unsigned of);
bool cluster_up(struct cluster *self, unsigned member, unsigned of);
/* Hands a message to member's door, as from `from`. */
void cluster_knock(struct cluster *self, unsigned member, unsigned from, const struct msg *msg);

#endif
