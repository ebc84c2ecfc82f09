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
    unsigned gaps;
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

static void on_gap(void *state, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    self->gaps++;
}

static const struct follower_owner skipper = {.record = on_record, .fact = on_fact, .gap = on_gap};

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

static void say(struct fixture *self, const struct buf *wire)
{
    follower_on_fact(self->follower, buf_str(wire), &self->clock.at, self->out);
    converse(self);
}

static void who_wants_no_snapshot_goes_on_behind_what_is_missing(void **state)
{
    struct fixture self = {.out = outbox_new(1000000)};
    struct follower_state reached;
    struct buf wire = {0};

    (void)state;
    source_init(&self.source, 77);
    clock_virtual_init(&self.clock, 5000, 1);
    self.follower = follower_new(ACTOR_REGISTRY, 0, 1000, &skipper, &self);
    source_turn(&self.source, &wire, 0, 5);
    say(&self, &wire);
    assert_int_equal(1, self.gaps); /* all there was */
    assert_int_equal(0, self.key_seq[4]);
    wire.len = 0;
    source_turn(&self.source, &wire, 5, 1);
    say(&self, &wire);
    assert_int_equal(6, self.key_seq[5]); /* what comes */
    wire.len = 0;
    source_turn(&self.source, &wire, 6, 1); /* this one is lost, but there is history */
    wire.len = 0;
    source_turn(&self.source, &wire, 7, 1);
    say(&self, &wire);
    assert_int_equal(7, self.key_seq[6]);
    assert_int_equal(8, self.key_seq[7]);
    assert_int_equal(1, self.gaps);
    source_turn(&self.source, &wire, 8, 1); /* lost, and cut off */
    self.source.cut = 9;
    wire.len = 0;
    source_turn(&self.source, &wire, 9, 1);
    say(&self, &wire);
    assert_int_equal(2, self.gaps);
    source_new_epoch(&self.source, 99);
    wire.len = 0;
    source_turn(&self.source, &wire, 1, 1);
    say(&self, &wire);
    assert_int_equal(3, self.gaps);
    follower_state(self.follower, &reached);
    assert_true(reached.current);
    assert_int_equal(99, reached.epoch);
    assert_int_equal(0, reached.snapshots);
    wire.len = 0;
    source_turn(&self.source, &wire, 2, 1);
    say(&self, &wire);
    assert_int_equal(self.source.head, self.key_seq[2]);

    buf_fini(&wire);
    follower_destroy(&self.follower);
    outbox_destroy(&self.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_that_comes_back_with_less_is_copied_anew),
        cmocka_unit_test(who_wants_no_snapshot_goes_on_behind_what_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
