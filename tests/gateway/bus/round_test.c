#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/wire/codec.h"
#include "gateway/bus/round.h"

static const struct actor_link targets[] = {{.to = ACTOR_REGISTRY},
                                            {.to = ACTOR_GATEWAY, .index = 1}};

struct asker {
    struct round_waiter waiter; /* first */
    unsigned told;
    bool heard[2];
    int64_t seq[2];
    int64_t answered_ms[2];
};

struct fixture {
    struct round *round;
    struct outbox *out;
    struct now now;
};

static int set_up(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));

    self->round = round_new(targets, 2);
    self->out = outbox_new(1 << 20);
    self->now.mono_ms = 1000;
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    round_destroy(&self->round);
    outbox_destroy(&self->out);
    free(self);
    return 0;
}

static void on_done(struct round_waiter *waiter, const struct round *round, const struct now *now)
{
    struct asker *asker = (struct asker *)(void *)waiter;

    (void)now;
    asker->told++;
    assert_int_equal(2, round_count(round));
    for (size_t i = 0; i < 2; i++) {
        struct round_answer answer;

        round_answer(round, i, &answer);
        assert_int_equal(targets[i].to, answer.from);
        assert_int_equal(targets[i].index, answer.index);
        asker->heard[i] = answer.counters != NULL;
        asker->seq[i] = answer.counters != NULL ? (int64_t)answer.counters->seq : -1;
        asker->answered_ms[i] = answer.answered_ms;
    }
}

static void join(struct fixture *self, struct asker *asker)
{
    *asker = (struct asker){.waiter.done = on_done};
    round_join(self->round, &asker->waiter, &self->now, self->out);
}

/* How many STATS leave; id: the last one's. */
static int asked(struct fixture *self, uint64_t *id)
{
    struct outbox_item item;
    size_t cursor = 0;
    int count = 0;

    while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        struct str rest = item.frame;
        struct msg msg;

        assert_int_equal(ERR_OK, msg_decode(&rest, &msg));
        assert_int_equal(MSG_TYPE_STATS, msg.type);
        *id = msg.as_stats.id;
        count++;
    }
    outbox_clear(self->out, OUTBOX_SYNCED);
    return count;
}

static void tell(struct fixture *self, size_t target, uint64_t id, uint64_t seq)
{
    struct msg msg = {.type = MSG_TYPE_COUNTERS};

    msg.as_counters.id = id;
    msg.as_counters.seq = seq;
    round_counters(self->round, targets[target].to, targets[target].index, &msg, &self->now);
    round_turn(self->round, &self->now);
}

static void pass(struct fixture *self, int64_t ms)
{
    self->now.mono_ms += ms;
    round_turn(self->round, &self->now);
}

static void all_who_ask_meanwhile_share_a_round(void **state)
{
    struct fixture *self = *state;
    struct asker first;
    struct asker second;
    uint64_t id = 0;

    join(self, &first);
    assert_int_equal(2, asked(self, &id));
    pass(self, 20);
    tell(self, 1, id, 8);
    join(self, &second);
    assert_int_equal(0, asked(self, &id));
    assert_int_equal(0, first.told);
    tell(self, 0, id, 7);
    assert_int_equal(1, first.told);
    assert_int_equal(1, second.told);
    assert_true(second.heard[0] && second.heard[1]);
    assert_int_equal(7, second.seq[0]);
    assert_int_equal(8, second.seq[1]);
    assert_int_equal(1020, second.answered_ms[1]);
    assert_int_equal(INT64_MAX, round_due_ms(self->round));
}

static void who_does_not_answer_in_time_is_silent(void **state)
{
    struct fixture *self = *state;
    struct asker asker;
    uint64_t id = 0;

    join(self, &asker);
    (void)asked(self, &id);
    tell(self, 0, id, 7);
    pass(self, 499);
    assert_int_equal(0, asker.told);
    assert_int_equal(1500, round_due_ms(self->round));
    pass(self, 1);
    assert_int_equal(1, asker.told);
    assert_true(asker.heard[0]);
    assert_false(asker.heard[1]);
}

static void answers_of_another_round_are_none(void **state)
{
    struct fixture *self = *state;
    struct asker asker;
    uint64_t old = 0;
    uint64_t id = 0;

    join(self, &asker);
    (void)asked(self, &old);
    pass(self, 500);
    join(self, &asker);
    assert_int_equal(2, asked(self, &id));
    assert_int_not_equal(old, id);
    tell(self, 0, old, 6);
    tell(self, 0, id, 7);
    tell(self, 0, id, 8);
    assert_int_equal(0, asker.told);
    pass(self, 500);
    assert_int_equal(7, asker.seq[0]);
    assert_int_equal(-1, asker.seq[1]);
}

static void who_leaves_is_not_told(void **state)
{
    struct fixture *self = *state;
    struct asker first;
    struct asker second;
    struct asker third;
    uint64_t id;

    join(self, &first);
    join(self, &second);
    join(self, &third);
    (void)asked(self, &id);
    round_leave(self->round, &second.waiter);
    pass(self, 500);
    assert_int_equal(1, first.told);
    assert_int_equal(0, second.told);
    assert_int_equal(1, third.told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_who_ask_meanwhile_share_a_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_does_not_answer_in_time_is_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_of_another_round_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_is_not_told, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
