#include "actors/registry/decide.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <string.h>

#include "common/naming/schedule.h"
#include "tests/registry/node.h"

static const int64_t now0 = 1700000000000000000;

/* ── the rules alone ────────────────────────────────────────────────────────*/

struct world {
    struct registry *registry;
    struct decision decision;
    struct buf weights;
    uint64_t seq;
    int64_t now;
};

static int setup(void **state)
{
    static struct world world;

    world = (struct world){.registry = registry_new(), .now = now0};
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    registry_destroy(&world->registry);
    decision_fini(&world->decision);
    buf_fini(&world->weights);
    return 0;
}

static void add_weight(struct msg_list *list, struct buf *store, const char *client,
                       const char *zone, uint32_t weight)
{
    struct msg msg = {.type = MSG_TYPE_WEIGHT};

    msg.as_weight = (struct msg_weight){str_from(client), str_from(zone), weight};
    msg_list_add(list, store, &msg);
}

/* sh001 is served by itself, and a little by sh002. */
static struct msg_schedule a_schedule(struct world *world, int64_t dirty)
{
    struct msg_schedule command = {
        .env = STR("dev"), .appid = STR("app"), .remark = STR("spread"), .dirty_timestamp = dirty};

    world->weights.len = 0;
    add_weight(&command.weights, &world->weights, "sh001", "sh002", 1);
    add_weight(&command.weights, &world->weights, "sh001", "sh001", 9);
    return command;
}

static uint32_t do_schedule(struct world *world, const struct msg_schedule *command)
{
    decide_schedule(world->registry, command, world->now, &world->decision);
    for (uint32_t i = 0; i < world->decision.count; i++) {
        struct applied applied;

        world->decision.changes[i].seq = ++world->seq;
        registry_apply(world->registry, &world->decision.changes[i], &applied);
    }
    return world->decision.count;
}

static uint32_t do_remove(struct world *world, int64_t dirty)
{
    struct msg_schedule command = a_schedule(world, dirty);

    command.remove = true;
    command.weights = (struct msg_list){0};
    return do_schedule(world, &command);
}

static bool held(struct world *world, struct instance *instance)
{
    struct identity id = {.env = STR("dev"), .appid = STR("app")};
    uint32_t slot = registry_find(world->registry, identity_key(&id));

    if (slot == REGISTRY_NONE) {
        return false;
    }
    registry_instance(world->registry, slot, instance);
    return registry_is_live(world->registry, slot);
}

static void a_schedule_is_kept_sorted_with_its_remark(void **state)
{
    static const char *const want[] = {"sh001", "sh001", "9", "sh001", "sh002", "1"};
    struct world *world = *state;
    struct msg_schedule command = a_schedule(world, 0);
    struct instance it = {0};
    struct str item = {0};

    assert_int_equal(do_schedule(world, &command), 1);
    assert_int_equal(world->decision.changes[0].spread, SPREAD_EVERYWHERE);
    assert_true(held(world, &it));
    assert_true(str_eq(it.version, STR("spread")));
    assert_int_equal(it.dirty_timestamp, now0);
    assert_int_equal(it.addrs.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(strs_next(&it.addrs.bytes, &item));
        assert_true(str_eq(item, str_from(want[i])));
    }
}

static void what_is_held_already_is_no_change(void **state)
{
    struct world *world = *state;
    struct msg_schedule command = a_schedule(world, 0);

    assert_int_equal(do_schedule(world, &command), 1);
    world->now += 1000;
    assert_int_equal(do_schedule(world, &command), 0);
    assert_int_equal(world->decision.err, ERR_OK);
    command.remark = STR("other");
    assert_int_equal(do_schedule(world, &command), 1);
}

static void a_change_without_dirty_wins_even_with_a_clock_behind(void **state)
{
    struct world *world = *state;
    struct msg_schedule command = a_schedule(world, now0 + 5000);
    struct instance it = {0};

    assert_int_equal(do_schedule(world, &command), 1);
    command = a_schedule(world, 0);
    command.remark = STR("new");
    assert_int_equal(do_schedule(world, &command), 1);
    assert_true(held(world, &it));
    assert_int_equal(it.dirty_timestamp, now0 + 5001);
    assert_int_equal(do_remove(world, 0), 1);
    assert_false(held(world, &it));
    assert_int_equal(it.dirty_timestamp, now0 + 5002);
}

static void the_newest_file_wins_in_any_order(void **state)
{
    struct world *world = *state;
    struct instance it = {0};

    for (int order = 0; order < 2; order++) {
        struct msg_schedule older = a_schedule(world, now0 + 10);
        struct msg_schedule newer = older;

        newer.dirty_timestamp = now0 + 20;
        newer.remark = STR("newer");
        (void)do_schedule(world, order == 0 ? &older : &newer);
        (void)do_schedule(world, order == 0 ? &newer : &older);
        assert_true(held(world, &it));
        assert_true(str_eq(it.version, STR("newer")));
        assert_int_equal(it.dirty_timestamp, now0 + 20);
        assert_int_equal(it.reg_timestamp, now0 + 20); /* the same state on every node */
        assert_int_equal(it.up_timestamp, now0 + 20);
        registry_destroy(&world->registry);
        world->registry = registry_new();
    }
}

static void a_file_older_than_its_removal_does_not_come_back(void **state)
{
    struct world *world = *state;
    struct msg_schedule command = a_schedule(world, now0);
    struct instance it = {0};

    assert_int_equal(do_schedule(world, &command), 1);
    assert_int_equal(do_remove(world, now0 - 1), 0); /* of an older one */
    assert_int_equal(do_remove(world, now0), 1);
    assert_int_equal(do_schedule(world, &command), 0);
    command.dirty_timestamp++;
    assert_int_equal(do_schedule(world, &command), 1);
    assert_true(held(world, &it));
}

static void removing_none_says_so(void **state)
{
    struct world *world = *state;

    assert_int_equal(do_remove(world, 0), 0);
    assert_int_equal(world->decision.err, ERR_NOT_FOUND);
}

static void refused(struct world *world, const struct msg_schedule *command, const char *why)
{
    struct buf text = {0};

    assert_int_equal(do_schedule(world, command), 0);
    assert_int_equal(world->decision.err, ERR_INVALID);
    buf_add_str(&text, buf_str(&world->decision.text));
    buf_add_char(&text, '\0');
    assert_non_null(strstr(text.data, why));
    buf_fini(&text);
}

static void refuses_what_is_out_of_bounds_and_says_what(void **state)
{
    struct world *world = *state;
    char name[256];
    struct msg_schedule command = a_schedule(world, 0);

    command.appid = STR("");
    refused(world, &command, "appid");
    command = a_schedule(world, -1);
    refused(world, &command, "timestamps");
    command = a_schedule(world, 0);
    add_weight(&command.weights, &world->weights, "sh001", "sh003", 1000001);
    refused(world, &command, "1000000");
    command = a_schedule(world, 0);
    add_weight(&command.weights, &world->weights, "sh001", "", 1);
    refused(world, &command, "1 to 255");
    command = a_schedule(world, 0);
    add_weight(&command.weights, &world->weights, "sh001", "sh001", 1);
    refused(world, &command, "two weights");
    command = a_schedule(world, 0);
    memset(name, 'x', sizeof(name) - 1);
    name[255] = '\0';
    for (int i = 0; i < 192; i++) {
        (void)snprintf(name, sizeof(name), "%0254d", i);
        add_weight(&command.weights, &world->weights, "sh001", name, 1);
    }
    refused(world, &command, "48 KiB");
    command = a_schedule(world, 0);
    for (int i = 0; i < 1023; i++) {
        (void)snprintf(name, sizeof(name), "z%d", i);
        add_weight(&command.weights, &world->weights, "sh001", name, 1);
    }
    refused(world, &command, "1024");
}

static void a_thousand_weights_fit_into_a_fact(void **state)
{
    struct world *world = *state;
    struct msg_schedule command = a_schedule(world, 0);
    char name[32];

    for (int i = 0; i < 1022; i++) {
        (void)snprintf(name, sizeof(name), "zone-%010d", i);
        add_weight(&command.weights, &world->weights, "zone-0000000001", name, 1000000);
    }
    assert_int_equal(do_schedule(world, &command), 1);
    assert_in_range(world->decision.store.len, 32 * 1024, 48 * 1024);
}

static void only_what_could_have_been_decided_is_sound(void **state)
{
    static const char *const bad[][3] = {
        {"sh001", "sh001", "01"}, {"sh001", "sh001", "-1"}, {"sh001", "", "1"},
        {"", "sh001", "1"},       {"sh001", "sh001", ""},   {"sh001", "sh001", "1000001"},
    };
    struct world *world = *state;
    struct msg_schedule command = a_schedule(world, 0);
    struct buf bytes = {0};
    struct instance it = {0};

    (void)do_schedule(world, &command);
    assert_true(held(world, &it));
    assert_true(schedule_is_sound(&it));
    it.addrs.count--;
    it.addrs.bytes.len -= 2; /* without the last weight */
    assert_false(schedule_is_sound(&it));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bytes.len = 0;
        for (size_t k = 0; k < 3; k++) {
            strs_pack(&bytes, str_from(bad[i][k]));
        }
        it.addrs = (struct strs){3, buf_str(&bytes)};
        assert_false(schedule_is_sound(&it));
    }
    bytes.len = 0;
    for (size_t k = 0; k < 6; k++) { /* the same twice */
        strs_pack(&bytes, k % 3 == 2 ? STR("1") : STR("sh001"));
    }
    it.addrs = (struct strs){6, buf_str(&bytes)};
    assert_false(schedule_is_sound(&it));
    buf_fini(&bytes);
}

/* ── the whole registry ─────────────────────────────────────────────────────*/

static struct msg schedule_of(struct node *node, const char *appid, struct buf *store)
{
    struct msg msg = {.type = MSG_TYPE_SCHEDULE};

    store->len = 0;
    msg.as_schedule = (struct msg_schedule){.id = ++node->id,
                                            .gateway = 1,
                                            .expires = INT64_MAX,
                                            .origin = ORIGIN_SELF,
                                            .env = STR("dev"),
                                            .appid = str_from(appid),
                                            .remark = STR("r")};
    add_weight(&msg.as_schedule.weights, store, "sh001", "sh002", 3);
    return msg;
}

static bool node_schedule(struct node *node, const char *appid)
{
    const struct registry *registry = registry_actor_registry(node->actor);
    uint32_t app = registry_app_find(registry, STR("dev"), str_from(appid));
    struct app_info info;

    if (app == REGISTRY_NONE) {
        return false;
    }
    registry_app(registry, app, &info);
    return info.schedule_slot != REGISTRY_NONE;
}

static void a_schedule_outlives_restarts_snapshots_and_silence(void **state)
{
    struct buf store = {0};
    struct node node;
    struct msg msg;

    (void)state;
    node_init(&node, 7);
    node.snapshot_bytes = 512;
    node_start(&node);
    msg = schedule_of(&node, "app.scheduled", &store);
    assert_int_equal(node_ask(&node, &msg).err, ERR_OK);
    node_register_many(&node, 0, 20); /* far more than a snapshot waits for */
    node_run(&node, 600000);          /* the journal from before it goes */
    assert_true(node_stat(&node, METRIC_REGISTRY_SNAPSHOT) > 0);
    assert_true(node_stat(&node, METRIC_REGISTRY_JOURNAL) < 2000);
    assert_int_equal(node_stat(&node, METRIC_REGISTRY_SCHEDULES), 1);
    node_stop(&node);
    node_start(&node);
    assert_true(node_schedule(&node, "app.scheduled"));
    /* nobody's heartbeat is missed */
    node_run(&node, 2 * node.config.evictor_idle);
    msg = node_evict(&node, node.config.evictor_idle, 1000);
    assert_int_equal(node_ask(&node, &msg).err, ERR_OK);
    node_settle(&node);
    assert_true(node_schedule(&node, "app.scheduled"));
    msg = schedule_of(&node, "app.scheduled", &store);
    msg.as_schedule.remove = true;
    assert_int_equal(node_ask(&node, &msg).err, ERR_OK);
    assert_false(node_schedule(&node, "app.scheduled"));
    node_stop(&node);
    node_fini(&node);
    buf_fini(&store);
}

static void a_change_of_it_moves_its_app_on(void **state)
{
    struct buf store = {0};
    struct node node;
    struct msg msg;
    int64_t before;

    (void)state;
    node_init(&node, 7);
    node_start(&node);
    msg = node_register(&node, "h");
    (void)node_ask(&node, &msg);
    before = node_app_latest(&node);
    msg = schedule_of(&node, "app", &store);
    assert_int_equal(node_ask(&node, &msg).err, ERR_OK);
    assert_true(node_app_latest(&node) > before);
    before = node_app_latest(&node);
    msg = schedule_of(&node, "app", &store); /* the same again */
    assert_int_equal(node_ask(&node, &msg).err, ERR_OK);
    assert_int_equal(node_app_latest(&node), before);
    assert_int_equal(node_stat_of(&node, METRIC_REGISTRY_COMMANDS, "schedule"), 2);
    node_stop(&node);
    node_fini(&node);
    buf_fini(&store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_schedule_is_kept_sorted_with_its_remark),
        TEST(what_is_held_already_is_no_change),
        TEST(a_change_without_dirty_wins_even_with_a_clock_behind),
        TEST(the_newest_file_wins_in_any_order),
        TEST(a_file_older_than_its_removal_does_not_come_back),
        TEST(removing_none_says_so),
        TEST(refuses_what_is_out_of_bounds_and_says_what),
        TEST(a_thousand_weights_fit_into_a_fact),
        TEST(only_what_could_have_been_decided_is_sound),
        cmocka_unit_test(a_schedule_outlives_restarts_snapshots_and_silence),
        cmocka_unit_test(a_change_of_it_moves_its_app_on),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
