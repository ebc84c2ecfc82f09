/* What gateway/operate is told of the node it is in, by the gateway that stands around it. */
#ifndef GATEWAY_OPERATE_VIEW_H
#define GATEWAY_OPERATE_VIEW_H

#include "common/config/config.h"
#include "common/naming/registry.h"
#include "gateway/bus/round.h"
#include "gateway/http/http.h"

/* An endpoint of another table, for /openapi.json. All texts are static. */
struct operate_foreign {
    const char *path;
    bool get;
    bool post;
    /* Names of its parameters, separated by blanks; ! behind one that is required, + behind one
     * that may be given several times. */
    const char *takes;
    const char *help;
    const char *type; /* of what it answers; NULL: it leads elsewhere */
};

/* An actor whose facts are followed. */
struct operate_heard {
    enum actor_name actor;
    bool heard; /* within the last three ticks */
    uint64_t boot;
};
enum { operate_heard_count = 3 }; /* registry, replicator, evictor */

/* What the actors have told last. Texts are borrowed until the next turn. */
struct operate_standing {
    bool caught_up;   /* with the registry, once */
    int64_t stale_ms; /* silence of the registry; 0: it speaks */
    uint64_t epoch;   /* of its history; 0: not known */
    struct operate_heard heard_of[operate_heard_count];

    bool protect_on; /* init-protect */
    bool syncing;
    int64_t protect_left_ms;
    struct str protect_reason;

    bool storage_ok;
    struct str storage_reason;
    bool damaged;
    struct str damage;

    bool protection_known; /* self-protection */
    bool protection_on;
    struct str protection_reason;
    uint64_t heard;
    uint64_t expected;
    uint64_t threshold;
    int64_t next_round_ms;

    size_t node_count; /* this one among them */
    bool in_step;      /* all peers hold the same */
};

struct operate_node {
    struct str address;
    struct str zone;
    struct str trouble; /* why it is of no use; empty: it is of use */
    bool self;
    bool lost;
};

/* A poll that waits. Texts are borrowed until the next turn. */
struct operate_poller {
    uint64_t number; /* in order of their coming */
    struct str hostname;
    struct str zone;
    struct str env;
    char from[48]; /* address */
    int64_t waits_ms;
    int64_t left_ms;
    uint32_t app_count;
    struct str appid; /* of the first */
};
typedef void operate_poller_fn(void *context, const struct operate_poller *poller);

/* All borrowed, but what says otherwise. */
struct operate_view {
    const struct config *config;
    const struct http *http;
    const struct registry *registry;
    struct round *round;
    const struct actor_link *targets; /* every actor of this node */
    size_t target_count;
    uint64_t seed;   /* random */
    struct str open; /* what lets more people in than those of this host, in words; copied */
    const struct operate_foreign *foreign;
    size_t foreign_count;

    void *state; /* of the functions */
    void (*standing)(void *state, const struct now *now, struct operate_standing *out);
    void (*node)(void *state, size_t i, struct operate_node *out); /* i < node_count */
    /* Polls that wait for news of an app; for all: env and appid empty. */
    uint32_t (*poller_count)(void *state, struct str env, struct str appid);
    /* Calls each for them, in no order, a bounded number of them. */
    void (*pollers)(void *state, struct str env, struct str appid, const struct now *now,
                    operate_poller_fn *each, void *context);
};

#endif
