#include "common/runtime/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/prng.h"

static const struct address anna = {.len = 5, .bytes = {0, 1, 2, 3, 4}};
static const struct address bert = {.len = 5, .bytes = {0, 1, 2, 3, 5}};

static int setup(void **state)
{
    *state = outbox_new(1000000);
    return 0;
}

static int teardown(void **state)
{
    struct outbox *out = *state;

    outbox_destroy(&out);
    assert_null(out);
    return 0;
}

static struct msg ping(uint64_t id)
{
    struct msg msg = {.type = MSG_TYPE_PING};

    msg.as_ping.id = id;
    return msg;
}

static void reply(struct outbox *out, enum outbox_lane lane, const struct address *to, uint64_t id)
{
    struct msg msg = ping(id);

    assert_int_equal(ERR_OK, outbox_reply(out, lane, to, &msg));
}

static void fact(struct outbox *out, const char *topic, uint64_t id)
{
    struct msg msg = ping(id);

    assert_int_equal(ERR_OK, outbox_fact(out, str_from(topic), &msg));
}

static void command(struct outbox *out, enum actor_name to, uint32_t index, uint64_t id)
{
    struct msg msg = ping(id);

    assert_int_equal(ERR_OK, outbox_command(out, to, index, &msg));
}

/* The ids in the frame, in order, and nothing else. */
static void assert_ids(struct str frame, size_t count, const uint64_t *ids)
{
    struct msg msg;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
        assert_int_equal(MSG_TYPE_PING, msg.type);
        assert_int_equal(ids[i], msg.as_ping.id);
    }
    assert_int_equal(0, frame.len);
}

static struct outbox_item next(struct outbox *out, enum outbox_lane lane, size_t *cursor)
{
    struct outbox_item item;

    assert_true(outbox_next(out, lane, cursor, &item));
    return item;
}

static void assert_end(struct outbox *out, enum outbox_lane lane, size_t cursor)
{
    struct outbox_item item;

    assert_false(outbox_next(out, lane, &cursor, &item));
}

static void one_frame_goes_to_each_destination_in_order(void **state)
{
    struct outbox *out = *state;
    struct outbox_item item;
    size_t cursor = 0;

    reply(out, OUTBOX_NOW, &anna, 1);
    reply(out, OUTBOX_NOW, &bert, 2);
    reply(out, OUTBOX_NOW, &anna, 3);
    item = next(out, OUTBOX_NOW, &cursor);
    assert_int_equal(OUTBOX_REPLY, item.kind);
    assert_memory_equal(&anna, &item.address, sizeof(anna));
    assert_ids(item.frame, 2, (const uint64_t[]){1, 3});
    item = next(out, OUTBOX_NOW, &cursor);
    assert_memory_equal(&bert, &item.address, sizeof(bert));
    assert_ids(item.frame, 1, (const uint64_t[]){2});
    assert_end(out, OUTBOX_NOW, cursor);
    assert_end(out, OUTBOX_SYNCED, 0);
}

/* Two ROUTERs may give their peers the same routing ids. */
static void the_same_routing_id_at_the_door_is_somebody_else(void **state)
{
    struct address stranger = anna;
    struct outbox *out = *state;
    struct outbox_item item;
    size_t cursor = 0;

    stranger.door = true;
    reply(out, OUTBOX_NOW, &anna, 1);
    reply(out, OUTBOX_NOW, &stranger, 2);
    item = next(out, OUTBOX_NOW, &cursor);
    assert_false(item.address.door);
    assert_ids(item.frame, 1, (const uint64_t[]){1});
    item = next(out, OUTBOX_NOW, &cursor);
    assert_true(item.address.door);
    assert_ids(item.frame, 1, (const uint64_t[]){2});
}

static void replies_leave_before_commands_and_commands_before_facts(void **state)
{
    struct outbox *out = *state;
    struct outbox_item item;
    size_t cursor = 0;

    fact(out, "registry.turn", 1);
    command(out, ACTOR_GATEWAY, 1, 2);
    command(out, ACTOR_GATEWAY, 2, 3);
    command(out, ACTOR_GATEWAY, 1, 4);
    reply(out, OUTBOX_SYNCED, &anna, 5);
    fact(out, "registry.turn", 6);

    assert_int_equal(OUTBOX_REPLY, next(out, OUTBOX_SYNCED, &cursor).kind);
    item = next(out, OUTBOX_SYNCED, &cursor);
    assert_int_equal(OUTBOX_COMMAND, item.kind);
    assert_int_equal(ACTOR_GATEWAY, item.actor);
    assert_int_equal(1, item.index);
    assert_ids(item.frame, 2, (const uint64_t[]){2, 4});
    assert_int_equal(2, next(out, OUTBOX_SYNCED, &cursor).index);
    item = next(out, OUTBOX_SYNCED, &cursor);
    assert_int_equal(OUTBOX_FACT, item.kind);
    assert_true(str_eq(STR("registry.turn"), item.topic));
    assert_ids(item.frame, 1, (const uint64_t[]){1});
    assert_ids(next(out, OUTBOX_SYNCED, &cursor).frame, 1, (const uint64_t[]){6});
    assert_end(out, OUTBOX_SYNCED, cursor);
}

static struct outbox_item next_of(struct outbox *out, size_t *cursor, enum outbox_kind kind,
                                  uint32_t peer)
{
    struct outbox_item item = next(out, OUTBOX_SYNCED, cursor);

    assert_int_equal(kind, item.kind);
    assert_int_equal(peer, item.index);
    return item;
}

static void what_goes_to_other_nodes_leaves_last_and_in_the_order_of_the_calls(void **state)
{
    struct outbox *out = *state;
    struct msg msg = ping(1);
    struct outbox_item item;
    size_t cursor = 0;

    assert_int_equal(ERR_OK, outbox_peer_open(out, 7, STR("10.0.0.2:8171"), STR("key")));
    assert_int_equal(ERR_OK, outbox_peer(out, 7, &msg));
    assert_int_equal(ERR_OK, outbox_peer(out, 255, &msg));
    msg = ping(2);
    assert_int_equal(ERR_OK, outbox_peer(out, 7, &msg));
    assert_int_equal(ERR_OK, outbox_peer_close(out, 7));
    assert_int_equal(ERR_OK, outbox_peer_open(out, 7, STR("10.0.0.3:8171"), STR("")));
    fact(out, "registry.turn", 3);
    command(out, ACTOR_GATEWAY, 1, 4);
    reply(out, OUTBOX_SYNCED, &anna, 5);

    assert_end(out, OUTBOX_NOW, 0);
    assert_int_equal(OUTBOX_REPLY, next(out, OUTBOX_SYNCED, &cursor).kind);
    assert_int_equal(OUTBOX_COMMAND, next(out, OUTBOX_SYNCED, &cursor).kind);
    assert_int_equal(OUTBOX_FACT, next(out, OUTBOX_SYNCED, &cursor).kind);
    item = next_of(out, &cursor, OUTBOX_PEER_OPEN, 7);
    assert_true(str_eq(STR("10.0.0.2:8171"), item.topic));
    assert_true(str_eq(STR("key"), item.frame));
    assert_ids(next_of(out, &cursor, OUTBOX_PEER, 7).frame, 1, (const uint64_t[]){1});
    assert_ids(next_of(out, &cursor, OUTBOX_PEER, 255).frame, 1, (const uint64_t[]){1});
    assert_ids(next_of(out, &cursor, OUTBOX_PEER, 7).frame, 1, (const uint64_t[]){2});
    next_of(out, &cursor, OUTBOX_PEER_CLOSE, 7);
    item = next_of(out, &cursor, OUTBOX_PEER_OPEN, 7);
    assert_true(str_eq(STR("10.0.0.3:8171"), item.topic));
    assert_int_equal(0, item.frame.len);
    assert_end(out, OUTBOX_SYNCED, cursor);
    outbox_clear(out, OUTBOX_SYNCED);
    assert_end(out, OUTBOX_SYNCED, 0);
}

static void what_goes_to_other_nodes_is_bounded_too(void **state)
{
    struct outbox *out = *state;
    struct msg msg = ping(1);
    size_t count = 0;

    while (outbox_peer(out, 3, &msg) == ERR_OK) {
        count++;
        assert_true(count < 1000000);
    }
    assert_int_equal(ERR_FULL, outbox_peer_open(out, 3, STR("10.0.0.2:8171"), STR("key")));
    assert_int_equal(ERR_FULL, outbox_peer_close(out, 3));
    outbox_clear(out, OUTBOX_SYNCED);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ERR_OK, outbox_peer(out, 3, &msg));
    }
    assert_int_equal(ERR_FULL, outbox_peer(out, 3, &msg));
}

static void a_full_outbox_refuses_and_takes_again_once_cleared(void **state)
{
    struct outbox *out = *state;
    struct msg msg = ping(1);
    size_t count = 0;

    while (outbox_fact(out, STR("t"), &msg) == ERR_OK) {
        count++;
        assert_true(count < 1000000);
    }
    assert_true(count > 1000);
    assert_int_equal(ERR_FULL, outbox_fact(out, STR("t"), &msg));
    assert_int_equal(ERR_FULL, outbox_reply(out, OUTBOX_NOW, &anna, &msg));
    assert_int_equal(ERR_FULL, outbox_command(out, ACTOR_REGISTRY, 0, &msg));
    outbox_clear(out, OUTBOX_SYNCED);
    assert_end(out, OUTBOX_SYNCED, 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ERR_OK, outbox_fact(out, STR("t"), &msg));
    }
    assert_int_equal(ERR_FULL, outbox_fact(out, STR("t"), &msg));
}

static void a_message_that_no_frame_holds_is_refused(void **state)
{
    struct outbox *out = outbox_new(4 * (size_t)frame_max);
    struct buf big = {0};
    struct msg msg = {.type = MSG_TYPE_LOG_LEVEL};

    (void)state;
    memset(buf_reserve(&big, frame_max), 'x', frame_max);
    msg.as_log_level.level = (struct str){big.data, frame_max};
    assert_int_equal(ERR_TOO_LARGE, outbox_reply(out, OUTBOX_NOW, &anna, &msg));
    assert_end(out, OUTBOX_NOW, 0);
    msg.as_log_level.level.len = frame_max / 2;
    assert_int_equal(ERR_OK, outbox_reply(out, OUTBOX_NOW, &anna, &msg));
    assert_int_equal(ERR_OK, outbox_reply(out, OUTBOX_NOW, &anna, &msg));
    buf_fini(&big);
    outbox_destroy(&out);
}

static void a_batch_is_cut_and_stays_in_order(void **state)
{
    struct outbox *out = outbox_new((size_t)8 << 20);
    struct buf text = {0};
    struct msg msg = {.type = MSG_TYPE_LOG_LEVEL};
    struct outbox_item item;
    uint64_t expected = 0;
    size_t cursor = 0;
    size_t frames = 0;

    (void)state;
    memset(buf_reserve(&text, 400000), 'x', 400000);
    msg.as_log_level.level = (struct str){text.data, 400000};
    for (msg.as_log_level.id = 0; msg.as_log_level.id < 5; msg.as_log_level.id++) {
        assert_int_equal(ERR_OK, outbox_reply(out, OUTBOX_NOW, &anna, &msg));
    }
    while (outbox_next(out, OUTBOX_NOW, &cursor, &item)) {
        struct msg got;

        frames++;
        while (item.frame.len != 0) {
            assert_int_equal(ERR_OK, msg_decode(&item.frame, &got));
            assert_int_equal(expected++, got.as_log_level.id);
        }
    }
    assert_int_equal(5, expected);
    assert_int_equal(3, frames);
    buf_fini(&text);
    outbox_destroy(&out);
}

static void everything_is_wanted_until_somebody_keeps_the_set(void **state)
{
    struct outbox *out = *state;

    assert_true(outbox_wants(out, STR("registry.turn")));
    assert_int_equal(ERR_OK, outbox_subscribe(out, STR(""), false));
    assert_false(outbox_wants(out, STR("registry.turn")));
    fact(out, "registry.turn", 1);
    assert_end(out, OUTBOX_SYNCED, 0);
    outbox_subscribe(out, STR("registry.tu"), true);
    assert_true(outbox_wants(out, STR("registry.turn")));
    assert_true(outbox_wants(out, STR("registry.tu")));
    assert_false(outbox_wants(out, STR("registry.t")));
    assert_false(outbox_wants(out, STR("registry.tv")));
    outbox_subscribe(out, STR("registry.tu"), true);
    assert_int_equal(1, outbox_subscription_count(out));
    outbox_subscribe(out, STR("registry.tu"), false);
    outbox_subscribe(out, STR("registry.tu"), false);
    assert_false(outbox_wants(out, STR("registry.turn")));
    outbox_subscribe(out, STR(""), true);
    assert_true(outbox_wants(out, STR("")));
    assert_true(outbox_wants(out, STR("evictor.round")));
}

/* Topics and prefixes of few letters, so that many share beginnings; the oracle tries all. */
static void wants_agrees_with_trying_every_prefix(void **state)
{
    struct outbox *out = *state;
    struct prng prng;
    char texts[64][8];
    size_t lens[64];
    bool on[64] = {false};

    prng_init(&prng, 7);
    for (size_t i = 0; i < 64; i++) {
        lens[i] = prng_below(&prng, 7);
        for (size_t j = 0; j < lens[i]; j++) {
            texts[i][j] = (char)(prng_below(&prng, 3) * 100); /* a byte over 127 too */
        }
    }
    for (int round = 0; round < 5000; round++) {
        size_t at = prng_below(&prng, 64);
        struct str topic = {texts[prng_below(&prng, 64)], 0};
        bool wanted = false;

        topic.len = lens[(size_t)(topic.data - texts[0]) / 8];
        for (size_t i = 0; i < 64; i++) { /* equal texts are one subscription */
            if (lens[i] == lens[at] && memcmp(texts[i], texts[at], lens[at]) == 0) {
                on[i] = round % 3 == 0;
            }
        }
        outbox_subscribe(out, (struct str){texts[at], lens[at]}, round % 3 == 0);
        for (size_t i = 0; i < 64; i++) {
            wanted |= on[i] && str_starts(topic, (struct str){texts[i], lens[i]});
        }
        assert_int_equal(wanted, outbox_wants(out, topic));
    }
}

static void over_ten_thousand_prefixes_all_is_wanted(void **state)
{
    struct outbox *out = *state;
    struct buf topic = {0};

    for (int i = 0; i < 10000; i++) {
        topic.len = 0;
        buf_printf(&topic, "registry.change.prod.app%d.", i);
        assert_int_equal(ERR_OK, outbox_subscribe(out, buf_str(&topic), true));
    }
    assert_false(outbox_wants(out, STR("evictor.round")));
    assert_true(outbox_wants(out, STR("registry.change.prod.app77.x")));
    assert_int_equal(ERR_FULL, outbox_subscribe(out, STR("more"), true));
    assert_int_equal(10000, outbox_subscription_count(out));
    assert_true(outbox_wants(out, STR("evictor.round")));
    buf_fini(&topic);
}

static void again_is_taken_once_and_stop_stays(void **state)
{
    struct outbox *out = *state;

    assert_false(outbox_take_again(out));
    outbox_again(out);
    assert_true(outbox_take_again(out));
    assert_false(outbox_take_again(out));
    assert_false(outbox_stopping(out));
    outbox_stop(out);
    assert_true(outbox_stopping(out));
    assert_true(outbox_stopping(out));
}

static void actors_are_found_by_name(void **state)
{
    enum actor_name name = ACTOR_COUNT;
    uint32_t index = 9;

    (void)state;
    assert_int_equal(ERR_OK, actor_name_from(STR("evictor"), &name, &index));
    assert_int_equal(ACTOR_EVICTOR, name);
    assert_int_equal(0, index);
    assert_int_equal(ERR_OK, actor_name_from(STR("gateway.12"), &name, &index));
    assert_int_equal(ACTOR_GATEWAY, name);
    assert_int_equal(12, index);
    assert_int_equal(ERR_NOT_FOUND, actor_name_from(STR("gateway."), &name, &index));
    assert_int_equal(ERR_NOT_FOUND, actor_name_from(STR("gateway.x"), &name, &index));
    assert_int_equal(ERR_NOT_FOUND, actor_name_from(STR("registry.1"), &name, &index));
    assert_int_equal(ERR_NOT_FOUND, actor_name_from(STR(""), &name, &index));
    assert_string_equal("replicator", actor_name_text(ACTOR_REPLICATOR));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_frame_goes_to_each_destination_in_order),
        TEST(the_same_routing_id_at_the_door_is_somebody_else),
        TEST(replies_leave_before_commands_and_commands_before_facts),
        TEST(what_goes_to_other_nodes_leaves_last_and_in_the_order_of_the_calls),
        TEST(what_goes_to_other_nodes_is_bounded_too),
        TEST(a_full_outbox_refuses_and_takes_again_once_cleared),
        TEST(a_message_that_no_frame_holds_is_refused),
        TEST(a_batch_is_cut_and_stays_in_order),
        TEST(everything_is_wanted_until_somebody_keeps_the_set),
        TEST(wants_agrees_with_trying_every_prefix),
        TEST(over_ten_thousand_prefixes_all_is_wanted),
        TEST(again_is_taken_once_and_stop_stays),
        TEST(actors_are_found_by_name),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
