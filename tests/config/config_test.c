/* The configuration against its table: values, their rank, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/config/draft_rig.h"

static void without_anything_every_key_has_its_default(void **state)
{
    struct made made;

    (void)state;
    make(&made, NULL, no_environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_string_equal("127.0.0.1:7171", made.config.gateway_listen);
    assert_int_equal(30000, made.config.gateway_poll_wait);
    assert_int_equal(8192, made.config.gateway_pool);
    assert_int_equal(1, made.config.gateway_processes);
    assert_true(made.config.evictor_share > 0.849 && made.config.evictor_share < 0.851);
    assert_false(made.config.registry_protect);
    assert_int_equal(0, made.config.peers_nodes.count);
    made_fini(&made);
}

static void name_and_advertised_address_follow_from_listen(void **state)
{
    struct made made;

    (void)state;
    make(&made, "[gateway]\nlisten = \"10.0.0.5:9000\"\n", no_environment);
    assert_string_equal("box-9000", made.config.node_name);
    assert_string_equal("10.0.0.5:9000", made.config.gateway_advertise);
    made_fini(&made);
}

static void every_kind_of_value_is_read_from_a_file(void **state)
{
    struct made made;

    (void)state;
    make(&made,
         "[gateway]\nprocesses = 4\npool = \"32KiB\"\npoll_wait = \"1m30s\"\n"
         "[evictor]\nshare = 1\n[registry]\nprotect = true\njournal_sync = \"1s\"\n"
         "[peers]\nnodes = [\"a:1\", \"b:2\"]\nzones = [\"sh002=c:3\"]\n",
         no_environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_int_equal(4, made.config.gateway_processes);
    assert_int_equal(32768, made.config.gateway_pool);
    assert_int_equal(90000, made.config.gateway_poll_wait);
    assert_true(made.config.evictor_share > 0.999);
    assert_true(made.config.registry_protect);
    assert_string_equal("1s", made.config.registry_journal_sync);
    assert_int_equal(2, made.config.peers_nodes.count);
    assert_string_equal("b:2", made.config.peers_nodes.items[1]);
    assert_string_equal("sh002=c:3", made.config.peers_zones.items[0]);
    made_fini(&made);
}

static void zero_needs_no_unit(void **state)
{
    char *environment[] = {"MUSTER_LAUNCHER_PING_TIMEOUT=0", NULL};
    struct made made;

    (void)state;
    make(&made, "[launcher]\nping_timeout = 0\n", no_environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_int_equal(0, made.config.launcher_ping_timeout);
    made_fini(&made);
    make(&made, "", environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_int_equal(0, made.config.launcher_ping_timeout);
    made_fini(&made);
    make(&made, "[launcher]\nping_timeout = 5\n", no_environment);
    assert_int_equal(1, made.draft.problem_count);
    made_fini(&made);
}

static void the_environment_overrides_the_file(void **state)
{
    char *environment[] = {"MUSTER_GATEWAY_POLL_WAIT=7s", "MUSTER_PEERS_NODES=a:1, b:2 ,,c:3",
                           "PATH=/bin", NULL};
    struct made made;

    (void)state;
    make(&made, "[gateway]\npoll_wait = \"9s\"\nwrite_deadline = \"8s\"\n", environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_int_equal(7000, made.config.gateway_poll_wait);
    assert_int_equal(8000, made.config.gateway_write_deadline);
    assert_int_equal(3, made.config.peers_nodes.count);
    assert_string_equal("b:2", made.config.peers_nodes.items[1]);
    assert_int_equal(0, made.draft.warnings.len);
    made_fini(&made);
}

static void a_bad_variable_is_named(void **state)
{
    char *environment[] = {"MUSTER_GATEWAY_POLL_WAIT=30", NULL};
    struct made made;

    (void)state;
    make(&made, NULL, environment);
    assert_has(&made.draft.problems,
               "MUSTER_GATEWAY_POLL_WAIT: gateway.poll_wait = \"30\": expected a duration with its "
               "unit (ms, s, m, h), 100ms to 5m; the default is \"30s\"\n");
    made_fini(&made);
}

static void an_unknown_variable_of_ours_is_a_warning(void **state)
{
    char *environment[] = {"MUSTER_GATEWAY_LISTN=a:1", "MUSTER_DIR=/x", "MUSTER_URL=u", NULL};
    struct made made;

    (void)state;
    make(&made, NULL, environment);
    assert_int_equal(0, made.draft.problem_count);
    text_end(&made.draft.warnings);
    assert_string_equal("MUSTER_GATEWAY_LISTN is no variable of muster and is not used; did you "
                        "mean MUSTER_GATEWAY_LISTEN?\n",
                        made.draft.warnings.data);
    made_fini(&made);
}

static void a_bad_value_is_refused_with_file_line_key_and_remedy(void **state)
{
    (void)state;
    refused("[gateway]\n\npoll_wait = 30\n", "node.toml:3:", "gateway.poll_wait = 30",
            "write poll_wait = \"30s\"");
    refused("[gateway]\npoll_wait = \"30\"\n", "node.toml:2:", "gateway.poll_wait = \"30\"",
            "expected a duration with its unit (ms, s, m, h), 100ms to 5m");
    refused("[gateway]\nprocesses = \"4\"\n", "node.toml:2:", "this is a text",
            "expected a whole number without quotes");
    refused("[peers]\nnodes = \"a:1\"\n", "node.toml:2:", "peers.nodes", "such as [\"a\", \"b\"]");
    refused("[peers]\nnodes = [\"a:1\", 2]\n", "node.toml:2:", "peers.nodes", "a list of texts");
    refused("[registry]\njournal_sync = \"sometimes\"\n",
            "node.toml:2:", "registry.journal_sync = \"sometimes\"",
            "expected one of: always, 1s, never");
    refused("[registry]\nprotect = 1\n", "node.toml:2:", "registry.protect",
            "true or false without quotes");
    refused("[node]\nzone = \"\"\n", "node.toml:2:", "node.zone", "expected 1 to 255 characters");
    refused("[log]\nlevel = \"warning\"\n", "node.toml:2:", "log.level",
            "one of: error, warn, info, debug");
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    refused("[gateway]\nprocesses = 65\n", "node.toml:2:", "gateway.processes = 65", "1 to 64");
    refused("[gateway]\nprocesses = 0\n", "node.toml:2:", "gateway.processes = 0", "1 to 64");
    refused("[gateway]\npool = \"2MiB\"\n", "node.toml:2:", "gateway.pool", "4KiB to 1MiB");
    refused("[gateway]\npoll_wait = \"301s\"\n", "node.toml:2:", "gateway.poll_wait",
            "100ms to 5m");
    refused("[gateway]\npoll_wait = \"99999999999999999h\"\n", "node.toml:2:", "gateway.poll_wait",
            "100ms to 5m");
    refused("[evictor]\nshare = 1.01\n", "node.toml:2:", "evictor.share = 1.01", "0 to 1");
    refused("[evictor]\nshare = nan\n", "node.toml:2:", "evictor.share", "0 to 1");
}

static void an_unknown_key_is_refused_with_the_nearest_one(void **state)
{
    (void)state;
    refused("[gateway]\nlistne = \"a:1\"\n", "node.toml:2: unknown key gateway.listne",
            "did you mean gateway.listen", "section [gateway], key listen");
    refused("poll_wait = \"3s\"\n", "node.toml:1: unknown key poll_wait",
            "did you mean gateway.poll_wait", "section [gateway]");
    refused("[gateway]\npoll-wait = \"3s\"\n", "node.toml:2: unknown key gateway.poll-wait",
            "did you mean gateway.poll_wait", "");
    refused("[gateway]\nxyzzyplugh = 1\n", "node.toml:2: unknown key gateway.xyzzyplugh",
            "--help lists all keys", "");
    refused("[gatway]\nlisten = \"a:1\"\n", "unknown section [gatway]",
            "node.toml:2: unknown key gatway.listen", "did you mean gateway.listen");
    refused("[gateway.listen]\nport = 1\n", "node.toml:1: gateway.listen: expected a text", "", "");
}

static void what_is_not_toml_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("[gateway]\nlisten = \n", "node.toml:2:", "not TOML", "");
    refused("[gateway]\nlisten = \"a\"\nlisten = \"b\"\n", "node.toml:3:", "not TOML", "");
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    struct made made;

    (void)state;
    make(&made, "[gateway]\nprocesses = 0\npool = 1\nlitsen = 2\n", no_environment);
    assert_int_equal(3, made.draft.problem_count);
    made_fini(&made);
}

static void a_wildcard_needs_an_advertised_address(void **state)
{
    static const char *const wildcards[] = {"0.0.0.0:7171", "[::]:7171", ":7171", "*:7171"};
    struct made made;
    char file[128];

    (void)state;
    for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++) {
        (void)snprintf(file, sizeof(file), "[gateway]\nlisten = \"%s\"\n", wildcards[i]);
        refused(file, "node.toml:2: gateway.listen", wildcards[i],
                "--gateway.advertise=10.0.0.5:7171");
    }
    make(&made, "[gateway]\nlisten = \"0.0.0.0:7171\"\nadvertise = \"10.0.0.9:7171\"\n",
         no_environment);
    assert_int_equal(0, made.draft.problem_count);
    made_fini(&made);
}

static void addresses_are_checked(void **state)
{
    (void)state;
    refused("[gateway]\nlisten = \"localhost\"\n", "node.toml:2:", "gateway.listen",
            "expected host:port");
    refused("[gateway]\nlisten = \"a:65536\"\n", "node.toml:2:", "gateway.listen",
            "expected host:port");
    refused("[gateway]\nlisten = \"::1:7171\"\n", "node.toml:2:", "gateway.listen",
            "such as 10.0.0.5:7171 or [::1]:7171");
    refused("[gateway]\nadvertise = \"0.0.0.0:1\"\n", "node.toml:2:", "gateway.advertise",
            "a wildcard is no address");
    refused("[peers]\nnodes = [\"http://a:1\"]\n", "node.toml:2:", "peers.nodes",
            "expected host:port of one host");
    refused("[peers]\nzones = [\"sh002\"]\n", "node.toml:2:", "peers.zones",
            "expected zone=host:port");
}

static void expect_door(const char *file, const char *door)
{
    struct made made;

    make(&made, file, no_environment);
    text_end(&made.draft.problems);
    assert_string_equal("", made.draft.problems.data);
    assert_string_equal(door, made.config.peers_listen);
    made_fini(&made);
}

static void the_door_for_peers_follows_from_the_gateway_where_it_is_safe(void **state)
{
    (void)state;
    expect_door("", ""); /* nodes of one user need none */
    expect_door("[security]\ninsecure = true\n", "127.0.0.1:8171");
    expect_door("[gateway]\nlisten = \"[::1]:9000\"\n[peers]\nkeys = \"k\"\n", "[::1]:10000");
    expect_door("[gateway]\nlisten = \"localhost:64535\"\n[peers]\nkeys = \"k\"\n",
                "localhost:65535");
    expect_door("[gateway]\nlisten = \"localhost:64536\"\n[peers]\nkeys = \"k\"\n", "");
    expect_door("[gateway]\nlisten = \"localhost:0\"\n[peers]\nkeys = \"k\"\n", "");
    expect_door("[gateway]\nlisten = \"10.0.0.5:9000\"\n", "");
    expect_door("[gateway]\nlisten = \"10.0.0.5:9000\"\n[peers]\nkeys = \"k\"\n", "10.0.0.5:10000");
    expect_door("[gateway]\nlisten = \"10.0.0.5:9000\"\n[security]\ninsecure = true\n",
                "10.0.0.5:10000");
    expect_door("[peers]\nlisten = \"127.0.0.9:1\"\nkeys = \"k\"\n", "127.0.0.9:1");
}

static void whatever_listens_by_tcp_needs_keys_or_a_word(void **state)
{
    static const char *const keys[] = {
        "peers.listen",      "endpoints.registry", "endpoints.replicator", "endpoints.evictor",
        "endpoints.gateway", "endpoints.store",    "endpoints.etcd"};
    char file[256];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *dot = strchr(keys[i], '.');
        struct made made;

        (void)snprintf(file, sizeof(file), "[%.*s]\n%s = \"10.0.0.5:9000\"\n", (int)(dot - keys[i]),
                       keys[i], dot + 1);
        refused(file, "node.toml:2:", keys[i], "musterctl keygen");
        (void)snprintf(file, sizeof(file), "[%.*s]\n%s = \"127.example.com:9000\"\n",
                       (int)(dot - keys[i]), keys[i], dot + 1);
        refused(file, "node.toml:2:", keys[i], "musterctl keygen");
        (void)snprintf(file, sizeof(file), "[%.*s]\n%s = \"127.0.0.5:9000\"\n",
                       (int)(dot - keys[i]), keys[i], dot + 1);
        refused(file, "node.toml:2:", keys[i], "every user of this host");
        (void)snprintf(file, sizeof(file),
                       "[%.*s]\n%s = \"10.0.0.5:9000\"\n[security]\ninsecure = true\n",
                       (int)(dot - keys[i]), keys[i], dot + 1);
        make(&made, file, no_environment);
        assert_int_equal(0, made.draft.problem_count);
        made_fini(&made);
    }
}

static void endpoints_are_checked(void **state)
{
    struct made made;

    (void)state;
    refused("[endpoints]\nregistry = \"7371\"\n", "node.toml:2:", "endpoints.registry",
            "expected host:port");
    refused("[endpoints]\nregistry = \"127.0.0.1:0\"\n", "node.toml:2:", "endpoints.registry",
            "expected host:port of one host");
    refused("[endpoints]\nregistry = \"127.0.0.1:65535\"\n", "node.toml:2:", "endpoints.registry",
            "choose a lower one");
    refused("[endpoints]\nregistry = \"a:1\"\nevictor = \"a:2\"\n[peers]\nkeys = \"k\"\n",
            "node.toml:3:", "endpoints.evictor", "choose another");
    make(&made,
         "[endpoints]\nregistry = \"a:1\"\nevictor = \"a:3\"\ngateway = \"b:1\"\n"
         "[peers]\nkeys = \"k\"\n",
         no_environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_string_equal("a:3", made.config.endpoints_evictor);
    made_fini(&made);
}

static void the_store_has_a_directory_of_its_own_and_time_for_elections(void **state)
{
    struct made made;

    (void)state;
    refused("[store]\ndata = \"store\"\n", "node.toml:2:", "store.data",
            "expected an absolute path");
    refused("[store]\nheartbeat = \"201ms\"\n", "node.toml:2: store.heartbeat = \"201ms\"",
            "must be at most a fifth of store.election = \"1s\" (the default)", "lower one");
    make(&made, "[store]\ndata = \"/srv/store\"\nheartbeat = \"200ms\"\n", no_environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_string_equal("/srv/store", made.config.store_data);
    made_fini(&made);
}

static void retention(const char *mode, const char *kept, int64_t value)
{
    struct made made;
    char file[128];

    (void)snprintf(file, sizeof(file),
                   "[store]\ncompaction_mode = \"%s\"\ncompaction_retention = \"%s\"\n", mode,
                   kept);
    make(&made, file, no_environment);
    assert_int_equal(value < 0, made.draft.problem_count);
    assert_int_equal(value, config_retention(&made.config));
    made_fini(&made);
}

static void what_is_kept_is_a_time_or_a_number(void **state)
{
    static const char *const bad[][2] = {{"periodic", "10000"},  {"periodic", "999ms"},
                                         {"periodic", "87601h"}, {"revision", "1h"},
                                         {"revision", "-1"},     {"revision", "1.5"}};

    (void)state;
    retention("periodic", "0", 0);
    retention("periodic", "1h", 3600000);
    retention("revision", "10000", 10000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        retention(bad[i][0], bad[i][1], -1);
    }
    refused("[store]\ncompaction_retention = \"7\"\n", "node.toml:2:", "store.compaction_retention",
            "store.compaction_mode");
}

static void expect_advertised(const char *file, const char *url)
{
    struct made made;

    make(&made, file, no_environment);
    assert_int_equal(0, made.draft.problem_count);
    assert_string_equal(url, made.config.etcd_advertise);
    made_fini(&made);
}

static void members_are_told_urls_that_lead_somewhere(void **state)
{
    (void)state;
    expect_advertised("", "http://127.0.0.1:2379");
    expect_advertised("[etcd]\nlisten = \"[::1]:2\"\n", "http://[::1]:2");
    expect_advertised("[etcd]\nlisten = \"0.0.0.0:2\"\nadvertise = \"https://a:3\"\n",
                      "https://a:3");
    refused("[etcd]\nlisten = \"2379\"\n", "node.toml:2:", "etcd.listen", "expected host:port");
    refused("[etcd]\nlisten = \"0.0.0.0:2379\"\n", "node.toml:2:", "etcd.listen", "etcd.advertise");
    expect_advertised("[etcd]\nlisten = \"0.0.0.0:2379\"\n[store]\nenabled = false\n",
                      "http://0.0.0.0:2379"); /* which nobody is told */
    refused("[etcd]\nadvertise = \"10.0.0.5:2379\"\n", "node.toml:2:", "etcd.advertise",
            "expected http://host:port");
    refused("[etcd]\nadvertise = \"http://0.0.0.0:2379\"\n", "node.toml:2:", "etcd.advertise",
            "expected http://host:port");
    refused("[etcd]\npeer_urls = [\"http://a:1\", \"b:1\"]\n", "node.toml:2:", "etcd.peer_urls",
            "expected http://host:port");
    refused("[etcd]\npeer_urls = []\n", "node.toml:2:", "etcd.peer_urls", "at least one");
}

static void etcd_is_spoken_as_of_3_4_on(void **state)
{
    static const char *const bad[] = {"3.3.27",  "2.9.9", "4.0.0", "3.5",     "3.5.1.1",
                                      "3.5.21-", "3..21", "3.5.",  "v3.5.21", ".3.5.21"};
    char file[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(file, sizeof(file), "[etcd]\nversion = \"%s\"\n", bad[i]);
        refused(file, "node.toml:2:", "etcd.version", "such as 3.5.21");
    }
    expect_advertised("[etcd]\nversion = \"3.4.0\"\n", "http://127.0.0.1:2379");
    expect_advertised("[etcd]\nversion = \"3.10.0\"\n", "http://127.0.0.1:2379");
}

static void idle_must_come_before_the_ceiling(void **state)
{
    (void)state;
    refused("[evictor]\nidle = \"2h\"\n", "node.toml:2: evictor.idle = \"2h\"",
            "must be less than evictor.ceiling = \"1h\" (the default)", "lower one");
}

static void a_node_leaves_itself_out_of_its_peers(void **state)
{
    struct made made;

    (void)state;
    make(&made,
         "[gateway]\nlisten = \"0.0.0.0:1\"\nadvertise = \"b:1\"\n"
         "[peers]\nnodes = [\"a:1\", \"b:1\", \"c:1\"]\n",
         no_environment);
    assert_int_equal(2, made.config.peers_nodes.count);
    assert_string_equal("a:1", made.config.peers_nodes.items[0]);
    assert_string_equal("c:1", made.config.peers_nodes.items[1]);
    made_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_every_key_has_its_default),
        cmocka_unit_test(name_and_advertised_address_follow_from_listen),
        cmocka_unit_test(every_kind_of_value_is_read_from_a_file),
        cmocka_unit_test(zero_needs_no_unit),
        cmocka_unit_test(the_environment_overrides_the_file),
        cmocka_unit_test(a_bad_variable_is_named),
        cmocka_unit_test(an_unknown_variable_of_ours_is_a_warning),
        cmocka_unit_test(a_bad_value_is_refused_with_file_line_key_and_remedy),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest_one),
        cmocka_unit_test(what_is_not_toml_is_refused_with_its_line),
        cmocka_unit_test(all_that_is_wrong_is_told_at_once),
        cmocka_unit_test(a_wildcard_needs_an_advertised_address),
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(the_door_for_peers_follows_from_the_gateway_where_it_is_safe),
        cmocka_unit_test(whatever_listens_by_tcp_needs_keys_or_a_word),
        cmocka_unit_test(endpoints_are_checked),
        cmocka_unit_test(the_store_has_a_directory_of_its_own_and_time_for_elections),
        cmocka_unit_test(what_is_kept_is_a_time_or_a_number),
        cmocka_unit_test(members_are_told_urls_that_lead_somewhere),
        cmocka_unit_test(etcd_is_spoken_as_of_3_4_on),
        cmocka_unit_test(idle_must_come_before_the_ceiling),
        cmocka_unit_test(a_node_leaves_itself_out_of_its_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
