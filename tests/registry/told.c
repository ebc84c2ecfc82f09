#include "tests/registry/told.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static struct node nodes[2]; /* a and b */
struct buf told_store;       /* what the messages here borrow from */

int told_set_up(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        node_init(&nodes[i], 51 + i);
        node_start(&nodes[i]);
    }
    *state = nodes;
    return 0;
}

int told_tear_down(void **state)
{
    (void)state;
    node_fini(&nodes[0]);
    node_fini(&nodes[1]);
    buf_fini(&told_store);
    return 0;
}

struct hash128 told_key(const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};

    return identity_key(&id);
}

struct msg told_ask(struct node *node, const struct msg *command, enum outbox_lane in)
{
    struct msg answer = {0};
    enum outbox_lane lane = OUTBOX_LANE_COUNT;

    node_give(node, command);
    node_turn(node);
    assert_true(node_answer(node, msg_id(command), &answer, &lane));
    assert_int_equal(in, lane);
    return answer;
}

struct msg_merged told_merge(struct node *node, const struct msg *command)
{
    struct msg answer = told_ask(node, command, OUTBOX_SYNCED);

    assert_int_equal(MSG_TYPE_MERGED, answer.type);
    return answer.as_merged;
}

struct msg told_new_merge(struct node *node)
{
    struct msg msg = {.type = MSG_TYPE_MERGE};

    told_store.len = 0;
    msg.as_merge.id = ++node->id;
    msg.as_merge.counted = true;
    return msg;
}

struct msg told_put(const char *hostname, int64_t dirty, int64_t age_ms)
{
    struct msg msg = {.type = MSG_TYPE_PUT};

    msg.as_put = (struct msg_put){.kind = CHANGE_REGISTER,
                                  .age_ms = age_ms,
                                  .env = STR("dev"),
                                  .appid = STR("app"),
                                  .zone = STR("sh001"),
                                  .hostname = str_from(hostname),
                                  .addrs = {1, STR("\xa3x:1")},
                                  .status = STATUS_UP,
                                  .dirty_timestamp = dirty};
    return msg;
}

struct msg told_gone(const char *hostname, int64_t dirty, int64_t age_ms)
{
    struct msg msg = {.type = MSG_TYPE_GONE};

    msg.as_gone = (struct msg_gone){.kind = CHANGE_CANCEL,
                                    .age_ms = age_ms,
                                    .env = STR("dev"),
                                    .appid = STR("app"),
                                    .zone = STR("sh001"),
                                    .hostname = str_from(hostname),
                                    .dirty_timestamp = dirty};
    return msg;
}

struct msg_merged told_merge_one(struct node *node, const struct msg *record)
{
    struct msg command = told_new_merge(node);

    msg_list_add(&command.as_merge.records, &told_store, record);
    return told_merge(node, &command);
}

struct msg_merged told_merge_heard(struct node *node, struct msg *command, const char *hostname,
                                   int64_t dirty, uint32_t age_ms)
{
    struct heartbeat heartbeat = {told_key(hostname), dirty, 1, age_ms};

    told_store.len = 0;
    heartbeat_pack(&told_store, &heartbeat);
    command->as_merge.id = ++node->id;
    command->as_merge.heartbeats = buf_str(&told_store);
    return told_merge(node, command);
}

struct msg_found told_look_up(struct node *node, const struct hash128 *keys, size_t count,
                              bool ages)
{
    struct msg msg = {.type = MSG_TYPE_LOOKUP};

    told_store.len = 0;
    for (size_t i = 0; i < count; i++) {
        key_pack(&told_store, keys[i]);
    }
    msg.as_lookup = (struct msg_lookup){++node->id, buf_str(&told_store), ages};
    msg = told_ask(node, &msg, OUTBOX_NOW);
    assert_int_equal(MSG_TYPE_FOUND, msg.type);
    return msg.as_found;
}

int64_t told_age(struct node *node, const char *hostname)
{
    struct hash128 key = told_key(hostname);
    struct msg_found found = told_look_up(node, &key, 1, true);
    struct heartbeat heartbeat;

    assert_int_equal(1, found.done);
    assert_int_equal(0, found.records.count);
    if (!heartbeat_next(&found.heartbeats, &heartbeat)) {
        return -1;
    }
    assert_true(hash128_eq(key, heartbeat.key));
    return heartbeat.age_ms;
}

int64_t told_dirty(const struct node *node, const char *hostname)
{
    const struct registry *registry = registry_actor_registry(node->actor);

    return registry_slot_dirty(registry, registry_find(registry, told_key(hostname)));
}
