#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/etcd/watch_list.h"
#include "tests/gateway/etcd/watch_rig.h"

#define ALL_FROM "\1"

static int set_up(void **state)
{
    struct watch_rig *self = calloc(1, sizeof(*self));

    watch_rig_init(self);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    watch_rig_fini(*state);
    free(*state);
    return 0;
}

static void put(struct watch_rig *self, const char *key)
{
    played_store_begin(&self->store);
    played_store_put(&self->store, key, 3);
}

/* One fact, which arrives. */
static void publish(struct watch_rig *self)
{
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_run(self);
}

static void lose_facts(struct watch_rig *self)
{
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    while (self->store.facts.count > 0) {
        played_queue_drop(&self->store.facts);
    }
}

static struct watch_client *begin_with(struct watch_rig *self, unsigned client,
                                       const struct client_wish *wish)
{
    struct watch_client *it = watch_rig_begin(self, client);

    watch_rig_create(self, it, wish);
    watch_rig_run(self);
    return it;
}

static struct watches_counts counts(const struct watch_rig *self)
{
    struct watches_counts counts;

    watches_counts(self->watches, &counts);
    return counts;
}

static const struct client_wish on_a = {.key = "a", .end = ""};
static const struct client_wish on_all = {.key = "", .end = ALL_FROM};

/* ── create ── */

static void a_watcher_is_told_what_is_put_after_it_was_made(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client;

    put(self, "a");
    client = begin_with(self, 0, &on_a);
    assert_int_equal(client->responses, 1);
    assert_int_equal(client->header, 2);
    assert_int_equal(client->watchers[0].id, 0);
    put(self, "a");
    put(self, "b");
    publish(self);
    assert_int_equal(client->events, 1);
    assert_int_equal(client->header, 4);
    watch_client_is_complete(client);
}

static void what_was_put_before_it_was_made_is_no_news_whatever_comes_first(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *other = begin_with(self, 0, &on_a);
    struct watch_client *client = watch_rig_begin(self, 1);

    put(self, "a");
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_create(self, client, &on_a);
    watch_rig_turn(self);
    played_store_answer(&self->store, self->now.mono_ms);
    watch_rig_answer(self); /* before the fact of what the verdict stands on */
    watch_rig_run(self);
    assert_int_equal(client->events, 0);
    assert_int_equal(other->events, 1);
    put(self, "a");
    publish(self);
    assert_int_equal(client->events, 1);
}

static void what_came_while_it_was_made_is_not_missed(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_a);

    watch_rig_create(self, client, &on_a);
    watch_rig_turn(self);
    played_store_answer(&self->store, self->now.mono_ms);
    put(self, "a");
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_fact(self); /* before the verdict */
    watch_rig_run(self);
    assert_int_equal(client->watchers[1].events, 1);
    assert_int_equal(self->store.reads, 0); /* it was kept */
    watch_client_is_complete(client);
}

static void the_past_is_read_and_the_future_waited_for(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client;

    for (int i = 0; i < 5; i++) {
        put(self, "a"); /* 2 … 6 */
    }
    client =
        begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .start = 3, .id = 77});
    assert_int_equal(client->events, 4);
    assert_int_equal(client->responses, 2); /* all in one */
    assert_int_equal(client->header, 6);
    watch_rig_create(self, client, &(struct client_wish){.key = "a", .end = "", .start = 9});
    watch_rig_run(self);
    for (int i = 0; i < 4; i++) {
        put(self, "a"); /* 7 … 10 */
        publish(self);
    }
    assert_int_equal(client->watchers[0].events, 8);
    assert_int_equal(client->watchers[1].events, 2);
    assert_int_equal(counts(self).unsynced, 0);
}

static void what_is_compacted_is_told_so_at_once(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client;

    for (int i = 0; i < 5; i++) {
        put(self, "a");
    }
    played_store_compact(&self->store, 4);
    client = begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .start = 4});
    assert_int_equal(client->responses, 2); /* created, canceled */
    assert_true(client->watchers[0].over);
    assert_int_equal(client->watchers[0].compacted, 4);
    assert_string_equal(client->reason, ""); /* clients make it of compact_revision */
    watch_rig_create(self, client, &(struct client_wish){.key = "a", .end = "", .start = 5});
    watch_rig_run(self);
    assert_int_equal(client->watchers[1].events, 2);
}

static void what_etcd_refuses_is_created_and_canceled(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client =
        begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .id = 5});

    watch_rig_create(self, client, &(struct client_wish){.key = "b", .end = "", .id = 5});
    watch_rig_run(self);
    assert_string_equal(client->reason, "mvcc: duplicate watch ID provided on the WatchStream");
    watch_rig_create(self, client, &(struct client_wish){.key = "b", .end = "b"});
    watch_rig_run(self);
    assert_string_equal(client->reason, "mvcc: watcher range is empty");
    self->store.code = GRPC_PERMISSION_DENIED;
    self->store.code_text = STR("etcdserver: permission denied");
    watch_rig_create(self, client, &on_a);
    watch_rig_run(self);
    assert_string_equal(client->reason,
                        "rpc error: code = PermissionDenied desc = etcdserver: permission denied");
    assert_int_equal(client->refused, 3);
    assert_true(client->open);
    assert_int_equal(counts(self).watchers, 1);
}

static void ids_that_are_free_are_given_in_order(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client =
        begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .id = 1});

    for (int i = 0; i < 3; i++) {
        watch_rig_create(self, client, &on_a);
    }
    watch_rig_run(self);
    assert_int_equal(client->watchers[1].id, 0);
    assert_int_equal(client->watchers[2].id, 2);
    assert_int_equal(client->watchers[3].id, 3);
    watch_rig_cancel(self, client, 2);
    watch_rig_cancel(self, client, 99); /* etcd does not answer this */
    watch_rig_run(self);
    watch_client_is_complete(client);
    assert_int_equal(client->responses, 5);
}

static void too_many_are_refused(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client;

    client = begin_with(self, 0, &on_a);
    for (unsigned i = 0; i < 200; i++) {
        watch_rig_create(self, client, &on_a);
    }
    watch_rig_run(self);
    assert_int_equal(counts(self).watchers, 201);
    assert_int_equal(counts(self).groups, 1);
    assert_true(client->open);
    while (client->open) { /* nobody answers */
        struct buf message = {0};

        client->creates_count = 0;
        watch_client_create(client, &on_a, &message);
        watch_app.message(self->watches, &client->rpc, buf_str(&message));
        buf_fini(&message);
    }
    assert_int_equal(client->code, GRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(client->text, "etcdserver: too many requests");
    watch_rig_run(self);
    assert_int_equal(counts(self).watchers, 0);
    assert_int_equal(counts(self).waiting, 0);
}

static void a_stream_holds_so_many_watchers(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_rig_begin(self, 0);

    for (unsigned i = 0; i < 1001; i++) {
        watch_rig_create(self, client, &on_a);
        client->count = 0; /* of them only the number counts here */
        watch_rig_run(self);
    }
    assert_int_equal(client->refused, 1);
    assert_string_equal(client->reason, "etcdserver: too many requests");
    assert_int_equal(counts(self).watchers, 1000);
}

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
    put(self, "a");
    put(self, "a");
    publish(self);
    played_store_begin(&self->store);
    assert_true(played_store_delete(&self->store, "a"));
    played_store_put(&self->store, "aa", 0);
    played_store_put(&self->store, "b", 1);
    played_store_put(&self->store, "c", 1);
    publish(self);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(client->watchers[i].events, events[i]);
    }
    watch_client_is_complete(client);
}

static void several_revisions_of_a_turn_go_in_one_response(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_a);

    for (int i = 0; i < 30; i++) {
        put(self, "a");
    }
    played_store_publish(&self->store, 2, self->now.mono_ms);
    watch_rig_run(self);
    assert_int_equal(client->events, 30);
    assert_int_equal(client->responses, 2);
}

static void what_is_lost_is_read_and_what_follows_waits(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);

    put(self, "a");
    lose_facts(self);
    put(self, "b");
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_fact(self);
    watch_rig_turn(self);
    assert_int_equal(client->events, 0);
    watch_rig_run(self);
    assert_int_equal(client->events, 2);
    assert_int_equal(self->store.reads, 1);
    assert_int_equal(counts(self).gaps_total, 1);
}

static void what_is_lost_at_the_end_is_noticed_by_the_tick(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);

    put(self, "a");
    lose_facts(self);
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
    struct watch_client *client = begin_with(self, 0, &on_all);

    for (int i = 0; i < 3; i++) {
        put(self, "a");
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
    struct watch_client *plain = begin_with(self, 0, &on_a);
    struct watch_client *client =
        begin_with(self, 1, &(struct client_wish){.key = "a", .end = "", .prev = true});

    self->store.prev_count = 0; /* the store has forgotten */
    put(self, "a");
    put(self, "a");
    publish(self);
    assert_int_equal(client->events, 2);
    assert_int_equal(plain->events, 2);
    assert_int_equal(self->store.reads, 1);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_int_equal(self->store.prev_count, 1); /* it was told again */
    assert_int_equal(counts(self).unsynced, 0);
}

static void many(struct watch_rig *self, unsigned count, size_t value_bytes)
{
    static const char *const keys[] = {"a", "b", "c", "d"};

    played_store_begin(&self->store);
    for (unsigned i = 0; i < count; i++) {
        played_store_put(&self->store, keys[i % 4], value_bytes);
    }
}

static void a_revision_that_no_fact_and_no_answer_holds_comes_whole(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);
    struct watch_client *other = begin_with(self, 1, &on_a);

    self->store.answer_events_max = 30;
    put(self, "b");
    many(self, 100, 3);
    put(self, "a");
    played_store_publish(&self->store, 1, self->now.mono_ms);
    watch_rig_run(self);
    assert_int_equal(client->events, 102);
    assert_int_equal(other->events, 26);
    assert_true(self->store.reads > 4);
    put(self, "a");
    publish(self);
    assert_int_equal(other->events, 27);
    assert_int_equal(counts(self).unsynced, 0);
    watch_client_is_complete(client);
    watch_client_is_complete(other);
}

static void fragments_are_cut_where_they_get_too_large(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client =
        begin_with(self, 0, &(struct client_wish){.key = "", .end = ALL_FROM, .fragment = true});
    struct watch_client *other = begin_with(self, 1, &on_all);

    many(self, 8, 600 << 10);
    publish(self);
    assert_int_equal(client->events, 8);
    assert_int_equal(client->fragments, 3); /* two and two of at most 1.5 MiB, the last unmarked */
    assert_int_equal(other->responses, 2);
    watch_client_is_complete(client);
}

static void a_response_beyond_all_measure_ends_its_watcher(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);
    struct watch_client *other = begin_with(self, 1, &on_a);

    self->store.answer_events_max = 5;
    many(self, 40, 300 << 10);
    publish(self);
    assert_true(client->watchers[0].over);
    assert_string_equal(client->reason, "etcdserver: too many requests");
    assert_int_equal(other->events, 10);
    assert_int_equal(counts(self).watchers, 1);
}

/* ── clients that do not read ── */

static void who_does_not_read_delays_nobody_and_misses_nothing(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *slow = begin_with(self, 0, &on_a);
    struct watch_client *fast = begin_with(self, 1, &on_a);

    slow->reads = false;
    for (int i = 0; i < 20; i++) {
        put(self, "a");
        publish(self);
    }
    assert_int_equal(fast->events, 20);
    assert_int_equal(slow->events, 0);
    assert_int_equal(slow->responses, 1);
    assert_int_equal(counts(self).blocked_total, 1);
    slow->reads = true;
    watch_rig_run(self);
    assert_int_equal(slow->events, 20);
    assert_int_equal(slow->responses, 2);
    assert_int_equal(counts(self).unsynced, 0);
}

static void laggards_share_a_read(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_rig_begin(self, 0);
    static const char *const keys[] = {"a", "b", "c", "d", "e"};

    for (int i = 0; i < 40; i++) {
        put(self, keys[i % 5]);
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

/* ── cancel, progress, compaction ── */

static void a_cancel_is_answered_behind_what_is_due(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_a);

    put(self, "a");
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
    assert_int_equal(counts(self).watchers, 0);
    assert_int_equal(counts(self).groups, 0);
}

static void progress_is_told_where_silence_is(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client =
        begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .progress = true});

    for (int i = 0; i < 5; i++) {
        watch_rig_pass(self, 100);
        put(self, "b");
        publish(self);
    }
    assert_int_equal(client->progress_told, 0);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_int_equal(client->progress_told, 1);
    assert_int_equal(client->header, 6);
    put(self, "a");
    self->now.mono_ms += rig_progress_ms - 100;
    publish(self);
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
    struct watch_client *client =
        begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .progress = true});

    put(self, "a");
    lose_facts(self);
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
    struct watch_client *client = begin_with(self, 0, &on_a);

    put(self, "a");
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
    struct watch_client *client = begin_with(self, 0, &on_a);

    client->reads = false;
    put(self, "a");
    publish(self);
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
    struct watch_client *slow = begin_with(self, 0, &on_a);
    struct watch_client *fast = begin_with(self, 1, &on_a);

    slow->reads = false;
    for (int i = 0; i < 5; i++) {
        put(self, "a");
    }
    publish(self);
    played_store_compact(&self->store, 5);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_true(slow->watchers[0].over);
    assert_int_equal(slow->watchers[0].compacted, 5);
    assert_false(fast->watchers[0].over);
    put(self, "a");
    lose_facts(self);
    played_store_compact(&self->store, 7);
    watch_rig_pass(self, 100);
    watch_rig_run(self);
    assert_true(fast->watchers[0].over); /* what it has missed is gone */
}

static void who_is_up_to_date_is_not_canceled_by_compaction(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_a);

    for (int i = 0; i < 5; i++) {
        put(self, "a");
    }
    played_store_compact(&self->store, 6); /* the same fact tells of both */
    publish(self);
    assert_int_equal(client->events, 5);
    assert_false(client->watchers[0].over);
}

static void an_answer_that_tells_of_compaction_overtakes_no_fact(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_a);
    struct watch_client *late = watch_rig_begin(self, 1);

    put(self, "a");
    put(self, "a");
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

/* ── the store comes and goes ── */

static void another_run_of_the_store_ends_nothing_and_loses_nothing(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);
    struct watch_client *late = watch_rig_begin(self, 1);

    put(self, "a");
    watch_rig_create(self, late, &(struct client_wish){.key = "a", .end = "", .start = 1});
    watch_rig_turn(self);
    played_store_restart(&self->store); /* before it has told, or answered */
    put(self, "a");
    for (int i = 0; i < 4; i++) {
        played_store_publish(&self->store, 1, self->now.mono_ms);
        watch_rig_pass(self, rig_again_ms);
        watch_rig_run(self);
    }
    assert_true(client->open);
    watch_client_is_complete(client);
    watch_client_is_complete(late);
    assert_int_equal(client->events, 2);
    assert_int_equal(late->events, 2);
}

static void what_is_not_answered_is_asked_again(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_rig_begin(self, 0);

    put(self, "a");
    watch_rig_create(self, client, &(struct client_wish){.key = "a", .end = "", .start = 1});
    watch_rig_turn(self);
    played_queue_drop(&self->store.questions);
    watch_rig_settle(self);
    assert_int_equal(client->events, 1);
    watch_rig_create(self, client, &(struct client_wish){.key = "a", .end = "", .start = 1});
    watch_rig_turn(self);
    played_store_answer(&self->store, self->now.mono_ms);
    watch_rig_answer(self);
    watch_rig_turn(self);
    played_queue_drop(&self->store.questions);
    watch_rig_settle(self);
    assert_int_equal(client->events, 2);
}

static void another_history_ends_all_streams(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);

    put(self, "a");
    publish(self);
    played_store_begin_anew(&self->store);
    for (int i = 0; i < 5; i++) {
        put(self, "a"); /* more than was there before */
    }
    played_store_tick(&self->store);
    watch_rig_run(self);
    assert_false(client->open);
    assert_int_equal(client->code, GRPC_UNAVAILABLE);
    assert_string_equal(client->text, "etcdserver: leader changed");
    assert_int_equal(counts(self).watchers, 0);
    client = begin_with(self, 0, &on_all);
    put(self, "b");
    publish(self);
    assert_int_equal(client->events, 1);
}

static void a_run_that_has_forgotten_ends_all_streams(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);

    put(self, "a");
    publish(self);
    played_store_begin_anew(&self->store);
    self->store.epoch--;
    played_store_tick(&self->store);
    watch_rig_run(self);
    assert_false(client->open);
    assert_int_equal(client->code, GRPC_UNAVAILABLE);
}

static void without_a_leader_those_that_asked_for_one_end(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);
    struct watch_client *other = begin_with(self, 1, &on_all);

    client->rpc.needs_leader = true;
    watches_no_leader(self->watches);
    assert_false(client->open);
    assert_string_equal(client->text, "etcdserver: no leader");
    assert_true(other->open);
}

static void interest_is_told_as_long_as_there_is_some(void **state)
{
    struct watch_rig *self = *state;

    (void)begin_with(self, 0, &(struct client_wish){.key = "a", .end = "b", .prev = true});
    self->store.interest_ends_ms = 0;
    self->store.prev_count = 0;
    self->now.mono_ms += watching_ms / 2;
    watch_rig_run(self);
    assert_true(self->store.interest_ends_ms > self->now.mono_ms);
    assert_int_equal(self->store.prev_count, 1);
    assert_string_equal(self->store.prev[0].end, "b");
    watch_rig_gone(self, 0);
    watch_rig_run(self);
    self->store.interest_ends_ms = 0;
    self->now.mono_ms += watching_ms;
    watch_rig_run(self);
    assert_int_equal(self->store.interest_ends_ms, 0);
}

static void what_is_no_request_ends_the_stream(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = begin_with(self, 0, &on_all);

    watch_app.message(self->watches, &client->rpc, STR(""));
    watch_app.half_closed(self->watches, &client->rpc);
    assert_true(client->open);
    watch_app.message(self->watches, &client->rpc, STR("\12\377"));
    assert_false(client->open);
    assert_int_equal(client->code, GRPC_INTERNAL);
}

/* ── who watches ── */

/* All of them, slice by slice, as "stream/key/end state;". */
static size_t list(struct watch_rig *self, struct buf *text, unsigned *slices)
{
    struct msg_watchers ask = {.id = 1};
    struct msg_watcher_list answer;
    size_t count = 0;

    *slices = 0;
    do {
        struct buf store = {0};
        struct str rest;
        struct msg msg;

        watch_list(self->watches, &ask, &store, &answer);
        rest = answer.watchers.bytes;
        while (msg_next(&rest, &msg)) {
            const struct msg_watcher *watcher = &msg.as_watcher;

            assert_int_equal(MSG_TYPE_WATCHER, msg.type);
            count++;
            if (text->len < 200) {
                buf_printf(text, "%d %zu/%zu %.*s;", (int)watcher->stream, watcher->key.len,
                           watcher->range_end.len, STR_ARG(watcher->state));
            }
        }
        ask.stream = answer.stream;
        ask.at = answer.at;
        ++*slices;
        buf_fini(&store);
    } while (answer.stream != 0);
    buf_add_char(text, '\0');
    return count;
}

static void who_watches_is_told_slice_by_slice(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *clients[3];
    struct buf text = {0};
    unsigned slices;

    assert_int_equal(0, list(self, &text, &slices));
    text.len = 0;
    clients[0] = begin_with(self, 0, &on_a);
    clients[1] = begin_with(self, 1, &on_all);
    assert_int_equal(2, list(self, &text, &slices));
    assert_int_equal(1, slices);
    assert_string_equal("1 1/0 synced;2 1/1 synced;", text.data);
    text.len = 0;
    clients[2] = begin_with(self, 2, &on_a);
    for (int i = 0; i < 600; i++) {
        watch_rig_create(self, clients[i % 3], &on_a);
        watch_rig_run(self);
    }
    assert_int_equal(603, list(self, &text, &slices));
    assert_int_equal(2, slices);
    text.len = 0;
    watch_rig_gone(self, 0);
    watch_rig_run(self);
    assert_int_equal(402, list(self, &text, &slices)); /* the others' */
    buf_fini(&text);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_watcher_is_told_what_is_put_after_it_was_made),
        CASE(who_watches_is_told_slice_by_slice),
        CASE(what_was_put_before_it_was_made_is_no_news_whatever_comes_first),
        CASE(what_came_while_it_was_made_is_not_missed),
        CASE(the_past_is_read_and_the_future_waited_for),
        CASE(what_is_compacted_is_told_so_at_once),
        CASE(what_etcd_refuses_is_created_and_canceled),
        CASE(ids_that_are_free_are_given_in_order),
        CASE(too_many_are_refused),
        CASE(a_stream_holds_so_many_watchers),
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
        CASE(a_cancel_is_answered_behind_what_is_due),
        CASE(progress_is_told_where_silence_is),
        CASE(progress_is_not_told_of_what_has_not_come),
        CASE(progress_that_is_asked_for_is_no_older_than_the_question),
        CASE(progress_waits_for_each_watcher_of_the_stream),
        CASE(who_falls_behind_compaction_is_canceled),
        CASE(who_is_up_to_date_is_not_canceled_by_compaction),
        CASE(an_answer_that_tells_of_compaction_overtakes_no_fact),
        CASE(another_run_of_the_store_ends_nothing_and_loses_nothing),
        CASE(what_is_not_answered_is_asked_again),
        CASE(another_history_ends_all_streams),
        CASE(a_run_that_has_forgotten_ends_all_streams),
        CASE(without_a_leader_those_that_asked_for_one_end),
        CASE(interest_is_told_as_long_as_there_is_some),
        CASE(what_is_no_request_ends_the_stream),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
