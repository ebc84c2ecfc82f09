#include "actors/store/key_events.h"

#include "actors/store/mvcc/key_value.h"
#include "actors/store/store_state.h"
#include "common/base/percent.h"

enum { turn_max = 1000, behind_max = 100000, topic_key_max = 200 };
enum { value_bytes_max = fact_frame_max - 4096 };

static const struct str topic_begins = {"store.event.", 12};

struct showing {
    struct store *store;
    struct outbox *out;
    unsigned count; /* of this turn */
};

static void topic_of(struct buf *topic, struct str key)
{
    if (key.len > topic_key_max) {
        key.len = topic_key_max;
    }
    topic->len = 0;
    buf_add_str(topic, topic_begins);
    percent_add(topic, key, "-_", false);
    if (topic->len > topic_begins.len + topic_key_max) {
        topic->len = topic_begins.len + topic_key_max;
    }
}

static void show(struct showing *self, const struct mvcc_event *event, struct str topic)
{
    const struct position *at = &self->store->facts.publisher.at;
    struct msg msg = {.type = MSG_TYPE_KEY_EVENT};
    Mvccpb__KeyValue kv;
    struct str value;

    if (event->key.len > value_bytes_max || key_value_read(event->kv, &kv) != ERR_OK) {
        return;
    }
    value = str_of_bytes(kv.value);
    if (value.len + event->key.len > value_bytes_max) {
        value = (struct str){0};
    }
    msg.as_key_event = (struct msg_key_event){.epoch = at->epoch,
                                              .boot = at->boot,
                                              .seq = (uint64_t)event->revision,
                                              .revision = event->revision,
                                              .kind = event->deletes ? STR("delete") : STR("put"),
                                              .key = event->key,
                                              .value = value,
                                              .create_revision = kv.create_revision,
                                              .version = kv.version,
                                              .lease = kv.lease};
    (void)outbox_fact(self->out, topic, &msg); /* full: a watcher misses it */
    self->store->facts.key_events_total++;
}

static bool take(void *context, const struct mvcc_event *event)
{
    struct showing *self = context;
    struct facts *facts = &self->store->facts;

    facts->shown = event->revision;
    facts->shown_sub = event->sub;
    if (self->count == turn_max) {
        return false;
    }
    self->count++;
    facts->shown_sub++;
    topic_of(&facts->topic, event->key);
    if (outbox_wants(self->out, buf_str(&facts->topic))) {
        show(self, event, buf_str(&facts->topic));
    }
    return true;
}

bool key_events_turn(struct store *self, struct outbox *out)
{
    struct facts *facts = &self->facts;
    struct showing showing = {.store = self, .out = out};
    struct mvcc_position at = mvcc_position(self->keyspace.mvcc);

    if (facts->shown > at.revision) {
        return false;
    }
    if (outbox_wants_within(out, topic_begins) && at.revision - facts->shown < behind_max) {
        mvcc_events(self->keyspace.mvcc, facts->shown, facts->shown_sub, take, &showing);
        if (showing.count == turn_max) {
            return true;
        }
    }
    facts->shown = at.revision + 1;
    facts->shown_sub = 0;
    return false;
}
