#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/runtime/copy.h"

static void starts_with_a_snapshot_and_follows_turns(void **state)
{
    struct copy *self = *state;
    struct follower_state heard = copy_state(self);

    assert_false(heard.ever_current);
    assert_int_equal(-1, heard.heard_ms);
    copy_start(self);
    assert_int_equal(1, self->begins);
    assert_int_equal(1, copy_state(self).snapshots);
    for (unsigned i = 0; i < 50; i++) {
        copy_turn(self, i, 3);
        copy_hear(self);
        assert_copied(self);
        assert_int_equal(i + 2, self->currents);
    }
    copy_tick(self);
    assert_int_equal(1, self->renewed);
    assert_int_equal(0, copy_question(self));
    assert_int_equal(1, copy_state(self).catch_ups);
    assert_int_equal(2, self->protects); /* with the last slice and with the history after it */
}

static void the_first_question_is_for_history_of_no_epoch(void **state)
{
    struct copy *self = *state;

    assert_true(follower_due_ms(self->follower) <= copy_now(self)->mono_ms);
    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(0, self->asked.as_facts.epoch);
    copy_answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    assert_int_equal(0, self->asked.as_snapshot.cursor);
}

static void a_lost_turn_is_asked_for_and_the_next_is_kept(void **state)
{
    struct copy *self = *state;
    unsigned records;

    copy_start(self);
    records = self->records;
    copy_turn(self, 1, 2);
    self->wire.len = 0; /* lost */
    copy_turn(self, 2, 3);
    copy_hear(self);
    assert_false(copy_state(self).current);
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(77, self->asked.as_facts.epoch);
    assert_int_equal(20, self->asked.as_facts.from);
    copy_turn(self, 3, 1);
    copy_hear(self);
    assert_int_equal(records, self->records);
    copy_answer(self);
    assert_copied(self);
    assert_int_equal(records + 6, self->records);
    assert_int_equal(1, copy_state(self).snapshots);
    assert_int_equal(2, copy_state(self).catch_ups);
}

static void a_kept_turn_is_taken_where_the_history_ends(void **state)
{
    struct copy *self = *state;
    struct buf early = {0};

    copy_start(self);
    copy_turn(self, 1, 1);
    self->wire.len = 0;
    copy_tick(self); /* its seq shows the loss */
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &early);
    copy_turn(self, 2, 4);
    copy_hear(self);
    copy_turn(self, 9, 1);
    copy_hear(self);
    assert_true(copy_give(self, buf_str(&early)));
    assert_int_equal(0, copy_question(self));
    assert_copied(self);
    buf_fini(&early);
}

static void of_an_overlapping_turn_only_the_new_records_are_taken(void **state)
{
    struct copy *self = *state;
    struct source before;
    unsigned records;

    copy_start(self);
    before = self->source;
    copy_turn(self, 0, 2);
    copy_hear(self);
    records = self->records;
    self->source = before; /* the same history, cut into turns otherwise */
    copy_turn(self, 0, 5);
    copy_hear(self);
    assert_int_equal(records + 3, self->records);
    assert_copied(self);
    self->source = before;
    copy_turn(self, 0, 5);
    copy_hear(self); /* whole turn is old */
    assert_int_equal(records + 3, self->records);
    assert_int_equal(0, copy_question(self));
}

static void a_new_boot_of_the_same_history_goes_on(void **state)
{
    struct copy *self = *state;

    copy_start(self);
    self->source.boot = 78;
    copy_turn(self, 5, 1);
    copy_hear(self);
    assert_copied(self);
    assert_int_equal(78, copy_state(self).boot);
    assert_int_equal(0, copy_question(self));
}

static void a_new_epoch_is_copied_slice_by_slice_and_swept(void **state)
{
    struct copy *self = *state;

    copy_start(self);
    source_new_epoch(&self->source, 88);
    copy_tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(77, self->asked.as_facts.epoch);
    copy_answer(self); /* STALE */
    for (uint64_t slice = 0; slice < 4; slice++) {
        expect_question(self, MSG_TYPE_SNAPSHOT);
        assert_int_equal(8 * slice, self->asked.as_snapshot.cursor);
        copy_turn(self, (unsigned)slice * 8 + 3, 10); /* what was read and what was not change */
        copy_hear(self);
        copy_answer(self);
    }
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(88, self->asked.as_facts.epoch);
    assert_int_equal(source_keys + 10, self->asked.as_facts.from); /* of the first slice */
    copy_turn(self, 31, 1);
    copy_hear(self);
    copy_answer(self);
    while (copy_question(self) != 0) {
        copy_answer(self);
    }
    assert_false(copy_state(self).current); /* three turns of sweeping */
    assert_int_equal(1, self->currents);
    copy_settle(self);
    assert_copied(self);
    assert_int_equal(2, self->begins);
    assert_int_equal(2, self->currents);
}

static void turns_during_the_sweep_are_taken(void **state)
{
    struct copy *self = *state;

    copy_turn(self, 0, 20);
    self->wire.len = 0;
    follower_step(self->follower, copy_now(self), self->out);
    while (copy_question(self) != 0) {
        copy_answer(self);
    }
    assert_true(follower_due_ms(self->follower) <= copy_now(self)->mono_ms);
    follower_step(self->follower, copy_now(self), self->out);
    assert_false(copy_state(self).current);
    copy_turn(self, 30, 2);
    copy_hear(self);
    assert_int_equal(0, self->currents);
    copy_settle(self);
    assert_copied(self);
    assert_int_equal(1, self->currents);
}

static void a_source_that_restarts_within_a_snapshot_is_copied_afresh(void **state)
{
    struct copy *self = *state;

    copy_turn(self, 0, 20);
    self->wire.len = 0;
    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    copy_answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    copy_answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    assert_int_equal(8, self->asked.as_snapshot.cursor);
    self->source.boot++;
    copy_answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    assert_int_equal(0, self->asked.as_snapshot.cursor);
    copy_answer(self);
    copy_settle(self);
    assert_copied(self);
    assert_int_equal(2, self->begins);
}

static void late_answers_are_ignored(void **state)
{
    struct copy *self = *state;
    struct buf late = {0};
    unsigned records;

    copy_start(self);
    records = self->records;
    copy_turn(self, 1, 1);
    self->wire.len = 0;
    copy_tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &late);
    clock_virtual_advance(&self->clock, 1000);
    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS); /* again, with another id */
    assert_true(copy_give(self, buf_str(&late)));
    assert_false(copy_state(self).current);
    assert_int_equal(records, self->records);
    copy_answer(self);
    assert_copied(self);
    copy_answer(self); /* twice */
    assert_copied(self);
    buf_fini(&late);
}

static void answers_to_others_are_left_to_them(void **state)
{
    struct copy *self = *state;
    struct msg msg = {.type = MSG_TYPE_RESULT};

    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    msg.as_result.id = 1;
    msg.as_result.err = ERR_STALE;
    assert_false(follower_on_answer(self->follower, &msg, copy_now(self), self->out));
    msg.as_result.id = self->asked.as_facts.id + 1;
    assert_false(follower_on_answer(self->follower, &msg, copy_now(self), self->out));
    msg.type = MSG_TYPE_PONG;
    msg.as_pong.id = self->asked.as_facts.id;
    assert_false(follower_on_answer(self->follower, &msg, copy_now(self), self->out));
    assert_int_equal(0, copy_question(self));
}

static void silence_of_three_ticks_makes_it_ask_every_second(void **state)
{
    struct copy *self = *state;
    int64_t heard_ms;

    copy_start(self);
    heard_ms = copy_now(self)->mono_ms;
    clock_virtual_advance(&self->clock, INT64_C(3) * tick_ms);
    follower_step(self->follower, copy_now(self), self->out);
    assert_int_equal(0, copy_question(self));
    assert_int_equal(copy_now(self)->mono_ms + 1, follower_due_ms(self->follower));
    for (int i = 0; i < 5; i++) {
        clock_virtual_advance(&self->clock, i == 0 ? 1 : 1000);
        follower_step(self->follower, copy_now(self), self->out);
        expect_question(self, MSG_TYPE_FACTS);
        clock_virtual_advance(&self->clock, -1);
        follower_step(self->follower, copy_now(self), self->out);
        assert_int_equal(0, copy_question(self));
        clock_virtual_advance(&self->clock, 1);
    }
    assert_false(copy_state(self).current);
    assert_int_equal(heard_ms, copy_state(self).heard_ms);
    follower_hurry(self->follower); /* the source is back */
    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    copy_answer(self);
    assert_copied(self);
    assert_int_equal(copy_now(self)->mono_ms, copy_state(self).heard_ms);
}

static void told_to_hurry_it_asks_though_it_is_current(void **state)
{
    struct copy *self = *state;

    copy_start(self);
    follower_step(self->follower, copy_now(self), self->out);
    assert_int_equal(0, copy_question(self));
    follower_hurry(self->follower);
    assert_true(follower_due_ms(self->follower) <= copy_now(self)->mono_ms);
    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    copy_answer(self);
    assert_true(copy_state(self).current);
    follower_step(self->follower, copy_now(self), self->out);
    assert_int_equal(0, copy_question(self));
}

static void a_refusal_is_asked_again_after_a_second(void **state)
{
    struct copy *self = *state;
    struct msg busy = {.type = MSG_TYPE_RESULT};

    follower_step(self->follower, copy_now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    busy.as_result.id = self->asked.as_facts.id;
    busy.as_result.err = ERR_UNAVAILABLE;
    assert_true(follower_on_answer(self->follower, &busy, copy_now(self), self->out));
    follower_step(self->follower, copy_now(self), self->out);
    assert_int_equal(0, copy_question(self));
    clock_virtual_advance(&self->clock, 1000);
    copy_settle(self);
    assert_copied(self);
}

static void what_does_not_fit_is_thrown_away_and_asked_for(void **state)
{
    struct copy *self = *state;
    struct msg storage = {.type = MSG_TYPE_STORAGE};
    struct buf reason = {0};
    struct buf early = {0};

    copy_start(self);
    copy_turn(self, 1, 1);
    self->wire.len = 0;
    copy_tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &early);
    source_protect(&self->source, &self->wire, true);
    copy_hear(self); /* kept, and thrown away with the rest; no seq tells of it */
    memset(buf_reserve(&reason, 60000), 'x', 60000);
    storage.as_storage.epoch = 77;
    storage.as_storage.seq = self->source.head;
    storage.as_storage.reason = (struct str){reason.data, 60000};
    for (int i = 0; i < 80; i++) {
        msg_encode(&self->wire, &storage);
        copy_hear(self);
    }
    assert_true(copy_give(self, buf_str(&early)));
    assert_false(copy_state(self).current);
    assert_false(self->protect);
    expect_question(self, MSG_TYPE_FACTS);
    copy_answer(self);
    assert_copied(self);
    assert_true(self->protect);
    buf_fini(&reason);
    buf_fini(&early);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, copy_setup, copy_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_with_a_snapshot_and_follows_turns),
        TEST(the_first_question_is_for_history_of_no_epoch),
        TEST(a_lost_turn_is_asked_for_and_the_next_is_kept),
        TEST(a_kept_turn_is_taken_where_the_history_ends),
        TEST(of_an_overlapping_turn_only_the_new_records_are_taken),
        TEST(a_new_boot_of_the_same_history_goes_on),
        TEST(a_new_epoch_is_copied_slice_by_slice_and_swept),
        TEST(turns_during_the_sweep_are_taken),
        TEST(a_source_that_restarts_within_a_snapshot_is_copied_afresh),
        TEST(late_answers_are_ignored),
        TEST(answers_to_others_are_left_to_them),
        TEST(silence_of_three_ticks_makes_it_ask_every_second),
        TEST(told_to_hurry_it_asks_though_it_is_current),
        TEST(a_refusal_is_asked_again_after_a_second),
        TEST(what_does_not_fit_is_thrown_away_and_asked_for),
    };

    return cmocka_run_group_tests_name("follower", tests, NULL, NULL);
}
