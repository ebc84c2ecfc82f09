/* Init-protect: whether a start is protected, and what ends it. */
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static int setup(void **state)
{
    static struct node node;

    node_init(&node, 51);
    node_start(&node);
    *state = &node;
    return 0;
}

static int teardown(void **state)
{
    node_fini(*state);
    return 0;
}

static char peer_address[] = "10.0.0.2:7171";
static char *peers[] = {peer_address};

static void protect(struct node *node, bool configured, uint32_t peer_count)
{
    node_stop(node);
    node->config.registry_protect = configured;
    node->config.peers_nodes.items = peers;
    node->config.peers_nodes.count = peer_count;
}

static void start_empty(struct node *node)
{
    disk_sim_destroy(&node->sim);
    node->sim = disk_sim_new(9);
    node_start(node);
}

static void protects_itself_only_if_told_to_and_empty_and_with_peers(void **state)
{
    struct node *node = *state;

    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
    protect(node, true, 0);
    start_empty(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
    protect(node, false, 1);
    start_empty(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
    protect(node, true, 1);
    start_empty(node);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
}

static void a_registry_that_restored_instances_is_never_protected(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 1);
    protect(node, true, 1);
    node_start(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
}

static void a_start_that_restored_nobody_protects_like_the_first(void **state)
{
    struct node *node = *state;

    protect(node, true, 1);
    start_empty(node);
    node_run(node, 2000);
    node_kill(node);
    node_start(node);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
}

/* The one PROTECT fact of the last turn. */
static struct msg_protect protect_fact(struct node *node)
{
    struct msg fact = {0};
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    assert_true(node_fact(node, &cursor, MSG_TYPE_PROTECT, &fact, &topic, &bytes));
    assert_true(str_eq(STR("registry.protect"), topic));
    return fact.as_protect;
}

static void being_in_sync_lifts_the_protection(void **state)
{
    struct node *node = *state;
    struct msg synced = {.type = MSG_TYPE_SYNCED};

    protect(node, true, 1);
    start_empty(node);
    synced.as_synced.id = ++node->id;
    assert_int_equal(ERR_OK, node_ask(node, &synced).err);
    assert_false(protect_fact(node).on);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
    synced.as_synced.id = ++node->id;
    assert_int_equal(ERR_OK, node_ask(node, &synced).err);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_PROTECT)); /* it says so once */
}

static void time_lifts_the_protection(void **state)
{
    struct node *node = *state;

    protect(node, true, 1);
    start_empty(node);
    node_run(node, 59000);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
    node_run(node, 1000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
    assert_false(protect_fact(node).on);
    assert_true(protect_fact(node).reason.len > 0);
}

static void writes_are_taken_while_protected(void **state)
{
    struct node *node = *state;
    struct msg write;

    protect(node, true, 1);
    start_empty(node);
    write = node_register(node, "a");
    assert_int_equal(ERR_OK, node_ask(node, &write).err);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_INIT_PROTECT));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(protects_itself_only_if_told_to_and_empty_and_with_peers),
        TEST(a_registry_that_restored_instances_is_never_protected),
        TEST(a_start_that_restored_nobody_protects_like_the_first),
        TEST(being_in_sync_lifts_the_protection),
        TEST(time_lifts_the_protection),
        TEST(writes_are_taken_while_protected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
