/* The replicator, composed of its parts. */
#ifndef ACTORS_REPLICATOR_STATE_H
#define ACTORS_REPLICATOR_STATE_H

#include "actors/replicator/inbound.h"
#include "actors/replicator/last_tick.h"
#include "actors/replicator/leaving.h"
#include "actors/replicator/members.h"
#include "actors/replicator/namesake.h"
#include "actors/replicator/own_instance.h"
#include "actors/replicator/peers.h"
#include "actors/replicator/posts.h"
#include "actors/replicator/replicator.h"
#include "actors/replicator/sync.h"
#include "actors/replicator/told.h"
#include "common/base/prng.h"
#include "common/naming/convert.h"
#include "common/runtime/publisher.h"
#include "common/wire/exchange.h"

// clang-format off
/* One row a counter: field, and METRIC_REPLICATOR_… */
#define REPLICATOR_COUNTERS(X) \
    X(states_sent,           STATES_SENT) \
    X(states_received,       STATES_RECEIVED) \
    X(records_sent,          RECORDS_SENT) \
    X(records_received,      RECORDS_RECEIVED) \
    X(records_dropped,       RECORDS_DROPPED) \
    X(heartbeats_sent,       HEARTBEATS_SENT) \
    X(heartbeats_received,   HEARTBEATS_RECEIVED) \
    X(heartbeats_dropped,    HEARTBEATS_DROPPED) \
    X(acks_sent,             ACKS_SENT) \
    X(acks_received,         ACKS_RECEIVED) \
    X(ack_timeouts,          ACK_TIMEOUTS) \
    X(stale_links,           STALE_LINKS) \
    X(greetings_sent,        GREETINGS_SENT) \
    X(inbound_failed,        INBOUND_FAILED) \
    X(inbound_refused,       INBOUND_REFUSED) \
    X(relayed,               RELAYED) \
    X(relays_refused,        RELAYS_REFUSED) \
    X(ages_asked,            AGES_ASKED) \
    X(walks,                 WALKS) \
    X(walks_cut,             WALKS_CUT) \
    X(pulled,                PULLED) \
    X(synced_records,        SYNCED_RECORDS) \
    X(asks_refused,          ASKS_REFUSED)
// clang-format on

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
    struct own_instance own_instance;
    struct posts *posts;
    struct inflight *inflight;
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

    struct last_tick last_tick;

    struct buf expiring; /* keys of those whose heartbeats get old here, to be asked about */

    struct members members;

    struct former former;

    struct { /* of links just opened: what is sent before they are connected is lost */
        int64_t due_ms;
        int64_t pause_ms;
    } greet;

    struct inbound *inbound; /* inbound_max of them */
    uint32_t relays;         /* under way */

    struct told_queue told;

    struct sync sync;

    struct leaving leaving;
    bool met; /* the registry has answered for the first time */
    bool nodes_changed;
    bool in_step; /* as NODES says */
    bool broken;  /* the registry's facts can't be read */

#define COUNTER_FIELD(field, ROW) uint64_t field;
    struct {
        REPLICATOR_COUNTERS(COUNTER_FIELD)
    } counters;
#undef COUNTER_FIELD
    size_t queue_bytes_max; /* of any link, ever */
};

#endif
