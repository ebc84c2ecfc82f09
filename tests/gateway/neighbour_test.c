#include "gateway/discovery/neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/discovery/openness.h"

static char loopback[] = "127.0.0.1:7171";
static char everywhere[] = "0.0.0.0:7171";
static char advertised[] = "node-1.example:7171";
static char own_name[] = "Registry.Example";
static char *names[] = {own_name};

static struct neighbour *made(char *listen)
{
    static struct config config;

    config = (struct config){
        .gateway_listen = listen, .gateway_advertise = advertised, .gateway_hosts = {names, 1}};
    return neighbour_new(&config, "box.lan");
}

static void a_host_with_a_dot_must_be_ours(void **state)
{
    static const struct {
        const char *host;
        bool passes;
    } rows[] = {
        {"", true}, /* HTTP/1.0 */
        {"localhost", true},
        {"localhost:7171", true},
        {"localhost.", true},
        {"app.localhost:7171", true},
        {"LOCALHOST.:7171", true},
        {"anything", true},
        {"127.0.0.1", true},
        {"127.0.0.1:7171", true},
        {"10.0.0.1:80", true},
        {"[::1]:7171", true},
        {"[::ffff:127.0.0.1]:7171", true},
        {"box.lan:7171", true},
        {"Box.Lan.", true},
        {"node-1.example", true},
        {"registry.example:80", true},
        {"evil.example", false},
        {"evil.example:7171", false},
        {"evil.", false},
        {"127.0.0.1.evil.example:7171", false},
        {"localhost.evil.example", false},
        {"notlocalhost.example", false},
        {"xlocalhost.", false},
        {"registry.example.evil", false},
        {".localhos.t", false},
    };
    struct neighbour *inside = made(loopback);
    struct neighbour *outside;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (neighbour_may_ask(inside, str_from(rows[i].host)) != rows[i].passes) {
            fail_msg("%s", rows[i].host);
        }
    }
    neighbour_destroy(&inside);
    outside = made(everywhere); /* it may have any name */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(neighbour_may_ask(outside, str_from(rows[i].host)));
    }
    neighbour_destroy(&outside);
}

static void pages_of_other_sites_write_nothing(void **state)
{
    static const struct {
        const char *host;
        const char *origin;
        const char *site;
        bool passes;
    } rows[] = {
        {"127.0.0.1:7171", "", "", true}, /* no browser */
        {"127.0.0.1:7171", "http://127.0.0.1:7171", "", true},
        {"localhost:7171", "http://LOCALHOST:7171", "same-origin", true},
        {"127.0.0.1:7171", "http://evil.example", "", false},
        {"127.0.0.1:7171", "http://127.0.0.1:3000", "", false},
        {"127.0.0.1:7171", "http://127.0.0.1:3000", "same-site", false},
        {"127.0.0.1:7171", "null", "", false},
        {"127.0.0.1:7171", "file://", "", false},
        {"127.0.0.1:7171", "http://", "", false},
        {"", "http://evil.example", "", false},
        {"127.0.0.1:7171", "", "cross-site", false},
        {"127.0.0.1:7171", "http://127.0.0.1:7171", "cross-site", false},
        {"127.0.0.1:7171", "", "none", true},                        /* typed by a person */
        {"upstream", "https://discovery.corp", "same-origin", true}, /* a proxy gave the Host */
        {"upstream", "https://registry.example:8443", "", true},
        {"upstream", "http://node-1.example:7171", "", true},
        {"upstream", "http://node-1.example:80", "", false},
        {"upstream", "http://registry.example.evil", "", false},
    };
    struct neighbour *inside = made(loopback);
    struct neighbour *outside = made(everywhere);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str host = str_from(rows[i].host);
        struct str origin = str_from(rows[i].origin);
        struct str site = str_from(rows[i].site);

        if (neighbour_may_write(inside, host, origin, site) != rows[i].passes ||
            neighbour_may_write(outside, host, origin, site) != rows[i].passes) {
            fail_msg("%s from %s, %s", rows[i].host, rows[i].origin, rows[i].site);
        }
    }
    neighbour_destroy(&inside);
    neighbour_destroy(&outside);
}

static void what_is_open_is_known(void **state)
{
    struct config config = {.gateway_listen = loopback};

    (void)state;
    for (enum openness at = 0; at < OPEN_COUNT; at++) {
        assert_false(gateway_is_open(&config, at));
    }
    config = (struct config){.gateway_listen = everywhere,
                             .security_trust_client_nodes = true,
                             .security_insecure = true};
    for (enum openness at = 0; at < OPEN_COUNT; at++) {
        assert_true(gateway_is_open(&config, at));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_with_a_dot_must_be_ours),
        cmocka_unit_test(pages_of_other_sites_write_nothing),
        cmocka_unit_test(what_is_open_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
