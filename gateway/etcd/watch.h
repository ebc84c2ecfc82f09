/* Streams of Watch: each holds watchers, which are told what the store does to their keys.
 *
 *   stream ──create──► WATCH ──WATCHED──► watcher
 *   EVENTS ──► position, one for all ──► watchers that are SYNCED ──rpc_send──► streams
 *   READ_EVENTS ──EVENTS_READ──► those that missed something, until they are
 *
 * A watcher is told each revision that concerns it once, whole, in order; what it is told of comes
 * from facts while these follow each other, and is read from the store where they do not. A client
 * that does not read holds up nobody: its watchers read from the store what they missed, later.
 *
 * As in etcd: several revisions may come in one response; a watcher below what is compacted is
 * canceled; what is not permitted, an empty range or an id that is in use is told in a response
 * that is both created and canceled, with watch_id -1; a cancel of no watcher's id has no answer.
 * The stream goes on when its client sends no more.
 */
#ifndef GATEWAY_ETCD_WATCH_H
#define GATEWAY_ETCD_WATCH_H

#include "gateway/etcd/moment.h"
#include "gateway/etcd/relay.h"

struct watches_options {
    enum actor_name to; /* the store */
    uint32_t watchers_max;
    uint32_t stream_watchers_max; /* of one stream; beyond either: created and canceled */
    uint32_t waiting_max;         /* requests that the store has not answered; beyond, the stream of
                                   * the next one ends */
    uint32_t stream_waiting_max;
    size_t keys_max;      /* bytes of keys: of requests that wait, and of what is watched */
    uint32_t request_max; /* bytes, as etcd's --max-request-bytes: where fragments are cut */
    size_t response_max;  /* bytes; a watcher that would get more at once is canceled */
    int64_t progress_interval_ms; /* of silence */
    uint64_t seed;                /* random */
};

struct watches;

/* options: copied. relay (for the store's run, and whether it is there) and moment: borrowed. */
struct watches *watches_open(const struct watches_options *options, const struct relay *relay,
                             const struct moment *moment);
/* Open streams are gone before. */
void watches_close(struct watches **self);

extern const struct rpc_app watch_app; /* of a struct watches */

/* msg: EVENTS or REVISION of the store. */
void watches_fact(struct watches *self, const struct msg *msg);
/* msg: WATCHED or EVENTS_READ. */
void watches_answer(struct watches *self, const struct msg *msg);
/* Another epoch, or a smaller revision: what watchers were told may never have been. All streams
 * end, "leader changed": clients begin anew where they stand. */
void watches_store_changed(struct watches *self);
/* Ends those that asked for a leader: there has been none for too long. */
void watches_no_leader(struct watches *self);

/* Once a turn, after all that came: sends what is due. */
void watches_turn(struct watches *self);
int64_t watches_due_ms(const struct watches *self); /* mono ms; INT64_MAX: nothing */

struct watches_counts {
    uint64_t streams;
    uint64_t watchers;
    uint64_t unsynced; /* of these */
    uint64_t groups;   /* of watchers that want the same */
    uint64_t waiting;  /* requests that the store has not answered */
    uint64_t recent_bytes;
    uint64_t events_total; /* each as often as it was sent */
    uint64_t responses_total;
    uint64_t gaps_total;    /* in facts */
    uint64_t reads_total;   /* READ_EVENTS */
    uint64_t blocked_total; /* times a client did not read */
    uint64_t refused_total; /* too many */
};
void watches_counts(const struct watches *self, struct watches_counts *counts);

#endif
