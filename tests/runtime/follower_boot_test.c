#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/runtime/follower.h"
#include "tests/runtime/source.h"

struct fixture {
    struct source source;
    struct follower *follower;
    struct outbox *out;
    struct clock_virtual clock;
    uint64_t key_seq[source_keys];
    bool seen[source_keys];
};

static void on_record(void *state, const struct msg *msg, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    self->key_seq[source_key(msg)] = msg->as_gone.seq;
    self->seen[source_key(msg)] = true;
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    (void)state;
    (void)msg;
    (void)now;
}

static void on_begin(void *state)
{
    struct fixture *self = state;

    memset(self->seen, 0, sizeof(self->seen));
}

static bool on_sweep(void *state, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    for (unsigned i = 0; i < source_keys; i++) {
        self->key_seq[i] = self->seen[i] ? self->key_seq[i] : 0;
    }
    return false;
}

static const struct follower_owner owner = {
    .record = on_record, .fact = on_fact, .begin = on_begin, .sweep = on_sweep};

/* Answers every question until none is asked. */
static void converse(struct fixture *self)
{
    for (int i = 0; i < 50; i++) {
        struct outbox_item item;
        size_t cursor = 0;
        struct buf frame = {0};

        follower_step(self->follower, &self->clock.at, self->out);
        if (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
            struct str rest = item.frame;
            struct msg asked;
            struct msg answer;

            assert_int_equal(ERR_OK, msg_decode(&rest, &asked));
            source_answer(&self->source, &asked, &frame);
            outbox_clear(self->out, OUTBOX_SYNCED);
            rest = buf_str(&frame);
            assert_int_equal(ERR_OK, msg_decode(&rest, &answer));
            (void)follower_on_answer(self->follower, &answer, &self->clock.at, self->out);
        }
        buf_fini(&frame);
    }
}

static void a_source_that_comes_back_with_less_is_copied_anew(void **state)
{
    struct fixture self = {.out = outbox_new(1000000)};
    struct follower_state reached;
    struct buf wire = {0};

    (void)state;
    source_init(&self.source, 77);
    clock_virtual_init(&self.clock, 5000, 1);
    self.follower = follower_new(ACTOR_REGISTRY, 0, 1000, &owner, &self);
    source_turn(&self.source, &wire, 0, 20);
    follower_on_fact(self.follower, buf_str(&wire), &self.clock.at, self.out);
    converse(&self);
    assert_int_equal(20, self.key_seq[19]);

    self.source.boot = 78; /* its disk lost the last change */
    self.source.head = 19;
    self.source.key_seq[19] = 0;
    wire.len = 0;
    clock_virtual_advance(&self.clock, 1000);
    source_renewed(&self.source, &wire);
    follower_hurry(self.follower);
    follower_on_fact(self.follower, buf_str(&wire), &self.clock.at, self.out);
    converse(&self);
    follower_state(self.follower, &reached);
    assert_true(reached.current);
    assert_int_equal(19, reached.seq);
    assert_memory_equal(self.source.key_seq, self.key_seq, sizeof(self.key_seq));

    buf_fini(&wire);
    follower_destroy(&self.follower);
    outbox_destroy(&self.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_that_comes_back_with_less_is_copied_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
