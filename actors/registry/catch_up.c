#include "actors/registry/catch_up.h"

#include "actors/registry/publish.h"
#include "actors/registry/state.h"
#include "common/wire/exchange.h"

/* One slice of a snapshot or of history: small enough for a turn, large enough
 * that a million instances take a thousand questions. */
enum { slices_per_turn = 2 };

static void add_standing(struct registry_actor *self, const struct now *now, struct buf *store,
                         struct msg_list *standing)
{
    struct buf damage = {0};
    struct msg msg;

    protect_msg(self, now, &msg);
    msg_list_add(standing, store, &msg);
    storage_msg(self, &damage, &msg);
    msg_list_add(standing, store, &msg);
    buf_fini(&damage);
}

void catch_up_add_slot(const struct registry_actor *self, uint32_t slot, struct buf *store,
                       struct msg_list *records)
{
    struct change change;
    struct msg msg;

    registry_slot_change(self->registry, slot, &change);
    change.age_ms = ages_true(change_is_live(change.kind) ? self->heartbeats : self->tombstones,
                              slot, self->awake.ms);
    msg_from_change(&change, &msg);
    msg_list_add(records, store, &msg);
}

static void answer_snapshot(struct registry_actor *self, const struct question *question,
                            const struct now *now, struct outbox *out)
{
    const struct msg_snapshot *ask = &question->msg.as_snapshot;
    uint32_t slots = registry_slot_count(self->registry);
    uint64_t cursor = ask->cursor < slots ? ask->cursor : slots;
    uint64_t end = cursor + chunk_records_max;
    struct buf records = {0};
    struct buf standing = {0};
    struct msg answer = {.type = MSG_TYPE_CHUNK};
    struct msg_chunk *chunk = &answer.as_chunk;

    self->counters.snapshots_served++;
    for (; cursor < slots && cursor < end && records.len < chunk_bytes_max; cursor++) {
        if (registry_slot_used(self->registry, (uint32_t)cursor)) {
            catch_up_add_slot(self, (uint32_t)cursor, &records, &chunk->records);
        }
    }
    chunk->id = ask->id;
    chunk->epoch = self->at.epoch;
    chunk->boot = self->at.boot;
    chunk->seq = self->at.seq;
    chunk->next = cursor < slots ? cursor : 0;
    if (chunk->next == 0) {
        add_standing(self, now, &standing, &chunk->standing);
    }
    (void)outbox_reply(out, OUTBOX_SYNCED, &question->from, &answer);
    buf_fini(&records);
    buf_fini(&standing);
}

/* False: not held any more. read keeps what came from the journal. */
static bool history_after(struct registry_actor *self, const struct msg_facts *ask,
                          struct buf *read, struct msg_list *records)
{
    uint64_t last;

    if (ask->epoch != self->at.epoch || ask->from > self->at.seq) {
        return false;
    }
    if (ask->from == self->at.seq || backlog_read(&self->backlog, ask->from, chunk_bytes_max,
                                                  &records->bytes, &records->count)) {
        return true;
    }
    if (storage_history(self->storage, ask->from, chunk_bytes_max, read, &records->count, &last) !=
        ERR_OK) {
        return false;
    }
    records->bytes = buf_str(read);
    return true;
}

static void answer_facts(struct registry_actor *self, const struct question *question,
                         const struct now *now, struct outbox *out)
{
    const struct msg_facts *ask = &question->msg.as_facts;
    struct buf read = {0};
    struct buf standing = {0};
    struct msg answer = {.type = MSG_TYPE_HISTORY};
    struct msg_history *history = &answer.as_history;

    self->counters.facts_served++;
    if (history_after(self, ask, &read, &history->records)) {
        history->id = ask->id;
        history->epoch = self->at.epoch;
        history->boot = self->at.boot;
        history->head = self->at.seq;
        if (ask->from + history->records.count == self->at.seq) {
            add_standing(self, now, &standing, &history->standing);
        }
    } else {
        answer = (struct msg){.type = MSG_TYPE_RESULT};
        answer.as_result.id = ask->id;
        answer.as_result.err = ERR_STALE;
        answer.as_result.epoch = self->at.epoch;
        answer.as_result.boot = self->at.boot;
        answer.as_result.seq = self->at.seq;
    }
    (void)outbox_reply(out, OUTBOX_SYNCED, &question->from, &answer);
    buf_fini(&read);
    buf_fini(&standing);
}

void on_snapshot(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out)
{
    struct registry_actor *self = state;

    (void)now;
    (void)out;
    questions_add(&self->questions, from, msg);
}

void on_facts(void *state, const struct address *from, const struct msg *msg, const struct now *now,
              struct outbox *out)
{
    struct registry_actor *self = state;

    (void)now;
    (void)out;
    questions_add(&self->questions, from, msg);
}

void catch_up_step(struct registry_actor *self, const struct now *now, struct outbox *out)
{
    const struct question *question;

    for (unsigned i = 0;
         i < slices_per_turn && (question = questions_first(&self->questions)) != NULL; i++) {
        if (question->msg.type == MSG_TYPE_SNAPSHOT) {
            answer_snapshot(self, question, now, out);
        } else {
            answer_facts(self, question, now, out);
        }
        questions_drop(&self->questions);
    }
    if (questions_first(&self->questions) != NULL) {
        outbox_again(out);
    }
}
