/* What was missed is read, within ranges and bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/store/actor/watching.h"

static void compact(struct rig *rig, int64_t revision)
{
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    void *answer;

    request.revision = revision;
    answer = rig_call(rig, ETCD_METHOD_COMPACT, &request, NULL);
    assert_non_null(answer);
    etcdserverpb__compaction_response__free_unpacked(answer, NULL);
}

/* ── who asks ── */

static struct msg watch(struct rig *rig, uint64_t boot, unsigned ranges)
{
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_WATCH};
    struct msg answer;

    msg.as_watch = (struct msg_watch){.id = ++rig->id, .boot = boot};
    for (unsigned i = 0; i < ranges; i++) {
        watching_add_range(&msg.as_watch.range, &store, STR("p"), STR("q"), true);
    }
    rig_forget(rig);
    rig_ask(rig, &msg);
    rig_turn(rig, 0);
    buf_fini(&store);
    assert_true(rig_other(rig, &answer));
    assert_int_equal(answer.type, MSG_TYPE_WATCHED);
    assert_int_equal(answer.as_watched.id, rig->id);
    return answer;
}

static void a_watch_is_told_where_it_begins(void **state)
{
    struct rig *rig = *state;
    struct msg answer;

    (void)rig_put(rig, "p", "1", 0);
    (void)rig_put(rig, "p", "2", 0);
    compact(rig, 2);
    answer = watch(rig, rig->options.boot, 1);
    assert_int_equal(answer.as_watched.code, 0);
    assert_int_equal(answer.as_watched.revision, 3);
    assert_int_equal(answer.as_watched.compacted, 2);
    (void)rig_put(rig, "p", "3", 0);
    assert_string_equal(watching_last_prev(rig), "2@3");
}

static void a_watch_without_one_range_is_refused(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(watch(rig, rig->options.boot, 0).as_watched.code, 3);
    assert_int_equal(watch(rig, rig->options.boot, 2).as_watched.code, 3);
    (void)rig_put(rig, "p", "1", 0);
    assert_int_equal(watching_count_of(rig, "store.events"), 0);
}

static void another_run_is_asked_in_vain(void **state)
{
    struct rig *rig = *state;
    struct msg msg = {.type = MSG_TYPE_WATCHING};
    struct msg answer;

    assert_int_equal(watch(rig, rig->options.boot + 1, 1).as_watched.code, 14);
    msg.as_watching.boot = rig->options.boot + 1;
    rig_ask(rig, &msg);
    (void)rig_put(rig, "p", "1", 0);
    assert_int_equal(watching_count_of(rig, "store.events"), 0);
    msg.type = MSG_TYPE_READ_EVENTS;
    msg.as_read_events =
        (struct msg_read_events){.id = 7, .boot = rig->options.boot + 1, .from = 2, .to = 2};
    rig_ask(rig, &msg);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &answer));
    assert_int_equal(answer.as_events_read.code, 14);
}

/* ── reading what was missed ── */

static void what_was_missed_is_read_within_ranges(void **state)
{
    struct rig *rig = *state;
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_READ_EVENTS};
    struct msg answer;
    struct msg event;
    struct str rest;

    for (const char *key = "abcdefgh"; *key != 0; key++) {
        const char name[2] = {*key, 0};

        (void)rig_put(rig, name, "1", 0);
    }
    watching_send_delete(rig, "c", "f");
    rig_turn(rig, 0);
    msg.as_read_events =
        (struct msg_read_events){.id = 1, .boot = rig->options.boot, .from = 3, .to = 10};
    watching_add_range(&msg.as_read_events.ranges, &store, STR("d"), STR(""), true);
    watching_add_range(&msg.as_read_events.ranges, &store, STR("a"), STR("d"), false);
    rig_ask(rig, &msg);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &answer));
    watching_expect_events(answer.as_events_read.events, "3+b 4+c 5+d 10-c 10-d ");
    assert_int_equal(answer.as_events_read.next, 11);
    assert_int_equal(answer.as_events_read.next_sub, 0);
    assert_int_equal(answer.as_events_read.compacted, -1);
    rest = answer.as_events_read.events.bytes;
    while (msg_next(&rest, &event)) {
        bool wanted = str_eq(event.as_event.key, STR("d"));

        assert_int_equal(event.as_event.has_prev, wanted);
        assert_int_equal(event.as_event.prev.len > 0, wanted && event.as_event.kind == 1);
    }
    buf_fini(&store);
}

static void what_is_not_there_yet_is_asked_again(void **state)
{
    struct rig *rig = *state;
    struct msg_events_read answer;

    (void)rig_put(rig, "a", "1", 0);
    answer = watching_read_all(rig, 2, 0, 100);
    watching_expect_events(answer.events, "2+a ");
    assert_int_equal(answer.next, 3);
    answer = watching_read_all(rig, 3, 0, 100);
    assert_int_equal(answer.events.count, 0);
    assert_int_equal(answer.next, 3);
    answer = watching_read_all(rig, 0, 0, 1);
    assert_int_equal(answer.events.count, 0);
    assert_int_equal(answer.next, 2);
}

static void a_cursor_may_stand_within_a_revision(void **state)
{
    enum { many = 30000 };
    struct rig *rig = *state;
    struct buf text = {0};
    unsigned parts = 0;
    size_t count = 0;
    int64_t next = many + 2;
    uint32_t sub = 0;

    for (int i = 0; i < many; i++) {
        watching_send_numbered(rig, i);
        if (i % 10000 == 9999) {
            rig_turn(rig, 0);
        }
    }
    watching_send_delete(rig, "k", "l");
    rig_turn(rig, 0);
    (void)rig_put(rig, "z", "1", 0);
    while (next <= many + 2) {
        struct msg_events_read answer = watching_read_all(rig, next, sub, many + 2);

        assert_true(answer.next > next || answer.next_sub > sub);
        assert_true(answer.events.bytes.len <= event_reads_answer_bytes_max);
        count += answer.events.count;
        watching_print_events(&text, answer.events);
        next = answer.next;
        sub = answer.next_sub;
        parts++;
    }
    assert_int_equal(count, many);
    assert_true(parts >= many / event_reads_answer_changes_max);
    assert_int_equal(next, many + 3);
    assert_int_equal(sub, 0);
    buf_fini(&text);
}

static void an_answer_is_bounded(void **state)
{
    struct rig *rig = *state;
    char *large = calloc(1, 700000);
    struct msg_events_read answer;
    struct msg msg;

    for (int i = 0; i < 1500; i++) {
        watching_send_numbered(rig, i);
    }
    (void)watching_send_put(rig, "l", large, 700000);
    (void)watching_send_put(rig, "l", large, 700000);
    rig_turn(rig, 0);
    answer = watching_read_all(rig, 2, 0, 1501);
    assert_int_equal(answer.events.count, event_reads_answer_revisions_max);
    assert_int_equal(answer.next, 1002);
    answer = watching_read_all(rig, 1502, 0, 1503);
    assert_int_equal(answer.events.count, 1);
    assert_int_equal(answer.next, 1503);
    rig_forget(rig);
    watching_read_events(rig, 2, 0, 1501, STR("none"), STR(""), false);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.as_events_read.events.count, 0);
    assert_int_equal(msg.as_events_read.next, 1002);
    free(large);
}

static void what_is_compacted_is_said_to_be(void **state)
{
    struct rig *rig = *state;
    struct msg_events_read answer;

    for (int i = 0; i < 5; i++) {
        (void)rig_put(rig, "a", "1", 0);
    }
    compact(rig, 4);
    answer = watching_read_all(rig, 4, 0, 6);
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.compacted, 4);
    assert_int_equal(answer.next, 4);
    assert_int_equal(answer.events.count, 0);
    answer = watching_read_all(rig, 5, 0, 6);
    watching_expect_events(answer.events, "5+a 6+a ");
    assert_int_equal(answer.compacted, 4);
}

static void revisions_are_told_though_they_are_compacted_meanwhile(void **state)
{
    enum { many = 9000, last = 500 }; /* told last, and the first that a compaction comes to */
    struct rig *rig = *state;
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    struct msg msg;
    size_t at = 0;
    size_t count = 0;

    rig_stop(rig);
    rig->options.flush_ms = 0;
    rig_start(rig);
    watching_all(rig, false);
    for (int i = 0; i < many; i++) {
        (void)watching_send_put(rig, i < many - last ? "b" : "a", "1", 1);
    }
    request.revision = many + 1;
    (void)rig_send(rig, ETCD_METHOD_COMPACT, &request);
    rig_turn(rig, 0);
    while (rig_fact(rig, "store.events", &at, &msg)) {
        count += msg.as_events.events.count;
    }
    assert_int_equal(count, many);
    assert_int_equal(msg.as_events.revision, many + 1);
    assert_int_equal(msg.as_events.compacted, many + 1);
}

/* One turn alone, as the shell makes it. */
static size_t answered_in_a_turn(struct rig *rig)
{
    struct outbox_item item;
    struct msg msg;
    size_t cursor = 0;
    size_t count = 0;

    store_spec.turn_begin(rig->store, &rig->clock.at, rig->out);
    store_spec.turn_end(rig->store, &rig->clock.at, rig->out);
    while (outbox_next(rig->out, OUTBOX_SYNCED, &cursor, &item)) {
        while (item.kind == OUTBOX_REPLY && item.frame.len > 0) {
            assert_int_equal(msg_decode(&item.frame, &msg), ERR_OK);
            count += msg.type == MSG_TYPE_EVENTS_READ;
        }
    }
    outbox_clear(rig->out, OUTBOX_SYNCED);
    return count;
}

static void a_turn_reads_a_bounded_part_and_too_many_are_refused(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t answered = 0;
    unsigned turns = 0;

    for (int i = 0; i < 3000; i++) {
        watching_send_numbered(rig, i);
    }
    rig_turn(rig, 0);
    rig_forget(rig);
    for (int i = 0; i < event_reads_max; i++) {
        watching_read_events(rig, 2, 0, 3001, everything, everything, false);
    }
    watching_read_events(rig, 2, 0, 3001, everything, everything, false);
    do {
        size_t count = answered_in_a_turn(rig);

        assert_true(count <= 2);
        answered += count;
        turns++;
    } while (outbox_take_again(rig->out));
    assert_int_equal(answered, event_reads_max);
    assert_true(turns >= event_reads_max / 2);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.as_events_read.code, 8);
    assert_int_equal(msg.as_events_read.id, rig->id);
    assert_false(rig_other(rig, &msg));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, watching_set_up, watching_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_watch_is_told_where_it_begins),
        CASE(a_watch_without_one_range_is_refused),
        CASE(another_run_is_asked_in_vain),
        CASE(what_was_missed_is_read_within_ranges),
        CASE(what_is_not_there_yet_is_asked_again),
        CASE(a_cursor_may_stand_within_a_revision),
        CASE(an_answer_is_bounded),
        CASE(what_is_compacted_is_said_to_be),
        CASE(revisions_are_told_though_they_are_compacted_meanwhile),
        CASE(a_turn_reads_a_bounded_part_and_too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
