/* Connections that were accepted elsewhere, served by a server that listens nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/http/http_client.h"

enum { places = 8 };

struct fixture {
    struct http *http;
    struct now now;
    char peer[64]; /* of the last request */
    bool loopback;
    size_t own_header; /* its length */
};

static struct response *text(int status, const char *words)
{
    struct buf body = {0};

    buf_add_str(&body, str_from(words));
    return response_new(status, "text/plain", &body);
}

/* Says what has come: "path?query body". */
static void on_serve(void *state, struct request *request, const struct now *now)
{
    struct fixture *self = state;
    struct response *response;
    struct buf body = {0};

    (void)now;
    request_peer(request, self->peer, sizeof(self->peer));
    self->loopback = request_from_loopback(request);
    self->own_header = request_header(request, HTTP_HEADER_COUNT).len;
    request_room(request, &body);
    buf_printf(&body, "%.*s?%.*s %.*s", STR_ARG(request_path(request)),
               STR_ARG(request_query(request)), STR_ARG(request_body(request)));
    response = request_response(request, 200, "text/plain", &body);
    request_answer(request, response);
    response_unref(&response);
}

static void on_gone(void *state, struct request *request)
{
    (void)state;
    (void)request;
}

static struct response *on_refuse(void *state, int status, const char *words)
{
    (void)state;
    return text(status, words);
}

static const struct str headers[] = {{"X-Own", 5}};

static const struct http_app app = {
    .serve = on_serve, .gone = on_gone, .refuse = on_refuse, .headers = headers, .header_count = 1};

static int set_up(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));
    const struct http_options options = {.section = "test",
                                         .pool_bytes = 16384,
                                         .body_max_bytes = 64,
                                         .idle_ms = 10000,
                                         .connections_max = places};

    self->now.mono_ms = 1000;
    assert_int_equal(ERR_OK, http_new(&self->http, &options, &app, self));
    assert_int_equal(ERR_OK, http_listen(self->http));
    assert_int_equal(0, http_port(self->http));
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    http_destroy(&self->http);
    free(self);
    return 0;
}

static void run(void *state)
{
    struct fixture *self = state;

    while (http_turn(self->http, &self->now)) {
    }
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static uint64_t connections(const struct fixture *self)
{
    struct http_counts counts;

    http_counts(self->http, &counts);
    return counts.connections;
}

static void check_answer(struct fixture *self, int fd, const char *request, int status,
                         const char *expected)
{
    struct buf answer;

    client_send(fd, str_from(request));
    answer = client_answer(fd, http_fd(self->http), run, self);
    assert_int_equal(status, answer_status(&answer));
    assert_string_equal(expected, answer_body(&answer));
    buf_fini(&answer);
}

/* A connection that somebody else has accepted; the client's end. */
static int accepted(int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(0, bind(listener, (struct sockaddr *)&at, sizeof(at)));
    assert_int_equal(0, listen(listener, 1));
    assert_int_equal(0, getsockname(listener, (struct sockaddr *)&at, &len));
    client = client_open(ntohs(at.sin_port));
    *fd = accept(listener, NULL, NULL);
    assert_true(*fd >= 0);
    (void)close(listener);
    return client;
}

static void an_accepted_connection_is_served(void **state)
{
    struct fixture *self = *state;
    int fd;
    int client = accepted(&fd);

    assert_int_equal(ERR_OK, http_adopt(self->http, fd, &self->now));
    check_answer(self, client, "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", 200, "/a?b=c ");
    assert_string_equal("127.0.0.1", self->peer);
    assert_true(self->loopback);
    check_answer(self, client, "POST /d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy", 200,
                 "/d? xy");
    assert_int_equal(0, self->own_header);
    check_answer(self, client, "GET /e HTTP/1.1\r\nHost: h\r\nx-own: abc\r\n\r\n", 200, "/e? ");
    assert_int_equal(3, self->own_header);
    assert_int_equal(1, connections(self));
    (void)close(client);
    run(self);
    run(self);
    assert_int_equal(0, connections(self));
    assert_false(is_open(fd));
}

/* Whoever looked which protocol it speaks has left its first bytes where they were. */
static void what_has_come_before_is_read(void **state)
{
    struct fixture *self = *state;
    int both[2];
    struct buf answer;

    assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, both));
    client_send(both[0], STR("GET /early HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(ERR_OK, http_adopt(self->http, both[1], &self->now));
    assert_true(http_due_ms(self->http, &self->now) <= self->now.mono_ms);
    answer = client_answer(both[0], http_fd(self->http), run, self);
    assert_string_equal("/early? ", answer_body(&answer));
    assert_string_equal("", self->peer);
    assert_false(self->loopback);
    buf_fini(&answer);
    (void)close(both[0]);
}

static void its_chunks_are_looked_at(void **state)
{
    struct fixture *self = *state;
    int fd;
    int client = accepted(&fd);

    assert_int_equal(ERR_OK, http_adopt(self->http, fd, &self->now));
    check_answer(self, client,
                 "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "2\r\nab\r\n0\r\n\r\n",
                 200, "/c? ab");
    check_answer(self, client,
                 "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "1000000000000000\r\n",
                 413, "the size of a chunk is over test.body_max");
    (void)close(client);
}

static void limits_hold_and_name_the_section_of_their_keys(void **state)
{
    struct fixture *self = *state;
    struct buf request = {0};
    int fd;
    int client = accepted(&fd);

    assert_int_equal(ERR_OK, http_adopt(self->http, fd, &self->now));
    buf_printf(&request, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65\r\n\r\n%065d%c", 0, 0);
    check_answer(self, client, request.data, 413, "the body is over test.body_max");
    buf_fini(&request);
    (void)close(client);
}

static void one_that_has_gone_or_finds_no_place_is_closed(void **state)
{
    struct fixture *self = *state;
    int clients[places];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client;

    assert_int_equal(ERR_IO, http_adopt(self->http, fd, &self->now));
    assert_false(is_open(fd));
    for (int i = 0; i < places; i++) {
        clients[i] = accepted(&fd);
        assert_int_equal(ERR_OK, http_adopt(self->http, fd, &self->now));
    }
    client = accepted(&fd);
    assert_int_equal(ERR_FULL, http_adopt(self->http, fd, &self->now));
    assert_false(is_open(fd));
    assert_int_equal(places, connections(self));
    (void)close(client);
    for (int i = 0; i < places; i++) {
        (void)close(clients[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(an_accepted_connection_is_served),
        T(what_has_come_before_is_read),
        T(its_chunks_are_looked_at),
        T(limits_hold_and_name_the_section_of_their_keys),
        T(one_that_has_gone_or_finds_no_place_is_closed),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
