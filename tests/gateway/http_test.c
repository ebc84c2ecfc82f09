#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/http_client.h"

/* A server whose handlers do what the path says. */
struct fixture {
    struct http *http;
    struct request *parked;
    struct request *streaming;
    int gone;
    int ended;
    int served;
    const char *next_piece; /* of the stream; NULL: wait */
    bool stream_ends;
    size_t made; /* by streams without end */
    int64_t now_ms;
};

static struct response *text_response(int status, const char *text)
{
    struct buf body = {0};

    buf_add_str(&body, str_from(text));
    return response_new(status, "text/plain", &body);
}

static void answer_echo(struct request *request)
{
    const struct params *params = request_params(request);
    struct buf body = {0};
    struct response *response;
    char peer[64];

    request_peer(request, peer, sizeof(peer));
    buf_printf(&body, "%.*s from %s%s", STR_ARG(request_path(request)), peer,
               request_from_loopback(request) ? " (loopback)" : "");
    for (size_t i = 0; i < params->count; i++) {
        buf_printf(&body, "|%.*s=%.*s", STR_ARG(params->items[i].name),
                   STR_ARG(params->items[i].value));
    }
    response = response_new(200, "text/plain", &body);
    request_answer(request, response);
    response_unref(&response);
}

static int64_t next_piece(void *context, char *to, size_t max)
{
    struct fixture *self = context;
    const char *piece = self->next_piece;
    size_t len;

    if (piece == NULL) {
        return self->stream_ends ? HTTP_STREAM_END : HTTP_STREAM_WAIT;
    }
    len = strlen(piece);
    assert_true(len <= max);
    memcpy(to, piece, len);
    self->next_piece = NULL;
    return (int64_t)len;
}

static int64_t next_of_many(void *context, char *to, size_t max)
{
    struct fixture *self = context;

    memset(to, 'x', max);
    self->made += max;
    return (int64_t)max;
}

static void end_stream(void *context)
{
    struct fixture *self = context;

    self->ended++;
}

static void on_serve(void *state, struct request *request, const struct now *now)
{
    struct fixture *self = state;
    struct str path = request_path(request);

    (void)now;
    self->served++;
    if (str_eq(path, STR("/park"))) {
        self->parked = request;
        request_park(request);
    } else if (str_eq(path, STR("/await"))) {
        self->parked = request;
        request_await(request);
    } else if (str_eq(path, STR("/stream"))) {
        self->streaming = request;
        request_stream(request, 200, "text/event-stream", next_piece, end_stream, self);
    } else if (str_eq(path, STR("/endless"))) {
        request_stream(request, 200, "text/plain", next_of_many, end_stream, self);
    } else {
        answer_echo(request);
    }
}

static void on_gone(void *state, struct request *request)
{
    struct fixture *self = state;

    self->gone++;
    if (self->made > 0) {
        return;
    }
    assert_true(request == self->parked || request == self->streaming);
    *(request == self->parked ? &self->parked : &self->streaming) = NULL;
}

static struct response *on_refuse(void *state, int status, const char *text)
{
    (void)state;
    return text_response(status, text);
}

static const struct http_app app = {on_serve, on_gone, on_refuse};

static int set_up(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));
    struct http_options options = {.listen = "127.0.0.1:0",
                                   .pool_bytes = 16384,
                                   .body_max_bytes = 4096,
                                   .param_max = 32,
                                   .idle_ms = 10000};

    self->now_ms = 1000;
    assert_int_equal(ERR_OK, http_new(&self->http, &options, &app, self));
    assert_int_equal(ERR_OK, http_listen(self->http));
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

static void turn(void *state)
{
    struct fixture *self = state;
    struct now now = {.mono_ms = self->now_ms};

    while (http_turn(self->http, &now)) {
    }
}

static int open_client(struct fixture *self)
{
    return client_open(http_port(self->http));
}

static struct buf answer_on(struct fixture *self, int fd, const char *request)
{
    client_send(fd, str_from(request));
    return client_answer(fd, http_fd(self->http), turn, self);
}

static struct buf ask(struct fixture *self, const char *request)
{
    int fd = open_client(self);
    struct buf answer = answer_on(self, fd, request);

    (void)close(fd);
    turn(self);
    return answer;
}

static void check_body(struct fixture *self, const char *request, const char *expected)
{
    struct buf answer = ask(self, request);

    assert_int_equal(200, answer_status(&answer));
    assert_string_equal(expected, answer_body(&answer));
    buf_fini(&answer);
}

static void check_status(struct fixture *self, const char *request, int expected)
{
    struct buf answer = ask(self, request);

    if (answer_status(&answer) != expected) {
        print_error("%s\n-> %s\n", request, answer.data);
    }
    assert_int_equal(expected, answer_status(&answer));
    buf_fini(&answer);
}

#define ME " from 127.0.0.1 (loopback)"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static void a_query_is_bound(void **state)
{
    check_body(*state, "GET /a?x=1&y=%41+b HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME "|x=1|y=A b");
}

static void paths_are_cleaned_as_go_does(void **state)
{
    check_body(*state, "GET //a//b HTTP/1.1\r\nHost: h\r\n\r\n", "/a/b" ME);
    check_body(*state, "GET /a/x/../b HTTP/1.1\r\nHost: h\r\n\r\n", "/a/b" ME);
    check_body(*state, "GET /a/./%62/ HTTP/1.1\r\nHost: h\r\n\r\n", "/a/b/" ME);
    check_body(*state, "GET /../.. HTTP/1.1\r\nHost: h\r\n\r\n", "/" ME);
    check_body(*state, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "/" ME);
    check_body(*state, "GET http://h:1/a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME "|b=c");
}

static void the_body_comes_before_the_query(void **state)
{
    check_body(*state,
               "POST /a?z=q&v=vq HTTP/1.1\r\nHost: h\r\n" FORM "Content-Length: 5\r\n\r\nz=b&y",
               "/a" ME "|z=b|y=|z=q|v=vq");
    check_body(*state, "POST /a?z=q HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
               "/a" ME "|z=q");
}

static void content_types_decide_what_is_read(void **state)
{
    check_body(*state,
               "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: Application/X-WWW-Form-URLEncoded; "
               "charset=x\r\nContent-Length: 3\r\n\r\nz=b",
               "/a" ME "|z=b");
    check_body(*state,
               "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
               "9\r\n\r\n{\"z\":\"b\"}",
               "/a" ME "|z=b");
    check_body(*state, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nz=b", "/a" ME);
    check_body(*state,
               "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: "
               "3\r\n\r\nz=b",
               "/a" ME);
    check_body(*state,
               "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; "
               "boundary=B\r\nContent-Length: 3\r\n\r\n--B",
               "a body of Content-Type multipart/form-data is not read: send "
               "application/x-www-form-urlencoded or application/json");
    check_body(*state,
               "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
               "4\r\n\r\n{bad",
               "the JSON body can't be read: position 2: expected a string in double quotes");
}

static void a_chunked_body_and_one_in_pieces_are_read(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct buf answer;

    check_body(self,
               "POST /a HTTP/1.1\r\nHost: h\r\n" FORM
               "Transfer-Encoding: chunked\r\n\r\n2\r\nz=\r\n1\r\nb\r\n0\r\n\r\n",
               "/a" ME "|z=b");
    client_send(fd, str_from("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n" FORM
                             "Content-Length: 7\r\n\r\nz="));
    turn(self);
    turn(self);
    answer = answer_on(self, fd, "b&y=c");
    assert_string_equal("/a" ME "|z=b|y=c", answer_body(&answer));
    buf_fini(&answer);
    (void)close(fd);
}

static void doubtful_header_blocks_are_refused(void **state)
{
    struct fixture *self = *state;

    check_status(self, "GET /a HTTP/1.1\r\n\r\n", 400);
    check_status(self, "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    check_status(self,
                 "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nabc",
                 400);
    check_status(self,
                 "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
                 "chunked\r\n\r\nabc",
                 400);
    check_status(self, "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc", 501);
    check_status(self, "GET /a HTTP/1.1\r\nHost: h\r\nFoo : y\r\n\r\n", 400);
    check_status(self, "G@T /a HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    check_status(self, "\x16\x03 x\r\n\r\n", 400);
    check_status(self, "GET /a HTTP/3.7\r\nHost: h\r\n\r\n", 505);
    check_status(self, "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    check_status(self, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_int_equal(0, self->served);
    check_status(self, "GET /a HTTP/1.0\r\n\r\n", 200);
}

#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* What libmicrohttpd reads in a way of its own, and would then read on behind. */
static void lines_that_others_read_differently_are_refused(void **state)
{
    static const struct {
        int status;
        struct str request;
    } cases[] = {
        {505, BYTES("GET /a HTTP/1.2\r\nHost: h\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\nHost: h\n\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\nFoo: b\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\nFoo: b\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\nFoo: b\r\n\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\nFoo: b\rContent-Length: 5\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\nFoo: b\0c\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\0\r\n\r\n")},
        {400, BYTES("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\0\r\n\r\nx")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\n\0Foo: b\r\n\r\n")},
        {400, BYTES("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n")},
        {400, BYTES("G\0ET /a HTTP/1.1\r\nHost: h\r\n\r\n")},
        {400, BYTES("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\n: b\r\nHost: h\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\nFoo: b\r\n c\r\n\r\n")},
        {400, BYTES("GET /a HTTP/1.1\r\nHost: h\r\nFoo:\r\n\tc\r\n\r\n")},
        {400, BYTES("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n 0\r\n\r\nx")},
        {400, BYTES("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"
                    "0\r\n\r\n")},
        {400, BYTES("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    };
    struct fixture *self = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = open_client(self);
        struct buf answer;

        client_send(fd, cases[i].request);
        client_send(fd, STR("GET /b HTTP/1.1\r\nHost: h\r\n\r\n"));
        answer = client_answer(fd, http_fd(self->http), turn, self);
        if (answer_status(&answer) != cases[i].status) {
            print_error("case %zu: %s\n", i, answer.data);
        }
        assert_int_equal(cases[i].status, answer_status(&answer));
        assert_true(answer_has(&answer, "Connection: close"));
        buf_fini(&answer);
        (void)close(fd);
        turn(self);
    }
    assert_int_equal(0, self->served);
    check_status(self, "GET /a HTTP/1.1\r\nHost:h\r\nA:\r\nB: \t b \r\nC:\r\n\r\n", 200);
    check_status(self, "\r\n\r\nGET /a?b&c HTTP/1.1\r\nC: \r\nHost: h\r\n\r\n", 200);
}

static void a_header_of_any_size_is_answered(void **state)
{
    struct fixture *self = *state;
    int last = 200;

    for (size_t size = 14000; size < 17000; size += size < 15000 || size > 16500 ? 500 : 32) {
        struct buf request = {0};
        struct buf answer;

        buf_add_str(&request, STR("GET /a HTTP/1.1\r\nHost: h\r\nFoo: "));
        memset(buf_reserve(&request, size), 'f', size);
        request.len += size;
        buf_printf(&request, "\r\n\r\n%c", 0);
        answer = ask(self, request.data);
        assert_true(answer_status(&answer) == 431 ||
                    (last == 200 && answer_status(&answer) == 200));
        last = answer_status(&answer);
        buf_fini(&answer);
        buf_fini(&request);
    }
    assert_int_equal(431, last);
}

/* Sends a byte every interval, until the server has enough of it; what it says then. */
static struct buf drip(struct fixture *self, const char *begin, int64_t interval_ms,
                       int64_t *took_ms)
{
    int fd = open_client(self);
    struct buf answer = {0};
    int64_t began_ms = self->now_ms;
    bool open;

    client_send(fd, str_from(begin));
    do {
        open = client_read(fd, http_fd(self->http), &answer, turn, self);
        self->now_ms += interval_ms;
        (void)send(fd, "1", 1, MSG_NOSIGNAL);
    } while (open && self->now_ms < began_ms + 200000);
    *took_ms = self->now_ms - began_ms;
    buf_add_char(&answer, '\0');
    (void)close(fd);
    return answer;
}

static void a_request_that_comes_a_byte_at_a_time_is_cut_off(void **state)
{
    static const struct {
        const char *begin;
        int status; /* 0: closed without a word */
        int64_t interval_ms;
        int64_t after_ms;
    } cases[] = {
        {"", 0, 2000, 10000},
        {"GET /a", 0, 2000, 10000},
        {"GET /a HTTP/1.1\r\nHost: h\r\nFoo: ", 408, 2000, 30000},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", 408, 2000, 30000},
        {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;", 408, 1000, 5000},
        {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", 408, 2000,
         30000},
    };
    struct fixture *self = *state;
    struct http_counts counts;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t took_ms;
        struct buf answer = drip(self, cases[i].begin, cases[i].interval_ms, &took_ms);

        assert_int_equal(cases[i].status,
                         cases[i].status == 0 ? answer.data[0] : answer_status(&answer));
        assert_in_range(took_ms, cases[i].after_ms, cases[i].after_ms + 3 * cases[i].interval_ms);
        buf_fini(&answer);
    }
    assert_int_equal(0, self->served);
    turn(self);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.connections);
    assert_int_equal(4, counts.slow_total);
}

static void turn_until(struct fixture *self, uint64_t connections)
{
    struct http_counts counts;

    do {
        turn(self);
        http_counts(self->http, &counts);
    } while (counts.connections != connections);
}

static void memory_is_given_back_when_many_have_gone(void **state)
{
    enum { many = 1100 };
    static int fds[many];
    struct fixture *self = *state;
    struct rlimit limit;
    struct http_counts counts;

    assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
    self->now_ms = 10000;
    limit.rlim_cur = limit.rlim_max;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < (rlim_t)3 * many) {
        skip();
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < many; i++) {
            fds[i] = open_client(self);
        }
        turn_until(self, many);
        for (int i = 0; i < many; i++) {
            (void)close(fds[i]);
        }
        turn_until(self, 0);
        turn(self);
        http_counts(self->http, &counts);
        assert_int_equal(round, counts.trims_total); /* not while they go */
        self->now_ms += round == 0 ? 300 : 1000;
        turn(self);
        http_counts(self->http, &counts);
        assert_int_equal(1, counts.trims_total); /* and not at once again */
    }
    self->now_ms += 2000;
    turn(self);
    self->now_ms += 5000;
    turn(self);
    http_counts(self->http, &counts);
    assert_int_equal(2, counts.trims_total);
}

static void who_waits_for_an_answer_is_not_cut_off(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct buf answer = {0};

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    while (self->parked == NULL) {
        turn(self);
    }
    for (int i = 0; i < 100; i++) {
        self->now_ms += 5000;
        turn(self);
    }
    answer_echo(self->parked);
    answer = client_answer(fd, http_fd(self->http), turn, self);
    assert_int_equal(200, answer_status(&answer));
    buf_fini(&answer);
    self->now_ms += 9000;
    answer = answer_on(self, fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(200, answer_status(&answer));
    buf_fini(&answer);
    (void)close(fd);
}

static void nothing_after_a_refused_header_block_is_read(void **state)
{
    struct fixture *self = *state;
    struct buf answer =
        ask(self, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                  "Content-Length: 40\r\n\r\nabcGET /b HTTP/1.1\r\nHost: h\r\n\r\n");

    assert_int_equal(400, answer_status(&answer));
    assert_true(answer_has(&answer, "Connection: close"));
    assert_int_equal(0, self->served);
    buf_fini(&answer);
}

static void a_body_over_the_limit_is_413_and_the_connection_goes_on(void **state)
{
    struct fixture *self = *state;
    struct buf request = {0};
    struct buf answer;
    int fd = open_client(self);

    buf_printf(&request, "POST /a HTTP/1.1\r\nHost: h\r\n" FORM "Content-Length: 200002\r\n\r\nz=");
    for (int i = 0; i < 200000; i++) {
        buf_add_char(&request, 'x');
    }
    buf_add_char(&request, '\0');
    answer = answer_on(self, fd, request.data);
    assert_int_equal(413, answer_status(&answer));
    buf_fini(&answer);
    answer = answer_on(self, fd, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal("/b" ME, answer_body(&answer));
    buf_fini(&answer);
    buf_fini(&request);
    (void)close(fd);
}

static void too_many_parameters_and_too_long_lines_are_refused(void **state)
{
    struct fixture *self = *state;
    struct buf request = {0};

    buf_printf(&request, "GET /a?");
    for (int i = 0; i < 33; i++) {
        buf_add_str(&request, STR("x=1&"));
    }
    buf_printf(&request, " HTTP/1.1\r\nHost: h\r\n\r\n%c", 0);
    check_body(self, request.data, "more than 32 parameters");
    request.len = 0;
    buf_printf(&request, "GET /a?x=%0200000d HTTP/1.1\r\nHost: h\r\n\r\n%c", 1, 0);
    {
        struct buf answer = ask(self, request.data);

        assert_true(answer_status(&answer) == 414 || answer_status(&answer) == 431);
        buf_fini(&answer);
    }
    buf_fini(&request);
}

static void a_parked_request_is_answered_later(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct response *response = text_response(200, "late");
    struct http_counts counts;
    struct buf answer = {0};

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->parked == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    assert_non_null(self->parked);
    http_counts(self->http, &counts);
    assert_int_equal(1, counts.parked);
    assert_int_equal(0, answer.len);
    buf_fini(&answer);
    request_answer(self->parked, response);
    {
        struct now now = {.mono_ms = 1000};

        assert_int_equal(1000, http_due_ms(self->http, &now)); /* a resume wakes nobody */
    }
    answer = client_answer(fd, http_fd(self->http), turn, self);
    assert_string_equal("late", answer_body(&answer));
    assert_int_equal(0, self->gone);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.parked);
    buf_fini(&answer);
    response_unref(&response);
    (void)close(fd);
}

static void a_parked_client_that_goes_is_noticed(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct http_counts counts;
    struct buf answer = {0};

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->parked == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    (void)close(fd);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        turn(self);
    }
    assert_int_equal(1, self->gone);
    turn(self);
    turn(self);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.parked);
    assert_int_equal(0, counts.connections);
    buf_fini(&answer);
}

/* What was sent and the end arrive together, at a connection that has been waiting. */
static void an_end_right_behind_half_a_request_is_noticed(void **state)
{
    static const char *const sent[] = {
        "GET / HT", "POST /x HTTP/1.1\r\nHost: h\r\nConte",
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"};
    struct fixture *self = *state;
    struct http_counts counts;
    int fd[3];

    for (int i = 0; i < 3; i++) {
        fd[i] = open_client(self);
        turn(self);
        turn(self);
        client_send(fd[i], str_from(sent[i]));
        assert_return_code(shutdown(fd[i], SHUT_WR), 0);
    }
    for (int i = 0; i < 4; i++) {
        turn(self);
        self->now_ms += 1000;
    }
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.connections);
    assert_int_equal(0, self->served);
    for (int i = 0; i < 3; i++) {
        (void)close(fd[i]);
    }
}

static void one_that_awaits_its_answer_gets_it_and_keeps_nobody_busy(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct response *response = text_response(200, "soon");
    struct now now = {.mono_ms = 1000};

    for (int round = 0; round < 3; round++) {
        struct buf answer = {0};

        client_send(fd, STR("GET /await HTTP/1.1\r\nHost: h\r\n\r\n"));
        for (int i = 0; i < 100 && self->parked == NULL; i++) {
            assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
        }
        assert_int_equal(0, answer.len);
        buf_fini(&answer);
        assert_false(http_turn(self->http, &now));
        assert_true(http_due_ms(self->http, &now) > now.mono_ms);
        request_answer(self->parked, response);
        self->parked = NULL;
        assert_int_equal(now.mono_ms, http_due_ms(self->http, &now));
        answer = client_answer(fd, http_fd(self->http), turn, self);
        assert_string_equal("soon", answer_body(&answer));
        buf_fini(&answer);
    }
    response_unref(&response);
    (void)close(fd);
}

static void one_that_awaits_its_answer_for_long_is_watched(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    struct fixture *self = *state;
    int fd = open_client(self);
    struct http_counts counts;
    struct buf answer = {0};

    client_send(fd, STR("GET /await HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->parked == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    self->now_ms = 1030;
    turn(self);
    {
        struct now now = {.mono_ms = 1030};

        assert_true(http_due_ms(self->http, &now) > now.mono_ms + 100);
    }
    assert_return_code(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    (void)close(fd);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        turn(self);
    }
    assert_int_equal(1, self->gone);
    turn(self);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.parked);
    assert_int_equal(0, counts.connections);
    buf_fini(&answer);
}

static void a_second_park_on_a_connection_is_watched_too(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct response *response = text_response(200, "late");
    struct buf answer = {0};

    for (int round = 0; round < 3; round++) {
        client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
        self->parked = NULL;
        for (int i = 0; i < 100 && self->parked == NULL; i++) {
            assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
        }
        if (round < 2) {
            request_answer(self->parked, response);
            buf_fini(&answer);
            answer = client_answer(fd, http_fd(self->http), turn, self);
            assert_string_equal("late", answer_body(&answer));
        }
    }
    (void)close(fd);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        turn(self);
    }
    assert_int_equal(1, self->gone);
    buf_fini(&answer);
    response_unref(&response);
}

static void a_client_that_went_before_it_was_parked_is_noticed(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        turn(self);
    }
    assert_int_equal(1, self->gone);
    (void)close(fd);
}

static void a_stream_waits_goes_on_and_ends(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct buf answer = {0};

    client_send(fd, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->streaming == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    turn(self);
    self->next_piece = "data: 1\n\n";
    request_stream_more(self->streaming);
    for (int i = 0; i < 100; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
        if (answer.len > 9 && memmem(answer.data, answer.len, "data: 1", 7) != NULL) {
            break;
        }
    }
    assert_int_equal(0, self->ended);
    self->stream_ends = true;
    request_stream_more(self->streaming);
    for (int i = 0; i < 100 && memmem(answer.data, answer.len, "\r\n0\r\n\r\n", 7) == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    assert_int_equal(1, self->ended);
    assert_int_equal(0, self->gone);
    buf_fini(&answer);
    (void)close(fd);
}

static void a_stream_whose_client_goes_is_ended_once(void **state)
{
    struct fixture *self = *state;
    int older = open_client(self); /* silent for longer: libmicrohttpd looks at that one first */
    struct http_counts counts;
    struct buf answer = {0};
    int fd;

    turn(self);
    fd = open_client(self);
    client_send(fd, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->streaming == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    turn(self);
    (void)close(fd);
    for (int i = 0; i < 100 && self->ended == 0; i++) {
        turn(self);
    }
    assert_int_equal(1, self->gone);
    assert_int_equal(1, self->ended);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.streams);
    for (int i = 0; i < 100 && counts.connections > 1; i++) {
        turn(self);
        http_counts(self->http, &counts);
    }
    assert_int_equal(1, counts.connections);
    buf_fini(&answer);
    (void)close(older);
}

static void ending_answers_who_is_parked_and_ends_streams(void **state)
{
    struct fixture *self = *state;
    int parked = open_client(self);
    int streaming = open_client(self);
    struct buf answer = {0};
    char bytes[512];
    ssize_t got;

    client_send(parked, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_send(streaming, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && (self->parked == NULL || self->streaming == NULL); i++) {
        assert_true(client_read(parked, http_fd(self->http), &answer, turn, self));
    }
    turn(self);
    http_destroy(&self->http);
    assert_int_equal(2, self->gone);
    assert_int_equal(1, self->ended);
    got = recv(parked, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
    assert_true(got > 12 && memcmp(bytes, "HTTP/1.1 503", 12) == 0);
    buf_fini(&answer);
    (void)close(parked);
    (void)close(streaming);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *self = *state;
    int fd = open_client(self);
    struct buf answer = {0};

    client_send(fd, STR("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && (answer.len == 0 ||
                                memmem(answer.data, answer.len, "/b" ME, strlen("/b" ME)) == NULL);
         i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    }
    buf_add_char(&answer, '\0');
    assert_true(strstr(answer.data, "/a" ME) < strstr(answer.data, "/b" ME));
    assert_non_null(strstr(answer.data, "/a" ME));
    buf_fini(&answer);
    (void)close(fd);
}

static void any_number_of_parameters_in_a_url_is_answered(void **state)
{
    struct fixture *self = *state;
    struct http_counts counts;

    for (int count = 100; count < 1000; count += 20) {
        struct buf request = {0};
        struct buf answer;

        buf_add_str(&request, STR("POST /echo?a"));
        for (int i = 1; i < count; i++) {
            buf_add_str(&request, STR("&a"));
        }
        buf_printf(&request, " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n%c", 0);
        answer = ask(self, request.data);
        assert_int_equal(200, answer_status(&answer));
        buf_fini(&answer);
        buf_fini(&request);
    }
    check_body(self, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.connections);
}

static void a_chunk_line_without_end_keeps_nobody_busy(void **state)
{
    struct fixture *self = *state;
    struct now now = {.mono_ms = 1000};
    int fd = open_client(self);
    struct buf line = {0};
    struct buf answer = {0};
    int turns = 0;

    client_send(fd, STR("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;"));
    memset(buf_reserve(&line, 40000), 'a', 40000);
    line.len = 40000;
    client_send(fd, buf_str(&line));
    while (turns < 1000 && http_turn(self->http, &now)) {
        turns++;
    }
    assert_true(turns < 1000);
    assert_true(http_due_ms(self->http, &now) > now.mono_ms);
    check_body(self, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME);
    assert_true(client_read(fd, http_fd(self->http), &answer, turn, self));
    assert_int_equal(0, answer.len);
    buf_fini(&answer);
    buf_fini(&line);
    (void)close(fd);
}

static void streams_share_what_a_turn_may_make(void **state)
{
    enum { clients = 100, turn_max = 300 * 1024 };
    struct fixture *self = *state;
    struct now now = {.mono_ms = 1000};
    int fds[clients];
    size_t before = 0;

    for (int i = 0; i < clients; i++) {
        fds[i] = open_client(self);
        client_send(fds[i], STR("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    for (int i = 0; i < 20; i++) {
        assert_true(http_turn(self->http, &now));
        assert_in_range(self->made - before, 1, turn_max);
        before = self->made;
    }
    for (int i = 0; i < clients; i++) {
        (void)close(fds[i]);
    }
    turn(self);
    assert_int_equal(clients, self->ended);
}

static void a_port_that_is_taken_is_an_error(void **state)
{
    struct fixture *self = *state;
    struct http *second = NULL;
    struct http_options options = {.pool_bytes = 16384, .idle_ms = 1000};
    char address[64];

    snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)http_port(self->http));
    options.listen = address;
    assert_int_equal(ERR_IO, http_new(&second, &options, &app, self));
    options.listen = "nonsense";
    assert_int_equal(ERR_INVALID, http_new(&second, &options, &app, self));
    assert_null(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(a_query_is_bound),
        T(paths_are_cleaned_as_go_does),
        T(the_body_comes_before_the_query),
        T(content_types_decide_what_is_read),
        T(a_chunked_body_and_one_in_pieces_are_read),
        T(doubtful_header_blocks_are_refused),
        T(lines_that_others_read_differently_are_refused),
        T(a_header_of_any_size_is_answered),
        T(a_request_that_comes_a_byte_at_a_time_is_cut_off),
        T(who_waits_for_an_answer_is_not_cut_off),
        T(memory_is_given_back_when_many_have_gone),
        T(nothing_after_a_refused_header_block_is_read),
        T(a_body_over_the_limit_is_413_and_the_connection_goes_on),
        T(too_many_parameters_and_too_long_lines_are_refused),
        T(a_parked_request_is_answered_later),
        T(a_parked_client_that_goes_is_noticed),
        T(an_end_right_behind_half_a_request_is_noticed),
        T(one_that_awaits_its_answer_gets_it_and_keeps_nobody_busy),
        T(one_that_awaits_its_answer_for_long_is_watched),
        T(a_second_park_on_a_connection_is_watched_too),
        T(a_client_that_went_before_it_was_parked_is_noticed),
        T(a_stream_waits_goes_on_and_ends),
        T(a_stream_whose_client_goes_is_ended_once),
        T(ending_answers_who_is_parked_and_ends_streams),
        T(pipelined_requests_are_answered_in_order),
        T(any_number_of_parameters_in_a_url_is_answered),
        T(a_chunk_line_without_end_keeps_nobody_busy),
        T(streams_share_what_a_turn_may_make),
        T(a_port_that_is_taken_is_an_error),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
