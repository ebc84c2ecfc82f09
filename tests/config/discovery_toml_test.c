/* A configuration of the reference, as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/config/draft_rig.h"

static const char discovery[] = "nodes = [\"127.0.0.1:7171\", \"127.0.0.1:7172\"]\n"
                                "enableprotect = true\n"
                                "[env]\n"
                                "region = \"gd\"\n"
                                "zone = \"gd001\"\n"
                                "host = \"test_server\"\n"
                                "DeployEnv = \"uat\"\n"
                                "[zones]\n"
                                "\"sh002\" = [\"h:7171\", \"i:7171\"]\n"
                                "\"sh2.discovery.example\" = \"sh2\"\n"
                                "[httpServer]\n"
                                "addr = \"127.0.0.1:7171\"\n"
                                "timeout = \"40s\"\n"
                                "[httpClient]\n"
                                "dial = \"1s\"\n"
                                "keepAlive = \"120s\"\n"
                                "timeout = \"40s\"\n"
                                "[log]\n"
                                "stdout = true\n"
                                "odd = 1\n";

static void a_discovery_toml_is_mapped_key_by_key(void **state)
{
    struct made made;

    (void)state;
    make(&made, discovery, no_environment);
    text_end(&made.draft.problems);
    assert_string_equal("", made.draft.problems.data);
    assert_string_equal("gd", made.config.node_region);
    assert_string_equal("gd001", made.config.node_zone);
    assert_string_equal("test_server", made.config.node_name);
    assert_string_equal("uat", made.config.node_env);
    assert_string_equal("127.0.0.1:7171", made.config.gateway_listen);
    assert_int_equal(30000, made.config.gateway_poll_wait);
    assert_true(made.config.registry_protect);
    assert_int_equal(1, made.config.peers_nodes.count);
    assert_string_equal("127.0.0.1:7172", made.config.peers_nodes.items[0]);
    assert_int_equal(3, made.config.peers_zones.count);
    assert_string_equal("sh002=h:7171", made.config.peers_zones.items[0]);
    assert_string_equal("sh002=i:7171", made.config.peers_zones.items[1]);
    assert_string_equal("sh2=sh2.discovery.example:80", made.config.peers_zones.items[2]);
    assert_string_equal(".", made.config.registry_schedules);
    made_fini(&made);
}

static void the_mapping_of_a_discovery_toml_can_be_printed(void **state)
{
    static const char *const lines[] = {
        "#   node.toml:1: nodes -> peers.nodes = [\"127.0.0.1:7171\", \"127.0.0.1:7172\"]\n",
        "#   node.toml:2: enableprotect -> registry.protect = true\n",
        "#   node.toml:7: env.DeployEnv -> node.env = \"uat\"\n",
        "#   node.toml:9: zones.sh002 -> peers.zones, item \"sh002=h:7171\"\n",
        "zones.\"sh2.discovery.example\" -> peers.zones, item \"sh2=sh2.discovery.example:80\"\n",
        "#   node.toml:13: httpServer.timeout -> gateway.poll_wait = \"30s\" (30s at most)\n",
        "#   node.toml:15: httpClient.dial: not needed: ",
        "#   node.toml:19: log.stdout: not needed: ",
        "#   node.toml:20: log.odd: not needed: no counterpart in muster\n",
        "#   node.toml: its folder -> registry.schedules = \".\" (each *.json in it)\n",
        "listen = \"127.0.0.1:7171\"  # node.toml:12\n",
    };
    struct buf page = {0};
    struct made made;

    (void)state;
    make(&made, discovery, no_environment);
    made.config.dir = strdup("/x");
    config_report(&page, "test", &made.draft);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_has(&page, lines[i]);
    }
    buf_fini(&page);
    made_fini(&made);
}

static void a_discovery_toml_names_its_zone_in_one_of_several_places(void **state)
{
    static char region[] = "REGION=sh";
    static char zone[] = "ZONE=sh9";
    static char deploy_env[] = "DEPLOY_ENV=uat";
    static char other[] = "ZONED=x";
    static char ours[] = "MUSTER_NODE_ZONE=sh8";
    static char no_region[] = "REGION=";
    static char no_env[] = "DEPLOY_ENV=";
    static char *all[] = {region, zone, deploy_env, other, NULL};
    static char *over[] = {ours, zone, no_region, no_env, NULL};
    static const struct {
        const char *file;
        char *const *environment;
        const char *zone;
        const char *env;
    } rows[] = {
        {"[httpServer]\n", no_environment, "sh001", "dev"},
        {"zone = \"sh1\"\n[httpServer]\n", no_environment, "sh1", "dev"},
        {"Zone = \"sh1\"\n[httpServer]\n", all, "sh1", "uat"},
        {"zone = \"sh1\"\n[env]\nzone = \"sh2\"\n[httpServer]\n", all, "sh2", "uat"},
        {"env.zone = \"sh2\"\nzone = \"sh1\"\n[httpServer]\n", all, "sh2", "uat"},
        {"zone = \"\"\n[env]\nzone = \"\"\nDeployEnv = \"\"\n[httpServer]\n", all, "sh9", "uat"},
        {"[env]\nDeployEnv = \"pre\"\n[httpServer]\n", all, "sh9", "pre"},
        {"[httpServer]\n", over, "sh8", "dev"},
        {"[node]\nregion = \"r\"\n", all, "sh001", "dev"}, /* our own form: they mean nothing */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct made made;

        make(&made, rows[i].file, rows[i].environment);
        text_end(&made.draft.problems);
        assert_string_equal("", made.draft.problems.data);
        assert_string_equal(rows[i].zone, made.config.node_zone);
        assert_string_equal(rows[i].env, made.config.node_env);
        made_fini(&made);
    }
}

static void a_variable_of_the_reference_is_named_when_it_is_wrong_and_when_it_counts(void **state)
{
    char zone[400] = "ZONE=";
    char *bad[] = {zone, NULL};
    char right[] = "ZONE=sh9";
    char *good[] = {right, NULL};
    struct made made;

    (void)state;
    memset(zone + 5, 'z', 300);
    make(&made, "[httpServer]\n", bad);
    assert_has(&made.draft.problems, "ZONE: node.zone = ");
    made_fini(&made);
    make(&made, "[httpServer]\n", good);
    assert_has(&made.draft.mapping, "ZONE in the environment -> node.zone = \"sh9\"\n");
    made_fini(&made);
}

static void a_bad_value_in_a_discovery_toml_is_refused(void **state)
{
    (void)state;
    refused("nodes = \"a:1\"\n[httpServer]\n", "node.toml:1: nodes", "expected a list of texts",
            "");
    refused("[httpServer]\naddr = \"0.0.0.0:7171\"\n", "node.toml:2: gateway.listen",
            "gateway.advertise", "");
    refused("[httpServer]\ntimeout = 40\n", "node.toml:2: httpServer.timeout", "a text in quotes",
            "");
}

/* What --check-config prints is itself a file with the same values. */
static void the_report_can_be_read_back(void **state)
{
    struct buf page = {0};
    struct made made;
    struct made again;
    struct buf first = {0};
    struct buf second = {0};

    (void)state;
    make(&made, discovery, no_environment);
    made.config.dir = strdup("/x");
    config_report(&page, "test", &made.draft);
    text_end(&page);
    make(&again, page.data, no_environment);
    assert_int_equal(0, again.draft.problem_count);
    for (size_t i = 0; i < config_key_count; i++) {
        config_key_print(&config_keys[i], &made.config, &first);
        config_key_print(&config_keys[i], &again.config, &second);
    }
    assert_true(str_eq(buf_str(&first), buf_str(&second)));
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&page);
    made_fini(&made);
    made_fini(&again);
}

/* White space folded, so that wrapped help can be looked for. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_discovery_toml_is_mapped_key_by_key),
        cmocka_unit_test(the_mapping_of_a_discovery_toml_can_be_printed),
        cmocka_unit_test(a_discovery_toml_names_its_zone_in_one_of_several_places),
        cmocka_unit_test(a_variable_of_the_reference_is_named_when_it_is_wrong_and_when_it_counts),
        cmocka_unit_test(a_bad_value_in_a_discovery_toml_is_refused),
        cmocka_unit_test(the_report_can_be_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
