/* The configuration against its table: values, their rank, what is refused and how,
 * and the two documents that must say the same (--help, config/muster.toml). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config/draft.h"

struct made {
    struct config config;
    struct config_draft draft;
};

static char *no_environment[] = {NULL};

/* All steps but the command line; file NULL: none. */
static void make(struct made *made, const char *file, char *const *environment)
{
    config_draft_init(&made->draft, &made->config);
    if (file != NULL) {
        config_draft_file(&made->draft, "node.toml", str_from(file));
    }
    config_draft_environment(&made->draft, environment);
    if (made->draft.problem_count == 0) {
        config_draft_finish(&made->draft, "box");
    }
}

static void made_fini(struct made *made)
{
    config_draft_fini(&made->draft);
    config_fini(&made->config);
}

static void text_end(struct buf *text)
{
    buf_add_char(text, '\0');
    text->len--;
}

static void assert_has(struct buf *text, const char *part)
{
    text_end(text);
    if (strstr(text->data, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text->data);
    }
}

/* The file is refused with a problem that holds all the parts. */
static void refused(const char *file, const char *a, const char *b, const char *c)
{
    struct made made;

    make(&made, file, no_environment);
    assert_true(made.draft.problem_count > 0);
    assert_has(&made.draft.problems, a);
    assert_has(&made.draft.problems, b);
    assert_has(&made.draft.problems, c);
    made_fini(&made);
}

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
static void fold(struct buf *text)
{
    size_t to = 0;

    for (size_t i = 0; i < text->len; i++) {
        char c = text->data[i] == '\n' || text->data[i] == '#' ? ' ' : text->data[i];

        if (c != ' ' || (to > 0 && text->data[to - 1] != ' ')) {
            text->data[to++] = c;
        }
    }
    text->len = to;
}

static void help_names_every_key_with_default_range_and_variable(void **state)
{
    struct buf page = {0};

    (void)state;
    config_manual(&(struct manual){MANUAL_TEXT, &page}, "muster-test", "tests");
    assert_has(&page, "NAME\n  muster-test - tests\n\nSYNOPSIS\n");
    assert_has(&page, "\nDESCRIPTION\n");
    assert_has(&page, "\nOPTIONS\n");
    assert_has(&page, "\nENVIRONMENT\n");
    assert_has(&page, "\nFILES\n");
    assert_has(&page, "\nEXIT STATUS\n");
    for (const char *line = page.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_in_range(strcspn(line, "\n"), 0, 80);
    }
    fold(&page);
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf want = {0};

        buf_add_str(&want, STR("--"));
        config_key_name(&config_keys[i], &want);
        buf_add_char(&want, '=');
        text_end(&want);
        assert_has(&page, want.data);
        want.len = 0;
        buf_printf(&want, "%s. Default ", config_keys[i].help);
        config_key_default(&config_keys[i], &want);
        text_end(&want);
        assert_has(&page, want.data);
        want.len = 0;
        config_key_range(&config_keys[i], &want);
        buf_add_str(&want, STR(". Environment "));
        config_key_environment(&config_keys[i], &want);
        text_end(&want);
        assert_has(&page, want.data);
        buf_fini(&want);
    }
    buf_fini(&page);
}

static void read_sample(struct buf *text)
{
    FILE *file = fopen("config/muster.toml", "r"); /* tests run in the top of the tree */

    assert_non_null(file);
    text->len = fread(buf_reserve(text, 65536), 1, 65536, file);
    assert_int_equal(0, fclose(file));
}

static void the_sample_file_holds_every_key_with_its_help_and_default(void **state)
{
    struct buf sample = {0};
    struct buf bare = {0};
    struct made made;
    size_t keys = 0;

    (void)state;
    read_sample(&sample);
    text_end(&sample);
    /* "#key = value" is a key commented out, "# text" is prose */
    for (const char *line = sample.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        bool key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';

        keys += key;
        buf_printf(&bare, "%.*s\n", (int)strcspn(line, "\n") - key, line + key);
    }
    assert_int_equal(config_key_count, keys);
    text_end(&bare);
    make(&made, bare.data, no_environment);
    text_end(&made.draft.problems);
    assert_string_equal("", made.draft.problems.data);
    fold(&sample);
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf want = {0};

        if (made.draft.sources[i].origin != CONFIG_DERIVED) {
            assert_int_equal(CONFIG_FILE, made.draft.sources[i].origin);
        }
        buf_printf(&want, " %s. ", config_keys[i].help);
        text_end(&want);
        assert_has(&sample, want.data);
        want.len = 0;
        buf_printf(&want, " %s = ", config_keys[i].name);
        config_key_default(&config_keys[i], &want);
        buf_add_char(&want, ' ');
        text_end(&want);
        assert_has(&sample, want.data);
        buf_fini(&want);
    }
    made_fini(&made);
    buf_fini(&sample);
    buf_fini(&bare);
}

/* ── the whole way, with files and a command line ── */

struct run {
    char dir[64];
    struct config config;
    enum config_outcome outcome;
    struct buf out;
    struct buf err;
};

static void slurp(FILE *file, struct buf *to)
{
    rewind(file);
    to->len = fread(buf_reserve(to, 65536), 1, 65536, file);
    text_end(to);
    assert_int_equal(0, fclose(file));
}

static void run(struct run *run, int argc, const char *const *argv)
{
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int saved_out = dup(1);
    int saved_err = dup(2);

    (void)fflush(stdout);
    assert_true(dup2(fileno(out), 1) == 1 && dup2(fileno(err), 2) == 2);
    run->outcome = config_load(&run->config, "tests", argc, (char **)(uintptr_t)argv);
    (void)fflush(stdout);
    assert_true(dup2(saved_out, 1) == 1 && dup2(saved_err, 2) == 2);
    close(saved_out);
    close(saved_err);
    run->out = (struct buf){0};
    run->err = (struct buf){0};
    slurp(out, &run->out);
    slurp(err, &run->err);
}

static void run_fini(struct run *run)
{
    config_fini(&run->config);
    buf_fini(&run->out);
    buf_fini(&run->err);
}

static void make_temporary(char *dir, size_t size, const char *file)
{
    char path[96];
    FILE *to;

    (void)snprintf(dir, size, "/tmp/muster-config-XXXXXX");
    assert_non_null(mkdtemp(dir));
    if (file != NULL) {
        (void)snprintf(path, sizeof(path), "%s/muster.toml", dir);
        to = fopen(path, "w");
        assert_non_null(to);
        assert_true(fputs(file, to) >= 0);
        assert_int_equal(0, fclose(to));
    }
}

static void remove_temporary(const char *dir)
{
    static const char *const parts[] = {"/run", "/data", "/log", "/muster.toml", ""};
    char path[96];

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
        (void)remove(path);
    }
}

static void a_flag_overrides_the_environment_which_overrides_the_file(void **state)
{
    struct run it;
    struct stat about;

    (void)state;
    make_temporary(
        it.dir, sizeof(it.dir),
        "[gateway]\npoll_wait = \"1s\"\nstale_limit = \"2s\"\nwrite_deadline = \"3s\"\n");
    assert_int_equal(0, setenv("MUSTER_GATEWAY_POLL_WAIT", "11s", 1));
    assert_int_equal(0, setenv("MUSTER_GATEWAY_STALE_LIMIT", "12s", 1));
    run(&it, 7,
        (const char *const[]){"/bin/muster-test", "--dir", it.dir, "--gateway.poll_wait=21s",
                              "--security.insecure", "--index", "3"});
    assert_int_equal(0, unsetenv("MUSTER_GATEWAY_POLL_WAIT"));
    assert_int_equal(0, unsetenv("MUSTER_GATEWAY_STALE_LIMIT"));
    assert_string_equal("", it.err.data);
    assert_int_equal(CONFIG_RUN, it.outcome);
    assert_int_equal(21000, it.config.gateway_poll_wait);
    assert_int_equal(12000, it.config.gateway_stale_limit);
    assert_int_equal(3000, it.config.gateway_write_deadline);
    assert_true(it.config.security_insecure);
    assert_int_equal(3, it.config.index);
    assert_string_equal(it.dir, it.config.dir);
    assert_int_equal(0, stat(it.config.run_dir, &about));
    assert_int_equal(0700, about.st_mode & 0777);
    run_fini(&it);
    remove_temporary(it.dir);
}

static void check_config_says_where_each_value_comes_from(void **state)
{
    struct run it;
    char line[160];

    (void)state;
    make_temporary(it.dir, sizeof(it.dir), "[gateway]\npoll_wait = \"1s\"\n");
    run(&it, 6,
        (const char *const[]){"muster-test", "--check-config", "--dir", it.dir,
                              "--gateway.processes=2", "--security.insecure"});
    assert_int_equal(CONFIG_EXIT, it.outcome);
    (void)snprintf(line, sizeof(line), "poll_wait = \"1s\"  # %s/muster.toml:2\n", it.dir);
    assert_has(&it.out, line);
    assert_has(&it.out, "processes = 2  # --gateway.processes\n");
    assert_has(&it.out, "zone = \"sh001\"  # default\n");
    assert_has(&it.out, "advertise = \"127.0.0.1:7171\"  # from gateway.listen\n");
    assert_has(&it.out, "\nlisten = \"127.0.0.1:8171\"  # from gateway.listen\n");
    assert_string_equal("", it.err.data);
    run_fini(&it);
    remove_temporary(it.dir);
}

static void settings_are_told_to_scripts_as_they_are_in_force(void **state)
{
    struct run it;

    (void)state;
    make_temporary(it.dir, sizeof(it.dir),
                   "[gateway]\npoll_wait = \"1s\"\nhosts = [\"a.example\", \"b.example\"]\n"
                   "[node]\nzone = \"a=\\\"b\\\\\"\n");
    run(&it, 6,
        (const char *const[]){"muster-test", "--settings", "--dir", it.dir, "--gateway.processes=2",
                              "--security.insecure"});
    assert_int_equal(CONFIG_EXIT, it.outcome);
    assert_has(&it.out, "\ngateway.poll_wait=1s\n");
    assert_has(&it.out, "\ngateway.hosts=a.example,b.example\n");
    assert_has(&it.out, "\ngateway.processes=2\n");
    assert_has(&it.out, "\npeers.listen=127.0.0.1:8171\n");
    assert_has(&it.out, "node.zone=a=\"b\\\n");
    assert_has(&it.out, "\nendpoints.registry=\n");
    assert_string_equal("", it.err.data);
    run_fini(&it);
    remove_temporary(it.dir);
}

/* The command line is refused, and stderr is exactly this. */
static void run_refused(const char *a, const char *b, const char *says)
{
    struct run it;

    make_temporary(it.dir, sizeof(it.dir), NULL);
    run(&it, b != NULL ? 5 : 4, (const char *const[]){"muster-test", "--dir", it.dir, a, b});
    assert_int_equal(CONFIG_FAILED, it.outcome);
    assert_string_equal(says, it.err.data);
    run_fini(&it);
    remove_temporary(it.dir);
}

static void a_bad_command_line_is_refused_with_a_remedy(void **state)
{
    (void)state;
    run_refused("--gateway.listn=a:1", NULL,
                "muster-test: --gateway.listn: unknown option; did you mean --gateway.listen?\n");
    run_refused("--gateway.poll_wait", NULL,
                "muster-test: --gateway.poll_wait: a value is missing; write "
                "--gateway.poll_wait=VALUE\n");
    run_refused("--gateway.processes", "x",
                "muster-test: --gateway.processes: gateway.processes = \"x\": expected a whole "
                "number, 1 to 64; the default is 1\n");
    run_refused("up", NULL,
                "muster-test: up: no argument is expected here; options begin with --, see "
                "--help\n");
    run_refused("--config", "/nonexistent/f.toml",
                "muster-test: /nonexistent/f.toml: can't be read: No such file or directory; name "
                "a readable file with --config, or none\n");
    run_refused("--index=64", NULL,
                "muster-test: --index=64: expected a whole number from 0 to 63\n");
}

static void a_directory_too_long_for_sockets_is_refused(void **state)
{
    struct run it;
    char dir[128];

    (void)state;
    memset(dir, 'x', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    dir[0] = '/';
    run(&it, 3, (const char *const[]){"muster-test", "--dir", dir});
    assert_int_equal(CONFIG_FAILED, it.outcome);
    assert_has(&it.err, "choose a shorter --dir");
    run_fini(&it);
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
        cmocka_unit_test(a_discovery_toml_is_mapped_key_by_key),
        cmocka_unit_test(the_mapping_of_a_discovery_toml_can_be_printed),
        cmocka_unit_test(a_discovery_toml_names_its_zone_in_one_of_several_places),
        cmocka_unit_test(a_variable_of_the_reference_is_named_when_it_is_wrong_and_when_it_counts),
        cmocka_unit_test(a_bad_value_in_a_discovery_toml_is_refused),
        cmocka_unit_test(the_report_can_be_read_back),
        cmocka_unit_test(help_names_every_key_with_default_range_and_variable),
        cmocka_unit_test(the_sample_file_holds_every_key_with_its_help_and_default),
        cmocka_unit_test(a_flag_overrides_the_environment_which_overrides_the_file),
        cmocka_unit_test(check_config_says_where_each_value_comes_from),
        cmocka_unit_test(settings_are_told_to_scripts_as_they_are_in_force),
        cmocka_unit_test(a_bad_command_line_is_refused_with_a_remedy),
        cmocka_unit_test(a_directory_too_long_for_sockets_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
