/* What the files of the posts share. */
#ifndef ACTORS_REPLICATOR_POSTS_STATE_H
#define ACTORS_REPLICATOR_POSTS_STATE_H

#include <assert.h>

#include "actors/replicator/forms.h"
#include "actors/replicator/posts.h"
#include "actors/replicator/queue.h"
#include "common/runtime/outbox.h"

// clang-format off
/*  name      path                             answer_max  timeout_ms */
#define POST_WORK_TABLE(X)                                               \
    X(REGISTER, "/discovery/register",             65536,  3000)         \
    X(RENEW,    "/discovery/renew",              1048576,  3000)         \
    X(CANCEL,   "/discovery/cancel",               65536,  3000)         \
    X(PROBE,    "/discovery/fetch?",             4194304,  3000)         \
    X(NODES,    "/discovery/fetch?",             4194304,  3000)         \
    X(ALL,      "/discovery/fetch/all?",       268435456,  answer_ms_max) \
    X(WHO,      "/discovery/nodes?identity=1",    262144,  1000)
// clang-format on

/* Posts; whether the peer is there; questions, whose answers are for the owner. */
enum post_work {
#define WORK_ENUM(NAME, path, answer_max, timeout_ms) WORK_##NAME,
    POST_WORK_TABLE(WORK_ENUM)
#undef WORK_ENUM
};

enum { posts_no_peer = outbox_peers_max };

enum question_state { QUESTION_NONE, QUESTION_WAITS, QUESTION_UNDER_WAY, QUESTION_READ };

struct question {
    enum question_state state;
    struct buf body; /* of the answer */
    struct answer_reader reader;
};

enum { question_count = WORK_WHO + 1 - WORK_NODES };

struct posts_peer {
    bool open;
    bool configured;
    bool failing;        /* the last exchange failed */
    uint64_t generation; /* counts how often it was opened and closed */
    enum forms_reach reach;
    struct buf addr;
    struct queue changes;
    struct queue renews;
    uint32_t under_way;
    int64_t not_before_ms; /* of one that fails */
    int64_t last_ms;       /* something was sent or answered; -1: not since it was opened */
    struct question questions[question_count];
};

struct posts_flight {
    uint64_t id;   /* 0: free */
    uint32_t peer; /* posts_no_peer: it was closed */
    enum post_work work;
    struct queued *entry; /* owned; NULL: no post */
};

struct posts {
    const struct config *config;
    const struct posts_owner *owner;
    void *state;
    struct now now; /* heard last */
    uint64_t last_id;
    uint64_t last_order;
    uint32_t turn;       /* the peer that is served next */
    uint32_t peer_count; /* open ones have a number below it */
    uint32_t questions_waiting;
    uint32_t reads;       /* answers that are not read to their end */
    int64_t quiet_due_ms; /* no peer is to be probed earlier */
    struct posts_counts counts;
    struct buf url;
    struct buf body;
    struct posts_flight flights[posts_under_way_max];
    struct posts_peer peers[outbox_peers_max];
};

static inline uint32_t posts_peer_waiting(const struct posts_peer *peer)
{
    return peer->changes.count + peer->renews.count;
}

static inline bool posts_is_open(const struct posts *self, uint32_t peer)
{
    assert(peer < outbox_peers_max);
    return self->peers[peer].open;
}

#endif
