/* What watchers are told, and that who does not read delays nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/gateway/etcd/watch_case.h"

/* ── what it is told ── */

static void filters_ranges_and_what_was_before(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_rig_begin(self, 0);
    static const struct client_wish wishes[] = {
        {.key = "a", .end = "", .no_put = true, .prev = true},
        {.key = "a", .end = "", .no_delete = true},
        {.key = "a", .end = "b", .prev = true},
        {.key = "b", .end = ALL_FROM},
        {.key = "", .end = ""},
        {.key = "", .end = ALL_FROM, .prev = true},
        {.key = "a", .end = "c"},
    };
    static const uint64_t events[] = {1, 2, 4, 2, 0, 6, 5};

    for (size_t i = 0; i < 7; i++) {
        watch_rig_create(self, client, &wishes[i]);
    }
    watch_rig_run(self);
    watch_case_put(self, "a");
    watch_case_put(self, "a");
    watch_case_publish(self);
    played_store_begin(&self->store);
    assert_true(played_store_delete(&self->store, "a"));
    played_store_put(&self->store, "aa", 0);
    played_store_put(&self->store, "b", 1);
    played_store_put(&self->store, "c", 1);
    watch_case_publish(self);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(client->watchers[i].events, events[i]);
    }
    watch_client_is_complete(client);
}

static void several_revisions_of_a_turn_go_in_one_response(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);

    for (int i = 0; i < 30; i++) {
        watch_case_put(self, "a");
    }
    played_store_publish(&self->store, 2, self->now.mono_ms);
    watch_rig_run(self);
    assert_int_equal(client->events, 30);
    assert_int_equal(client->responses, 2);
}

static void what_is_lost_is_read_and_what_follows_waits(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);

    watch_case_put(self, "a");
    watch_case_lose_facts(self);
    watch_case_put(self, "b");
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_fact(self);
    watch_rig_turn(self);
    assert_int_equal(client->events, 0);
    watch_rig_run(self);
    assert_int_equal(client->events, 2);
    assert_int_equal(self->store.reads, 1);
    assert_int_equal(watch_case_counts(self).gaps_total, 1);
}

static void what_is_lost_at_the_end_is_noticed_by_the_tick(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);

    watch_case_put(self, "a");
    watch_case_lose_facts(self);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_int_equal(self->store.reads, 0); /* the fact may still come */
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_int_equal(client->events, 1);
}

static void a_fact_that_comes_twice_is_told_once(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);

    for (int i = 0; i < 3; i++) {
        watch_case_put(self, "a");
        played_store_publish(&self->store, 1, self->now.mono_ms);
    }
    for (size_t i = 0; i < 3; i++) {
        struct buf copy = {0};

        buf_add_str(&copy, buf_str(&self->store.facts.items[i]));
        played_queue_add(&self->store.facts, buf_str(&copy));
        buf_fini(&copy);
    }
    watch_rig_run(self);
    assert_int_equal(client->events, 3);
    assert_int_equal(self->store.reads, 0);
}

static void a_fact_without_what_was_before_makes_it_read(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *plain = watch_case_begin_with(self, 0, &on_a);
    struct watch_client *client =
        watch_case_begin_with(self, 1, &(struct client_wish){.key = "a", .end = "", .prev = true});

    self->store.prev_count = 0; /* the store has forgotten */
    watch_case_put(self, "a");
    watch_case_put(self, "a");
    watch_case_publish(self);
    assert_int_equal(client->events, 2);
    assert_int_equal(plain->events, 2);
    assert_int_equal(self->store.reads, 1);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_int_equal(self->store.prev_count, 1); /* it was told again */
    assert_int_equal(watch_case_counts(self).unsynced, 0);
}

static void a_revision_that_no_fact_and_no_answer_holds_comes_whole(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);
    struct watch_client *other = watch_case_begin_with(self, 1, &on_a);

    self->store.answer_events_max = 30;
    watch_case_put(self, "b");
    watch_case_many(self, 100, 3);
    watch_case_put(self, "a");
    played_store_publish(&self->store, 1, self->now.mono_ms);
    watch_rig_run(self);
    assert_int_equal(client->events, 102);
    assert_int_equal(other->events, 26);
    assert_true(self->store.reads > 4);
    watch_case_put(self, "a");
    watch_case_publish(self);
    assert_int_equal(other->events, 27);
    assert_int_equal(watch_case_counts(self).unsynced, 0);
    watch_client_is_complete(client);
    watch_client_is_complete(other);
}

static void fragments_are_cut_where_they_get_too_large(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(
        self, 0, &(struct client_wish){.key = "", .end = ALL_FROM, .fragment = true});
    struct watch_client *other = watch_case_begin_with(self, 1, &on_all);

    watch_case_many(self, 8, 600 << 10);
    watch_case_publish(self);
    assert_int_equal(client->events, 8);
    assert_int_equal(client->fragments, 3); /* two and two of at most 1.5 MiB, the last unmarked */
    assert_int_equal(other->responses, 2);
    watch_client_is_complete(client);
}

static void a_response_beyond_all_measure_ends_its_watcher(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);
    struct watch_client *other = watch_case_begin_with(self, 1, &on_a);

    self->store.answer_events_max = 5;
    watch_case_many(self, 40, 300 << 10);
    watch_case_publish(self);
    assert_true(client->watchers[0].over);
    assert_string_equal(client->reason, "etcdserver: too many requests");
    assert_int_equal(other->events, 10);
    assert_int_equal(watch_case_counts(self).watchers, 1);
}

/* ── clients that do not read ── */

static void who_does_not_read_delays_nobody_and_misses_nothing(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *slow = watch_case_begin_with(self, 0, &on_a);
    struct watch_client *fast = watch_case_begin_with(self, 1, &on_a);

    slow->reads = false;
    for (int i = 0; i < 20; i++) {
        watch_case_put(self, "a");
        watch_case_publish(self);
    }
    assert_int_equal(fast->events, 20);
    assert_int_equal(slow->events, 0);
    assert_int_equal(slow->responses, 1);
    assert_int_equal(watch_case_counts(self).blocked_total, 1);
    slow->reads = true;
    watch_rig_run(self);
    assert_int_equal(slow->events, 20);
    assert_int_equal(slow->responses, 2);
    assert_int_equal(watch_case_counts(self).unsynced, 0);
}

static void laggards_share_a_read(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_rig_begin(self, 0);
    static const char *const keys[] = {"a", "b", "c", "d", "e"};

    for (int i = 0; i < 40; i++) {
        watch_case_put(self, keys[i % 5]);
    }
    for (int i = 0; i < 100; i++) {
        watch_rig_create(self, client,
                         &(struct client_wish){.key = keys[i % 5], .end = "", .start = 2 + i % 7});
    }
    watch_rig_run(self);
    watch_client_is_complete(client);
    assert_int_equal(self->store.reads, 1);
    assert_int_equal(self->store.ranges, 5);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, watch_case_set_up, watch_case_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(filters_ranges_and_what_was_before),
        CASE(several_revisions_of_a_turn_go_in_one_response),
        CASE(what_is_lost_is_read_and_what_follows_waits),
        CASE(what_is_lost_at_the_end_is_noticed_by_the_tick),
        CASE(a_fact_that_comes_twice_is_told_once),
        CASE(a_fact_without_what_was_before_makes_it_read),
        CASE(a_revision_that_no_fact_and_no_answer_holds_comes_whole),
        CASE(fragments_are_cut_where_they_get_too_large),
        CASE(a_response_beyond_all_measure_ends_its_watcher),
        CASE(who_does_not_read_delays_nobody_and_misses_nothing),
        CASE(laggards_share_a_read),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
