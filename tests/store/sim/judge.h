/* Judges a run. The naive model (tests/store/mvcc/model.h) is given what the store applies, entry
 * by entry as the log has them, each once; all that anybody is told is compared with it:
 *
 *   1. Linearizable. The order of the log is the witness. A call stands in it once at most, between
 *      its begin and its answer, and is answered as the model answers it there; one that was
 *      refused stands nowhere; one whose end is not known may stand there or not. A read is
 *      answered as the model stands when it is served, and never below a revision that anybody had
 *      been told when it began.
 *   2. Durable. A store that starts applies what it applied before, the same with the same answers,
 *      from where its backend stands on; it says nothing before it has applied all of it again. The
 *      backend holds nothing that the log might lose.
 *   3. Watches (judge_watch.h).
 *   4. Leases. None ends before its holder was told; those that nobody keeps alive end, when all is
 *      calm, within their TTL and one election.
 *   5. After calm: all are answered, all watchers have been told all, the state is the model's, key
 *      by key and by its hash, also after one more start.
 *   6. Who calls is told only what is in the list of allowed errors, and exactly the store's answer
 *      if the store has given one.
 */
#ifndef TESTS_STORE_SIM_JUDGE_H
#define TESTS_STORE_SIM_JUDGE_H

#include "actors/store/node/machine.h"
#include "common/etcdapi/errors.h"
#include "common/wire/codec.h"
#include "tests/sim/trace.h"
#include "tests/store/mvcc/model.h"
#include "tests/store/sim/plan.h"

enum { judge_failure_bytes = 400 };

/* A call that a client has made. */
struct op {
    uint32_t id; /* from 1 on; its request carries it (op_tag) */
    enum etcd_method method;
    bool writes;
    bool serializable;
    int64_t begun_ms;
    int64_t floor;         /* the greatest revision that anybody had been told */
    size_t applied;        /* place in the log, from 1 on; 0: it is not there */
    bool refused;          /* it must never be there */
    enum etcd_error error; /* of its shape; if it is applied: the model's answer */
    struct str request;
    struct str response;
    bool said; /* the store has answered */
    uint32_t said_code;
    struct str said_body; /* text or response */
    bool ended;           /* the client was told its end, or went */
};

/* One call of the log. */
struct judged_call {
    uint64_t index;
    uint64_t body_hash, answer_hash;
};

/* What one revision did to a key. */
struct judged_event {
    int64_t revision;
    bool deletes;
    struct str key, kv, prev; /* packed; prev empty: nothing was there */
};

struct judged_lease {
    int64_t id;
    int64_t since_ms;   /* when it was granted */
    bool again;         /* there was one of that id before */
    int64_t promise_ms; /* not to end before */
};

struct asked {
    unsigned gateway;
    uint32_t life;
    uint64_t id;
    uint32_t op;
};

struct judge {
    struct plan *plan;
    struct trace *trace;
    int64_t now_ms;
    struct model model;
    struct arena arena; /* of what is kept */
    struct arena scratch;
    struct op *ops; /* by id - 1 */
    size_t op_count, op_cap;
    struct judged_call *calls;
    size_t call_count, call_cap;
    size_t *first_calls; /* by index - 1: how many calls stand before that entry */
    size_t index_count, index_cap;
    struct judged_event *events;
    size_t event_count, event_cap;
    struct judged_lease leases[model_leases_max];
    size_t lease_count;
    struct asked *asked;
    size_t asked_count, asked_cap;
    int64_t told;        /* the greatest revision that any client was told */
    uint64_t next_index; /* that this run of the store applies */
    size_t next_call;    /* place of the next call in it */
    uint64_t answered;   /* calls, by the store */
    uint64_t unanswered; /* ended, and nobody knows how */
    uint64_t checked;    /* answers that were compared with the model */
    uint64_t watch_events;
    bool failed;
    int64_t failed_ms;
    char failure[judge_failure_bytes];
};

void judge_init(struct judge *self, struct plan *plan, struct trace *trace);
void judge_fini(struct judge *self);
/* The first one is the telling one. */
void judge_fail(struct judge *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ── the store ── */

/* It begins behind entry `flushed`. */
void judge_started(struct judge *self, uint64_t flushed);
/* A call is applied: body as keyspace has it, its answer. */
void judge_applied(struct judge *self, uint64_t index, const struct machine_call *call,
                   struct str answer);
void judge_entry(struct judge *self, uint64_t index); /* whole */
void judge_asked(struct judge *self, unsigned gateway, uint32_t life, const struct msg *msg);
void judge_said(struct judge *self, unsigned gateway, uint32_t life, const struct msg *msg);

/* ── clients ── */

/* Marks request as op's. */
void op_tag(struct buf *request, uint32_t id);
uint32_t judge_begin(struct judge *self, enum etcd_method method, const ProtobufCMessage *request);
void judge_end(struct judge *self, uint32_t id, uint32_t code, struct str body);
/* It went before it was told. */
void judge_gone(struct judge *self, uint32_t id);
static inline struct op *judge_op(struct judge *self, uint32_t id)
{
    return id > 0 && id <= self->op_count ? &self->ops[id - 1] : NULL;
}

/* ── between its files ── */

struct str judge_pack(struct arena *arena, const ProtobufCMessage *message);
/* A response without what the model does not know of its header; in scratch. NULL: it is none. */
ProtobufCMessage *judge_plain(struct judge *self, enum etcd_method method, struct str response);
struct op *judge_op_of(struct judge *self, struct str request);
/* A holder was told now that so much is left. */
void judge_promised(struct judge *self, int64_t lease, int64_t rest_s);

/* ── in the end ── */

void judge_leases_ended(struct judge *self, int64_t calm_ms);

#endif
