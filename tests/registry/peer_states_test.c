/* States of other nodes, and the bounds of what they tell at once. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
// clang-format on

#include <string.h>

#include "actors/registry/state.h"
#include "tests/registry/told.h"

enum { told_bytes_max = 256 * 1024, one_record_max = 64 * 1024 };

/* Of all that is held but ages: equal registries have equal ones. */
static uint64_t picture(const struct node *node)
{
    const struct registry *registry = registry_actor_registry(node->actor);
    uint64_t sum = 0;

    for (uint32_t slot = 0; slot < registry_slot_count(registry); slot++) {
        if (registry_slot_used(registry, slot)) {
            struct instance instance;

            registry_instance(registry, slot, &instance);
            if (!registry_is_live(registry, slot)) {
                instance = (struct instance){.id = instance.id,
                                             .dirty_timestamp = instance.dirty_timestamp};
            }
            sum += instance_hash(&instance) * 2 + registry_is_live(registry, slot);
        }
    }
    return sum;
}

/* ── states ── */

static void a_state_of_a_peer_is_a_change_like_any(void **state)
{
    struct node *node = *state;
    struct msg put = told_put("h", 5, 1000);
    struct msg command = told_new_merge(node);
    struct msg_merged merged;
    struct msg fact;
    struct msg record;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    command.as_merge.spread = SPREAD_ZONE;
    command.as_merge.older_ms = 200;
    msg_list_add(&command.as_merge.records, &told_store, &put);
    merged = told_merge(node, &command);
    assert_int_equal(ERR_OK, merged.err);
    assert_int_equal(1, merged.seq);
    assert_true(merged.epoch == node_position(node).epoch);
    assert_true(merged.boot == node_position(node).boot);
    assert_int_equal(0, merged.want.len + merged.newer.count + merged.text.len);
    assert_true(node_live(node, "h"));
    assert_true(node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes));
    assert_true(msg_next(&fact.as_turn.records.bytes, &record));
    assert_int_equal(SPREAD_ZONE, record.as_put.spread);
    assert_int_equal(1200, record.as_put.age_ms);
    assert_int_equal(1, node_fact_count(node, MSG_TYPE_CHANGED));
    assert_int_equal(1200, told_age(node, "h"));
    /* told again: no change, no fact */
    merged = told_merge_one(node, &put);
    assert_int_equal(1, merged.seq);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_TURN));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_MERGED));
    assert_int_equal(2, node_stat_of(node, METRIC_REGISTRY_COMMANDS, "merge"));
}

static void what_was_merged_is_there_after_a_kill(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    uint64_t before;
    uint64_t seq;

    for (uint32_t i = 0; i < 200; i++) {
        char name[16];
        struct msg record = i % 3 == 0 ? told_gone(node_host_name(i, name), 7 + i, 100)
                                       : told_put(node_host_name(i, name), 5 + i, (int64_t)i * 10);

        msg_list_add(&command.as_merge.records, &told_store, &record);
    }
    (void)told_merge(node, &command);
    before = picture(node);
    seq = node_position(node).seq;
    assert_int_equal(200, seq);
    node_kill(node);
    node_start(node);
    assert_true(before == picture(node));
    assert_int_equal(seq, node_position(node).seq);
}

/* Everything a holds told to b in states, and back. */
static void tell_all(struct node *from, struct node *to, bool restore)
{
    struct msg ask_chunk = node_snapshot(from, 0);
    struct msg chunk = told_ask(from, &ask_chunk, OUTBOX_SYNCED);
    struct msg command = {.type = MSG_TYPE_MERGE};
    struct msg_merged merged;

    assert_int_equal(0, chunk.as_chunk.next);
    command.as_merge =
        (struct msg_merge){.id = ++to->id, .restore = restore, .records = chunk.as_chunk.records};
    merged = told_merge(to, &command);
    assert_int_equal(ERR_OK, merged.err);
}

static void two_nodes_that_told_each_other_all_hold_the_same(void **state)
{
    struct node *a = *state;
    struct node *b = a + 1;

    for (uint32_t i = 0; i < 200; i++) {
        char name[16];
        struct msg command = node_register(a, node_host_name(i, name));

        command.as_register.dirty_timestamp = a->clock.at.wall_ns + i;
        node_give(a, &command);
        command.as_register.status = STATUS_WAITING;
        command.as_register.dirty_timestamp += i % 3 - 1;
        command.as_register.id = ++b->id;
        if (i % 4 != 0) {
            node_give(b, &command);
        }
        command = node_cancel(i % 2 == 0 ? a : b, name);
        if (i % 5 == 0) {
            node_give(i % 2 == 0 ? a : b, &command);
        }
    }
    node_turn(a);
    node_turn(b);
    assert_true(picture(a) != picture(b));
    tell_all(a, b, false);
    tell_all(b, a, false);
    assert_true(picture(a) == picture(b));
    assert_true(node_stat(a, METRIC_REGISTRY_INSTANCES) > 100 &&
                node_stat(a, METRIC_REGISTRY_TOMBSTONES) > 10);
}

static void a_restored_node_says_that_it_does_not_know_ages(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg put = told_put("h", 5, -1);

    assert_int_equal(0, told_merge_one(node, &put).seq);
    assert_false(node_live(node, "h"));
    command = told_new_merge(node);
    command.as_merge.restore = true;
    msg_list_add(&command.as_merge.records, &told_store, &put);
    assert_int_equal(1, told_merge(node, &command).seq);
    assert_true(node_live(node, "h"));
    assert_int_equal(-1, told_age(node, "h"));
    /* not idle at once; a heartbeat makes its age known */
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    command = told_new_merge(node);
    (void)told_merge_heard(node, &command, "h", 5, 3000);
    assert_int_equal(3000, told_age(node, "h"));
}

/* Whatever the clock of who told it says: by one that is ahead it would be young. */
static void an_unknown_age_is_not_known_after_a_restart(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg put = told_put("h", 5, -1);

    put.as_put.renew_timestamp = node->clock.at.wall_ns + INT64_C(600) * 1000000000;
    command.as_merge.restore = true;
    msg_list_add(&command.as_merge.records, &told_store, &put);
    assert_int_equal(1, told_merge(node, &command).seq);
    node_kill(node);
    node_start(node);
    assert_true(node_live(node, "h"));
    assert_int_equal(-1, told_age(node, "h"));
    node_run(node, 20000);
    node_kill(node);
    node_start(node);
    assert_int_equal(-1, told_age(node, "h"));
    command = told_new_merge(node); /* by its heartbeat it is, and stays so */
    (void)told_merge_heard(node, &command, "h", 5, 3000);
    assert_int_equal(3000, told_age(node, "h"));
}

static void who_has_an_older_state_gets_the_newer_one(void **state)
{
    struct node *node = *state;
    struct msg older = told_put("h", 5, 0);
    struct msg newer = told_put("h", 6, 0);
    struct msg gone = told_gone("g", 6, 50);
    struct msg late = told_put("g", 6, 0);
    struct msg record;
    struct msg_merged merged;

    (void)told_merge_one(node, &newer);
    merged = told_merge_one(node, &older);
    assert_int_equal(1, merged.newer.count);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(MSG_TYPE_PUT, record.type);
    assert_int_equal(6, record.as_put.dirty_timestamp);
    (void)told_merge_one(node, &gone);
    merged = told_merge_one(node, &late);
    assert_int_equal(1, merged.newer.count);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(MSG_TYPE_GONE, record.type);
    assert_int_equal(50, record.as_gone.age_ms);
    assert_int_equal(told_dirty(node, "h"), 6);
}

static void a_set_carries_the_age_of_the_last_heartbeat(void **state)
{
    struct node *node = *state;
    struct msg command;
    struct msg fact;
    struct msg record;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    node_register_many(node, 0, 1);
    node_run(node, 20000);
    command = node_set(node, 0, 1, STATUS_WAITING);
    (void)node_ask(node, &command);
    assert_true(node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes));
    assert_true(msg_next(&fact.as_turn.records.bytes, &record));
    assert_int_equal(20000, record.as_put.age_ms);
    assert_int_equal(20000, told_age(node, "host-0000000"));
}

/* ── bounds ── */

static void too_much_at_once_is_refused_whole(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg_merged merged;

    for (uint32_t i = 0; i < merge_records_max + 1; i++) {
        char name[16];
        struct msg put = told_put(node_host_name(i, name), 5, 0);

        msg_list_add(&command.as_merge.records, &told_store, &put);
    }
    merged = told_merge(node, &command);
    assert_int_equal(ERR_TOO_LARGE, merged.err);
    assert_true(merged.text.len > 0);
    command = told_new_merge(node);
    for (uint32_t i = 0; i < merge_heartbeats_max + 1; i++) {
        heartbeat_pack(&told_store, &(struct heartbeat){{i, i}, 1, 1, 1});
    }
    command.as_merge.heartbeats = buf_str(&told_store);
    assert_int_equal(ERR_TOO_LARGE, told_merge(node, &command).err);
    command.as_merge.id = ++node->id;
    command.as_merge.heartbeats.len = heartbeat_bytes + 1;
    assert_int_equal(ERR_INVALID, told_merge(node, &command).err);
    command.as_merge.id = ++node->id;
    command.as_merge.heartbeats.len = heartbeat_bytes;
    command.as_merge.spread = SPREAD_COUNT;
    assert_int_equal(ERR_INVALID, told_merge(node, &command).err);
    assert_int_equal(0, node_position(node).seq);
    command.as_merge.id = ++node->id;
    command.as_merge.spread = SPREAD_NOWHERE;
    command.as_merge.heartbeats.len = (size_t)heartbeat_bytes * merge_heartbeats_max;
    merged = told_merge(node, &command);
    assert_int_equal(ERR_OK, merged.err);
    assert_int_equal(key_bytes * merge_heartbeats_max, merged.want.len);
}

static void what_is_no_state_is_passed_over_and_counted(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg bad = told_put("bad", 5, 0);
    struct msg ping = {.type = MSG_TYPE_PING};
    struct msg good = told_put("good", 5, 0);
    struct msg_merged merged;

    bad.as_put.status = 9;
    msg_list_add(&command.as_merge.records, &told_store, &bad);
    msg_list_add(&command.as_merge.records, &told_store, &ping);
    msg_list_add(&command.as_merge.records, &told_store, &good);
    merged = told_merge(node, &command);
    assert_int_equal(ERR_INVALID, merged.err);
    assert_non_null(memmem(merged.text.data, merged.text.len, "hostname bad", 12));
    assert_int_equal(1, merged.seq);
    assert_true(node_live(node, "good"));
    assert_false(node_holds(node, "bad"));
    assert_int_equal(2, node_stat(node, METRIC_REGISTRY_MALFORMED));
}

/* At log level debug each state is named; what lies where a state has its names is others' to say.
 */
static void what_is_no_state_is_not_named(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg odd = {
        .type = MSG_TYPE_PROTECTION,
        .as_protection = {.reason = STR("x"), .threshold = 0x4141414141414141, .live = 100}};
    struct log *before = node->actor->log;
    struct log log;

    log_init(&log, "registry", memfd_create("log", MFD_CLOEXEC), &node->clock.clock);
    log.level = LOG_DEBUG;
    node->actor->log = &log;
    msg_list_add(&command.as_merge.records, &told_store, &odd);
    assert_int_equal(ERR_INVALID, told_merge(node, &command).err);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_MALFORMED));
    node->actor->log = before;
}

static void a_turn_ends_after_much_of_it(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    unsigned taken = 0;

    for (uint32_t i = 0; i < merge_heartbeats_max; i++) {
        heartbeat_pack(&told_store, &(struct heartbeat){{i, i}, 1, 1, 1});
    }
    command.as_merge.heartbeats = buf_str(&told_store);
    while (!outbox_is_enough(node->out)) {
        node_give(node, &command);
        taken++;
    }
    assert_in_range(taken, 1, 4);
    node_turn(node);
    assert_false(outbox_is_enough(node->out));
}

/* 300 instances of about 4 KB. */
static void fill(struct node *node)
{
    static char value[4000];
    struct buf pairs = {0};

    memset(value, 'v', sizeof(value));
    strs_pack(&pairs, STR("k"));
    strs_pack(&pairs, (struct str){value, sizeof(value)});
    for (uint32_t i = 0; i < 300; i++) {
        char name[16];
        struct msg command = node_register(node, node_host_name(i, name));

        command.as_register.metadata = (struct strs){1, buf_str(&pairs)};
        node_give(node, &command);
    }
    node_turn(node);
    buf_fini(&pairs);
}

static void answers_are_bounded_and_say_how_far_they_go(void **state)
{
    struct node *node = *state;
    struct hash128 keys[300];
    struct msg command;
    struct msg_found found;
    struct msg_merged merged;
    struct msg app = {.type = MSG_TYPE_APP};
    size_t done = 0;
    uint32_t told = 0;
    char name[16];

    fill(node);
    for (uint32_t i = 0; i < 300; i++) {
        keys[i] = i % 10 == 9 ? (struct hash128){i, i} : told_key(node_host_name(i, name));
    }
    while (done < 300) {
        found = told_look_up(node, keys + done, 300 - done, false);
        assert_true(found.done > 0);
        assert_true(found.records.bytes.len < told_bytes_max + one_record_max);
        done += found.done;
        told += found.records.count;
    }
    assert_int_equal(300, done);
    assert_int_equal(270, told);
    command = told_new_merge(node);
    for (uint32_t i = 0; i < 300; i++) {
        heartbeat_pack(&told_store,
                       &(struct heartbeat){told_key(node_host_name(i, name)), 1, 1, 1});
    }
    command.as_merge.heartbeats = buf_str(&told_store);
    merged = told_merge(node, &command);
    assert_in_range(merged.newer.bytes.len, told_bytes_max, told_bytes_max + one_record_max);
    app.as_app = (struct msg_app){++node->id, STR("dev"), STR("app")};
    app = told_ask(node, &app, OUTBOX_NOW);
    assert_in_range(app.as_found.records.bytes.len, 1024 * 1024, 1024 * 1024 + one_record_max);
}

static void the_live_instances_of_an_app_are_told(void **state)
{
    struct node *node = *state;
    struct msg command;
    struct msg record;
    struct msg_found found;

    node_register_many(node, 0, 200);
    command = node_cancel(node, "host-0000007");
    (void)node_ask(node, &command);
    node_run(node, 3000);
    command = (struct msg){.type = MSG_TYPE_APP};
    command.as_app = (struct msg_app){++node->id, STR("dev"), STR("app")};
    found = told_ask(node, &command, OUTBOX_NOW).as_found;
    assert_int_equal(199, found.done);
    assert_int_equal(199, found.records.count);
    while (msg_next(&found.records.bytes, &record)) {
        assert_int_equal(MSG_TYPE_PUT, record.type);
        assert_int_equal(3000, record.as_put.age_ms);
    }
    command.as_app = (struct msg_app){++node->id, STR("dev"), STR("other")};
    assert_int_equal(0, told_ask(node, &command, OUTBOX_NOW).as_found.done);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, told_set_up, told_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_state_of_a_peer_is_a_change_like_any),
        TEST(what_was_merged_is_there_after_a_kill),
        TEST(two_nodes_that_told_each_other_all_hold_the_same),
        TEST(a_restored_node_says_that_it_does_not_know_ages),
        TEST(an_unknown_age_is_not_known_after_a_restart),
        TEST(who_has_an_older_state_gets_the_newer_one),
        TEST(a_set_carries_the_age_of_the_last_heartbeat),
        TEST(too_much_at_once_is_refused_whole),
        TEST(what_is_no_state_is_passed_over_and_counted),
        TEST(what_is_no_state_is_not_named),
        TEST(a_turn_ends_after_much_of_it),
        TEST(answers_are_bounded_and_say_how_far_they_go),
        TEST(the_live_instances_of_an_app_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
