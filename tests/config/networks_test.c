#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/config/networks.h"

static bool allows(const struct networks *self, const char *address)
{
    uint8_t bytes[16];

    assert_true(networks_number(str_from(address), bytes));
    return networks_allow(self, bytes);
}

static struct networks made_of(char *listen, char **items, uint32_t count)
{
    struct config config = {
        .gateway_listen = listen, .gateway_advertise = listen, .peers_networks = {items, count}};
    struct networks self;

    networks_init(&self, &config);
    return self;
}

static void by_default_all_but_what_no_node_stands_at(void **state)
{
    static char far[] = "10.0.0.1:7171";
    static char near[] = "127.0.0.1:7171";
    struct networks self = made_of(far, NULL, 0);

    (void)state;
    assert_true(allows(&self, "10.0.0.9") && allows(&self, "8.8.8.8") && allows(&self, "fd00::1"));
    assert_false(allows(&self, "169.254.169.254") || allows(&self, "fe80::1"));
    assert_false(allows(&self, "224.0.0.1") || allows(&self, "ff02::1"));
    assert_false(allows(&self, "0.0.0.0") || allows(&self, "255.255.255.255"));
    assert_false(allows(&self, "::"));
    assert_false(allows(&self, "127.0.0.1") || allows(&self, "127.9.9.9") || allows(&self, "::1"));
    assert_false(allows(&self, "::ffff:127.0.0.1") || allows(&self, "::ffff:169.254.0.1"));
    self = made_of(near, NULL, 0);
    assert_true(allows(&self, "127.0.0.1") && allows(&self, "::1") && allows(&self, "10.0.0.9"));
}

static void those_that_are_named_and_no_others(void **state)
{
    static char listen[] = "127.0.0.1:7171", net[] = "10.1.0.0/15", host[] = "192.168.7.7",
                six[] = "fd00:1::/33";
    char *items[] = {net, host, six};
    struct networks self = made_of(listen, items, 3);

    (void)state;
    assert_true(allows(&self, "10.0.0.1") && allows(&self, "10.1.255.255"));
    assert_false(allows(&self, "10.2.0.0") || allows(&self, "127.0.0.1"));
    assert_true(allows(&self, "192.168.7.7") && !allows(&self, "192.168.7.8"));
    assert_true(allows(&self, "fd00:1:7fff::1") && !allows(&self, "fd00:1:8000::1"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "",           "/8",     "10.0.0.0/",   "10.0.0.0/33",  "10.0.0/8",
        "fd00::/129", "name/8", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0 /8"};
    struct networks_range network;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(networks_parse(str_from(bad[i]), &network), ERR_MALFORMED);
    }
}

static void a_target_is_a_host_and_a_port(void **state)
{
    static const char *const good[] = {"10.0.0.1:7171", "[fd00::1]:7171", "a-b.c_d.example:1"};
    static const char *const bad[] = {"10.0.0.1",    "10.0.0.1:0",  ":7171",     "*:7171",
                                      "a/b:7171",    "a?b:7171",    "a b:7171",  "a%0a:7171",
                                      "a:7171/x",    "u@h:7171",    "a:77777",   "[::1:7171",
                                      "[g::1]:7171", "[a.b]:7171x", "a\r\nb:80", "0.0.0.0:7171"};
    struct str host;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(networks_target(str_from(good[i]), &host));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(networks_target(str_from(bad[i]), &host));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_default_all_but_what_no_node_stands_at),
        cmocka_unit_test(those_that_are_named_and_no_others),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(a_target_is_a_host_and_a_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
