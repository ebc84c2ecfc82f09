/* A store that comes and goes, and who is told to watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/gateway/etcd/watch_case.h"

/* ── the store comes and goes ── */

static void another_run_of_the_store_ends_nothing_and_loses_nothing(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);
    struct watch_client *late = watch_rig_begin(self, 1);

    watch_case_put(self, "a");
    watch_rig_create(self, late, &(struct client_wish){.key = "a", .end = "", .start = 1});
    watch_rig_turn(self);
    played_store_restart(&self->store); /* before it has told, or answered */
    watch_case_put(self, "a");
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

    watch_case_put(self, "a");
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
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);

    watch_case_put(self, "a");
    watch_case_publish(self);
    played_store_begin_anew(&self->store);
    for (int i = 0; i < 5; i++) {
        watch_case_put(self, "a"); /* more than was there before */
    }
    played_store_tick(&self->store);
    watch_rig_run(self);
    assert_false(client->open);
    assert_int_equal(client->code, GRPC_UNAVAILABLE);
    assert_string_equal(client->text, "etcdserver: leader changed");
    assert_int_equal(watch_case_counts(self).watchers, 0);
    client = watch_case_begin_with(self, 0, &on_all);
    watch_case_put(self, "b");
    watch_case_publish(self);
    assert_int_equal(client->events, 1);
}

static void a_run_that_has_forgotten_ends_all_streams(void **state)
{
    struct watch_rig *self = *state;
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);

    watch_case_put(self, "a");
    watch_case_publish(self);
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
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);
    struct watch_client *other = watch_case_begin_with(self, 1, &on_all);

    client->rpc.needs_leader = true;
    watches_no_leader(self->watches);
    assert_false(client->open);
    assert_string_equal(client->text, "etcdserver: no leader");
    assert_true(other->open);
}

static void interest_is_told_as_long_as_there_is_some(void **state)
{
    struct watch_rig *self = *state;

    (void)watch_case_begin_with(self, 0,
                                &(struct client_wish){.key = "a", .end = "b", .prev = true});
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
    struct watch_client *client = watch_case_begin_with(self, 0, &on_all);

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
    clients[0] = watch_case_begin_with(self, 0, &on_a);
    clients[1] = watch_case_begin_with(self, 1, &on_all);
    assert_int_equal(2, list(self, &text, &slices));
    assert_int_equal(1, slices);
    assert_string_equal("1 1/0 synced;2 1/1 synced;", text.data);
    text.len = 0;
    clients[2] = watch_case_begin_with(self, 2, &on_a);
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
#define CASE(name) cmocka_unit_test_setup_teardown(name, watch_case_set_up, watch_case_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(who_watches_is_told_slice_by_slice),
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
