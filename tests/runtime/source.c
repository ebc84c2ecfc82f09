#include "tests/runtime/source.h"

#include <assert.h>
#include <string.h>

void source_init(struct source *self, uint64_t epoch)
{
    *self = (struct source){.epoch = epoch, .boot = epoch, .slice_keys = 8, .history_records = 16};
}

void source_new_epoch(struct source *self, uint64_t epoch)
{
    self->epoch = epoch;
    self->boot = epoch;
    self->head = source_keys;
    self->cut = self->head;
    for (unsigned i = 0; i < source_keys; i++) {
        self->key_seq[i] = i % 2 == 1 && self->key_seq[i] != 0 ? i : 0;
    }
}

static void add_record(struct msg_list *list, struct buf *store, unsigned key, uint64_t seq)
{
    const char name = (char)('A' + key);
    struct msg record = {.type = MSG_TYPE_GONE};

    record.as_gone.seq = seq;
    record.as_gone.hostname = (struct str){&name, 1};
    msg_list_add(list, store, &record);
}

unsigned source_key(const struct msg *record)
{
    assert(record->type == MSG_TYPE_GONE && record->as_gone.hostname.len == 1);
    return (unsigned)(record->as_gone.hostname.data[0] - 'A');
}

void source_turn(struct source *self, struct buf *to, unsigned key, unsigned count)
{
    struct msg turn = {.type = MSG_TYPE_TURN};
    struct buf store = {0};

    assert(self->head + count < source_log_max);
    turn.as_turn.epoch = self->epoch;
    turn.as_turn.boot = self->boot;
    turn.as_turn.prev = self->head;
    for (unsigned i = 0; i < count; i++) {
        unsigned changed = (key + i) % source_keys;

        self->head++;
        self->key_of[self->head] = (uint8_t)changed;
        self->key_seq[changed] = self->head;
        add_record(&turn.as_turn.records, &store, changed, self->head);
    }
    turn.as_turn.seq = self->head;
    msg_encode(to, &turn);
    buf_fini(&store);
}

void source_renewed(const struct source *self, struct buf *to)
{
    struct msg msg = {.type = MSG_TYPE_RENEWED};

    msg.as_renewed.epoch = self->epoch;
    msg.as_renewed.boot = self->boot;
    msg.as_renewed.seq = self->head;
    msg_encode(to, &msg);
}

static struct msg protect_fact(const struct source *self)
{
    struct msg msg = {.type = MSG_TYPE_PROTECT};

    msg.as_protect.epoch = self->epoch;
    msg.as_protect.boot = self->boot;
    msg.as_protect.seq = self->head;
    msg.as_protect.on = self->protect;
    return msg;
}

void source_protect(struct source *self, struct buf *to, bool on)
{
    struct msg msg;

    self->protect = on;
    msg = protect_fact(self);
    msg_encode(to, &msg);
}

static void answer_snapshot(const struct source *self, const struct msg_snapshot *asked,
                            struct buf *to)
{
    struct msg msg = {.type = MSG_TYPE_CHUNK};
    struct msg standing = protect_fact(self);
    struct buf records = {0};
    struct buf facts = {0};
    unsigned key = (unsigned)asked->cursor;
    unsigned end = key + self->slice_keys;

    for (; key < end && key < source_keys; key++) {
        if (self->key_seq[key] != 0) {
            add_record(&msg.as_chunk.records, &records, key, self->key_seq[key]);
        }
    }
    if (key == source_keys) {
        msg_list_add(&msg.as_chunk.standing, &facts, &standing);
    }
    msg.as_chunk.id = asked->id;
    msg.as_chunk.epoch = self->epoch;
    msg.as_chunk.boot = self->boot;
    msg.as_chunk.seq = self->head;
    msg.as_chunk.next = key == source_keys ? 0 : key;
    msg_encode(to, &msg);
    buf_fini(&records);
    buf_fini(&facts);
}

static void answer_facts(const struct source *self, const struct msg_facts *asked, struct buf *to)
{
    struct msg msg = {.type = MSG_TYPE_HISTORY};
    struct msg standing = protect_fact(self);
    struct buf records = {0};
    struct buf facts = {0};

    for (uint64_t seq = asked->from + 1;
         seq <= self->head && seq - asked->from <= self->history_records; seq++) {
        add_record(&msg.as_history.records, &records, self->key_of[seq], seq);
    }
    msg_list_add(&msg.as_history.standing, &facts, &standing);
    msg.as_history.id = asked->id;
    msg.as_history.epoch = self->epoch;
    msg.as_history.boot = self->boot;
    msg.as_history.head = self->head;
    msg_encode(to, &msg);
    buf_fini(&records);
    buf_fini(&facts);
}

void source_answer(const struct source *self, const struct msg *question, struct buf *to)
{
    struct msg stale = {.type = MSG_TYPE_RESULT};

    if (question->type == MSG_TYPE_SNAPSHOT) {
        answer_snapshot(self, &question->as_snapshot, to);
        return;
    }
    assert(question->type == MSG_TYPE_FACTS);
    if (question->as_facts.epoch == self->epoch && question->as_facts.from >= self->cut &&
        question->as_facts.from <= self->head) {
        answer_facts(self, &question->as_facts, to);
        return;
    }
    stale.as_result.id = question->as_facts.id;
    stale.as_result.err = ERR_STALE;
    stale.as_result.epoch = self->epoch;
    stale.as_result.boot = self->boot;
    stale.as_result.seq = self->head;
    msg_encode(to, &stale);
}
