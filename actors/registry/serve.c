#include "actors/registry/state.h"

/* One slice of a snapshot or of history: small enough for a turn, large enough
 * that a million instances take a thousand questions. */
enum { slice_bytes = 256 * 1024, slice_slots = 4096 };

static void add_standing(struct registry_actor *self, const struct now *now, struct buf *store,
                         struct msg_list *standing)
{
    struct msg msg;

    protect_msg(self, now, &msg);
    msg_list_add(standing, store, &msg);
    storage_msg(self, &msg);
    msg_list_add(standing, store, &msg);
}

static void add_slot(struct registry_actor *self, uint32_t slot, int64_t awake_ms,
                     struct buf *store, struct msg_list *records)
{
    struct change change;
    struct msg msg;

    registry_slot_change(self->registry, slot, &change);
    change.age_ms =
        ages_of(change_is_live(change.kind) ? self->heartbeats : self->tombstones, slot, awake_ms);
    msg_from_change(&change, &msg);
    msg_list_add(records, store, &msg);
}

void on_snapshot(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;
    int64_t awake_ms = registry_awake(self, now);
    uint32_t slots = registry_slot_count(self->registry);
    uint64_t cursor = msg->as_snapshot.cursor;
    uint64_t end = cursor + slice_slots;
    struct buf records = {0};
    struct buf standing = {0};
    struct msg answer = {.type = MSG_TYPE_CHUNK};
    struct msg_chunk *chunk = &answer.as_chunk;

    self->counters.snapshots_served++;
    for (; cursor < slots && cursor < end && records.len < slice_bytes; cursor++) {
        if (registry_slot_used(self->registry, (uint32_t)cursor)) {
            add_slot(self, (uint32_t)cursor, awake_ms, &records, &chunk->records);
        }
    }
    chunk->id = msg->as_snapshot.id;
    chunk->epoch = self->at.epoch;
    chunk->boot = self->at.boot;
    chunk->seq = self->at.seq;
    chunk->next = cursor < slots ? cursor : 0;
    if (chunk->next == 0) {
        add_standing(self, now, &standing, &chunk->standing);
    }
    /* after the sync: it may show changes of this very turn */
    (void)outbox_reply(out, OUTBOX_SYNCED, from, &answer);
    buf_fini(&records);
    buf_fini(&standing);
}

void on_facts(void *state, const struct address *from, const struct msg *msg, const struct now *now,
              struct outbox *out)
{
    struct registry_actor *self = state;
    const struct msg_facts *ask = &msg->as_facts;
    struct buf read = {0};
    struct buf standing = {0};
    struct msg answer = {.type = MSG_TYPE_HISTORY};
    struct msg_history *history = &answer.as_history;
    uint64_t last;
    bool held = ask->epoch == self->at.epoch && ask->from <= self->at.seq;

    self->counters.facts_served++;
    if (held && ask->from < self->at.seq &&
        !recent_read(&self->recent, ask->from, slice_bytes, &history->records.bytes,
                     &history->records.count)) {
        held = storage_history(self->storage, ask->from, slice_bytes, &read,
                               &history->records.count, &last) == ERR_OK;
        history->records.bytes = buf_str(&read);
    }
    if (held) {
        history->id = ask->id;
        history->epoch = self->at.epoch;
        history->boot = self->at.boot;
        history->head = self->at.seq;
        if (ask->from + history->records.count == self->at.seq) {
            add_standing(self, now, &standing, &history->standing);
        }
        (void)outbox_reply(out, OUTBOX_SYNCED, from, &answer);
    } else {
        struct msg stale = {.type = MSG_TYPE_RESULT};

        stale.as_result.id = ask->id;
        stale.as_result.err = ERR_STALE;
        stale.as_result.seq = self->at.seq;
        registry_result(self, OUTBOX_NOW, from, &stale, out);
    }
    buf_fini(&read);
    buf_fini(&standing);
}
