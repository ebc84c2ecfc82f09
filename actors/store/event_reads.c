#include "actors/store/event_reads.h"

#include <stdlib.h>

#include "actors/store/store_state.h"
#include "common/base/heap.h"

struct event_read *event_read_new(void)
{
    return heap_new(sizeof(struct event_read));
}

static size_t bytes_of(const struct event_read *read)
{
    return sizeof(*read) + (read->ranges.cap + read->prev.cap) * sizeof(struct span) +
           read->ranges.bytes.cap + read->prev.bytes.cap;
}

static void read_free(struct event_read *read)
{
    spans_fini(&read->ranges);
    spans_fini(&read->prev);
    free(read);
}

void event_reads_fini(struct event_reads *self)
{
    for (size_t i = 0; i < self->count; i++) {
        read_free(self->items[(self->head + i) % event_reads_max]);
    }
    self->count = 0;
    buf_fini(&self->list);
}

enum err event_reads_add(struct event_reads *self, struct event_read *read)
{
    if (self->count == event_reads_max || self->bytes + bytes_of(read) > event_reads_bytes_max) {
        read_free(read);
        return ERR_FULL;
    }
    self->items[(self->head + self->count++) % event_reads_max] = read;
    self->bytes += bytes_of(read);
    return ERR_OK;
}

/* ── an answer ── */

struct reading {
    struct store *store;
    struct event_read *read;
    uint32_t count;
    int64_t revision; /* looked at last */
    unsigned revisions, changes;
    size_t looked;
    bool enough; /* next and next_sub are set */
    int64_t next;
    uint32_t next_sub;
};

static bool is_enough(const struct reading *self, const struct mvcc_event *event)
{
    bool begins = event->revision > self->revision;

    return self->store->event_reads.list.len >= event_reads_answer_bytes_max ||
           (begins && self->revisions == event_reads_answer_revisions_max) ||
           self->changes >= event_reads_answer_changes_max ||
           self->looked >= event_reads_answer_looked_max;
}

static struct msg event_of(struct reading *self, const struct mvcc_event *event)
{
    struct msg msg = {.type = MSG_TYPE_EVENT};

    msg.as_event = (struct msg_event){.revision = event->revision,
                                      .kind = event->deletes ? MVCCPB__EVENT__EVENT_TYPE__DELETE
                                                             : MVCCPB__EVENT__EVENT_TYPE__PUT,
                                      .key = event->key,
                                      .kv = event->kv,
                                      .has_prev = spans_has(&self->read->prev, event->key)};
    if (msg.as_event.has_prev) {
        msg.as_event.prev = mvcc_event_before(self->store->keyspace.mvcc, event);
        self->looked += msg.as_event.prev.len;
        self->changes++;
    }
    return msg;
}

/* Over the limit the last one is taken back, unless it is the only one. */
static bool add(struct reading *self, const struct mvcc_event *event)
{
    struct buf *list = &self->store->event_reads.list;
    size_t before = list->len;
    struct msg msg = event_of(self, event);

    msg_encode(list, &msg);
    if (before > 0 && list->len > event_reads_answer_bytes_max) {
        list->len = before;
        return false;
    }
    self->count++;
    return true;
}

static bool take(void *context, const struct mvcc_event *event)
{
    struct reading *self = context;

    if (event->revision > self->read->to) {
        return false;
    }
    if (is_enough(self, event) ||
        (spans_has(&self->read->ranges, event->key) && !add(self, event))) {
        self->enough = true;
        self->next = event->revision;
        self->next_sub = event->sub;
        return false;
    }
    self->revisions += event->revision > self->revision;
    self->revision = event->revision;
    self->changes++;
    self->looked += event->kv.len;
    return true;
}

static void read_some(struct reading *self)
{
    struct mvcc *mvcc = self->store->keyspace.mvcc;
    const struct event_read *read = self->read;
    struct mvcc_position at = mvcc_position(mvcc);

    self->store->event_reads.list.len = 0;
    self->next = read->at;
    self->next_sub = read->sub;
    if (read->at <= at.compacted || read->at > at.revision || read->at > read->to) {
        return;
    }
    mvcc_events(mvcc, read->at > 0 ? read->at : 0, read->sub, take, self);
    if (!self->enough) {
        self->next = (read->to < at.revision ? read->to : at.revision) + 1;
        self->next_sub = 0;
    }
}

static void answer(struct reading *self, struct outbox *out)
{
    struct event_reads *reads = &self->store->event_reads;
    const struct mvcc *mvcc = self->store->keyspace.mvcc;
    struct msg msg = {.type = MSG_TYPE_EVENTS_READ};

    msg.as_events_read = (struct msg_events_read){.id = self->read->id,
                                                  .next = self->next,
                                                  .next_sub = self->next_sub,
                                                  .compacted = mvcc_position(mvcc).compacted};
    if (mvcc_damage(mvcc) != ERR_OK) {
        msg.as_events_read.code = etcd_error_code(ETCD_ERROR_CORRUPT);
        msg.as_events_read.text = etcd_error_text(ETCD_ERROR_CORRUPT);
    } else {
        msg.as_events_read.events = (struct msg_list){self->count, buf_str(&reads->list)};
    }
    (void)outbox_reply(out, OUTBOX_SYNCED, &self->read->from, &msg); /* full: it asks again */
    reads->answers_total++;
    reads->events_total += self->count;
}

bool event_reads_turn(struct store *self, struct outbox *out)
{
    struct event_reads *reads = &self->event_reads;
    unsigned revisions = 0;
    unsigned changes = 0;
    size_t bytes = 0;
    size_t looked = 0;

    while (reads->count > 0 && revisions < event_reads_turn_revisions_max &&
           changes < event_reads_turn_changes_max && bytes < event_reads_turn_bytes_max &&
           looked < event_reads_turn_looked_max) {
        struct event_read *read = reads->items[reads->head];
        struct reading reading = {.store = self, .read = read};
        size_t held = bytes_of(read);

        read_some(&reading);
        answer(&reading, out);
        revisions += reading.revisions;
        changes += reading.changes + 1;
        bytes += reads->list.len;
        looked += reading.looked;
        reads->head = (reads->head + 1) % event_reads_max;
        reads->count--;
        reads->bytes -= held;
        read_free(read);
    }
    return reads->count > 0;
}
