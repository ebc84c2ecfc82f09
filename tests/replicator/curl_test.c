#include "actors/replicator/curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "common/naming/change.h"

enum { connections_max = 32, turns_max = 2000 };

/* A node played in the test's own thread: whole requests are answered with the reply, or not at
 * all. */
struct server {
    int listener;
    uint16_t port;
    const char *reply; /* NULL: none; "": the connection is closed */
    int fds[connections_max];
    struct buf requests[connections_max]; /* what has come of the next one */
    unsigned accepted;
    unsigned served;
    struct buf last; /* request */
};

struct rig {
    struct server server;
    struct config config;
    struct networks networks;
    unsigned forbidden;
    struct posts *posts;
    struct curl *curl;
    struct outbox *out;
    struct now now;
    unsigned good;
    unsigned bad;
    unsigned answered;
    int64_t age_ms; /* of the last record told */
    unsigned records;
};

static void on_records(void *state, uint32_t peer, enum posts_source source,
                       const struct msg_list *records, const struct now *now)
{
    struct rig *self = state;
    struct str rest = records->bytes;
    struct msg msg;

    (void)peer;
    (void)source;
    (void)now;
    while (msg_next(&rest, &msg)) {
        self->records++;
        self->age_ms = msg.as_put.age_ms;
    }
}

static void on_answered(void *state, uint32_t peer, enum posts_source source, enum err err,
                        const struct now *now)
{
    struct rig *self = state;

    (void)peer;
    (void)source;
    (void)now;
    self->answered += err == ERR_OK;
}

static void on_exchanged(void *state, uint32_t peer, bool good, const struct now *now)
{
    struct rig *self = state;

    (void)peer;
    (void)now;
    *(good ? &self->good : &self->bad) += 1;
}

static void on_forbidden(void *state, uint32_t peer, const struct now *now)
{
    struct rig *self = state;

    (void)peer;
    (void)now;
    self->forbidden++;
}

static const struct posts_owner owner = {.records = on_records,
                                         .answered = on_answered,
                                         .forbidden = on_forbidden,
                                         .exchanged = on_exchanged};

#define OK_BODY "{\"code\":0,\"message\":\"0\",\"ttl\":1}"
#define SHORT_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n" OK_BODY
#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n" OK_BODY

static int set_up(void **state)
{
    struct rig *self = calloc(1, sizeof(*self));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    static char env[] = "dev";
    struct server *server = &self->server;
    char addr[32];

    assert_non_null(self);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < connections_max; i++) {
        server->fds[i] = -1;
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(server->listener, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(server->listener, 64));
    assert_int_equal(0, getsockname(server->listener, (struct sockaddr *)&address, &size));
    server->port = ntohs(address.sin_port);
    server->reply = OK_REPLY;
    self->config.node_env = env;
    self->now = (struct now){1000, 1};
    self->out = outbox_new(1 << 20);
    self->posts = posts_new(&self->config, &owner, self);
    self->curl = curl_new(self->posts, &self->networks);
    assert_non_null(self->curl);
    (void)snprintf(addr, sizeof(addr), "127.0.0.1:%u", server->port);
    posts_open(self->posts, 0, str_from(addr), true, true);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *self = *state;

    curl_destroy(&self->curl);
    posts_destroy(&self->posts);
    outbox_destroy(&self->out);
    for (size_t i = 0; i < connections_max; i++) {
        if (self->server.fds[i] >= 0) {
            (void)close(self->server.fds[i]);
        }
        buf_fini(&self->server.requests[i]);
    }
    (void)close(self->server.listener);
    buf_fini(&self->server.last);
    free(self);
    return 0;
}

/* ── the node ───────────────────────────────────────────────────────────────*/

static void hang_up(struct server *server, size_t i)
{
    (void)close(server->fds[i]);
    server->fds[i] = -1;
    server->requests[i].len = 0;
}

static bool is_whole(const struct buf *request)
{
    const char *end = memmem(request->data, request->len, "\r\n\r\n", 4);
    const char *length = memmem(request->data, request->len, "Content-Length: ", 16);

    return end != NULL && request->len >= (size_t)(end + 4 - request->data) +
                                              (length != NULL ? strtoul(length + 16, NULL, 10) : 0);
}

static void serve(struct server *server, size_t i)
{
    char bytes[4096];
    ssize_t got = recv(server->fds[i], bytes, sizeof(bytes), MSG_DONTWAIT);
    struct buf *request = &server->requests[i];

    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        hang_up(server, i);
        return;
    }
    buf_add(request, bytes, got > 0 ? (size_t)got : 0);
    if (request->len == 0 || !is_whole(request)) {
        return;
    }
    server->last.len = 0;
    buf_add_str(&server->last, buf_str(request));
    buf_add_char(&server->last, '\0');
    request->len = 0;
    server->served++;
    if (server->reply != NULL && server->reply[0] == '\0') {
        hang_up(server, i);
    } else if (server->reply != NULL) {
        (void)!send(server->fds[i], server->reply, strlen(server->reply), MSG_NOSIGNAL);
    }
}

static void serve_all(struct server *server)
{
    for (size_t i = 0; i < connections_max; i++) {
        if (server->fds[i] < 0) {
            server->fds[i] = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            server->accepted += server->fds[i] >= 0;
        }
        if (server->fds[i] >= 0) {
            serve(server, i);
        }
    }
}

/* Turns until so many exchanges have ended. */
static void run(struct rig *self, unsigned exchanges)
{
    struct actor_guest guest = curl_guest(self->curl);

    for (unsigned i = 0; self->good + self->bad < exchanges; i++) {
        struct pollfd fd = {.fd = guest.fd, .events = POLLIN};

        assert_in_range(i, 0, turns_max);
        guest.turn_end(guest.state, &self->now, self->out);
        serve_all(&self->server);
        (void)poll(&fd, 1, 5);
        guest.ready(guest.state, &self->now, self->out);
    }
}

static void renew(struct rig *self, const char *hostname)
{
    struct msg msg = {.type = MSG_TYPE_PUT,
                      .as_put = {.kind = CHANGE_REGISTER,
                                 .env = STR("dev"),
                                 .appid = STR("a"),
                                 .zone = STR("sh001"),
                                 .hostname = str_from(hostname),
                                 .region = STR("sh"),
                                 .dirty_timestamp = 7}};

    posts_renew(self->posts, 0, &msg);
}

static void renew_many(struct rig *self, unsigned count)
{
    char name[16];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "h%u", i);
        renew(self, name);
    }
}

static bool asked(const struct rig *self, const char *part)
{
    return strstr(self->server.last.data, part) != NULL;
}

/* ── the tests ──────────────────────────────────────────────────────────────*/

static void a_post_has_the_headers_of_a_node(void **state)
{
    struct rig *self = *state;

    renew(self, "h1");
    run(self, 1);
    assert_int_equal(self->good, 1);
    assert_memory_equal(self->server.last.data, "POST /discovery/renew HTTP/1.1\r\n", 32);
    assert_true(asked(self, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_true(asked(self, "\r\nX1-Bmspy-Timeout: 3000\r\n"));
    assert_true(asked(self, "\r\nX1-Bmspy-User:\r\n"));
    assert_true(asked(self, "\r\nUser-Agent: muster/"));
    assert_false(asked(self, "Expect"));
    assert_true(asked(self, "\r\n\r\nappid=a&dirty_timestamp=7&env=dev&from_zone=true&hostname=h1&"
                            "region=sh&replication=true&zone=sh001"));
}

static void a_question_is_a_get_and_the_date_tells_ages(void **state)
{
    struct rig *self = *state;

    self->server.reply =
        "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 00:00:30 GMT\r\nTransfer-Encoding: chunked\r\n"
        "\r\n10\r\n{\"code\":0,\"data\"\r\n"
        "109\r\n:{\"a\":[{\"region\":\"sh\",\"zone\":\"sh001\",\"env\":\"dev\",\"appid\":\"a\","
        "\"hostname\":\"h\",\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":null,\"status\":1,"
        "\"reg_timestamp\":1,\"up_timestamp\":1,\"renew_timestamp\":1795305600000000000,"
        "\"dirty_timestamp\":1,\"latest_timestamp\":1795305600000000000}]}}\r\n0\r\n\r\n";
    posts_ask_all(self->posts, 0);
    run(self, 1);
    curl_send(self->curl, &self->now, self->out); /* reads it, and asks for another turn */
    assert_true(outbox_take_again(self->out));
    assert_memory_equal(self->server.last.data, "GET /discovery/fetch/all? HTTP/1.1\r\n", 36);
    assert_true(asked(self, "\r\nX1-Bmspy-Timeout: 30000\r\n"));
    assert_false(asked(self, "Content-"));
    assert_int_equal(self->good, 1);
    assert_int_equal(self->answered, 1);
    assert_int_equal(self->records, 1);
    assert_int_equal(self->age_ms, 31000);
}

static void a_connection_is_used_again(void **state)
{
    struct rig *self = *state;

    for (unsigned i = 1; i <= 20; i++) {
        renew(self, "h1");
        run(self, i);
    }
    assert_int_equal(self->good, 20);
    assert_int_equal(self->server.accepted, 1);
}

static void a_peer_has_eight_connections_at_most(void **state)
{
    struct rig *self = *state;

    renew_many(self, 200);
    run(self, 200);
    assert_int_equal(self->good, 200);
    assert_int_equal(self->server.served, 200);
    assert_in_range(self->server.accepted, 2, posts_at_once);
}

static void a_redirect_is_not_followed(void **state)
{
    struct rig *self = *state;

    self->server.reply = "HTTP/1.1 302 Found\r\nLocation: /discovery/other\r\n"
                         "Content-Length: 32\r\n\r\n" OK_BODY;
    renew(self, "h1");
    run(self, 1);
    assert_int_equal(self->bad, 1);
    assert_int_equal(self->server.served, 1);
}

static void a_connection_that_ends_is_a_failure(void **state)
{
    struct rig *self = *state;
    static const char *const replies[] = {"", "no HTTP at all\r\n\r\n", SHORT_REPLY};

    for (unsigned i = 0; i < 3; i++) {
        self->server.reply = replies[i];
        renew(self, "h1");
        if (i == 2) { /* too short: it must end for that to be known */
            struct now now = self->now;

            now.mono_ms += posts_pause_ms;
            for (unsigned n = 0; self->server.served < 3; n++) {
                assert_in_range(n, 0, turns_max);
                curl_send(self->curl, &now, self->out);
                serve_all(&self->server);
                curl_receive(self->curl, &now);
            }
            for (size_t n = 0; n < connections_max; n++) {
                if (self->server.fds[n] >= 0) {
                    hang_up(&self->server, n);
                }
            }
        }
        self->now.mono_ms += posts_pause_ms;
        run(self, i + 1);
    }
    assert_int_equal(self->bad, 3);
}

static void a_refused_connection_is_a_failure(void **state)
{
    struct rig *self = *state;

    (void)close(self->server.listener);
    self->server.listener = -1;
    renew(self, "h1");
    run(self, 1);
    assert_int_equal(self->bad, 1);
}

static void an_answer_that_is_too_long_is_cut_off(void **state)
{
    struct rig *self = *state;
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 1100000\r\n\r\n", /* a body over the renew's bound */
        "HTTP/1.1 200 OK\r\n",                                /* a head without end */
    };
    struct buf reply = {0};

    for (unsigned i = 0; i < 2; i++) {
        reply.len = 0;
        buf_add_str(&reply, str_from(heads[i]));
        while (reply.len < 1100000) {
            buf_add_str(&reply,
                        STR("X-Much: more and more and more and more and more and more\r\n"));
        }
        buf_add_char(&reply, '\0');
        self->server.reply = reply.data;
        self->now.mono_ms += posts_pause_ms;
        renew(self, "h1");
        run(self, i + 1);
        assert_int_equal(self->bad, i + 1);
    }
    buf_fini(&reply);
}

static void a_name_is_resolved_on_the_way(void **state)
{
    struct rig *self = *state;
    char addr[32];

    (void)snprintf(addr, sizeof(addr), "localhost:%u", self->server.port);
    posts_open(self->posts, 0, str_from(addr), true, true);
    renew(self, "h1");
    run(self, 1);
    assert_int_equal(self->good, 1);
}

static void what_a_name_stands_for_is_judged_before_it_is_connected_to(void **state)
{
    struct rig *self = *state;
    char addr[32];

    (void)snprintf(addr, sizeof(addr), "localhost:%u", self->server.port);
    posts_open(self->posts, 0, str_from(addr), true, false); /* not configured; no loopback here */
    renew(self, "h1");
    for (unsigned i = 0; self->bad == 0; i++) {
        assert_in_range(i, 0, turns_max);
        curl_send(self->curl, &self->now, self->out);
        serve_all(&self->server);
        curl_receive(self->curl, &self->now);
    }
    assert_int_equal(self->forbidden, 1);
    assert_int_equal(self->server.served, 0);
    self->networks.loopback = true;
    self->now.mono_ms += posts_pause_ms;
    renew(self, "h1");
    run(self, 2);
    assert_int_equal(self->good, 1);
}

/* A name of two addresses, of which the first is none that a node may have. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    static const char *const of[] = {"169.254.7.7", "127.0.0.1"};
    int (*library)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct addrinfo **next = list;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&library, &found, sizeof(library));
    if (name == NULL || strcmp(name, "two.addresses") != 0) {
        return library(name, service, hints, list);
    }
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        int rc = library(of[i], service, hints, next);

        if (rc != 0) {
            return rc;
        }
        next = &(*next)->ai_next;
    }
    return 0;
}

static void a_name_that_leads_to_a_node_too_is_not_forbidden(void **state)
{
    struct rig *self = *state;
    char addr[32];

    self->networks.loopback = true;
    (void)snprintf(addr, sizeof(addr), "two.addresses:%u", self->server.port);
    posts_open(self->posts, 0, str_from(addr), true, false);
    renew(self, "h1");
    run(self, 1);
    assert_int_equal(self->good, 1);
    (void)close(self->server.listener); /* nobody is there now */
    for (size_t i = 0; i < connections_max; i++) {
        if (self->server.fds[i] >= 0) {
            hang_up(&self->server, i);
        }
    }
    renew(self, "h2");
    run(self, 2);
    assert_int_equal(self->bad, 1);
    assert_int_equal(self->forbidden, 0);
}

static void what_is_under_way_may_be_cut(void **state)
{
    struct rig *self = *state;

    self->server.reply = NULL;
    renew_many(self, 20);
    posts_ask_all(self->posts, 0);
    for (unsigned i = 0; self->server.served < posts_at_once; i++) {
        assert_in_range(i, 0, turns_max);
        curl_send(self->curl, &self->now, self->out);
        serve_all(&self->server);
        curl_receive(self->curl, &self->now);
    }
    posts_close(self->posts, 0);
    curl_destroy(&self->curl);
    assert_null(self->curl);
    assert_int_equal(self->good + self->bad, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_post_has_the_headers_of_a_node),
        TEST(a_question_is_a_get_and_the_date_tells_ages),
        TEST(a_connection_is_used_again),
        TEST(a_peer_has_eight_connections_at_most),
        TEST(a_redirect_is_not_followed),
        TEST(a_connection_that_ends_is_a_failure),
        TEST(a_refused_connection_is_a_failure),
        TEST(an_answer_that_is_too_long_is_cut_off),
        TEST(a_name_is_resolved_on_the_way),
        TEST(what_is_under_way_may_be_cut),
        TEST(what_a_name_stands_for_is_judged_before_it_is_connected_to),
        TEST(a_name_that_leads_to_a_node_too_is_not_forbidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
