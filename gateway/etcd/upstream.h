/* The store as the gateway has it behind itself: what its facts say, and who waits for it.
 *
 *   rpc ──upstream_app──► by method: relay         (a call is the store's)
 *                                    keep_alive    (a stream of calls)
 *                                    watch         (facts, and what was missed)
 *                                    what the gateway composes (upstream_serve)
 *                        timed, before them         (a stream that is to end)
 *   ANSWERED, REVISION, EVENTS … ◄── store
 *
 * A store that is silent for store_silent_ms is not there: calls wait for it, one election at most.
 * What a turn comes late is not the store's silence: this process stood still.
 * After three elections without it, or without a leader, streams that asked for one end ("no
 * leader").
 */
#ifndef GATEWAY_ETCD_UPSTREAM_H
#define GATEWAY_ETCD_UPSTREAM_H

#include "common/base/log.h"
#include "common/runtime/actor.h"
#include "common/runtime/publisher.h"
#include "gateway/etcd/keep_alive.h"
#include "gateway/etcd/moment.h"
#include "gateway/etcd/relay.h"
#include "gateway/etcd/store_view.h"
#include "gateway/etcd/timed.h"
#include "gateway/etcd/watch.h"

enum { store_silent_ms = 500 };

struct upstream_options {
    struct relay_options relay;
    struct watches_options watches;
    int64_t election_ms; /* the store's */
    uint32_t index;      /* of this process */
    uint64_t boot;       /* random, of this run */
    struct log *log;     /* borrowed, may be NULL */
};

struct upstream {
    int64_t election_ms;
    struct log *log;
    struct moment moment; /* others point to it: the struct stays where it is */
    struct store_view view;
    struct relay *relay;
    struct keep_alives *keep_alives;
    struct watches *watches;
    struct rpc_server services[ETCD_METHOD_END]; /* by method */
    struct timed *timed;                         /* between them and streams that are to end */
    struct follower *follower;                   /* of the store */
    struct publisher publisher;                  /* this process's own (empty) facts */
    int64_t turned_ms;                           /* mono, of the last turn; 0: none */
    enum err failed; /* ERR_UNSUPPORTED: the store tells of what this gateway does not know */
};

void upstream_init(struct upstream *self, const struct upstream_options *options,
                   const struct now *now);
void upstream_fini(struct upstream *self); /* open calls are gone before */

/* Who serves the methods from first to last, beside those above. */
void upstream_serve(struct upstream *self, enum etcd_method first, enum etcd_method last,
                    struct rpc_server by);
/* Serves whatever calls: the state is the upstream. Only within a turn. */
extern const struct rpc_app upstream_app;

struct actor_link upstream_link(struct upstream *self);
/* The turn that runs from here on. */
void upstream_enter(struct upstream *self, const struct now *now, struct outbox *out);
/* Once a turn, before new calls are taken: what has waited for too long ends. After them:
 * watches_turn. */
void upstream_turn(struct upstream *self, const struct now *now);
/* What the store answers to calls and to those who watch. */
void upstream_answer(struct upstream *self, const struct msg *msg, const struct now *now,
                     struct outbox *out);
int64_t upstream_due_ms(const struct upstream *self, const struct now *now);

#endif
