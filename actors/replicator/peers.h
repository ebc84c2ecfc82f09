/* The table of nodes this one knows of, other than itself. A node's number is its way out in the
 * outbox and its number in posts. Pure bookkeeping: members.c decides who is in it.
 *
 * A node comes from the configuration (a seed: it has an address, and stays), from infra.discovery
 * (listed: it has an id, a name, and how it can be reached), or both: the address is the same text.
 * A seed by another name of a listed node, or of this one, is found out by asking who is there; it
 * is an alias then, and no node of its own. What is known of one node under several names or
 * addresses, the newest registration says.
 */
#ifndef ACTORS_REPLICATOR_PEERS_H
#define ACTORS_REPLICATOR_PEERS_H

#include "actors/replicator/link_state.h"
#include "actors/replicator/walk.h"
#include "common/base/durations.h"
#include "common/wire/codec.h"

struct replicator;

enum node_status { NODE_UP = 0, NODE_LOST = 1 };

enum peer_kind {
    PEER_UNKNOWN, /* a seed that is not in infra.discovery yet: it is asked over HTTP who it is */
    PEER_MUSTER,
    PEER_HTTP,
};

/* Another node that has, or had, this node's name. */
enum namesake {
    NAMESAKE_NO,
    NAMESAKE_SUSPECT, /* it is being asked */
    NAMESAKE_LIVES,
    NAMESAKE_SILENT,
};

/* What is open to it. */
enum peer_way { WAY_NONE, WAY_MUSTER, WAY_HTTP, WAY_SEEK /* questions only */ };

struct peer {
    bool used;
    uint64_t life; /* of this place in the table: another node has another one */
    bool seed;
    bool listed;
    bool marked; /* in the list of infra.discovery that has just come */
    bool moved;  /* it is to be reached in another way than the open one */
    bool said;   /* that it is up, or lost, was logged */
    bool own_zone;
    bool chosen;  /* of another zone: the one there that we talk to */
    bool drawn;   /* … just now: it may be known as lost from before */
    bool protect; /* it said that it is under init-protect */
    bool warned;  /* that its door is of no use to us was logged */
    bool banned;  /* it stands where no node may stand … */
    bool took;    /* this node's registration was posted to it, and no heartbeat answered since */
    bool alias;   /* a seed that leads to a node that stands here already, or to this one */
    int64_t banned_ms; /* … mono, since its name was found to stand there; 0: for good */
    enum namesake namesake;
    int64_t namesake_ms; /* mono, when it was heard of, or answered last */
    int64_t dirty;       /* of the registration it is listed by */
    int64_t sign_ms;     /* mono, of its last sign of life, as it was when it was listed */
    enum peer_kind kind;
    enum peer_way way;
    enum node_status status;
    int64_t lost_ms;    /* mono, when it was lost last */
    struct buf id;      /* muster.node; of a seed, what it said; empty: not known, or it has none */
    struct buf trouble; /* why it is of no use as it is, in words; empty: it is of use */
    struct buf name;
    struct buf zone;
    struct buf addr;     /* host:port */
    struct buf endpoint; /* host:port of its door; empty: it speaks HTTP only */
    struct buf key;      /* public key of its door, Z85; may be empty */
    struct link link;
    struct durations lag; /* of STATES that it acknowledged */
    struct walk walk;
    struct {
        int64_t due_ms;
        int64_t pause_ms;
        bool under_way;
        bool done; /* at least once, well or not */
    } seeking;     /* posts_ask_who, then posts_ask_nodes */
};

/* Fills the table with the configured nodes, each once, without this node itself. */
void peers_init(struct replicator *self, const struct now *now);
void peers_fini(struct replicator *self);

struct peer *peers_at(struct replicator *self, uint32_t number);
/* NULL: there is another one at this number now, or none. */
struct peer *peers_alive(struct replicator *self, uint32_t number, uint64_t life);
uint32_t peers_number(const struct replicator *self, const struct peer *peer);
/* The next one in use after peer, the first after NULL; NULL: no more. */
struct peer *peers_next(struct replicator *self, const struct peer *peer);

/* A listed one that says this id. */
struct peer *peers_identified(struct replicator *self, struct str id);
struct peer *peers_named(struct replicator *self, struct str zone, struct str name);
/* One that is not listed. */
struct peer *peers_unlisted(struct replicator *self, struct str addr);
/* NULL: the table is full. */
struct peer *peers_add(struct replicator *self, struct str zone, struct str addr);
/* It was said on the log that it does not answer. */
bool peers_lost(const struct peer *peer);
/* Whether somebody else is configured. */
bool peers_any_seed(struct replicator *self);
/* Says in words why it is of no use; empty: it is. */
void peers_trouble(struct replicator *self, struct peer *peer, struct str why);
bool peers_linked(const struct peer *peer);
/* The way to it must be closed. */
void peers_remove(struct replicator *self, struct peer *peer);

/* After an exchange with it. */
void peers_exchanged(struct replicator *self, struct peer *peer, bool good, const char *how,
                     const struct now *now);

/* Each fills in a message that borrows from store and self. */
void peers_nodes_msg(struct replicator *self, const struct now *now, struct msg *msg,
                     struct buf *store);
void peers_list_msg(struct replicator *self, const struct now *now, uint64_t id, struct msg *msg,
                    struct buf *store);

#endif
