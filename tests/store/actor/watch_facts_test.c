/* The store's facts of what is put: a chain without gaps, to who wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/store/actor/watching.h"

static void nobody_watches_nothing_is_told(void **state)
{
    struct rig *rig = *state;

    (void)rig_put(rig, "a", "1", 0);
    assert_int_equal(watching_count_of(rig, "store.events"), 0);
}

static void a_revision_is_told_once_it_is_there(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;

    (void)rig_put(rig, "a", "1", 0);
    watching_all(rig, false);
    (void)rig_put(rig, "a", "2", 0);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.epoch, rig_cluster);
    assert_int_equal(msg.as_events.boot, rig->options.boot);
    assert_int_equal(msg.as_events.seq, 3);
    assert_int_equal(msg.as_events.before, 2);
    assert_int_equal(msg.as_events.revision, 3);
    assert_int_equal(msg.as_events.compacted, -1);
    assert_true(msg.as_events.whole);
    watching_expect_events(msg.as_events.events, "3+a ");
    assert_false(rig_fact(rig, "store.events", &at, &msg));
}

static void an_event_s_kv_is_as_etcd_tells_it(void **state)
{
    struct rig *rig = *state;
    struct msg fact;
    struct msg event;
    struct str rest;
    size_t at = 0;
    Mvccpb__KeyValue *kv;

    watching_all(rig, false);
    (void)rig_put(rig, "a", "1", 0);
    watching_send_delete(rig, "a", "");
    rig_turn(rig, 0);
    assert_true(rig_fact(rig, "store.events", &at, &fact));
    rest = fact.as_events.events.bytes;
    assert_true(msg_next(&rest, &event));
    kv = mvccpb__key_value__unpack(NULL, event.as_event.kv.len,
                                   (const uint8_t *)event.as_event.kv.data);
    assert_int_equal(kv->create_revision, 2);
    assert_int_equal(kv->version, 1);
    assert_int_equal(kv->value.len, 1);
    mvccpb__key_value__free_unpacked(kv, NULL);
    assert_true(rig_fact(rig, "store.events", &at, &fact));
    rest = fact.as_events.events.bytes;
    assert_true(msg_next(&rest, &event));
    assert_true(str_eq(event.as_event.kv, STR("\n\1a\x18\3")));
}

/* Takes all facts of a long history: each begins where the last ended, and all events are there. */
static void the_chain_has_no_gap_and_each_fact_is_small(void **state)
{
    enum { rounds = 60 };
    struct rig *rig = *state;
    struct prng prng;
    struct buf told = {0};
    struct buf read = {0};
    struct msg msg;
    size_t at = 0;
    size_t large = 0;
    int64_t next = 2;
    uint32_t sub = 0;

    prng_init(&prng, 9);
    watching_all(rig, false);
    for (int round = 0; round < rounds; round++) {
        unsigned count = (unsigned)prng_below(&prng, 200);
        static char value[3000];

        memset(value, 'v', sizeof(value));
        for (unsigned i = 0; i < count; i++) {
            char key[8];

            (void)snprintf(key, sizeof(key), "%u", (unsigned)prng_below(&prng, 50));
            if (prng_below(&prng, 20) == 0) {
                watching_send_delete(rig, key, "9");
            } else {
                (void)watching_send_put(rig, key, value, (size_t)prng_below(&prng, sizeof(value)));
            }
        }
        watching_all(rig, false);
        rig_turn(rig, 50);
    }
    while (rig_fact(rig, "store.events", &at, &msg)) {
        assert_int_equal(msg.as_events.before, next - 1);
        assert_true(msg.as_events.whole);
        next = msg.as_events.revision + 1;
        large += msg.as_events.events.bytes.len > fact_frame_max - 4096;
        watching_print_events(&told, msg.as_events.events);
    }
    assert_true(large > 10);
    for (int64_t from = 2; from < next;) {
        struct msg_events_read answer = watching_read_all(rig, from, sub, next - 1);

        watching_print_events(&read, answer.events);
        from = answer.next;
        sub = answer.next_sub;
    }
    assert_true(next > 2000);
    assert_true(str_eq(buf_str(&told), buf_str(&read)));
    buf_fini(&told);
    buf_fini(&read);
}

static void a_turn_tells_a_bounded_part(void **state)
{
    enum { many = 5000 };
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;
    int64_t told = 1;

    watching_all(rig, false);
    for (int i = 0; i < many; i++) {
        watching_send_numbered(rig, i);
    }
    rig_turn(rig, 0);
    while (rig_fact(rig, "store.events", &at, &msg)) {
        assert_int_equal(msg.as_events.before, told);
        told = msg.as_events.revision;
    }
    assert_int_equal(told, many + 1);
}

static void what_is_too_large_is_told_by_its_revision(void **state)
{
    struct rig *rig = *state;
    char *large = calloc(1, 70000);
    struct msg msg;
    size_t at = 0;

    watching_all(rig, false);
    (void)watching_send_put(rig, "a", "1", 1);
    (void)watching_send_put(rig, "b", large, 70000);
    (void)watching_send_put(rig, "c", "1", 1);
    for (int i = 0; i < 3000; i++) {
        watching_send_numbered(rig, i);
    }
    watching_send_delete(rig, "k", "l");
    (void)watching_send_put(rig, "d", "1", 1);
    rig_turn(rig, 0);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    watching_expect_events(msg.as_events.events, "2+a ");
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.before, 2);
    assert_int_equal(msg.as_events.revision, 3);
    assert_false(msg.as_events.whole);
    assert_int_equal(msg.as_events.events.count, 0);
    do {
        assert_true(rig_fact(rig, "store.events", &at, &msg));
    } while (msg.as_events.whole);
    assert_int_equal(msg.as_events.before, 3004);
    assert_int_equal(msg.as_events.revision, 3005);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    watching_expect_events(msg.as_events.events, "3006+d ");
    free(large);
}

static void interest_ends_and_the_chain_begins_anew(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;

    watching_all(rig, false);
    for (int i = 0; i < watching_ms / 1000; i++) {
        (void)rig_put(rig, "a", "1", 0);
        rig_turn(rig, 1000);
    }
    (void)rig_put(rig, "b", "1", 0);
    for (int i = 0; i < watching_ms / 1000; i++) {
        assert_true(rig_fact(rig, "store.events", &at, &msg));
    }
    assert_false(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.revision, 1 + watching_ms / 1000);
    watching_all(rig, false);
    (void)rig_put(rig, "c", "1", 0);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.before, 2 + watching_ms / 1000);
    watching_expect_events(msg.as_events.events, "13+c ");
}

static void a_sleep_ends_nobody_s_interest(void **state)
{
    struct rig *rig = *state;

    watching_all(rig, false);
    rig_turn(rig, 3600000);
    (void)rig_put(rig, "a", "1", 0);
    assert_int_equal(watching_count_of(rig, "store.events"), 1);
}

static void what_was_before_is_told_where_it_is_wanted(void **state)
{
    struct rig *rig = *state;

    watching_all(rig, false);
    (void)rig_put(rig, "p1", "1", 0);
    assert_string_equal(watching_last_prev(rig), "-");
    watching_all(rig, true);
    (void)rig_put(rig, "p1", "2", 0);
    assert_string_equal(watching_last_prev(rig), "1@2");
    (void)rig_put(rig, "p2", "1", 0);
    assert_string_equal(watching_last_prev(rig), "");
    (void)rig_put(rig, "q", "1", 0);
    (void)rig_put(rig, "q", "2", 0);
    assert_string_equal(watching_last_prev(rig), "-");
    watching_send_delete(rig, "p1", "");
    rig_turn(rig, 0);
    assert_string_equal(watching_last_prev(rig), "2@3");
    watching_send_delete(rig, "p2", "");
    (void)rig_put(rig, "p2", "9", 0);
    assert_string_equal(watching_last_prev(rig), "");
}

static void over_a_thousand_ranges_all_is_wanted(void **state)
{
    struct rig *rig = *state;
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_WATCHING};

    msg.as_watching.boot = rig->options.boot;
    for (int i = 0; i < 1000; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "w%d", i);
        watching_add_range(&msg.as_watching.ranges, &store, str_from(key), STR(""), true);
    }
    rig_ask(rig, &msg);
    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    assert_string_equal(watching_last_prev(rig), "-");
    watching_add_range(&msg.as_watching.ranges, &store, STR("x"), STR(""), true);
    rig_ask(rig, &msg);
    (void)rig_put(rig, "a", "3", 0);
    assert_string_equal(watching_last_prev(rig), "2@3");
    buf_fini(&store);
}

static void where_it_stands_is_told_each_tick_and_to_who_asks(void **state)
{
    struct rig *rig = *state;
    struct msg snapshot = {.type = MSG_TYPE_SNAPSHOT};
    struct msg facts = {.type = MSG_TYPE_FACTS};
    struct msg msg;
    struct msg standing;
    size_t at = 0;
    struct str rest;

    (void)rig_put(rig, "a", "1", 0);
    rig_forget(rig);
    rig_turn(rig, 100);
    assert_true(rig_fact(rig, "store.revision", &at, &msg));
    assert_int_equal(msg.as_revision.seq, 2);
    assert_int_equal(msg.as_revision.revision, 2);
    assert_int_equal(msg.as_revision.compacted, -1);
    assert_int_equal(msg.as_revision.cluster, rig_cluster);
    assert_int_equal(msg.as_revision.member, rig_member);
    assert_int_equal(msg.as_revision.lead, rig_member);
    assert_true(msg.as_revision.term > 0);
    snapshot.as_snapshot.id = 5;
    rig_ask(rig, &snapshot);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.type, MSG_TYPE_CHUNK);
    assert_int_equal(msg.as_chunk.seq, 2);
    assert_int_equal(msg.as_chunk.epoch, rig_cluster);
    rest = msg.as_chunk.standing.bytes;
    assert_int_equal(msg.as_chunk.standing.count, 2);
    assert_true(msg_next(&rest, &standing));
    assert_int_equal(standing.type, MSG_TYPE_LEADER);
    assert_true(msg_next(&rest, &standing));
    assert_int_equal(standing.as_revision.revision, 2);
    facts.as_facts = (struct msg_facts){.id = 6, .epoch = rig_cluster, .from = 1};
    rig_ask(rig, &facts);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.type, MSG_TYPE_HISTORY);
    assert_int_equal(msg.as_history.head, 2);
}

/* A start that has more to apply again than a turn takes. */
static void a_start_tells_nothing_before_all_is_applied_again(void **state)
{
    enum { put_count = 45, value_bytes = 1000000 };
    struct rig *rig = *state;
    char *value = calloc(1, value_bytes + 1);
    int64_t revision = 1;
    size_t at = 0;
    struct msg msg;

    assert_non_null(value);
    memset(value, 'v', value_bytes);
    rig_stop(rig);
    rig->options.flush_ms = INT64_MAX;
    rig->options.flush_bytes = SIZE_MAX;
    rig_start(rig);
    for (int i = 0; i < put_count; i++) {
        revision = rig_put(rig, "p", value, 0);
        assert_true(revision > 0);
    }
    free(value);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_forget(rig);
    rig_start(rig);
    assert_true(rig_fact(rig, "store.revision", &at, &msg));
    assert_int_equal(msg.as_revision.revision, revision);
}

static void who_leads_is_told_when_it_changes(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;
    uint64_t term;

    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_true(rig_fact(rig, "store.leader", &at, &msg));
    while (msg.as_leader.lead != rig_member) {
        assert_true(rig_fact(rig, "store.leader", &at, &msg));
    }
    term = msg.as_leader.term;
    assert_true(term > 0);
    for (int i = 0; i < 10; i++) {
        rig_turn(rig, 100);
    }
    assert_false(rig_fact(rig, "store.leader", &at, &msg));
}

static void keys_have_topics_for_people(void **state)
{
    struct rig *rig = *state;
    char topic[256] = "store.event.";
    char name[256];
    struct msg msg;
    size_t at = 0;

    (void)outbox_subscribe(rig->out, STR("store.event.jobs%2F"), true);
    (void)rig_put(rig, "jobs/a b", "1", 0);
    (void)rig_put(rig, "job", "1", 0);
    watching_send_delete(rig, "jobs/a b", "");
    rig_turn(rig, 0);
    assert_true(rig_fact(rig, "store.event.jobs%2Fa%20b", &at, &msg));
    assert_true(str_eq(msg.as_key_event.kind, STR("put")));
    assert_true(str_eq(msg.as_key_event.key, STR("jobs/a b")));
    assert_true(str_eq(msg.as_key_event.value, STR("1")));
    assert_int_equal(msg.as_key_event.revision, 2);
    assert_int_equal(msg.as_key_event.version, 1);
    assert_true(rig_fact(rig, "store.event.jobs%2Fa%20b", &at, &msg));
    assert_true(str_eq(msg.as_key_event.kind, STR("delete")));
    assert_int_equal(msg.as_key_event.seq, 4);
    assert_int_equal(rig->fact_count, 2);
    (void)outbox_subscribe(rig->out, STR("store.event."), true);
    memset(name, 'n', sizeof(name) - 1);
    name[255] = 0;
    memset(topic + 12, 'n', 200);
    (void)rig_put(rig, name, "1", 0);
    assert_true(rig_fact(rig, topic, &at, &msg));
    assert_int_equal(msg.as_key_event.key.len, 255);
}

static void people_are_told_all_of_a_burst(void **state)
{
    enum { many = 2500 };
    struct rig *rig = *state;
    size_t count = 0;

    for (int i = 0; i < many; i++) {
        watching_send_numbered(rig, i);
    }
    watching_send_delete(rig, "k", "l");
    rig_turn(rig, 0);
    for (size_t i = 0; i < rig->fact_count; i++) {
        count += strncmp(rig->facts[i].topic, "store.event.", 12) == 0;
    }
    assert_int_equal(count, 2 * many);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, watching_set_up, watching_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nobody_watches_nothing_is_told),
        CASE(a_revision_is_told_once_it_is_there),
        CASE(an_event_s_kv_is_as_etcd_tells_it),
        CASE(the_chain_has_no_gap_and_each_fact_is_small),
        CASE(a_turn_tells_a_bounded_part),
        CASE(what_is_too_large_is_told_by_its_revision),
        CASE(interest_ends_and_the_chain_begins_anew),
        CASE(a_sleep_ends_nobody_s_interest),
        CASE(what_was_before_is_told_where_it_is_wanted),
        CASE(over_a_thousand_ranges_all_is_wanted),
        CASE(where_it_stands_is_told_each_tick_and_to_who_asks),
        CASE(a_start_tells_nothing_before_all_is_applied_again),
        CASE(who_leads_is_told_when_it_changes),
        CASE(keys_have_topics_for_people),
        CASE(people_are_told_all_of_a_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
