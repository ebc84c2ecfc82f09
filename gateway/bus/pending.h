/* Commands under way: sent to the actor that decides, not answered yet; or answered, and
 * what the gateway follows has not caught up with the answer. The table sends, sends again,
 * and says which are over; the gateway answers their clients.
 *
 *   SENT ──RESULT──► ANSWERED ──reached: (epoch, seq) is held──► over
 *     └─────────────────┴── deadline: over, unanswered
 *
 * A command is sent again when its actor has a new boot, after 1 s, or every 100 ms while
 * the actor answers nothing at all (it is being restarted: the socket drops what nobody
 * takes). The command's number makes that safe.
 * Bounded by count and by bytes.
 */
#ifndef GATEWAY_BUS_PENDING_H
#define GATEWAY_BUS_PENDING_H

#include <stdalign.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/runtime/outbox.h"
#include "gateway/bus/parked.h"

struct pending;

enum pending_state { PENDING_SENT, PENDING_ANSWERED };

struct pending_links {
    struct pending_command *before;
    struct pending_command *next;
};

struct pending_command {
    struct parked parked; /* first: request_user */
    struct request *request;
    enum msg_type type;
    enum pending_state state;
    uint64_t number;
    uint64_t boot; /* of the actor as it was known when this was sent last */
    int64_t sent_ms;
    int64_t deadline_ms;
    int64_t waits_ms; /* ANSWERED: when that was, or when pending_stalled last said so */
    bool told;        /* it did */
    struct buf frame; /* the command, for sending it again */
    /* of the answer */
    enum err err;
    uint64_t epoch;
    uint64_t answered_by; /* boot */
    uint64_t seq;
    int64_t timestamp;
    struct buf text; /* NUL-terminated; empty: none */
    /* the table's */
    struct pending_links by_age;
    struct pending_links by_state;
    /* the gateway's: own_bytes, zeros when it is sent */
    alignas(max_align_t) unsigned char own[];
};

struct pending_options {
    enum actor_name to; /* whom the commands go to */
    uint32_t index;
    uint64_t gateway;    /* this run's name in their ids; random */
    int64_t deadline_ms; /* after it was sent a command is over */
    size_t own_bytes;    /* that the gateway keeps with each */
};

struct pending *pending_new(const struct pending_options *options);
/* Nobody is told. */
void pending_destroy(struct pending **self);

/* Buffers for making a command, empty and kept from one to the next. */
struct buf *pending_scratch(struct pending *self, unsigned which); /* 0, 1 */

/* Numbers command (of class WRITE), gives it gateway and expires, sends it. NULL: too many are
 * under way. boot: the actor's as known now. What is returned is the table's until it is
 * dropped; the caller sets request, which must not be NULL. */
struct pending_command *pending_send(struct pending *self, struct msg *command, uint64_t boot,
                                     const struct now *now, struct outbox *out);
/* result: a RESULT of that actor. NULL: of nobody (any more), or answered already. */
struct pending_command *pending_result(struct pending *self, const struct msg *result,
                                       const struct now *now);
/* The next that is over: answered and reached says so (true for its epoch and seq),
 * or past its deadline (*expired). NULL: none. Drop it after answering its client. */
typedef bool pending_reached_fn(const void *context, uint64_t epoch, uint64_t seq);
struct pending_command *pending_over(struct pending *self, pending_reached_fn *reached,
                                     const void *context, const struct now *now, bool *expired);
/* Whether one is over because reached says so. */
bool pending_ready(const struct pending *self, pending_reached_fn *reached, const void *context);
/* Whether what follows the actor should ask for what it lacks: who answered has a boot it
 * has not heard of, or the facts behind an answer have not come for 100 ms. */
bool pending_stalled(struct pending *self, uint64_t boot, const struct now *now);
/* Frees it: over, or its client has gone. */
void pending_drop(struct pending *self, struct pending_command *command);
/* Sends again what is due; bounded: true: more is due now. */
bool pending_resend(struct pending *self, uint64_t boot, const struct now *now, struct outbox *out);
/* mono ms of the next resend, stall or deadline; INT64_MAX: nothing under way. */
int64_t pending_due_ms(const struct pending *self);

struct pending_counts {
    uint64_t commands;   /* under way */
    uint64_t bytes;      /* of them, encoded */
    uint64_t sent_total; /* different ones */
    uint64_t resent_total;
    uint64_t expired_total;
    uint64_t refused_total; /* too many under way */
};
void pending_counts(const struct pending *self, struct pending_counts *counts);

#endif
