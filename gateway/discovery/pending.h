/* Writes under way: sent to the registry, not answered yet; or answered, and the
 * replica has not caught up with the answer. The table sends, sends again, and says
 * which are over; write.c answers their clients.
 *
 *   SENT ──RESULT──► ANSWERED ──replica holds (epoch, seq)──► over
 *     └─────────────────┴── deadline: over, unanswered
 *
 * A write is sent again when the registry has a new boot, after 1 s, or every 100 ms
 * while the registry answers nothing at all (it is being restarted: the socket drops what
 * nobody takes). The write's number makes that safe.
 * Bounded by count and by bytes.
 */
#ifndef GATEWAY_DISCOVERY_PENDING_H
#define GATEWAY_DISCOVERY_PENDING_H

#include "common/naming/instance.h"
#include "gateway/discovery/gateway.h"

enum write_state { WRITE_SENT, WRITE_ANSWERED };

struct write_links {
    struct write *before;
    struct write *next;
};

struct write {
    struct parked parked; /* first: request_user */
    struct request *request;
    struct identity id; /* of a RENEW: borrows from the request */
    enum msg_type type;
    enum write_state state;
    uint64_t number;
    uint64_t boot; /* of the registry as it was known when this was sent last */
    int64_t sent_ms;
    int64_t deadline_ms;
    int64_t waits_ms; /* ANSWERED: when that was, or when the replica was last told to ask */
    bool told;        /* it was */
    bool again;       /* a RENEW that has waited for the first sync */
    struct buf frame; /* the command, for sending it again */
    /* of the answer */
    enum err err;
    uint64_t epoch;
    uint64_t answered_by; /* boot */
    uint64_t seq;
    int64_t timestamp;
    struct buf text; /* NUL-terminated; empty: none */
    /* the table's */
    struct write_links by_age;
    struct write_links by_state;
};

struct pending *pending_new(uint64_t gateway, int64_t deadline_ms);
void pending_destroy(struct pending **self);

/* Buffers for making a command, empty and kept from one to the next. */
struct buf *pending_scratch(struct pending *self, unsigned which); /* 0, 1 */

/* Numbers command (of type REGISTER, RENEW, CANCEL, SET), gives it gateway and expires,
 * sends it. NULL: too many are under way. boot: the registry's as known now. */
struct write *pending_send(struct pending *self, struct msg *command, uint64_t boot,
                           const struct now *now, struct outbox *out);
/* NULL: of nobody (any more), or answered already. */
struct write *pending_result(struct pending *self, const struct msg *result, const struct now *now);
/* The next write that is over: answered and reached says so (true for its epoch and seq),
 * or past its deadline (*expired). NULL: none. Drop it after answering its client. */
typedef bool pending_reached_fn(const void *context, uint64_t epoch, uint64_t seq);
struct write *pending_over(struct pending *self, pending_reached_fn *reached, const void *context,
                           const struct now *now, bool *expired);
/* Whether a write is over because reached says so. */
bool pending_ready(const struct pending *self, pending_reached_fn *reached, const void *context);
/* Whether the replica should ask for what it lacks: the registry that answered has a
 * boot it has not heard of, or the facts behind an answer have not come for 100 ms. */
bool pending_stalled(struct pending *self, uint64_t boot, const struct now *now);
/* Frees the write: over, or its client has gone. */
void pending_drop(struct pending *self, struct write *write);
/* Sends again what is due; bounded: true: more is due now. */
bool pending_resend(struct pending *self, uint64_t boot, const struct now *now, struct outbox *out);
/* mono ms of the next resend, stall or deadline; INT64_MAX: nothing under way. */
int64_t pending_due_ms(const struct pending *self);

struct pending_counts {
    uint64_t writes;     /* under way */
    uint64_t bytes;      /* of their commands */
    uint64_t sent_total; /* different ones */
    uint64_t resent_total;
    uint64_t expired_total;
    uint64_t refused_total; /* too many under way */
};
void pending_counts(const struct pending *self, struct pending_counts *counts);

/* write.c: answers what is over, sends again. */
void writes_turn(struct gateway *self, const struct now *now);
bool writes_ready(const struct gateway *self); /* writes_turn has somebody to answer */
void writes_result(struct gateway *self, const struct msg *result, const struct now *now);

#endif
