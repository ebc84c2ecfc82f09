/* Watchers that are made: where they begin, what is refused, how many there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/gateway/etcd/watch_case.h"

static void a_watcher_is_told_what_is_put_after_it_was_made(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client;

    watch_case_put(self, "a");
    client = watch_case_begin_with(self, 0, &on_a);
    assert_int_equal(client->responses, 1);
    assert_int_equal(client->header, 2);
    assert_int_equal(client->watchers[0].id, 0);
    watch_case_put(self, "a");
    watch_case_put(self, "b");
    watch_case_publish(self);
    assert_int_equal(client->events, 1);
    assert_int_equal(client->header, 4);
    watch_client_is_complete(client);
}

static void what_was_put_before_it_was_made_is_no_news_whatever_comes_first(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *other = watch_case_begin_with(self, 0, &on_a);
    struct watch_client *client = watch_rig_begin(self, 1);

    watch_case_put(self, "a");
    played_store_publish(&self->store, 1000, self->now.mono_ms);
    watch_rig_create(self, client, &on_a);
    watch_rig_turn(self);
    played_store_answer(&self->store, self->now.mono_ms);
    watch_rig_answer(self); /* before the fact of what the verdict stands on */
    watch_rig_run(self);
    assert_int_equal(client->events, 0);
    assert_int_equal(other->events, 1);
    watch_case_put(self, "a");
    watch_case_publish(self);
    assert_int_equal(client->events, 1);
}

static void what_came_while_it_was_made_is_not_missed(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_a);

    watch_rig_create(self, client, &on_a);
    watch_rig_turn(self);
    played_store_answer(&self->store, self->now.mono_ms);
    watch_case_put(self, "a");
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
        watch_case_put(self, "a"); /* 2 … 6 */
    }
    client = watch_case_begin_with(
        self, 0, &(struct client_wish){.key = "a", .end = "", .start = 3, .id = 77});
    assert_int_equal(client->events, 4);
    assert_int_equal(client->responses, 2); /* all in one */
    assert_int_equal(client->header, 6);
    watch_rig_create(self, client, &(struct client_wish){.key = "a", .end = "", .start = 9});
    watch_rig_run(self);
    for (int i = 0; i < 4; i++) {
        watch_case_put(self, "a"); /* 7 … 10 */
        watch_case_publish(self);
    }
    assert_int_equal(client->watchers[0].events, 8);
    assert_int_equal(client->watchers[1].events, 2);
    assert_int_equal(watch_case_counts(self).unsynced, 0);
}

static void what_is_compacted_is_told_so_at_once(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client;

    for (int i = 0; i < 5; i++) {
        watch_case_put(self, "a");
    }
    played_store_compact(&self->store, 4);
    client =
        watch_case_begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .start = 4});
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
        watch_case_begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .id = 5});

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
    assert_int_equal(watch_case_counts(self).watchers, 1);
}

static void ids_that_are_free_are_given_in_order(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client =
        watch_case_begin_with(self, 0, &(struct client_wish){.key = "a", .end = "", .id = 1});

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

    client = watch_case_begin_with(self, 0, &on_a);
    for (unsigned i = 0; i < 200; i++) {
        watch_rig_create(self, client, &on_a);
    }
    watch_rig_run(self);
    assert_int_equal(watch_case_counts(self).watchers, 201);
    assert_int_equal(watch_case_counts(self).groups, 1);
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
    assert_int_equal(watch_case_counts(self).watchers, 0);
    assert_int_equal(watch_case_counts(self).waiting, 0);
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
    assert_int_equal(watch_case_counts(self).watchers, 1000);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, watch_case_set_up, watch_case_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_watcher_is_told_what_is_put_after_it_was_made),
        CASE(what_was_put_before_it_was_made_is_no_news_whatever_comes_first),
        CASE(what_came_while_it_was_made_is_not_missed),
        CASE(the_past_is_read_and_the_future_waited_for),
        CASE(what_is_compacted_is_told_so_at_once),
        CASE(what_etcd_refuses_is_created_and_canceled),
        CASE(ids_that_are_free_are_given_in_order),
        CASE(too_many_are_refused),
        CASE(a_stream_holds_so_many_watchers),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
