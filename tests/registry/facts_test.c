/* What the registry publishes: TURN, CHANGED, RENEWED. */
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "common/base/prng.h"

static int setup(void **state)
{
    static struct node node;

    node_init(&node, 21);
    node_start(&node);
    *state = &node;
    return 0;
}

static int teardown(void **state)
{
    node_fini(*state);
    return 0;
}

/* ── TURN ── */

/* Checks that the last turn's TURNs go on from seq, record by record; the seq they end at. */
static uint64_t follow_turns(struct node *node, uint64_t seq)
{
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    while (node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes)) {
        struct str rest = fact.as_turn.records.bytes;
        struct msg record;

        assert_true(str_eq(STR("registry.turn"), topic));
        assert_true(bytes <= fact_frame_max);
        assert_int_equal(node_position(node).epoch, fact.as_turn.epoch);
        assert_int_equal(node_position(node).boot, fact.as_turn.boot);
        assert_int_equal(seq, fact.as_turn.prev);
        while (msg_next(&rest, &record)) {
            struct change change;

            assert_int_equal(ERR_OK, change_from_msg(&record, &change));
            assert_int_equal(++seq, change.seq);
        }
        assert_int_equal(seq, fact.as_turn.seq);
    }
    return seq;
}

static void turns_follow_each_other_without_a_gap(void **state)
{
    struct node *node = *state;
    struct prng prng;
    uint64_t seq = 0;

    prng_init(&prng, 4);
    for (unsigned turn = 0; turn < 300; turn++) {
        for (uint64_t i = prng_below(&prng, 6); i > 0; i--) {
            char name[16];
            const char *host = node_host_name((uint32_t)prng_below(&prng, 20), name);
            struct msg command =
                prng_below(&prng, 3) == 0 ? node_cancel(node, host) : node_register(node, host);

            node_give(node, &command);
        }
        node_turn(node);
        seq = follow_turns(node, seq);
        assert_int_equal(node_position(node).seq, seq);
        node_pause(node, 50);
    }
    assert_true(seq > 300);
}

static void a_turn_that_tells_of_nodes_has_a_topic_of_its_own(void **state)
{
    struct node *node = *state;
    struct msg command = node_register(node, "h1");
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    node_give(node, &command);
    node_turn(node);
    assert_true(node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes));
    assert_true(str_eq(STR("registry.turn"), topic));
    command = node_register(node, "n1");
    command.as_register.appid = node_appid;
    command.as_register.origin = ORIGIN_SELF;
    node_give(node, &command);
    node_turn(node);
    cursor = 0;
    assert_true(node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes));
    assert_true(str_eq(STR("registry.turn.nodes"), topic));
}

static void cuts_a_turn_of_thousands_into_frames(void **state)
{
    struct node *node = *state;

    for (uint32_t i = 0; i < 5000; i++) {
        char name[16];
        struct msg command = node_register(node, node_host_name(i, name));

        node_give(node, &command);
    }
    node_turn(node);
    assert_true(node_fact_count(node, MSG_TYPE_TURN) >= 8);
    assert_int_equal(5000, follow_turns(node, 0));
}

static void asks_the_shell_to_stop_when_a_turn_holds_work_enough(void **state)
{
    struct node *node = *state;
    struct msg set;

    node_register_many(node, 0, 512);
    set = node_set(node, 0, 512, STATUS_WAITING);
    node_give(node, &set);
    assert_false(outbox_is_enough(node->out));
    set = node_set(node, 0, 512, STATUS_UP);
    node_give(node, &set);
    assert_true(outbox_is_enough(node->out));
    node_turn(node);
    assert_false(outbox_is_enough(node->out));
}

/* Every field as long as it may be. */
static struct msg largest(struct node *node, const char *hostname, struct buf *addrs,
                          struct buf *metadata)
{
    static char text[20000];
    struct str longest = {text, 255};
    struct msg command = node_register(node, hostname);

    memset(text, 'x', sizeof(text));
    addrs->len = 0;
    metadata->len = 0;
    for (unsigned i = 0; i < 64; i++) {
        strs_pack(addrs, (struct str){text, 512});
    }
    strs_pack(metadata, STR("k"));
    strs_pack(metadata, (struct str){text, 16 * 1024 - 5});
    command.as_register.env = longest;
    command.as_register.appid = longest;
    command.as_register.zone = longest;
    command.as_register.region = longest;
    command.as_register.version = longest;
    command.as_register.addrs = (struct strs){64, buf_str(addrs)};
    command.as_register.metadata = (struct strs){1, buf_str(metadata)};
    return command;
}

static void the_largest_instance_fits_a_fact(void **state)
{
    struct node *node = *state;
    struct buf addrs = {0};
    struct buf metadata = {0};
    struct msg fact;
    struct str topic;
    size_t bytes = 0;
    size_t cursor = 0;

    for (unsigned i = 0; i < 3; i++) {
        char name[16];
        struct msg command = largest(node, node_host_name(i, name), &addrs, &metadata);

        node_give(node, &command);
    }
    node_turn(node);
    assert_int_equal(3, follow_turns(node, 0));
    assert_int_equal(3, node_fact_count(node, MSG_TYPE_TURN));
    while (node_fact(node, &cursor, MSG_TYPE_CHANGED, &fact, &topic, &bytes)) {
        assert_true(bytes <= fact_frame_max);
    }
    assert_true(bytes > (size_t)48 << 10);
    buf_fini(&addrs);
    buf_fini(&metadata);
}

/* ── CHANGED ── */

/* The topic of the last turn's only CHANGED; empty: there was none. */
static struct str changed_topic(struct node *node, struct msg *fact)
{
    struct str topic = {NULL, 0};
    size_t bytes;
    size_t cursor = 0;

    assert_true(node_fact_count(node, MSG_TYPE_CHANGED) <= 1);
    (void)node_fact(node, &cursor, MSG_TYPE_CHANGED, fact, &topic, &bytes);
    return topic;
}

static void shows_changes_only_to_those_who_subscribed(void **state)
{
    struct node *node = *state;
    struct msg fact;
    struct msg command = node_register(node, "a");

    outbox_subscribe(node->out, STR("registry.turn"), true);
    (void)node_ask(node, &command);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_CHANGED));
    outbox_subscribe(node->out, STR("registry.change.dev.other"), true);
    command = node_cancel(node, "a");
    (void)node_ask(node, &command);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_CHANGED));
    assert_int_equal(1, node_fact_count(node, MSG_TYPE_TURN));
    outbox_subscribe(node->out, STR("registry.change.dev.app"), true);
    command = node_register(node, "a");
    (void)node_ask(node, &command);
    assert_true(str_eq(STR("registry.change.dev.app"), changed_topic(node, &fact)));
    assert_true(str_eq(STR("register"), fact.as_changed.kind));
    assert_true(str_eq(STR("a"), fact.as_changed.hostname));
    assert_true(fact.as_changed.instance.len > 100);
    assert_int_equal(node_position(node).seq, fact.as_changed.seq);
    assert_int_equal(node_app_latest(node), fact.as_changed.latest_timestamp);
    command = node_cancel(node, "a");
    (void)node_ask(node, &command);
    (void)changed_topic(node, &fact);
    assert_true(str_eq(STR("cancel"), fact.as_changed.kind));
    assert_true(fact.as_changed.instance.len <= 1); /* nil */
}

static void escapes_what_would_cut_a_topic(void **state)
{
    struct node *node = *state;
    struct msg fact;
    struct msg command = node_register(node, "a");

    command.as_register.env = STR("d.v");
    command.as_register.appid = STR("main/arch-x_1 %\xc3\xbc");
    (void)node_ask(node, &command);
    assert_true(str_eq(STR("registry.change.d%2Ev.main%2Farch-x_1%20%25%C3%BC"),
                       changed_topic(node, &fact)));
    assert_true(str_eq(command.as_register.appid, fact.as_changed.appid));
}

/* ── RENEWED ── */

static struct msg_renewed renewed(struct node *node)
{
    struct msg fact = {0};
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    assert_true(node_fact(node, &cursor, MSG_TYPE_RENEWED, &fact, &topic, &bytes));
    assert_true(str_eq(STR("registry.turn.renewed"), topic));
    assert_true(bytes <= fact_frame_max);
    return fact.as_renewed;
}

static void speaks_every_tick_also_when_nothing_happened(void **state)
{
    struct node *node = *state;

    for (uint64_t tick = 1; tick <= 3; tick++) {
        node_run(node, 1000);
        assert_int_equal(1, node_fact_count(node, MSG_TYPE_RENEWED));
        assert_int_equal(tick, renewed(node).tick);
        assert_false(renewed(node).more);
        assert_int_equal(0, renewed(node).live);
    }
}

static void counts_heartbeats_since_boot_and_what_is_expected(void **state)
{
    struct node *node = *state;
    struct msg renew;

    node_register_many(node, 0, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        node_run(node, 10000);
        renew = node_renew(node, "host-0000002");
        (void)node_ask(node, &renew);
        renew = node_renew(node, "nobody");
        (void)node_ask(node, &renew);
        node_run(node, 1000);
        assert_int_equal(i, renewed(node).heartbeats);
        assert_int_equal(3, renewed(node).live);
        assert_int_equal(6, renewed(node).expected_per_min);
        assert_int_equal(3, renewed(node).seq);
    }
}

static void a_heartbeat_travels_as_far_as_it_may(void **state)
{
    struct node *node = *state;
    struct msg command = node_register(node, "far");
    struct msg_renewed fact;
    struct heartbeat heartbeat;
    struct str rest;

    command.as_register.zone = STR("sh002");
    (void)node_ask(node, &command);
    node_register_many(node, 0, 3);
    command = node_renew(node, "host-0000000");
    (void)node_ask(node, &command);
    command = node_renew(node, "host-0000001");
    command.as_renew.from_zone = true;
    (void)node_ask(node, &command);
    command = node_renew(node, "host-0000002");
    command.as_renew.replication = true;
    (void)node_ask(node, &command);
    command = node_renew(node, "far");
    command.as_renew.zone = STR("sh002");
    (void)node_ask(node, &command);
    node_run(node, 1000);
    fact = renewed(node);
    assert_int_equal(2 * heartbeat_bytes, fact.everywhere.len); /* of whatever zone */
    assert_int_equal(heartbeat_bytes, fact.zone.len);
    assert_int_equal(heartbeat_bytes, fact.nowhere.len);
    rest = fact.everywhere;
    assert_true(heartbeat_next(&rest, &heartbeat));
    assert_true(hash128_eq(
        identity_key(&(struct identity){STR("dev"), STR("app"), STR("sh001"), STR("host-0000000")}),
        heartbeat.key));
    assert_int_equal(node->clock.at.wall_ns - 1000000000, heartbeat.renew_timestamp);
    assert_int_equal(heartbeat.renew_timestamp, heartbeat.dirty_timestamp); /* both in that ms */
    node_run(node, 1000);
    assert_int_equal(0, renewed(node).everywhere.len); /* each is told once */
}

static void tells_many_heartbeats_of_a_tick_in_parts(void **state)
{
    struct node *node = *state;
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;
    size_t heard = 0;
    unsigned parts = 0;
    bool more = true;

    node_register_many(node, 0, 5000);
    for (uint32_t i = 0; i < 5000; i++) {
        char name[16];
        struct msg renew = node_renew(node, node_host_name(i, name));

        node_give(node, &renew);
    }
    node_pause(node, 1000);
    node_turn(node);
    while (node_fact(node, &cursor, MSG_TYPE_RENEWED, &fact, &topic, &bytes)) {
        assert_true(bytes <= fact_frame_max);
        assert_true(more); /* nothing follows the last part */
        assert_int_equal(1, fact.as_renewed.tick);
        more = fact.as_renewed.more;
        heard += fact.as_renewed.everywhere.len / heartbeat_bytes;
        assert_in_range(fact.as_renewed.heartbeats, heard, heard + 1);
        parts++;
    }
    assert_false(more);
    assert_int_equal(3, parts);
    assert_int_equal(5000, heard);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(turns_follow_each_other_without_a_gap),
        TEST(a_turn_that_tells_of_nodes_has_a_topic_of_its_own),
        TEST(cuts_a_turn_of_thousands_into_frames),
        TEST(asks_the_shell_to_stop_when_a_turn_holds_work_enough),
        TEST(the_largest_instance_fits_a_fact),
        TEST(shows_changes_only_to_those_who_subscribed),
        TEST(escapes_what_would_cut_a_topic),
        TEST(speaks_every_tick_also_when_nothing_happened),
        TEST(counts_heartbeats_since_boot_and_what_is_expected),
        TEST(a_heartbeat_travels_as_far_as_it_may),
        TEST(tells_many_heartbeats_of_a_tick_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
