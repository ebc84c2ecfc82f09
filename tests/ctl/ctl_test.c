/* Whole calls of musterctl against canned answers: what is asked, what is printed, and
 * the exit codes scripts rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "actors/ctl/verbs.h"
#include "tests/ctl/stub.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define SSE_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

static char dir[] = "/tmp/muster-ctl-XXXXXX"; /* of a node; MUSTER_DIR */

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

/* No C0 but the end of a line, no DEL, no C1, no turned direction. */
static void commands_nothing(const char *text)
{
    for (struct str left = str_from(text); left.len > 0;) {
        size_t len = str_utf8(left);

        assert_true(len > 0);
        if (left.data[0] != '\n' && str_commands(left.data, len)) {
            fail_msg("commands the terminal: %s", text);
        }
        left.data += len;
        left.len -= len;
    }
}

static void usage(const char *line, const char *says)
{
    struct called called;

    call(&called, "%s", line);
    assert_int_equal(2, called.code);
    assert_string_equal("", called.out.data);
    has(called.err.data, says);
    called_fini(&called);
}

static void wrong_usage_is_2_and_says_what_to_do(void **state)
{
    (void)state;
    usage("", "a verb is missing");
    usage("--dir=/tmp", "a verb is missing");
    usage("--dir", "--dir: a value is missing");
    usage("fech x", "fech: no such verb; musterctl --help lists them; did you mean fetch?");
    usage("fetch --zoen z", "--zoen: unknown option; --help lists those of this verb; did you mean "
                            "--zone?");
    usage("cancel app -o csv", "cancel: -o csv is for verbs that show rows");
    usage("watch app -o name", "here it is table, wide or json");
    usage("fetch -o tabel", "--output=tabel: expected table, wide, json, csv or name");
    usage("ping registri", "registri: no such actor; they are registry");
    usage("ping registri", "; did you mean registry?");
    usage("store gte a", "; did you mean get?");
    usage("fetch --leave", "--leave: this verb has no such option");
    usage("register app", "--addr is missing");
    usage("register --addr=a", "APPID is missing");
    usage("renew a --appid=b", "APPID and --appid: give one of them");
    usage("set app", "nothing to set; give --status or --metadata");
    usage("nodes x", "1 arguments; expected: musterctl nodes");
    usage("digest x", "1 arguments; expected: musterctl digest");
    usage("digest --endpoint ipc:///x", "--endpoint: this verb has no such option");
    usage("watch", "APPID is missing");
    usage("stats", "ACTOR is registry, replicator, evictor, gateway.0, store or etcd.0");
    usage("stats nobody", "nobody: no such actor");
    usage("store", "0 arguments; expected: musterctl store status | hash");
    usage("store defrag", "they are status, hash, leases, get, watch, watchers, put and del");
    usage("store get", "expected: musterctl store get KEY [--prefix]");
    usage("store put a", "expected: musterctl store put KEY VALUE");
    usage("store put a b --prefix", "expected: musterctl store put KEY VALUE");
    usage("log-level registry", "1 arguments, expected: ACTOR LEVEL; ACTOR is");
}

static void help_is_there_for_the_whole_and_for_each_verb(void **state)
{
    struct called called;
    struct called all;

    (void)state;
    call(&all, "--help");
    assert_int_equal(0, all.code);
    for (const char *const *verb =
             (const char *const[]){"register", "renew", "cancel", "set", "fetch", "nodes", "digest",
                                   "watch", "tap", "ping", "stats", "snapshot", "log-level",
                                   "shutdown", "keygen", NULL};
         *verb != NULL; verb++) {
        has(all.out.data, *verb);
        call(&called, "%s --help", *verb);
        assert_int_equal(0, called.code);
        has(called.out.data, "NAME\n  musterctl ");
        has(called.out.data, "\nSYNOPSIS\n");
        has(called.out.data, "\nEXIT STATUS\n");
        called_fini(&called);
    }
    called_fini(&all);
    call(&called, "--version");
    assert_int_equal(0, called.code);
    has(called.out.data, "musterctl " MUSTER_VERSION "\n");
    called_fini(&called);
}

/* Every verb and option that there is, and none that is not for people. */
static void shells_and_manual_pages_have_every_verb(void **state)
{
    struct called bash;
    struct called zsh;
    struct called man;

    (void)state;
    call(&bash, "completion bash");
    call(&zsh, "completion zsh");
    call(&man, "pages musterctl.1");
    assert_int_equal(0, bash.code + zsh.code + man.code);
    for (const struct ctl_verb *verb = ctl_verbs; verb->name != NULL; verb++) {
        char part[64];

        (void)snprintf(part, sizeof(part), "    %s) options='", verb->name);
        assert_int_equal(!ctl_verb_hidden(verb), strstr(bash.out.data, part) != NULL);
        (void)snprintf(part, sizeof(part), "\n        '%s:", verb->name);
        assert_int_equal(!ctl_verb_hidden(verb), strstr(zsh.out.data, part) != NULL);
    }
    has(bash.out.data, " --gateway.listen=");
    has(man.out.data, "\n.SS \"fetch [APPID]...\"\n");
    has(man.out.data, "\n.B \"\\-\\-zone=ZONE\"\n");
    called_fini(&bash);
    called_fini(&zsh);
    called_fini(&man);
    usage("completion fish", "there is one for bash, and one for zsh");
}

static void a_registration_is_posted_as_a_form(void **state)
{
    static const char *const replies[] = {OK_HEAD "{\"code\":0,\"message\":\"0\",\"ttl\":1}", NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called,
         "--dir %s register a.b --url %s/ --addr=http://x:1 --addr=y --metadata=k=a=b "
         "--metadata=c=\xc3\xa9 --zone z --hostname h --version 1.0 --status waiting",
         dir, stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    assert_string_equal("registered a.b h in zone z, env dev\n", called.out.data);
    has(requests.data, "POST /discovery/register HTTP/1.1\r\n");
    has(requests.data, "Content-Type: application/x-www-form-urlencoded\r\n");
    has(requests.data, "\r\n\r\nzone=z&env=dev&appid=a.b&region=sh&hostname=h&version=1.0&status=2&"
                       "addrs=http%3A%2F%2Fx%3A1&addrs=y&"
                       "metadata=%7B%22c%22%3A%22%C3%A9%22%2C%22k%22%3A%22a%3Db%22%7D");
    buf_fini(&requests);
    called_fini(&called);
}

static void a_negative_answer_is_1_with_its_message(void **state)
{
    static const char *const replies[] = {
        OK_HEAD "{\"code\":-400,\"message\":\"zone is required\",\"ttl\":1}",
        OK_HEAD "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}",
        OK_HEAD "{\"code\":0,\"data\":{\"app2\":[{\"env\":\"dev\"}]}}",
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n404 page not found", /* …/cluster */
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n404 page not found",
        NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s cancel app --url %s", dir, stub.url);
    assert_int_equal(1, called.code);
    has(called.err.data, "-400: zone is required");
    called_fini(&called);
    call(&called, "--dir %s renew app --url %s -o json", dir, stub.url);
    assert_int_equal(1, called.code);
    has(called.err.data, "-404: no app app in dev; there is app2 (dev)");
    assert_string_equal("{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}\n",
                        called.out.data);
    called_fini(&called);
    call(&called, "--dir %s nodes --url %s", dir, stub.url);
    assert_int_equal(1, called.code);
    has(called.err.data, "HTTP status 404 and no answer of the discovery API");
    called_fini(&called);
    stub_end(&stub, &requests);
    buf_fini(&requests);
}

static void set_repeats_status_and_metadata_for_each_host(void **state)
{
    static const char *const replies[] = {OK_HEAD "{\"code\":0,\"message\":\"0\",\"ttl\":1}", NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called,
         "--dir %s set app --url %s --hostname h1 --hostname h2 --status up "
         "--metadata=k=v --zone z",
         dir, stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    has(requests.data, "hostname=h1&hostname=h2&status=1&status=1&"
                       "metadata=%7B%22k%22%3A%22v%22%7D&metadata=%7B%22k%22%3A%22v%22%7D");
    buf_fini(&requests);
    called_fini(&called);
}

static void fetch_asks_for_one_several_or_all_apps(void **state)
{
    static const char empty[] = OK_HEAD "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}";
    static const char *const replies[] = {empty, empty, empty, NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};
    const char *second;
    const char *third;

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s fetch a/b --url %s --env e", dir, stub.url);
    assert_int_equal(0, called.code);
    has(called.out.data, "APPID  ENV  ZONE");
    called_fini(&called);
    call(&called, "--dir %s fetch a b --url %s --status up --zone z", dir, stub.url);
    called_fini(&called);
    call(&called, "--dir %s fetch --url %s", dir, stub.url);
    called_fini(&called);
    stub_end(&stub, &requests);
    has(requests.data, "GET /discovery/fetch?env=e&status=3&appid=a%2Fb HTTP");
    second = requests.data + strlen(requests.data) + 1;
    has(second, "GET /discovery/fetchs?env=dev&status=1&zone=z&appid=a&appid=b HTTP");
    third = second + strlen(second) + 1;
    has(third, "GET /discovery/fetch/all HTTP");
    buf_fini(&requests);
}

static void watch_goes_on_from_the_last_id_after_a_cut(void **state)
{
    static const char *const replies[] = {
        SSE_HEAD
        "retry: 1\n\nevent: full\nid: 5f-3\n"
        "data: {\"appid\":\"app\",\"instances\":{\"z\":[{}, {}]},\"latest_timestamp\":1}\n\n"
        "event: change\nid: 5f-4\ndata: {\"cut",
        SSE_HEAD "event: change\nid: 5f-4\ndata: {\"kind\":\"register\",\"appid\":\"app\","
                 "\"zone\":\"z\",\"hostname\":\"h\",\"instance\":{\"addrs\":[\"x\"]},"
                 "\"latest_timestamp\":2}\n\nevent: gone\nid: 5f-5\ndata: {\"appid\":\"app\"}\n\n"
                 "event: schedule\nid: 5f-6\ndata: {\"appid\":\"app\",\"scheduler\":{\"clients\":"
                 "{\"z\":{}},\"remark\":\"\"}}\n\n"
                 "event: schedule\nid: 5f-7\ndata: {\"appid\":\"app\",\"scheduler\":null}\n\n",
        NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s watch app --url %s --count 5 --env e", dir, stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    has(called.out.data, "  full    app  2 instances\n");
    has(called.out.data, "  change  app  register  z/h  addrs [\"x\"]\n");
    has(called.out.data, "  gone    app\n");
    has(called.out.data, "  schedule  app  for clients in 1 zones\n");
    has(called.out.data, "  schedule  app  removed\n");
    has(requests.data, "GET /discovery/stream?env=e&appid=app HTTP");
    assert_null(strstr(requests.data, "Last-Event-ID"));
    has(requests.data + strlen(requests.data) + 1, "Last-Event-ID: 5f-3\r\n");
    buf_fini(&requests);
    called_fini(&called);
}

static void watch_prints_one_json_object_a_line(void **state)
{
    static const char *const replies[] = {
        SSE_HEAD "event: gone\nid: 5f-7\ndata: {\"appid\":\ndata: \"app\"}\n\n", NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s watch app --url %s --count 1 -o json", dir, stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    has(called.out.data, "{\"time\":\"2");
    has(called.out.data,
        "\"actor\":\"gateway\",\"topic\":\"discovery.stream\",\"epoch\":\"000000000000005f\","
        "\"seq\":7,\"type\":\"gone\",\"fields\":{\"appid\":\"app\"}}\n");
    assert_ptr_equal(called.out.data + strlen(called.out.data) - 1, strchr(called.out.data, '\n'));
    buf_fini(&requests);
    called_fini(&called);
}

#define MISSING "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"

static void the_verdict_comes_first_and_what_is_bad_is_1(void **state)
{
    static const char *const replies[] = {
        OK_HEAD
        "{\"node\":\"n1\",\"verdict\":{\"level\":\"bad\",\"text\":\"the disk is "
        "full\"},\"checks\":["
        "{\"name\":\"storage\",\"level\":\"bad\",\"text\":\"no room\",\"since\":"
        "\"2026-11-28T22:48:22.123Z\"},{\"name\":\"peers\",\"level\":\"ok\",\"text\":\"up\"}]}",
        MISSING "{\"status\":404,\"error\":\"there is no such path\"}", MISSING "nothing", NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s status --url %s", dir, stub.url);
    assert_int_equal(1, called.code);
    assert_ptr_equal(called.out.data, strstr(called.out.data, "n1: bad: the disk is full\n"
                                                              "1 of 2 checks are ok\n"));
    has(called.out.data, "storage  bad    2026-11-2");
    assert_null(strstr(called.out.data, "peers"));
    called_fini(&called);
    call(&called, "--dir %s pollers --url %s", dir, stub.url);
    assert_int_equal(1, called.code);
    has(called.err.data, "404: there is no such path");
    called_fini(&called);
    call(&called, "--dir %s status --url %s", dir, stub.url);
    assert_int_equal(1, called.code);
    has(called.err.data, "the node knows no /muster/v1/status: it is of an earlier version");
    called_fini(&called);
    stub_end(&stub, &requests);
    has(requests.data, "GET /muster/v1/status HTTP");
    buf_fini(&requests);
}

static void a_list_is_read_page_by_page(void **state)
{
    static const char *const replies[] = {
        OK_HEAD
        "{\"pollers\":[{\"hostname\":\"a\",\"from\":\"x\",\"left_ms\":5000}],\"next\":\"0a\"}",
        OK_HEAD "{\"pollers\":[{\"hostname\":\"b\",\"from\":\"y\"}],\"next\":null}", NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s pollers app --env e --url %s -o name", dir, stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    assert_string_equal("a/x\nb/y\n", called.out.data);
    has(requests.data, "GET /muster/v1/pollers?env=e&appid=app&limit=500 HTTP");
    has(requests.data + strlen(requests.data) + 1,
        "GET /muster/v1/pollers?env=e&appid=app&limit=500&after=0a HTTP");
    buf_fini(&requests);
    called_fini(&called);
}

static void events_say_what_was_and_what_is(void **state)
{
    static const char *const replies[] = {
        SSE_HEAD
        "event: set\nid: 5f-3\ndata: {\"time\":\"2026-11-28T22:48:22.123Z\",\"kind\":\"set\","
        "\"env\":\"dev\",\"appid\":\"app\",\"zone\":\"z\",\"hostname\":\"h\",\"before\":"
        "{\"status\":1},\"after\":{\"status\":2},\"reason\":\"by hand\"}\n\n",
        NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s events app --kinds set,evict --last 5 --count 1 --url %s", dir,
         stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    has(called.out.data, "  set  dev/app  z/h  status up → waiting  (by hand)\n");
    has(requests.data, "GET /muster/v1/events?kinds=set%2Cevict&appid=app&last=5 HTTP");
    buf_fini(&requests);
    called_fini(&called);
}

static void nobody_there_is_3(void **state)
{
    static const char *const none[] = {NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, none); /* a port that nobody listens on any more */
    stub_end(&stub, &requests);
    buf_fini(&requests);
    call(&called, "--dir %s nodes --url %s", dir, stub.url);
    assert_int_equal(3, called.code);
    has(called.err.data, "is the node up (./muster status)");
    called_fini(&called);
    call(&called, "--dir %s watch app --url %s", dir, stub.url);
    assert_int_equal(3, called.code);
    called_fini(&called);
    call(&called, "--dir %s ping registry", dir);
    assert_int_equal(3, called.code);
    has(called.out.data, "registry  not running");
    called_fini(&called);
    call(&called, "--dir %s stats evictor", dir);
    assert_int_equal(3, called.code);
    has(called.err.data, "evictor: not running");
    called_fini(&called);
}

/* What is closed is not gone at once: nothing of it is in the way of the next. */
static void one_process_asks_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct called called;

        call(&called, "--dir %s ping registry", dir);
        assert_int_equal(3, called.code);
        has(called.out.data, "registry  not running");
        called_fini(&called);
    }
}

static void without_descriptors_it_says_so(void **state)
{
    static const char *const verbs[] = {"ping registry", "tap --count 1"};
    struct rlimit before;
    struct rlimit few;
    int lowest = dup(0);

    (void)state;
    (void)close(lowest);
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
    few = (struct rlimit){(rlim_t)lowest + 8, before.rlim_max};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        struct called called;

        assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
        call(&called, "--dir %s %s", dir, verbs[i]);
        assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
        assert_int_equal(3, called.code);
        has(called.err.data, "Too many open files; raise the limit");
        called_fini(&called);
    }
}

static void an_answer_that_does_not_come_is_4(void **state)
{
    static const char *const replies[] = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", NULL};
    struct called called;
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    /* connects and is not answered: the child waits for the rest of a request of its own */
    call(&called, "--dir %s ping --endpoint tcp://127.0.0.1:%u --timeout 1s", dir, stub.port);
    assert_int_equal(4, called.code);
    has(called.out.data, "silent");
    called_fini(&called);
    stub_end(&stub, &requests);
    buf_fini(&requests);
}

/* The last test: the interrupt stays pending. */
static void heartbeats_go_on_until_interrupted_and_register_again(void **state)
{
    static const char ok[] = OK_HEAD "{\"code\":0,\"message\":\"0\",\"ttl\":1}";
    static const char gone[] = OK_HEAD "{\"code\":-404,\"message\":\"-404\",\"ttl\":1}";
    static const char *const replies[] = {ok, ok, gone, ok, ok, NULL};
    static const char *const asked[] = {"register", "renew", "renew", "register", "renew"};
    struct called called;
    struct stub stub = {.interrupts = true};
    struct buf requests = {0};
    const char *request;

    (void)state;
    stub_start(&stub, replies);
    call(&called, "--dir %s register app --addr=x --hostname=h --url %s --keep --every=100ms", dir,
         stub.url);
    stub_end(&stub, &requests);
    assert_int_equal(0, called.code);
    has(called.out.data, "registered app h in zone sh001, env dev\n"
                         "registered again app h in zone sh001, env dev\n");
    request = requests.data;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "POST /discovery/%s HTTP", asked[i]);
        has(request, path);
        request += strlen(request) + 1;
    }
    buf_fini(&requests);
    called_fini(&called);
}

/* Before the heartbeats: their interrupt stays. */
static void registered_values_command_no_terminal(void **state)
{
    static const char hostile[] = OK_HEAD
        "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"z\\u001b[2J\":[{"
        "\"appid\":\"a\\u009b31m\",\"hostname\":\"h\xc2\x9b[0m\\u007f\",\"env\":\"dev\",\"zone\":"
        "\"z\","
        "\"addrs\":[\"http://x\xe2\x80\xae\\n2\"],\"status\":1,\"version\":\"\xc2\x85\","
        "\"metadata\":{\"k\\u001b\":\"v\\u0007\"}}]},\"latest_timestamp\":1}}";
    static const char refusal[] =
        OK_HEAD "{\"code\":-400,\"message\":\"no \\u001b]0;x\\u0007\xc2\x9d\"}";
    static const char stream[] = SSE_HEAD
        "id: a1-4\nevent: change\xc2\x9b\ndata: "
        "{\"kind\":\"PUT\\u001b\",\"appid\":\"a\\nb\",\"zone\":"
        "\"z\xc2\x90\",\"hostname\":\"h\\u009b\",\"instance\":{\"addrs\":[\"\xc2\x9f\"]}}\n\n";
    static const char *const lines[] = {"fetch app",
                                        "fetch app -o json",
                                        "nodes -o json",
                                        "renew app",
                                        "renew app -o json",
                                        "watch app --count 1",
                                        "watch app --count 1 -o json"};
    static const char *const replies[] = {hostile, hostile, hostile, hostile, refusal,
                                          refusal, stream,  stream,  NULL};
    struct stub stub = {0};
    struct buf requests = {0};

    (void)state;
    stub_start(&stub, replies);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct called called;

        call(&called, "%s --url %s", lines[i], stub.url);
        if (called.out.len + called.err.len <= 10) {
            fail_msg("%s: printed only %s%s", lines[i], called.out.data, called.err.data);
        }
        commands_nothing(called.out.data);
        commands_nothing(called.err.data);
        if (strstr(lines[i], "json") != NULL) {
            json_t *json = json_loads(called.out.data, 0, NULL);

            assert_non_null(json); /* escapes: what was registered can be read from it */
            json_decref(json);
        }
        called_fini(&called);
    }
    stub_end(&stub, &requests);
    buf_fini(&requests);
}

static void a_directory_that_is_no_node_is_refused_by_every_verb(void **state)
{
    (void)state;
    for (const struct ctl_verb *verb = ctl_verbs; verb->name != NULL; verb++) {
        struct called called;

        if (!ctl_verb_about_node(verb)) {
            continue;
        }
        call(&called, "%s --dir /nonexistent/muster%s%s", verb->name,
             verb->arguments_min > 0 ? " registry" : "",
             (verb->options & OPTION_BIT(URL)) != 0 ? " --url http://127.0.0.1:1" : "");
        assert_int_equal(2, called.code);
        has(called.err.data, "/nonexistent/muster is no node's directory");
        called_fini(&called);
    }
}

static void a_node_without_a_gateway_is_not_looked_for_elsewhere(void **state)
{
    struct called called;

    (void)state;
    call(&called, "fetch app");
    assert_int_equal(3, called.code);
    has(called.err.data, "no gateway of ");
    called_fini(&called);
}

static void times_between_heartbeats_and_counts_have_bounds(void **state)
{
    (void)state;
    usage("renew app --keep --every=0s", "from 100ms to 1h");
    usage("renew app --keep --every=99ms", "from 100ms to 1h");
    usage("renew app --keep --every=61m", "from 100ms to 1h");
    usage("fetch app --timeout=25h", "at most 24h");
    usage("watch app --count=1000000001", "at most 1000000000");
}

static int make_node(void **state)
{
    char run[sizeof(dir) + sizeof("/run")];

    (void)state;
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    (void)snprintf(run, sizeof(run), "%s/run", dir);
    return mkdir(run, 0700) == 0 && setenv("MUSTER_DIR", dir, 1) == 0 ? 0 : -1;
}

static int remove_node(void **state)
{
    char run[sizeof(dir) + sizeof("/run")];

    (void)state;
    (void)snprintf(run, sizeof(run), "%s/run", dir);
    return rmdir(run) == 0 && rmdir(dir) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage_is_2_and_says_what_to_do),
        cmocka_unit_test(help_is_there_for_the_whole_and_for_each_verb),
        cmocka_unit_test(shells_and_manual_pages_have_every_verb),
        cmocka_unit_test(a_registration_is_posted_as_a_form),
        cmocka_unit_test(a_negative_answer_is_1_with_its_message),
        cmocka_unit_test(set_repeats_status_and_metadata_for_each_host),
        cmocka_unit_test(fetch_asks_for_one_several_or_all_apps),
        cmocka_unit_test(watch_goes_on_from_the_last_id_after_a_cut),
        cmocka_unit_test(watch_prints_one_json_object_a_line),
        cmocka_unit_test(the_verdict_comes_first_and_what_is_bad_is_1),
        cmocka_unit_test(a_list_is_read_page_by_page),
        cmocka_unit_test(events_say_what_was_and_what_is),
        cmocka_unit_test(nobody_there_is_3),
        cmocka_unit_test(one_process_asks_again_and_again),
        cmocka_unit_test(without_descriptors_it_says_so),
        cmocka_unit_test(an_answer_that_does_not_come_is_4),
        cmocka_unit_test(registered_values_command_no_terminal),
        cmocka_unit_test(heartbeats_go_on_until_interrupted_and_register_again),
        cmocka_unit_test(a_directory_that_is_no_node_is_refused_by_every_verb),
        cmocka_unit_test(a_node_without_a_gateway_is_not_looked_for_elsewhere),
        cmocka_unit_test(times_between_heartbeats_and_counts_have_bounds),
    };

    return cmocka_run_group_tests(tests, make_node, remove_node);
}
