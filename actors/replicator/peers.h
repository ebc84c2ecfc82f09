/* The table of nodes this one knows of, other than itself. A node's number is its way out in the
 * outbox and its number in posts. Pure bookkeeping: members.c decides who is in it.
 *
 * A node comes from the configuration (a seed: it has an address, and stays), from infra.discovery
 * (listed: it has a name, and how it can be reached), or both, which are found to be one by the
 * address.
 */
#ifndef ACTORS_REPLICATOR_PEERS_H
#define ACTORS_REPLICATOR_PEERS_H

#include "actors/replicator/link.h"
#include "actors/replicator/repair.h"
#include "actors/replicator/replicator.h"

enum peer_kind {
    PEER_UNKNOWN, /* a seed that is not in infra.discovery yet: it is asked over HTTP who it is */
    PEER_MUSTER,
    PEER_HTTP,
};

/* What is open to it. */
enum peer_way { WAY_NONE, WAY_MUSTER, WAY_HTTP, WAY_SEEK /* posts_ask_nodes only */ };

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
    bool protect; /* it said that it is under init-protect */
    bool warned;  /* that its door is of no use to us was logged */
    enum peer_kind kind;
    enum peer_way way;
    enum node_status status;
    int64_t lost_ms; /* mono, when it was lost last */
    struct buf name;
    struct buf zone;
    struct buf addr;     /* host:port */
    struct buf endpoint; /* host:port of its door; empty: it speaks HTTP only */
    struct buf key;      /* public key of its door, Z85; may be empty */
    struct link link;
    struct walk walk;
    struct {
        int64_t due_ms;
        int64_t pause_ms;
        bool under_way;
    } seeking; /* posts_ask_nodes */
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

struct peer *peers_named(struct replicator *self, struct str zone, struct str name);
/* One that is not listed. */
struct peer *peers_unlisted(struct replicator *self, struct str addr);
/* NULL: the table is full. */
struct peer *peers_add(struct replicator *self, struct str zone, struct str addr);
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
