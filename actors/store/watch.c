#include "actors/store/watch.h"

/* The next range; false: the end. What is no range is passed over. */
static bool next_range(struct str *rest, struct msg *msg)
{
    while (msg_next(rest, msg)) {
        if (msg->type == MSG_TYPE_WATCH_RANGE) {
            return true;
        }
    }
    return false;
}

static void is_watching(struct store *self, struct msg_list ranges)
{
    struct interest *interest = &self->facts.interest;
    struct msg msg;

    interest_hold(interest, self->awake.ms);
    while (next_range(&ranges.bytes, &msg)) {
        if (msg.as_watch_range.prev) {
            interest_prev(interest, msg.as_watch_range.key, msg.as_watch_range.range_end,
                          self->awake.ms);
        }
    }
}

/* ── handlers ── */

void store_watch(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out)
{
    struct store *self = state;
    const struct msg_watch *watch = &msg->as_watch;
    struct mvcc_position at = mvcc_position(self->keyspace.mvcc);
    struct msg answer = {.type = MSG_TYPE_WATCHED};
    struct str rest = watch->range.bytes;
    struct msg range;

    (void)now;
    answer.as_watched = (struct msg_watched){.id = watch->id};
    if (watch->boot != self->options.boot) {
        answer.as_watched.code = etcd_error_code(ETCD_ERROR_TIMEOUT_LEADER_FAILED);
        answer.as_watched.text = etcd_error_text(ETCD_ERROR_TIMEOUT_LEADER_FAILED);
    } else if (watch->range.count != 1 || !next_range(&rest, &range)) {
        answer.as_watched.code = GRPC_INVALID_ARGUMENT;
        answer.as_watched.text = STR("muster: a watch has one range");
    } else {
        is_watching(self, watch->range);
        answer.as_watched.revision = at.revision;
        answer.as_watched.compacted = at.compacted;
    }
    self->refused_total += answer.as_watched.code != 0;
    (void)outbox_reply(out, OUTBOX_NOW, from, &answer); /* full: it asks again */
}

void store_watching(void *state, const struct address *from, const struct msg *msg,
                    const struct now *now, struct outbox *out)
{
    struct store *self = state;

    (void)from;
    (void)now;
    (void)out;
    if (msg->as_watching.boot == self->options.boot) {
        is_watching(self, msg->as_watching.ranges);
    }
}

static void refuse(const struct address *from, uint64_t id, enum etcd_error error,
                   struct outbox *out)
{
    struct msg answer = {.type = MSG_TYPE_EVENTS_READ};

    answer.as_events_read = (struct msg_events_read){
        .id = id, .code = etcd_error_code(error), .text = etcd_error_text(error)};
    (void)outbox_reply(out, OUTBOX_NOW, from, &answer);
}

void store_read_events(void *state, const struct address *from, const struct msg *msg,
                       const struct now *now, struct outbox *out)
{
    struct store *self = state;
    const struct msg_read_events *asked = &msg->as_read_events;
    struct str rest = asked->ranges.bytes;
    struct event_read *read;
    struct msg range;

    (void)now;
    if (asked->boot != self->options.boot) {
        self->refused_total++;
        refuse(from, asked->id, ETCD_ERROR_TIMEOUT_LEADER_FAILED, out);
        return;
    }
    read = event_read_new();
    read->from = *from;
    read->id = asked->id;
    read->at = asked->from;
    read->sub = asked->sub;
    read->to = asked->to;
    while (next_range(&rest, &range)) {
        spans_add(&read->ranges, range.as_watch_range.key, range.as_watch_range.range_end);
        if (range.as_watch_range.prev) {
            spans_add(&read->prev, range.as_watch_range.key, range.as_watch_range.range_end);
        }
    }
    if (event_reads_add(&self->event_reads, read) != ERR_OK) {
        self->refused_total++;
        refuse(from, asked->id, ETCD_ERROR_TOO_MANY_REQUESTS, out);
    }
}
