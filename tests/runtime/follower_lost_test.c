/* What is lost for good, and what can't be understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/runtime/copy.h"

static void a_state_heard_while_catching_up_wins_over_an_earlier_answer(void **state)
{
    struct copy *self = *state;
    struct buf early = {0};

    copy_start(self);
    self->source.protect = true;
    copy_turn(self, 1, 1);
    self->wire.len = 0;
    copy_tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &early); /* protected */
    source_protect(&self->source, &self->wire, false);
    copy_hear(self);
    assert_true(copy_give(self, buf_str(&early)));
    assert_copied(self);
    assert_false(self->protect);
    buf_fini(&early);
}

static void a_cut_history_needs_a_snapshot(void **state)
{
    struct copy *self = *state;

    copy_start(self);
    copy_turn(self, 1, 3);
    self->wire.len = 0;
    self->source.cut = self->source.head;
    copy_tick(self);
    copy_settle(self);
    assert_copied(self);
    assert_int_equal(2, copy_state(self).snapshots);
}

static void a_history_with_a_hole_needs_a_snapshot(void **state)
{
    struct copy *self = *state;
    struct msg history = {.type = MSG_TYPE_HISTORY};
    struct msg record = {.type = MSG_TYPE_GONE};
    struct buf store = {0};
    unsigned records;

    copy_start(self);
    records = self->records;
    copy_turn(self, 1, 3);
    self->wire.len = 0;
    copy_tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    record.as_gone.seq = 22; /* 21 is missing */
    record.as_gone.hostname = STR("A");
    msg_list_add(&history.as_history.records, &store, &record);
    history.as_history.id = self->asked.as_facts.id;
    history.as_history.epoch = 77;
    history.as_history.head = 23;
    assert_true(follower_on_answer(self->follower, &history, copy_now(self), self->out));
    assert_int_equal(records, self->records);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    copy_answer(self);
    copy_settle(self);
    assert_copied(self);
    buf_fini(&store);
}

static void kept_facts_of_another_history_are_not_mixed_in(void **state)
{
    struct copy *self = *state;
    struct buf early = {0};
    uint64_t held[source_keys];

    copy_start(self);
    copy_turn(self, 1, 20); /* 21 … 40 */
    self->wire.len = 0;
    copy_tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    self->source.history_records = 20;
    source_answer(&self->source, &self->asked, &early);
    memcpy(held, self->source.key_seq, sizeof(held));
    source_new_epoch(&self->source, 88);
    copy_turn(self, 0, 9); /* 33 … 41 of the new one: overlaps */
    copy_hear(self);
    assert_true(copy_give(self, buf_str(&early)));
    assert_memory_equal(held, self->key_seq, sizeof(held));
    copy_tick(self);
    copy_settle(self);
    assert_copied(self);
    buf_fini(&early);
}

static void a_source_that_never_reaches_what_it_names_is_not_asked_in_a_circle(void **state)
{
    struct copy *self = *state;
    struct msg lie = {.type = MSG_TYPE_RENEWED};
    int asked = 0;

    copy_start(self);
    lie.as_renewed.epoch = 77;
    lie.as_renewed.seq = self->source.head + 100;
    msg_encode(&self->wire, &lie);
    copy_hear(self);
    while (copy_question(self) != 0) {
        assert_true(++asked < 5);
        copy_answer(self);
    }
    clock_virtual_advance(&self->clock, 1000);
    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
}

static void an_unknown_fact_breaks_it_unless_it_may_be_skipped(void **state)
{
    struct copy *self = *state;

    copy_start(self);
    follower_on_fact(self->follower, STR("\x94\xcc\xff\x4d\x4d\x01"), copy_now(self), self->out);
    assert_int_equal(0, self->broken);
    assert_true(copy_state(self).current);
    follower_on_fact(self->follower, STR("\x94\x7f\x4d\x4d\x01"), copy_now(self), self->out);
    assert_int_equal(1, self->broken);
    assert_int_equal(127, self->broken_type);
    assert_false(copy_state(self).current);
    copy_turn(self, 1, 1);
    copy_hear(self);
    clock_virtual_advance(&self->clock, 100000);
    follower_step(self->follower, copy_now(self), self->out);
    assert_int_equal(0, copy_question(self));
    assert_int_equal(1, self->broken);
    assert_true(follower_due_ms(self->follower) == INT64_MAX);
}

static void bytes_that_are_no_message_break_it(void **state)
{
    struct copy *self = *state;

    copy_start(self);
    follower_on_fact(self->follower, STR("\xc1garbage"), copy_now(self), self->out);
    assert_int_equal(1, self->broken);
    assert_int_equal(0, self->broken_type);
}

static void an_unknown_record_breaks_it(void **state)
{
    struct copy *self = *state;
    struct msg bad = {.type = MSG_TYPE_TURN};

    copy_start(self);
    bad.as_turn = (struct msg_turn){.epoch = 77, .seq = 21, .prev = 20};
    bad.as_turn.records = (struct msg_list){1, STR("\x92\x30\x01")};
    msg_encode(&self->wire, &bad);
    copy_hear(self);
    assert_int_equal(1, self->broken);
    assert_int_equal(0x30, self->broken_type);
}

static const struct follower_owner owner_of_states = {
    .fact = copy_fact,
    .current = copy_current,
    .broken = copy_broken,
};

static int setup_states(void **state)
{
    struct copy *self;

    copy_setup_with(state, &owner_of_states);
    self = *state;
    memset(self->source.key_seq, 0, sizeof(self->source.key_seq));
    return 0;
}

static struct msg small_fact(struct copy *self, enum msg_type type, uint64_t seq)
{
    struct msg msg = {.type = type};

    (void)self;
    msg.as_tick = (struct msg_tick){.epoch = 77, .boot = 77, .seq = seq};
    return msg;
}

static void hear_small(struct copy *self, enum msg_type type, uint64_t seq)
{
    struct msg msg = small_fact(self, type, seq);

    msg_encode(&self->wire, &msg);
    copy_hear(self);
}

static void an_owner_without_records_needs_no_snapshot(void **state)
{
    struct copy *self = *state;

    self->source.head = 40;
    copy_settle(self);
    assert_true(copy_state(self).current);
    assert_int_equal(40, copy_state(self).seq);
    assert_int_equal(0, copy_state(self).snapshots);
    assert_int_equal(1, self->protects);
    hear_small(self, MSG_TYPE_PROTECT, 41);
    assert_int_equal(41, copy_state(self).seq);
    assert_int_equal(2, self->protects);
    hear_small(self, MSG_TYPE_TICK, 41);
    assert_int_equal(0, copy_question(self));
    self->source.head = 43;
    hear_small(self, MSG_TYPE_TICK, 43);
    expect_question(self, MSG_TYPE_FACTS);
    copy_answer(self);
    assert_int_equal(43, copy_state(self).seq);
    assert_int_equal(3, self->protects);
    self->source.head = 45;
    hear_small(self, MSG_TYPE_PROTECT, 45); /* 44 was lost */
    expect_question(self, MSG_TYPE_FACTS);
    copy_answer(self);
    assert_true(copy_state(self).current);
    assert_int_equal(45, copy_state(self).seq);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, copy_setup, copy_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_state_heard_while_catching_up_wins_over_an_earlier_answer),
        TEST(a_cut_history_needs_a_snapshot),
        TEST(a_history_with_a_hole_needs_a_snapshot),
        TEST(kept_facts_of_another_history_are_not_mixed_in),
        TEST(a_source_that_never_reaches_what_it_names_is_not_asked_in_a_circle),
        TEST(an_unknown_fact_breaks_it_unless_it_may_be_skipped),
        TEST(bytes_that_are_no_message_break_it),
        TEST(an_unknown_record_breaks_it),
        cmocka_unit_test_setup_teardown(an_owner_without_records_needs_no_snapshot, setup_states,
                                        copy_teardown),
    };

    return cmocka_run_group_tests_name("follower_lost", tests, NULL, NULL);
}
