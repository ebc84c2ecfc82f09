#include "tests/runtime/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void on_record(void *state, const struct msg *msg, const struct now *now)
{
    struct copy *self = state;
    unsigned key = source_key(msg);

    (void)now;
    self->records++;
    if (!self->seen[key] || msg->as_gone.seq > self->key_seq[key]) {
        self->key_seq[key] = msg->as_gone.seq;
    }
    self->seen[key] = true;
}

void copy_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct copy *self = state;

    (void)now;
    if (msg->type == MSG_TYPE_RENEWED) {
        self->renewed++;
    } else if (msg->type == MSG_TYPE_PROTECT) {
        self->protects++;
        self->protect = msg->as_protect.on;
    }
}

static void on_begin(void *state)
{
    struct copy *self = state;

    self->begins++;
    self->sweep_at = 0;
    memset(self->seen, 0, sizeof(self->seen));
}

static bool on_sweep(void *state, const struct now *now)
{
    struct copy *self = state;

    (void)now;
    for (unsigned i = 0; i < 12 && self->sweep_at < source_keys; i++, self->sweep_at++) {
        if (!self->seen[self->sweep_at]) {
            self->key_seq[self->sweep_at] = 0;
        }
    }
    return self->sweep_at < source_keys;
}

void copy_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct copy *self = state;

    (void)now;
    self->currents++;
    self->current_epoch = epoch;
    self->current_seq = seq;
    if (epoch == self->source.epoch && seq == self->source.head) {
        assert_memory_equal(self->source.key_seq, self->key_seq, sizeof(self->key_seq));
    }
}

void copy_broken(void *state, unsigned type)
{
    struct copy *self = state;

    self->broken++;
    self->broken_type = type;
}

static const struct follower_owner owner = {
    .record = on_record,
    .fact = copy_fact,
    .begin = on_begin,
    .sweep = on_sweep,
    .current = copy_current,
    .broken = copy_broken,
};

int copy_setup_with(void **state, const struct follower_owner *callbacks)
{
    static struct copy self;

    self = (struct copy){.out = outbox_new(1000000)};
    source_init(&self.source, 77);
    clock_virtual_init(&self.clock, 5000, 1);
    self.follower = follower_new(ACTOR_REGISTRY, 0, tick_ms, callbacks, &self);
    *state = &self;
    return 0;
}

int copy_setup(void **state)
{
    return copy_setup_with(state, &owner);
}

int copy_teardown(void **state)
{
    struct copy *self = *state;

    follower_destroy(&self->follower);
    assert_null(self->follower);
    outbox_destroy(&self->out);
    buf_fini(&self->wire);
    buf_fini(&self->question);
    return 0;
}

const struct now *copy_now(struct copy *self)
{
    return &self->clock.at;
}

void copy_hear(struct copy *self)
{
    follower_on_fact(self->follower, buf_str(&self->wire), copy_now(self), self->out);
    self->wire.len = 0;
}

void copy_turn(struct copy *self, unsigned key, unsigned count)
{
    source_turn(&self->source, &self->wire, key, count);
}

void copy_tick(struct copy *self)
{
    clock_virtual_advance(&self->clock, tick_ms);
    source_renewed(&self->source, &self->wire);
    copy_hear(self);
    follower_step(self->follower, copy_now(self), self->out);
}

unsigned copy_question(struct copy *self)
{
    struct outbox_item item;
    struct outbox_item more;
    size_t cursor = 0;
    struct str rest;

    if (!outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        return 0;
    }
    assert_false(outbox_next(self->out, OUTBOX_SYNCED, &cursor, &more));
    assert_int_equal(OUTBOX_COMMAND, item.kind);
    assert_int_equal(ACTOR_REGISTRY, item.actor);
    self->question.len = 0;
    buf_add_str(&self->question, item.frame);
    outbox_clear(self->out, OUTBOX_SYNCED);
    rest = buf_str(&self->question);
    assert_int_equal(ERR_OK, msg_decode(&rest, &self->asked));
    assert_int_equal(0, rest.len);
    return self->asked.type;
}

bool copy_give(struct copy *self, struct str frame)
{
    struct msg msg;

    assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
    return follower_on_answer(self->follower, &msg, copy_now(self), self->out);
}

void copy_answer(struct copy *self)
{
    struct buf frame = {0};

    source_answer(&self->source, &self->asked, &frame);
    assert_true(copy_give(self, buf_str(&frame)));
    buf_fini(&frame);
}

void copy_settle(struct copy *self)
{
    for (int i = 0; i < 100; i++) {
        follower_step(self->follower, copy_now(self), self->out);
        if (copy_question(self) != 0) {
            copy_answer(self);
        }
    }
    assert_int_equal(0, copy_question(self));
}

struct follower_state copy_state(struct copy *self)
{
    struct follower_state state;

    follower_state(self->follower, &state);
    return state;
}

void assert_copied(struct copy *self)
{
    struct follower_state state = copy_state(self);

    assert_true(state.current);
    assert_int_equal(self->source.epoch, state.epoch);
    assert_int_equal(self->source.head, state.seq);
    assert_memory_equal(self->source.key_seq, self->key_seq, sizeof(self->key_seq));
}

void expect_question(struct copy *self, unsigned type)
{
    assert_int_equal(type, copy_question(self));
}

void copy_start(struct copy *self)
{
    copy_turn(self, 0, 20);
    self->wire.len = 0;
    copy_settle(self);
    assert_copied(self);
}
