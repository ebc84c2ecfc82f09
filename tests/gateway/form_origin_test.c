#include "gateway/discovery/form_origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static struct form_origin *made(char *node, char *zone, bool everybody)
{
    struct config config = {.peers_nodes = {&node, node != NULL ? 1 : 0},
                            .peers_zones = {&zone, zone != NULL ? 1 : 0},
                            .security_trust_client_nodes = everybody};

    return form_origin_new(&config);
}

static bool believes(const struct form_origin *form_origin, const char *address)
{
    return form_origin_believes(form_origin,
                                &(struct form_origin_source){.address = str_from(address)});
}

static void found(struct form_origin *form_origin, const char *name, const char *address,
                  int64_t now_ms)
{
    struct buf store = {0};
    struct strs addresses = {0};

    if (address != NULL) {
        strs_pack(&store, str_from(address));
        addresses = (struct strs){1, buf_str(&store)};
    }
    form_origin_found(form_origin, str_from(name), &addresses, now_ms);
    buf_fini(&store);
}

static void assert_wanted(struct form_origin *form_origin, int64_t now_ms, const char *name)
{
    struct str wanted = {0};

    assert_true(form_origin_wanted(form_origin, now_ms, &wanted));
    assert_true(str_eq(str_from(name), wanted));
    assert_false(form_origin_wanted(form_origin, now_ms, &wanted)); /* it is asked for once */
}

static void assert_unwanted(struct form_origin *form_origin, int64_t now_ms)
{
    struct str wanted;

    assert_false(form_origin_wanted(form_origin, now_ms, &wanted));
}

static void nodes_are_known_by_address_and_this_one_is_none(void **state)
{
    char node[] = "10.1.1.1:7171";
    char zone[] = "sh002=[::ffff:10.2.2.2]:7171";
    struct form_origin *form_origin = made(node, zone, false);
    const struct replica_node nodes[] = {
        {.addr = STR("127.0.0.1:7171"), .zone = STR("z"), .self = true},
        {.addr = STR("10.3.3.3:7171"), .zone = STR("z")},
        {.addr = STR("[0:0::2]:7171"), .zone = STR("z")},
        {.addr = STR("no address"), .zone = STR("z")},
    };

    (void)state;
    assert_true(form_origin_is_settled(form_origin)); /* numbers stand for themselves */
    assert_unwanted(form_origin, 0);
    form_origin_follow(form_origin, nodes, 4);
    assert_true(believes(form_origin, "10.1.1.1"));
    assert_true(believes(form_origin, "10.2.2.2"));
    assert_true(believes(form_origin, "10.3.3.3"));
    assert_true(believes(form_origin, "::2"));
    assert_false(believes(form_origin, "127.0.0.1"));
    assert_false(believes(form_origin, "10.1.1.10"));
    assert_false(believes(form_origin, ""));
    form_origin_follow(form_origin, nodes, 1);
    assert_false(believes(form_origin, "10.3.3.3")); /* it has gone */
    assert_true(believes(form_origin, "10.1.1.1"));  /* it is configured */
    form_origin_destroy(&form_origin);
}

static void a_name_is_looked_up_again_and_may_move(void **state)
{
    char node[] = "node-b:7171";
    struct form_origin *form_origin = made(node, NULL, false);

    (void)state;
    assert_false(form_origin_is_settled(form_origin));
    assert_wanted(form_origin, 5000, "node-b");
    assert_unwanted(form_origin, 100000); /* for as long as it takes */
    found(form_origin, "node-b", "10.0.0.2", 5000);
    assert_true(form_origin_is_settled(form_origin));
    assert_true(believes(form_origin, "10.0.0.2"));
    assert_unwanted(form_origin, 34999);
    assert_wanted(form_origin, 35000, "node-b");
    assert_true(believes(form_origin, "10.0.0.2")); /* meanwhile */
    found(form_origin, "node-b", "10.0.0.7", 35000);
    assert_false(believes(form_origin, "10.0.0.2"));
    assert_true(believes(form_origin, "10.0.0.7"));
    form_origin_destroy(&form_origin);
}

static void a_name_that_is_not_found_is_tried_sooner_and_less_and_less(void **state)
{
    static const int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    char zone[] = "sh002=node-c:7171";
    struct form_origin *form_origin = made(NULL, zone, false);
    int64_t now_ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        assert_wanted(form_origin, now_ms, "node-c");
        found(form_origin, "node-c", NULL, now_ms);
        assert_true(form_origin_is_settled(form_origin)); /* in vain, but it is known to be */
        assert_unwanted(form_origin, now_ms + pauses[i] - 1);
        now_ms += pauses[i];
    }
    assert_wanted(form_origin, now_ms, "node-c");
    found(form_origin, "node-c", "10.0.0.3", now_ms);
    assert_wanted(form_origin, now_ms + 30000, "node-c");
    found(form_origin, "node-c", NULL, now_ms + 30000);
    assert_true(believes(form_origin, "10.0.0.3")); /* a resolver that fails moves nobody */
    assert_wanted(form_origin, now_ms + 31000, "node-c");
    form_origin_destroy(&form_origin);
}

static void a_doubted_form_has_the_names_looked_up_soon(void **state)
{
    const struct form_origin_source source = {.address = STR("10.0.0.9")};
    const struct form_origin_source proxied = {.address = STR("10.0.0.9"), .forwarded = true};
    char node[] = "node-b:7171";
    struct form_origin *form_origin = made(node, NULL, false);

    (void)state;
    assert_wanted(form_origin, 0, "node-b");
    found(form_origin, "node-b", "10.0.0.2", 0);
    (void)form_origin_doubt(form_origin, &proxied, 10000); /* says nothing about names */
    assert_unwanted(form_origin, 10000);
    (void)form_origin_doubt(form_origin, &source, 10000);
    assert_wanted(form_origin, 10000, "node-b");
    found(form_origin, "node-b", "10.0.0.9", 10000);
    assert_true(believes(form_origin, "10.0.0.9"));
    (void)form_origin_doubt(form_origin, &source, 10500); /* anybody may cause it: not too often */
    assert_unwanted(form_origin, 11999);
    assert_wanted(form_origin, 12000, "node-b");
    form_origin_destroy(&form_origin);
}

static void a_followed_node_may_have_a_name_too(void **state)
{
    struct replica_node node = {.addr = STR("node-d.example:7171"), .zone = STR("z")};
    struct form_origin *form_origin = made(NULL, NULL, false);

    (void)state;
    form_origin_follow(form_origin, &node, 1);
    form_origin_follow(form_origin, &node, 1);
    assert_wanted(form_origin, 0, "node-d.example");
    form_origin_follow(form_origin, NULL, 0);
    found(form_origin, "node-d.example", "10.0.0.4", 0); /* too late */
    assert_false(believes(form_origin, "10.0.0.4"));
    form_origin_follow(form_origin, &node, 1);
    assert_wanted(form_origin, 0, "node-d.example");
    found(form_origin, "node-d.example", "10.0.0.4", 0);
    assert_true(believes(form_origin, "10.0.0.4"));
    form_origin_destroy(&form_origin);
}

static void a_proxy_hides_who_it_is_unless_everybody_is_trusted(void **state)
{
    const struct form_origin_source source = {.address = STR("10.1.1.1"), .forwarded = true};
    const struct form_origin_source unknown = {.address = STR("10.9.9.9")};
    char node[] = "10.1.1.1:7171";
    struct form_origin *form_origin = made(node, NULL, false);

    (void)state;
    assert_false(form_origin_believes(form_origin, &source));
    form_origin_destroy(&form_origin);
    form_origin = made(node, NULL, true);
    assert_true(form_origin_believes(form_origin, &source));
    assert_true(form_origin_believes(form_origin, &unknown));
    form_origin_destroy(&form_origin);
}

static void each_address_is_said_once_and_not_without_end(void **state)
{
    struct form_origin *form_origin = made(NULL, NULL, false);
    char address[32];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < trust_said_max + 2; i++) {
            enum trust_say expected = round > 0 || i > trust_said_max ? TRUST_SAY_NOTHING
                                      : i == trust_said_max           ? TRUST_SAY_LAST
                                                                      : TRUST_SAY_ADDRESS;
            struct form_origin_source source = {0};

            (void)snprintf(address, sizeof(address), "10.0.%d.%d", i / 256, i % 256);
            source.address = str_from(address);
            assert_int_equal(expected, form_origin_doubt(form_origin, &source, 0));
        }
    }
    assert_int_equal(2 * (trust_said_max + 2), form_origin_doubts_total(form_origin));
    form_origin_destroy(&form_origin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_known_by_address_and_this_one_is_none),
        cmocka_unit_test(a_name_is_looked_up_again_and_may_move),
        cmocka_unit_test(a_name_that_is_not_found_is_tried_sooner_and_less_and_less),
        cmocka_unit_test(a_doubted_form_has_the_names_looked_up_soon),
        cmocka_unit_test(a_followed_node_may_have_a_name_too),
        cmocka_unit_test(a_proxy_hides_who_it_is_unless_everybody_is_trusted),
        cmocka_unit_test(each_address_is_said_once_and_not_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
