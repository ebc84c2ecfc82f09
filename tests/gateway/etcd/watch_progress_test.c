/* Cancels, progress and compaction: what is told is never ahead of what was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/gateway/etcd/watch_case.h"

static void a_cancel_is_answered_behind_what_is_due(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);

    watch_case_put(self, "a");
    played_store_publish(&self->store, 1, self->now.mono_ms);
    watch_rig_fact(self);
    watch_rig_cancel(self, client, 0);
    assert_int_equal(client->events, 1);
    assert_true(client->watchers[0].over);
    assert_int_equal(client->responses, 3);
    watch_rig_create(self, client, &on_a);
    watch_rig_cancel(self, client, 1); /* waits for the create */
    watch_rig_run(self);
    assert_int_equal(client->responses, 5);
    assert_true(client->watchers[1].over);
    assert_int_equal(watch_case_counts(self).watchers, 0);
    assert_int_equal(watch_case_counts(self).groups, 0);
}

static void progress_is_told_where_silence_is(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(
        self, 0, &(struct client_wish){.key = "a", .end = "", .progress = true});

    for (int i = 0; i < 5; i++) {
        watch_rig_pass(self, 100);
        watch_case_put(self, "b");
        watch_case_publish(self);
    }
    assert_int_equal(client->progress_told, 0);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_int_equal(client->progress_told, 1);
    assert_int_equal(client->header, 6);
    watch_case_put(self, "a");
    self->now.mono_ms += rig_progress_ms - 100;
    watch_case_publish(self);
    self->now.mono_ms += rig_progress_ms - 100;
    watch_rig_run(self);
    assert_int_equal(client->progress_told, 1); /* it has heard of an event meanwhile */
    self->now.mono_ms += 100;
    watch_rig_run(self);
    assert_int_equal(client->progress_told, 2);
}

static void progress_is_not_told_of_what_has_not_come(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(
        self, 0, &(struct client_wish){.key = "a", .end = "", .progress = true});

    watch_case_put(self, "a");
    watch_case_lose_facts(self);
    self->now.mono_ms += rig_progress_ms;
    watch_rig_turn(self);
    assert_int_equal(client->progress_told, 1);
    assert_int_equal(client->header, 1);
    client->reads = false;
    watch_rig_settle(self);
    assert_int_equal(client->progress_told, 1);
    client->reads = true;
    watch_rig_settle(self);
    assert_int_equal(client->events, 1);
    assert_true(client->progress_told > 1);
}

static void progress_that_is_asked_for_is_no_older_than_the_question(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);

    watch_case_put(self, "a");
    played_store_publish(&self->store, 1, self->now.mono_ms);
    watch_rig_progress(self, client);
    watch_rig_turn(self);
    played_store_answer(&self->store, self->now.mono_ms); /* WATCHING of the create */
    while (self->store.questions.count > 0) {
        played_store_answer(&self->store, self->now.mono_ms);
    }
    watch_rig_answer(self);
    watch_rig_turn(self);
    assert_int_equal(client->progress_told, 0); /* the fact has not come */
    watch_rig_fact(self);
    watch_rig_turn(self);
    assert_int_equal(client->events, 1);
    assert_int_equal(client->progress_told, 1);
    assert_int_equal(client->header, 2);
}

static void progress_waits_for_each_watcher_of_the_stream(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);

    client->reads = false;
    watch_case_put(self, "a");
    watch_case_publish(self);
    watch_rig_progress(self, client);
    watch_rig_settle(self);
    assert_int_equal(client->progress_told, 0);
    client->reads = true;
    watch_rig_run(self);
    assert_int_equal(client->progress_told, 1);
    watch_rig_gone(self, 0);
    client = watch_rig_begin(self, 0); /* without any watcher it is answered, too */
    watch_rig_progress(self, client);
    watch_rig_run(self);
    assert_int_equal(client->progress_told, 1);
}

static void who_falls_behind_compaction_is_canceled(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *slow = watch_case_begin_with(self, 0, &on_a);
    struct watch_client *fast = watch_case_begin_with(self, 1, &on_a);

    slow->reads = false;
    for (int i = 0; i < 5; i++) {
        watch_case_put(self, "a");
    }
    watch_case_publish(self);
    played_store_compact(&self->store, 5);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_true(slow->watchers[0].over);
    assert_int_equal(slow->watchers[0].compacted, 5);
    assert_false(fast->watchers[0].over);
    watch_case_put(self, "a");
    watch_case_lose_facts(self);
    played_store_compact(&self->store, 7);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_true(fast->watchers[0].over); /* what it has missed is gone */
}

static void who_is_up_to_date_is_not_canceled_by_compaction(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);

    for (int i = 0; i < 5; i++) {
        watch_case_put(self, "a");
    }
    played_store_compact(&self->store, 6); /* the same fact tells of both */
    watch_case_publish(self);
    assert_int_equal(client->events, 5);
    assert_false(client->watchers[0].over);
}

static void an_answer_that_tells_of_compaction_overtakes_no_fact(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);
    struct watch_client *late = watch_rig_begin(self, 1);

    watch_case_put(self, "a");
    watch_case_put(self, "a");
    played_store_publish(&self->store, 1, self->now.mono_ms);
    played_store_compact(&self->store, 3);
    watch_rig_create(self, late, &(struct client_wish){.key = "a", .end = "", .start = 2});
    watch_rig_turn(self);
    while (self->store.questions.count > 0) {
        played_store_answer(&self->store, self->now.mono_ms);
    }
    watch_rig_answer(self);
    watch_rig_turn(self);
    assert_true(late->watchers[0].over);
    assert_false(client->watchers[0].over);
    watch_rig_run(self);
    assert_int_equal(client->events, 2);
    assert_false(client->watchers[0].over);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, watch_case_set_up, watch_case_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_cancel_is_answered_behind_what_is_due),
        CASE(progress_is_told_where_silence_is),
        CASE(progress_is_not_told_of_what_has_not_come),
        CASE(progress_that_is_asked_for_is_no_older_than_the_question),
        CASE(progress_waits_for_each_watcher_of_the_stream),
        CASE(who_falls_behind_compaction_is_canceled),
        CASE(who_is_up_to_date_is_not_canceled_by_compaction),
        CASE(an_answer_that_tells_of_compaction_overtakes_no_fact),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
