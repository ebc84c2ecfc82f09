/* A call of a service that is composed of others (Lock, Election): it asks the store step by step,
 * and tells its client the outcome.
 *
 *   errand_new ──► errand_ask ──done──► errand_ask … ──► errand_answer, errand_fail
 *                  errand_watch ──event──► …
 *
 * One question is open at a time. The step after it is taken by errands_turn, so that nobody who
 * serves calls is called back from within. What a step has put into the store for its client to
 * wait by (its key) is taken out again when the client goes, or its time is over, before it has got
 * it: an errand outlives its client for that.
 *
 *   FREE ──errand_take: it may be there──► TAKING ──errand_taken──► HELD
 *    client goes: over                     answer awaited, then as HELD  undo
 *
 * Errors of the store are told with code UNKNOWN, as etcd has it, but for those that say that it
 * was not there.
 */
#ifndef GATEWAY_ETCD_ERRAND_H
#define GATEWAY_ETCD_ERRAND_H

#include "common/base/deadlines.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/watch.pb-c.h"
#include "gateway/etcd/moment.h"
#include "gateway/etcd/subcall.h"

enum { errands_max = 100 * 1000 }; /* at once; beyond: too many requests */

struct errand;
struct errands;

typedef void errand_step(struct errand *self, enum grpc_code code, struct str text);
/* True: what was watched for has come: the watch ends, and done follows. */
typedef bool errand_event(struct errand *self, const Etcdserverpb__WatchResponse *response);

enum errand_stage { ERRAND_FREE, ERRAND_TAKING, ERRAND_HELD };

struct errand {
    struct deadline due; /* first */
    struct errands *all;
    struct rpc *client; /* NULL: it has been told the outcome, or is gone */
    struct buf token;   /* the client's; it may be needed longer than that */
    enum errand_stage stage;
    bool undoing;
    void (*undo)(struct errand *self); /* asks to take out what is HELD, then errand_over */
    struct subcall call;
    struct buf answer;   /* to the question that was answered last */
    errand_event *event; /* of a watch */
    errand_step *done;   /* the question is over … */
    bool is_ready;       /* … and is in the list of those to be told so */
    struct errand *next_ready;
    enum grpc_code code;
    struct buf text;
    struct buf prefix; /* of the keys that stand for it */
    struct buf key;
    struct buf value;
    int64_t lease;
    int64_t revision;       /* the key's creation */
    errand_step *then;      /* queue.h: it has begun … */
    errand_step *turn_come; /* … and nothing stands before it any more */
    struct buf header;      /* of the answer, where that is of an earlier question: packed */
    struct errand *before;
    struct errand *next;
};

/* calls, moment: borrowed. While moment's turn is none (at the end of all) nothing is undone. */
struct errands *errands_new(const struct rpc_server *calls, const struct moment *moment);
void errands_destroy(struct errands **self); /* open calls are gone before */
/* Takes their next steps, and ends those whose time is over. */
void errands_turn(struct errands *self, const struct now *now);
int64_t errands_due_ms(const struct errands *self); /* mono ms; INT64_MAX: nothing is due */
uint64_t errands_count(const struct errands *self);

/* Of a call that has begun: its user. NULL: there are too many, and it is told so. */
struct errand *errand_new(struct errands *self, struct rpc *client);
/* Its client is gone. */
void errand_gone(struct rpc *client);

/* One of these is the last that a step does. */
void errand_ask(struct errand *self, enum etcd_method method, const ProtobufCMessage *request,
                errand_step *done);
/* done: GRPC_OK: event has said that it has come; else the watch has ended by itself. */
void errand_watch(struct errand *self, const Etcdserverpb__WatchCreateRequest *create,
                  errand_event *event, errand_step *done);
void errand_answer(struct errand *self, const ProtobufCMessage *response);
void errand_fail(struct errand *self, enum grpc_code code, struct str text);
void errand_fail_malformed(
    struct errand *self);              /* the client's request is no message of its type */
void errand_over(struct errand *self); /* without a word to anybody */

/* To the client of a stream. */
void errand_send(struct errand *self, const ProtobufCMessage *response);

/* The question that is asked next puts the key in. */
void errand_take(struct errand *self);
/* The key is in. by_this: it was not there before. False: its client is gone: what this errand has
 * put is being undone, and the step has nothing more to do. */
bool errand_taken(struct errand *self, bool by_this);

ProtobufCBinaryData errand_bytes(const struct buf *buf); /* borrows */

#endif
