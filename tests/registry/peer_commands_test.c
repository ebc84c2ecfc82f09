/* What the registry is told by other nodes, and tells them. */
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

enum { told_bytes_max = 256 * 1024, one_record_max = 64 * 1024 };

static struct node nodes[2]; /* a and b */
static struct buf store;     /* what the messages here borrow from */

static int setup(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        node_init(&nodes[i], 51 + i);
        node_start(&nodes[i]);
    }
    *state = nodes;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_fini(&nodes[0]);
    node_fini(&nodes[1]);
    buf_fini(&store);
    return 0;
}

static struct hash128 key_of(const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};

    return identity_key(&id);
}

/* Gives it, ends the turn. Borrows until the node's next turn. */
static struct msg ask(struct node *node, const struct msg *command, enum outbox_lane in)
{
    struct msg answer = {0};
    enum outbox_lane lane = OUTBOX_LANE_COUNT;

    node_give(node, command);
    node_turn(node);
    assert_true(node_answer(node, msg_id(command), &answer, &lane));
    assert_int_equal(in, lane);
    return answer;
}

static struct msg_merged merge(struct node *node, const struct msg *command)
{
    struct msg answer = ask(node, command, OUTBOX_SYNCED);

    assert_int_equal(MSG_TYPE_MERGED, answer.type);
    return answer.as_merged;
}

static struct msg a_merge(struct node *node)
{
    struct msg msg = {.type = MSG_TYPE_MERGE};

    store.len = 0;
    msg.as_merge.id = ++node->id;
    msg.as_merge.counted = true;
    return msg;
}

static struct msg put_of(const char *hostname, int64_t dirty, int64_t age_ms)
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

static struct msg gone_of(const char *hostname, int64_t dirty, int64_t age_ms)
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

static struct msg_merged merge_one(struct node *node, const struct msg *record)
{
    struct msg command = a_merge(node);

    msg_list_add(&command.as_merge.records, &store, record);
    return merge(node, &command);
}

static struct msg_merged merge_heard(struct node *node, struct msg *command, const char *hostname,
                                     int64_t dirty, uint32_t age_ms)
{
    struct heartbeat heartbeat = {key_of(hostname), dirty, 1, age_ms};

    store.len = 0;
    heartbeat_pack(&store, &heartbeat);
    command->as_merge.id = ++node->id;
    command->as_merge.heartbeats = buf_str(&store);
    return merge(node, command);
}

static struct msg_found look_up(struct node *node, const struct hash128 *keys, size_t count,
                                bool ages)
{
    struct msg msg = {.type = MSG_TYPE_LOOKUP};

    store.len = 0;
    for (size_t i = 0; i < count; i++) {
        key_pack(&store, keys[i]);
    }
    msg.as_lookup = (struct msg_lookup){++node->id, buf_str(&store), ages};
    msg = ask(node, &msg, OUTBOX_NOW);
    assert_int_equal(MSG_TYPE_FOUND, msg.type);
    return msg.as_found;
}

/* -1: nobody is told. */
static int64_t age_told(struct node *node, const char *hostname)
{
    struct hash128 key = key_of(hostname);
    struct msg_found found = look_up(node, &key, 1, true);
    struct heartbeat heartbeat;

    assert_int_equal(1, found.done);
    assert_int_equal(0, found.records.count);
    if (!heartbeat_next(&found.heartbeats, &heartbeat)) {
        return -1;
    }
    assert_true(hash128_eq(key, heartbeat.key));
    return heartbeat.age_ms;
}

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

static int64_t dirty_of(const struct node *node, const char *hostname)
{
    const struct registry *registry = registry_actor_registry(node->actor);

    return registry_slot_dirty(registry, registry_find(registry, key_of(hostname)));
}

static struct msg_renewed renewed(struct node *node)
{
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    assert_true(node_fact(node, &cursor, MSG_TYPE_RENEWED, &fact, &topic, &bytes));
    return fact.as_renewed;
}

/* ── states ── */

static void a_state_of_a_peer_is_a_change_like_any(void **state)
{
    struct node *node = *state;
    struct msg put = put_of("h", 5, 1000);
    struct msg command = a_merge(node);
    struct msg_merged merged;
    struct msg fact;
    struct msg record;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    command.as_merge.spread = SPREAD_ZONE;
    command.as_merge.older_ms = 200;
    msg_list_add(&command.as_merge.records, &store, &put);
    merged = merge(node, &command);
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
    assert_int_equal(1200, age_told(node, "h"));
    /* told again: no change, no fact */
    merged = merge_one(node, &put);
    assert_int_equal(1, merged.seq);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_TURN));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_MERGED));
    assert_int_equal(2, node_stat_of(node, METRIC_REGISTRY_COMMANDS, "merge"));
}

static void what_was_merged_is_there_after_a_kill(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    uint64_t before;
    uint64_t seq;

    for (uint32_t i = 0; i < 200; i++) {
        char name[16];
        struct msg record = i % 3 == 0 ? gone_of(node_host_name(i, name), 7 + i, 100)
                                       : put_of(node_host_name(i, name), 5 + i, (int64_t)i * 10);

        msg_list_add(&command.as_merge.records, &store, &record);
    }
    (void)merge(node, &command);
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
    struct msg chunk = ask(from, &ask_chunk, OUTBOX_SYNCED);
    struct msg command = {.type = MSG_TYPE_MERGE};
    struct msg_merged merged;

    assert_int_equal(0, chunk.as_chunk.next);
    command.as_merge =
        (struct msg_merge){.id = ++to->id, .restore = restore, .records = chunk.as_chunk.records};
    merged = merge(to, &command);
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
    struct msg command = a_merge(node);
    struct msg put = put_of("h", 5, -1);

    assert_int_equal(0, merge_one(node, &put).seq);
    assert_false(node_live(node, "h"));
    command = a_merge(node);
    command.as_merge.restore = true;
    msg_list_add(&command.as_merge.records, &store, &put);
    assert_int_equal(1, merge(node, &command).seq);
    assert_true(node_live(node, "h"));
    assert_int_equal(-1, age_told(node, "h"));
    /* not idle at once; a heartbeat makes its age known */
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    command = a_merge(node);
    (void)merge_heard(node, &command, "h", 5, 3000);
    assert_int_equal(3000, age_told(node, "h"));
}

/* Whatever the clock of who told it says: by one that is ahead it would be young. */
static void an_unknown_age_is_not_known_after_a_restart(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg put = put_of("h", 5, -1);

    put.as_put.renew_timestamp = node->clock.at.wall_ns + INT64_C(600) * 1000000000;
    command.as_merge.restore = true;
    msg_list_add(&command.as_merge.records, &store, &put);
    assert_int_equal(1, merge(node, &command).seq);
    node_kill(node);
    node_start(node);
    assert_true(node_live(node, "h"));
    assert_int_equal(-1, age_told(node, "h"));
    node_run(node, 20000);
    node_kill(node);
    node_start(node);
    assert_int_equal(-1, age_told(node, "h"));
    command = a_merge(node); /* by its heartbeat it is, and stays so */
    (void)merge_heard(node, &command, "h", 5, 3000);
    assert_int_equal(3000, age_told(node, "h"));
}

static void who_has_an_older_state_gets_the_newer_one(void **state)
{
    struct node *node = *state;
    struct msg older = put_of("h", 5, 0);
    struct msg newer = put_of("h", 6, 0);
    struct msg gone = gone_of("g", 6, 50);
    struct msg late = put_of("g", 6, 0);
    struct msg record;
    struct msg_merged merged;

    (void)merge_one(node, &newer);
    merged = merge_one(node, &older);
    assert_int_equal(1, merged.newer.count);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(MSG_TYPE_PUT, record.type);
    assert_int_equal(6, record.as_put.dirty_timestamp);
    (void)merge_one(node, &gone);
    merged = merge_one(node, &late);
    assert_int_equal(1, merged.newer.count);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(MSG_TYPE_GONE, record.type);
    assert_int_equal(50, record.as_gone.age_ms);
    assert_int_equal(dirty_of(node, "h"), 6);
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
    assert_int_equal(20000, age_told(node, "host-0000000"));
}

/* ── ages ── */

static void the_youngest_age_heard_counts(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);

    node_register_many(node, 0, 1);
    node_run(node, 60000);
    command.as_merge.counted = false;
    (void)merge_heard(node, &command, "host-0000000", dirty_of(node, "host-0000000"), 70000);
    assert_int_equal(60000, age_told(node, "host-0000000"));
    (void)merge_heard(node, &command, "host-0000000", dirty_of(node, "host-0000000"), 50000);
    assert_int_equal(50000, age_told(node, "host-0000000"));
    command.as_merge.older_ms = 1500;
    (void)merge_heard(node, &command, "host-0000000", dirty_of(node, "host-0000000"), 40000);
    assert_int_equal(41500, age_told(node, "host-0000000"));
    (void)merge_heard(node, &command, "host-0000000", dirty_of(node, "host-0000000"), 90000);
    assert_int_equal(41500, age_told(node, "host-0000000"));
}

static void what_waited_while_the_registry_stood_still_is_older_by_that(void **state)
{
    struct node *node = *state;
    struct msg put = put_of("silent", 5, 60000);

    node_pause(node, 50000);
    (void)merge_one(node, &put); /* it was told before or after: who knows */
    assert_false(node_holds(node, "silent"));
    put = put_of("h", 5, 20000);
    (void)merge_one(node, &put);
    assert_int_equal(70000, age_told(node, "h"));
    node_run(node, 3000);
    put.as_put.age_ms = 30000;
    (void)merge_one(node, &put);
    assert_int_equal(30000, age_told(node, "h"));
}

static void an_equal_state_brings_its_younger_age(void **state)
{
    struct node *node = *state;
    struct msg put = put_of("h", 5, 60000);

    (void)merge_one(node, &put);
    put.as_put.age_ms = 20000;
    (void)merge_one(node, &put);
    assert_int_equal(20000, age_told(node, "h"));
    put.as_put.age_ms = 30000;
    (void)merge_one(node, &put);
    put.as_put.age_ms = -1;
    (void)merge_one(node, &put);
    assert_int_equal(20000, age_told(node, "h"));
}

static void a_peer_s_heartbeat_saves_who_was_idle_here(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);

    node_register_many(node, 0, 1);
    node_run(node, 95000);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_IDLE));
    (void)merge_heard(node, &command, "host-0000000", dirty_of(node, "host-0000000"), 1000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    command = node_evict(node, 90000, 10);
    command.as_evict.tick = UINT64_MAX / 2;
    assert_int_equal(ERR_OK, node_ask(node, &command).err);
    node_settle(node);
    assert_true(node_live(node, "host-0000000"));
}

/* The node that was told by a client holds an older incarnation, as by a clock that was set back.
 * What lives here is told as young as it was heard: or whoever lost it would not take it back. */
static void a_sign_of_an_older_incarnation_is_one_of_the_instance(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg newer = put_of("h", 6, 0);
    struct msg older = put_of("h", 5, 1000);
    struct msg record;
    struct msg_merged merged;

    (void)merge_one(node, &newer);
    node_run(node, 95000);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_IDLE));
    merged = merge_one(node, &older);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(6, record.as_put.dirty_timestamp);
    assert_int_equal(1000, record.as_put.age_ms);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    node_run(node, 95000);
    merged = merge_heard(node, &command, "h", 5, 2000);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(2000, record.as_put.age_ms);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    older.as_put.age_ms = -1; /* a set, or of one who does not know */
    (void)merge_one(node, &older);
    assert_int_equal(2000, age_told(node, "h"));
}

static void an_older_cancel_is_no_sign_and_no_sign_makes_a_tombstone_younger(void **state)
{
    struct node *node = *state;
    struct msg live = put_of("h", 6, 50000);
    struct msg older = gone_of("h", 5, 1000);
    struct msg gone = gone_of("g", 6, 50000);
    struct msg older_live = put_of("g", 5, 1000);
    struct msg older_gone = gone_of("g", 5, 1000);
    struct msg record;
    struct msg_merged merged;

    (void)merge_one(node, &live);
    (void)merge_one(node, &older);
    assert_int_equal(50000, age_told(node, "h"));
    (void)merge_one(node, &gone);
    (void)merge_one(node, &older_live);
    merged = merge_one(node, &older_gone);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(50000, record.as_gone.age_ms);
}

static void a_sign_of_life_older_than_the_last_one_makes_nobody_younger(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);

    node_register_many(node, 0, 1);
    node_run(node, 60000);
    (void)merge_heard(node, &command, "host-0000000", dirty_of(node, "host-0000000"), 80000);
    assert_int_equal(60000, age_told(node, "host-0000000"));
}

/* ── heartbeats ── */

static void heartbeats_count_when_they_are_clients_own(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg_renewed fact;
    struct heartbeat heartbeat;
    int64_t dirty;

    node_register_many(node, 0, 1);
    dirty = dirty_of(node, "host-0000000");
    node_run(node, 30000);
    command.as_merge.spread = SPREAD_ZONE;
    command.as_merge.older_ms = 20;
    command.as_merge.counted = false; /* asked for: others ask for themselves */
    (void)merge_heard(node, &command, "host-0000000", dirty, 9000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_HEARTBEATS));
    command.as_merge.counted = true;
    node_pause(node, 400);
    (void)merge_heard(node, &command, "host-0000000", dirty, 700);
    (void)merge_heard(node, &command, "host-0000000", dirty, 700); /* the same one again */
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_HEARTBEATS));
    node_run(node, 600);
    fact = renewed(node);
    assert_int_equal(1, fact.heartbeats);
    assert_int_equal(0, fact.nowhere.len + fact.everywhere.len);
    assert_int_equal(heartbeat_bytes, fact.zone.len);
    assert_true(heartbeat_next(&fact.zone, &heartbeat));
    assert_int_equal(1320, heartbeat.age_ms); /* it waited for the tick here */
    assert_int_equal(dirty, heartbeat.dirty_timestamp);
    assert_int_equal(node->clock.at.wall_ns - 1320000000, heartbeat.renew_timestamp);
}

/* A client gives its heartbeat to two nodes, and each passes it on: one sign of life. */
static void a_heartbeat_counts_once_whoever_brings_it(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg renew;
    int64_t dirty;

    node_register_many(node, 0, 1);
    dirty = dirty_of(node, "host-0000000");
    command.as_merge.counted = true;
    for (int i = 1; i <= 4; i++) {
        node_run(node, 25000);
        renew = node_renew(node, "host-0000000");
        (void)node_ask(node, &renew);
        node_run(node, 3000);
        (void)merge_heard(node, &command, "host-0000000", dirty, 2500);
        node_run(node, 2000);
        renew = node_renew(node, "host-0000000");
        (void)node_ask(node, &renew);
        assert_int_equal(i, node_stat(node, METRIC_REGISTRY_HEARTBEATS));
        assert_int_equal(0, age_told(node, "host-0000000")); /* heard it was all the same */
    }
}

static void a_heartbeat_of_another_state_asks_for_it_or_gets_ours(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg put = put_of("h", 6, 10);
    struct msg gone = gone_of("g", 6, 10);
    struct msg_merged merged;
    struct msg record;
    struct hash128 key;

    (void)merge_one(node, &put);
    (void)merge_one(node, &gone);
    merged = merge_heard(node, &command, "unknown", 6, 0);
    assert_int_equal(key_bytes, merged.want.len);
    assert_true(key_next(&merged.want, &key));
    assert_true(hash128_eq(key_of("unknown"), key));
    assert_int_equal(key_bytes, merge_heard(node, &command, "h", 7, 0).want.len);
    assert_int_equal(key_bytes, merge_heard(node, &command, "g", 7, 0).want.len);
    merged = merge_heard(node, &command, "h", 5, 0);
    assert_int_equal(0, merged.want.len);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(6, record.as_put.dirty_timestamp);
    merged = merge_heard(node, &command, "g", 6, 0);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(MSG_TYPE_GONE, record.type);
    /* who would be idle is not asked for */
    assert_int_equal(0, merge_heard(node, &command, "unknown", 6, 90000).want.len);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_HEARTBEATS)); /* of h, which lives here */
    assert_int_equal(0, age_told(node, "h"));
}

/* ── bounds ── */

static void too_much_at_once_is_refused_whole(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg_merged merged;

    for (uint32_t i = 0; i < merge_records_max + 1; i++) {
        char name[16];
        struct msg put = put_of(node_host_name(i, name), 5, 0);

        msg_list_add(&command.as_merge.records, &store, &put);
    }
    merged = merge(node, &command);
    assert_int_equal(ERR_TOO_LARGE, merged.err);
    assert_true(merged.text.len > 0);
    command = a_merge(node);
    for (uint32_t i = 0; i < merge_heartbeats_max + 1; i++) {
        heartbeat_pack(&store, &(struct heartbeat){{i, i}, 1, 1, 1});
    }
    command.as_merge.heartbeats = buf_str(&store);
    assert_int_equal(ERR_TOO_LARGE, merge(node, &command).err);
    command.as_merge.id = ++node->id;
    command.as_merge.heartbeats.len = heartbeat_bytes + 1;
    assert_int_equal(ERR_INVALID, merge(node, &command).err);
    command.as_merge.id = ++node->id;
    command.as_merge.heartbeats.len = heartbeat_bytes;
    command.as_merge.spread = SPREAD_COUNT;
    assert_int_equal(ERR_INVALID, merge(node, &command).err);
    assert_int_equal(0, node_position(node).seq);
    command.as_merge.id = ++node->id;
    command.as_merge.spread = SPREAD_NOWHERE;
    command.as_merge.heartbeats.len = (size_t)heartbeat_bytes * merge_heartbeats_max;
    merged = merge(node, &command);
    assert_int_equal(ERR_OK, merged.err);
    assert_int_equal(key_bytes * merge_heartbeats_max, merged.want.len);
}

static void what_is_no_state_is_passed_over_and_counted(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    struct msg bad = put_of("bad", 5, 0);
    struct msg ping = {.type = MSG_TYPE_PING};
    struct msg good = put_of("good", 5, 0);
    struct msg_merged merged;

    bad.as_put.status = 9;
    msg_list_add(&command.as_merge.records, &store, &bad);
    msg_list_add(&command.as_merge.records, &store, &ping);
    msg_list_add(&command.as_merge.records, &store, &good);
    merged = merge(node, &command);
    assert_int_equal(ERR_INVALID, merged.err);
    assert_non_null(memmem(merged.text.data, merged.text.len, "hostname bad", 12));
    assert_int_equal(1, merged.seq);
    assert_true(node_live(node, "good"));
    assert_false(node_holds(node, "bad"));
    assert_int_equal(2, node_stat(node, METRIC_REGISTRY_MALFORMED));
}

static void a_turn_ends_after_much_of_it(void **state)
{
    struct node *node = *state;
    struct msg command = a_merge(node);
    unsigned taken = 0;

    for (uint32_t i = 0; i < merge_heartbeats_max; i++) {
        heartbeat_pack(&store, &(struct heartbeat){{i, i}, 1, 1, 1});
    }
    command.as_merge.heartbeats = buf_str(&store);
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
        keys[i] = i % 10 == 9 ? (struct hash128){i, i} : key_of(node_host_name(i, name));
    }
    while (done < 300) {
        found = look_up(node, keys + done, 300 - done, false);
        assert_true(found.done > 0);
        assert_true(found.records.bytes.len < told_bytes_max + one_record_max);
        done += found.done;
        told += found.records.count;
    }
    assert_int_equal(300, done);
    assert_int_equal(270, told);
    command = a_merge(node);
    for (uint32_t i = 0; i < 300; i++) {
        heartbeat_pack(&store, &(struct heartbeat){key_of(node_host_name(i, name)), 1, 1, 1});
    }
    command.as_merge.heartbeats = buf_str(&store);
    merged = merge(node, &command);
    assert_in_range(merged.newer.bytes.len, told_bytes_max, told_bytes_max + one_record_max);
    app.as_app = (struct msg_app){++node->id, STR("dev"), STR("app")};
    app = ask(node, &app, OUTBOX_NOW);
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
    found = ask(node, &command, OUTBOX_NOW).as_found;
    assert_int_equal(199, found.done);
    assert_int_equal(199, found.records.count);
    while (msg_next(&found.records.bytes, &record)) {
        assert_int_equal(MSG_TYPE_PUT, record.type);
        assert_int_equal(3000, record.as_put.age_ms);
    }
    command.as_app = (struct msg_app){++node->id, STR("dev"), STR("other")};
    assert_int_equal(0, ask(node, &command, OUTBOX_NOW).as_found.done);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_state_of_a_peer_is_a_change_like_any),
        TEST(what_was_merged_is_there_after_a_kill),
        TEST(two_nodes_that_told_each_other_all_hold_the_same),
        TEST(a_restored_node_says_that_it_does_not_know_ages),
        TEST(an_unknown_age_is_not_known_after_a_restart),
        TEST(who_has_an_older_state_gets_the_newer_one),
        TEST(a_set_carries_the_age_of_the_last_heartbeat),
        TEST(the_youngest_age_heard_counts),
        TEST(what_waited_while_the_registry_stood_still_is_older_by_that),
        TEST(an_equal_state_brings_its_younger_age),
        TEST(a_peer_s_heartbeat_saves_who_was_idle_here),
        TEST(a_sign_of_an_older_incarnation_is_one_of_the_instance),
        TEST(an_older_cancel_is_no_sign_and_no_sign_makes_a_tombstone_younger),
        TEST(a_sign_of_life_older_than_the_last_one_makes_nobody_younger),
        TEST(heartbeats_count_when_they_are_clients_own),
        TEST(a_heartbeat_counts_once_whoever_brings_it),
        TEST(a_heartbeat_of_another_state_asks_for_it_or_gets_ours),
        TEST(too_much_at_once_is_refused_whole),
        TEST(what_is_no_state_is_passed_over_and_counted),
        TEST(a_turn_ends_after_much_of_it),
        TEST(answers_are_bounded_and_say_how_far_they_go),
        TEST(the_live_instances_of_an_app_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
