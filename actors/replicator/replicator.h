/* Replicator: this node among the others. Keeps the node's own instance registered, says which
 * nodes there are, and moves states between them and the own registry, which judges them: it
 * follows the registry's facts, sends them on as far as they spread, and relays other nodes'
 * questions. It holds cursors, bounded queues and timers; never a copy of the registry, no rule.
 *
 *   in   TURN, RENEWED, EXPIRING, PROTECT   from the registry's facts
 *        RESULT, MERGED, FOUND, …           answers of the registry
 *        STATES, LOOKUP, DIGEST, LEAVES, SNAPSHOT   from other nodes, through the door
 *        ACK, FOUND, SUMS, ENTRIES, CHUNK   other nodes' answers
 *        PEERS            which nodes it knows
 *        SHUTDOWN         leave: the node's own instance is cancelled first
 *        SNAPSHOT, FACTS  from followers
 *   out  REGISTER, RENEW, CANCEL   of this node's infra.discovery, to the registry
 *        MERGE, LOOKUP, APP, DIGEST, LEAVES, COMPARE, SNAPSHOT   to the registry
 *        SYNCED           to the registry: it has what the others have, or there are none
 *        STATES, LOOKUP, DIGEST, LEAVES, SNAPSHOT   to other nodes
 *        posts.h          to nodes that speak HTTP only
 *        NODES            standing fact, topic replicator.nodes
 *        TICK             fact, topic replicator.tick
 *
 * Which file does what:
 *   facts    what the registry says; leaving: the end
 *   asks     questions under way; asking: who takes the answer
 *   peers    the table of nodes; members: who is in it, and the ways to them
 *   reach    how a node is reached, and whether it may be
 *   namesake other nodes with this node's name, and the names it had itself
 *   link     states to one muster node, window and queue; inbound: states from one
 *   relay    other nodes' questions; repair: what differs is looked for and fetched
 *   sync     the start
 */
#ifndef ACTORS_REPLICATOR_REPLICATOR_H
#define ACTORS_REPLICATOR_REPLICATOR_H

#include "actors/replicator/own.h"
#include "actors/replicator/posts.h"
#include "common/base/prng.h"
#include "common/config/networks.h"
#include "common/runtime/actor.h"
#include "common/runtime/publisher.h"

// clang-format off
/* One row a counter: field, and its name in STATS and metrics. */
#define REPLICATOR_COUNTERS(X)                              \
    X(states_sent,        "states_sent_total")              \
    X(states_received,    "states_received_total")          \
    X(records_sent,       "records_sent_total")             \
    X(records_received,   "records_received_total")         \
    X(records_dropped,    "records_dropped_total")          \
    X(heartbeats_sent,    "heartbeats_sent_total")          \
    X(heartbeats_received, "heartbeats_received_total")     \
    X(heartbeats_dropped, "heartbeats_dropped_total")       \
    X(acks_sent,          "acks_sent_total")                \
    X(acks_received,      "acks_received_total")            \
    X(ack_timeouts,       "ack_timeouts_total")             \
    X(stale_links,        "stale_links_total")              \
    X(greetings_sent,     "greetings_sent_total")           \
    X(inbound_failed,     "inbound_failed_total")           \
    X(inbound_refused,    "inbound_refused_total")          \
    X(relayed,            "relayed_total")                  \
    X(relays_refused,     "relays_refused_total")           \
    X(ages_asked,         "ages_asked_total")               \
    X(walks,              "repair_walks_total")             \
    X(walks_cut,          "repair_walks_cut_total")         \
    X(pulled,             "repair_pulled_total")            \
    X(synced_records,     "synced_records_total")           \
    X(asks_refused,       "asks_refused_total")
// clang-format on

enum node_status { NODE_UP = 0, NODE_LOST = 1 };

struct asks;
struct peer;
struct inbound;
struct told;

enum sync_state {
    SYNC_WAIT,
    SYNC_CHOOSE,
    SYNC_SNAPSHOT,
    SYNC_ALL,
    SYNC_REPAIR,
    SYNC_TELL,
    SYNC_DONE
};

/* The root of somebody's digests; set: one was heard. */
struct root {
    bool set;
    char bytes[16];
};

struct replicator {
    const struct config *config;
    struct log *log;
    bool keys;                /* links off this host are encrypted */
    struct networks networks; /* where nodes may stand that are not configured */
    bool door_waits;          /* the tcp door is to be opened when another node is there */
    const char *place;        /* of replicator_options */
    struct prng prng;
    struct follower *registry;
    struct publisher publisher;
    struct own own;
    struct posts *posts;
    struct asks *asks;
    struct peer *peers;     /* outbox_peers_max of them */
    uint32_t peer_count;    /* those in use have a number below it */
    uint64_t peer_life;     /* counts those that there ever were */
    uint64_t last_id;       /* of our commands, to the registry and to other nodes */
    uint64_t registry_boot; /* the run of it that was heard last; 0: none */
    bool registry_protect;
    bool registry_unkept; /* it holds changes in memory only */
    int64_t turn_ms;      /* mono, of the last turn; -1: none yet */
    /* This process stood still for so long, and what it hears now may be as old. 0: it may not. */
    int64_t lag_ms;

    struct {                   /* what the registry's last tick brought, for all links */
        struct buf zone;       /* heartbeats that go to nodes of this zone: zone and everywhere */
        struct buf everywhere; /* heartbeats that go to all */
        int64_t since_ms;      /* mono, when the first of them was heard */
        uint64_t tick;
        int64_t heard_ms; /* mono, of the last part of a tick; -1: none yet */
        uint64_t live;
        uint64_t nodes;     /* of those live: this one, and who was listed then */
        bool due;           /* a tick is complete and not sent on yet */
        struct root root;   /* of the own digests */
        struct root before; /* … one tick earlier */
    } beats;

    struct buf expiring; /* keys of those whose heartbeats get old here, to be asked about */

    struct {            /* who is in infra.discovery */
        bool due;       /* ask the registry for all of them */
        bool under_way; /* asked */
        bool again;     /* something changed meanwhile */
        int64_t asked_ms;
        bool known;   /* asked once, and answered */
        bool changed; /* ways are to be opened or closed */
        bool seek;    /* ask seeds at once, not at the tick */
        bool said_full;
        bool said_twice;  /* that another node says to be this one */
        int64_t hold_ms;  /* mono, until when the own name is looked for; -1: not yet */
        int64_t began_ns; /* wall, when this process began */
        bool name_taken;  /* a node that answers has it: this one must not be */
    } members;

    struct { /* what this node was called before: its registration is to be cancelled */
        enum former { FORMER_NONE, FORMER_ASK, FORMER_CANCEL, FORMER_GONE } state;
        struct buf zone;
        struct buf name;
        struct buf addr;
        int64_t dirty; /* of the registration that was seen last */
        uint32_t made; /* how often it was made anew */
        bool late;     /* it says to be younger than this process: a clock was set, or a copy's */
    } former;

    struct { /* of links just opened: what is sent before they are connected is lost */
        int64_t due_ms;
        int64_t pause_ms;
    } greet;

    struct inbound *inbound; /* inbound_max of them */
    uint32_t relays;         /* under way */

    struct told *told; /* states that HTTP nodes have told, to be merged: a queue */
    uint32_t told_first;
    uint32_t told_count;
    uint32_t told_merges; /* under way */

    struct {
        enum sync_state state;
        int64_t began_ms; /* mono */
        int64_t
            muster_ms; /* mono, until when a node of muster is preferred that is not there yet */
        int64_t partner_ms; /* mono, since when this one is the partner */
        uint32_t peer;
        uint64_t life;
        uint64_t round; /* tells late answers apart */
        bool fresh;     /* the registry held nobody when it was met */
        bool failed;    /* the way that was tried last */
        uint64_t cursor;
        bool asked;      /* for the slice there */
        bool last;       /* the last slice has come */
        uint32_t merges; /* under way */
        uint64_t records;
        struct buf reason;
        bool filled; /* a peer has given all it has */
        int64_t due_ms;
    } sync;

    struct {
        bool on;
        struct address from; /* who asked, */
        uint64_t id;         /* … with which command */
        int64_t until_ms;    /* mono: then without the registry's answer */
        uint64_t seq;        /* of the registry: what others must have before we go */
        int64_t told_ms;     /* mono, by a signal, while the registry holds changes in memory only;
                                0: it is not */
    } leaving;
    bool met; /* the registry has answered for the first time */
    bool nodes_changed;
    bool in_step; /* as NODES says */
    bool broken;  /* the registry's facts can't be read */

#define COUNTER_FIELD(field, name) uint64_t field;
    struct {
        REPLICATOR_COUNTERS(COUNTER_FIELD)
    } counters;
#undef COUNTER_FIELD
    size_t queue_bytes_max; /* of any link, ever */
};

void replicator_init(struct replicator *self, const struct replicator_options *options,
                     const struct now *now);
void replicator_fini(struct replicator *self);

/* Whom it follows; the topics are static. */
struct actor_link replicator_link(const struct replicator *self);

/* Requests to nodes that speak HTTP only: the shell (curl.c, or the simulator) carries them. */
struct posts *replicator_posts(struct replicator *self);

extern const struct actor_spec replicator_spec;

#endif
