/* What the files of a node share. */
#ifndef ACTORS_STORE_NODE_NODE_STATE_H
#define ACTORS_STORE_NODE_NODE_STATE_H

#include "actors/store/node/calls.h"
#include "actors/store/node/node.h"
#include "actors/store/node/reads.h"

/* A run of another member whose calls this leader has proposed in its term. */
struct node_origin {
    uint64_t member;
    uint64_t boot;
    uint64_t number; /* the last; those up to it are not proposed again in this term */
};

enum { node_origins_max = 64 };

struct raft_node {
    struct raft_node_settings settings;
    struct disk_log *log;    /* borrowed */
    struct machine *machine; /* borrowed */
    struct raft *raft;
    int64_t now_ms;

    uint64_t term; /* these as of the last ready */
    uint64_t lead;
    enum raft_role role;

    struct calls calls;
    struct reads reads;
    uint64_t flight_bytes; /* of entries proposed in flight_term and not applied */
    uint64_t flight_term;
    struct node_origin origins[node_origins_max];
    unsigned origin_count;
    uint64_t again_term; /* what was forwarded in it may be lost with the connection; 0: nothing */
    int64_t swept_ms;    /* deadlines were looked at */

    uint64_t applied;
    uint64_t applied_term;     /* of the entry there */
    uint64_t apply_to;         /* handed out */
    size_t apply_offset;       /* of the entry behind applied: so many bytes of it are applied */
    struct raft_config config; /* at applied */

    struct raft_snapshot mark;
    uint64_t dropped;   /* entries up to it are gone from memory … */
    uint64_t drop_to;   /* … and are to go */
    uint64_t log_bytes; /* of entries behind it, up to applied */

    struct raft_answer *answers; /* owned; body.data is set when they are handed out */
    size_t answer_count;
    size_t answer_cap;
    struct buf bodies; /* owned; one behind the other */
    bool answers_handed;
};

/* What an entry costs, beside its data. */
enum { node_entry_bytes = 64 };

/* The body is what was appended to bodies from body_at on. */
void node_answer(struct raft_node *self, uint64_t number, enum err err, uint64_t index,
                 size_t body_at);

#endif
