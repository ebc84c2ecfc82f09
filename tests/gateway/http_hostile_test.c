/* Clients that mean harm or are slow: heads that can be read in two ways, what is too large, what
 * never ends; and what thousands of them took is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/http_fixture.h"

static void doubtful_header_blocks_are_refused(void **state)
{
    struct http_fixture *self = *state;

    http_check_status(self, "GET /a HTTP/1.1\r\n\r\n", 400);
    http_check_status(self, "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    http_check_status(
        self, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nabc",
        400);
    http_check_status(self,
                      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
                      "chunked\r\n\r\nabc",
                      400);
    http_check_status(self, "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc",
                      501);
    http_check_status(self, "GET /a HTTP/1.1\r\nHost: h\r\nFoo : y\r\n\r\n", 400);
    http_check_status(self, "G@T /a HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    http_check_status(self, "\x16\x03 x\r\n\r\n", 400);
    http_check_status(self, "GET /a HTTP/3.7\r\nHost: h\r\n\r\n", 505);
    http_check_status(self, "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    http_check_status(self, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_int_equal(0, self->served);
    http_check_status(self, "GET /a HTTP/1.0\r\n\r\n", 200);
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
    struct http_fixture *self = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = http_client(self);
        struct buf answer;

        client_send(fd, cases[i].request);
        client_send(fd, STR("GET /b HTTP/1.1\r\nHost: h\r\n\r\n"));
        answer = client_answer(fd, http_fd(self->http), http_run, self);
        if (answer_status(&answer) != cases[i].status) {
            print_error("case %zu: %s\n", i, answer.data);
        }
        assert_int_equal(cases[i].status, answer_status(&answer));
        assert_true(answer_has(&answer, "Connection: close"));
        buf_fini(&answer);
        (void)close(fd);
        http_run(self);
    }
    assert_int_equal(0, self->served);
    http_check_status(self, "GET /a HTTP/1.1\r\nHost:h\r\nA:\r\nB: \t b \r\nC:\r\n\r\n", 200);
    http_check_status(self, "\r\n\r\nGET /a?b&c HTTP/1.1\r\nC: \r\nHost: h\r\n\r\n", 200);
}

static void a_header_of_any_size_is_answered(void **state)
{
    struct http_fixture *self = *state;
    int last = 200;

    for (size_t size = 14000; size < 17000; size += size < 15000 || size > 16500 ? 500 : 32) {
        struct buf request = {0};
        struct buf answer;

        buf_add_str(&request, STR("GET /a HTTP/1.1\r\nHost: h\r\nFoo: "));
        memset(buf_reserve(&request, size), 'f', size);
        request.len += size;
        buf_printf(&request, "\r\n\r\n%c", 0);
        answer = http_ask(self, request.data);
        assert_true(answer_status(&answer) == 431 ||
                    (last == 200 && answer_status(&answer) == 200));
        last = answer_status(&answer);
        buf_fini(&answer);
        buf_fini(&request);
    }
    assert_int_equal(431, last);
}

/* Sends a byte every interval, until the server has enough of it; what it says then. */
static struct buf drip(struct http_fixture *self, const char *begin, int64_t interval_ms,
                       int64_t *took_ms)
{
    int fd = http_client(self);
    struct buf answer = {0};
    int64_t began_ms = self->now_ms;
    bool open;

    client_send(fd, str_from(begin));
    do {
        open = client_read(fd, http_fd(self->http), &answer, http_run, self);
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
    struct http_fixture *self = *state;
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
    http_run(self);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.connections);
    assert_int_equal(4, counts.slow_total);
}

static void turn_until(struct http_fixture *self, uint64_t connections)
{
    struct http_counts counts;

    do {
        http_run(self);
        http_counts(self->http, &counts);
    } while (counts.connections != connections);
}

/* So many come, and go. */
static void come_and_go(struct http_fixture *self)
{
    enum { many = 1100 };
    static int fds[many];
    struct rlimit limit;

    assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < (rlim_t)3 * many) {
        skip();
    }
    for (int i = 0; i < many; i++) {
        fds[i] = http_client(self);
    }
    turn_until(self, many);
    for (int i = 0; i < many; i++) {
        (void)close(fds[i]);
    }
    turn_until(self, 0);
    http_run(self);
}

/* It takes a while, for which all that is served beside it would wait. */
static void a_heap_that_is_shared_is_looked_after_by_its_owner(void **state)
{
    struct http_fixture *self = *state;
    struct http_counts counts;

    come_and_go(self);
    self->now_ms += 5000;
    http_run(self);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.trims_total);
    http_forget(self->http);
    http_counts(self->http, &counts);
    assert_int_equal(1, counts.trims_total);
}

static void memory_is_given_back_when_many_have_gone(void **state)
{
    struct http_fixture *self = *state;
    struct http_counts counts;

    self->now_ms = 10000;
    for (int round = 0; round < 2; round++) {
        come_and_go(self);
        http_counts(self->http, &counts);
        assert_int_equal(round, counts.trims_total); /* not while they go */
        self->now_ms += round == 0 ? 300 : 1000;
        http_run(self);
        http_counts(self->http, &counts);
        assert_int_equal(1, counts.trims_total); /* and not at once again */
    }
    self->now_ms += 2000;
    http_run(self);
    self->now_ms += 5000;
    http_run(self);
    http_counts(self->http, &counts);
    assert_int_equal(2, counts.trims_total);
}

static void who_waits_for_an_answer_is_not_cut_off(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct buf answer = {0};

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    while (self->parked == NULL) {
        http_run(self);
    }
    for (int i = 0; i < 100; i++) {
        self->now_ms += 5000;
        http_run(self);
    }
    http_echo(self->parked);
    answer = client_answer(fd, http_fd(self->http), http_run, self);
    assert_int_equal(200, answer_status(&answer));
    buf_fini(&answer);
    self->now_ms += 9000;
    answer = http_answer_on(self, fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(200, answer_status(&answer));
    buf_fini(&answer);
    (void)close(fd);
}

static void nothing_after_a_refused_header_block_is_read(void **state)
{
    struct http_fixture *self = *state;
    struct buf answer =
        http_ask(self, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                       "Content-Length: 40\r\n\r\nabcGET /b HTTP/1.1\r\nHost: h\r\n\r\n");

    assert_int_equal(400, answer_status(&answer));
    assert_true(answer_has(&answer, "Connection: close"));
    assert_int_equal(0, self->served);
    buf_fini(&answer);
}

static void a_body_over_the_limit_is_413_and_the_connection_goes_on(void **state)
{
    struct http_fixture *self = *state;
    struct buf request = {0};
    struct buf answer;
    int fd = http_client(self);

    buf_printf(&request, "POST /a HTTP/1.1\r\nHost: h\r\n" FORM "Content-Length: 200002\r\n\r\nz=");
    for (int i = 0; i < 200000; i++) {
        buf_add_char(&request, 'x');
    }
    buf_add_char(&request, '\0');
    answer = http_answer_on(self, fd, request.data);
    assert_int_equal(413, answer_status(&answer));
    buf_fini(&answer);
    answer = http_answer_on(self, fd, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal("/b" ME, answer_body(&answer));
    buf_fini(&answer);
    buf_fini(&request);
    (void)close(fd);
}

/* Who waits to be told to go on is told at once that it is too much; who sends far too much, too.
 */
static void a_body_far_over_the_limit_is_413_before_it_is_sent(void **state)
{
    static const char *const heads[] = {"Content-Length: 200002\r\nExpect: 100-continue\r\n",
                                        "Content-Length: 99000000000\r\n"};
    struct http_fixture *self = *state;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct buf request = {0};
        struct buf answer;

        buf_printf(&request, "POST /a HTTP/1.1\r\nHost: h\r\n" FORM "%s\r\n%c", heads[i], 0);
        answer = http_ask(self, request.data);
        assert_int_equal(413, answer_status(&answer));
        assert_true(answer_has(&answer, "Connection: close\r\n"));
        buf_fini(&answer);
        buf_fini(&request);
    }
    assert_int_equal(0, self->served);
}

static void too_many_parameters_and_too_long_lines_are_refused(void **state)
{
    struct http_fixture *self = *state;
    struct http_counts counts;
    struct buf request = {0};
    uint64_t before;

    buf_printf(&request, "GET /a?");
    for (int i = 0; i < 33; i++) {
        buf_add_str(&request, STR("x=1&"));
    }
    buf_printf(&request, " HTTP/1.1\r\nHost: h\r\n\r\n%c", 0);
    http_check_body(self, request.data, "more than 32 parameters");
    http_counts(self->http, &counts);
    before = counts.refused_total;
    request.len = 0;
    buf_printf(&request, "GET /a?x=%0200000d HTTP/1.1\r\nHost: h\r\n\r\n%c", 1, 0);
    {
        struct buf answer = http_ask(self, request.data);

        assert_true(answer_status(&answer) == 414 || answer_status(&answer) == 431);
        buf_fini(&answer);
        http_counts(self->http, &counts);
        assert_int_equal(counts.refused_total,
                         before + 1); /* libmicrohttpd's own is counted, too */
    }
    buf_fini(&request);
}

static void any_number_of_parameters_in_a_url_is_answered(void **state)
{
    struct http_fixture *self = *state;
    struct http_counts counts;

    for (int count = 100; count < 1000; count += 20) {
        struct buf request = {0};
        struct buf answer;

        buf_add_str(&request, STR("POST /echo?a"));
        for (int i = 1; i < count; i++) {
            buf_add_str(&request, STR("&a"));
        }
        buf_printf(&request, " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n%c", 0);
        answer = http_ask(self, request.data);
        assert_int_equal(200, answer_status(&answer));
        buf_fini(&answer);
        buf_fini(&request);
    }
    http_check_body(self, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.connections);
}

/* Sends the head and these pieces, each when the one before has been read; the status, 0: none. */
static int chunked(struct http_fixture *self, const char *const *pieces, size_t count)
{
    int fd = http_client(self);
    struct buf answer = {0};
    int status;

    client_send(fd, STR("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (size_t i = 0; i < count; i++) {
        http_run(self);
        (void)send(fd, pieces[i], strlen(pieces[i]), MSG_NOSIGNAL);
    }
    answer = client_answer(fd, http_fd(self->http), http_run, self);
    status = answer.len > 0 && answer.data[0] != '\0' ? answer_status(&answer) : 0;
    if (status != 200) {
        struct buf rest = {0};

        assert_true(answer_has(&answer, "Connection: close"));
        while (client_read(fd, http_fd(self->http), &rest, http_run, self)) {
            assert_int_equal(0, rest.len);
        }
        buf_fini(&rest);
    }
    buf_fini(&answer);
    (void)close(fd);
    http_run(self);
    return status;
}

/* A proxy in front of us that reads these as the standard has it sees another end of the body. */
static void chunks_that_others_read_differently_are_refused(void **state)
{
    enum { most = 4 };
    static const struct {
        int status;
        const char *pieces[most];
    } cases[] = {
        {200, {"3\r\na=b\r\n0\r\n\r\n"}},
        {200, {"3", "\r", "\na=b\r", "\n0\r\n\r\n"}},
        {200, {"3;x=\"y\"\r\na=b\r\n000\r\nFoo: bar\r\nBar:\r\n\r\n"}},
        {400, {"3\na=b\r\n0\r\n\r\n"}},
        {400, {"3\n", "a=b\r\n0\r\n\r\n"}},
        {400, {"3\r\na=b\n0\r\n\r\n"}},
        {400, {"3\r\na=b", "\n", "0\r\n\r\n"}},
        {400, {"3\r\na=b\r\n0\n\r\n"}},
        {400, {"3\r\na=b\r\n0\r\n\n"}},
        {400, {"3\r\na=b\r\n0\r\n", "\n"}},
        {400, {"3;x\na=b\r\n0\r\n\r\n"}},
        {400, {"3;x\n", "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"}},
        {400, {"3;\rx\r\na=b\r\n0\r\n\r\n"}},
        {400, {"3;\x01\r\na=b\r\n0\r\n\r\n"}},
        {400, {"3 \r\na=b\r\n0\r\n\r\n"}},
        {400, {" 3\r\na=b\r\n0\r\n\r\n"}},
        {400, {"\r\n3\r\na=b\r\n0\r\n\r\n"}},
        {400, {"\r\n0\r\n\r\n"}},
        {400, {"3\r\na=bXX0\r\n\r\n"}},
        {400, {"0x3\r\na=b\r\n0\r\n\r\n"}},
        {400, {"+3\r\na=b\r\n0\r\n\r\n"}},
        {400, {"0\r\nFoo: bar\n\r\n"}},
        {400, {"0\r\nFoo: bar\r\n folded\r\n\r\n"}},
        {400, {"0\r\nFoo : bar\r\n\r\n"}},
        {400, {"0\r\n: bar\r\n\r\n"}},
        {400, {"0\r\nFoo\r\n\r\n"}},
        {400, {"0\r\nFoo: b\rar\r\n\r\n"}},
        {413, {"1234567890abcdef\r\n", "a"}},
    };
    struct http_fixture *self = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t count = 0;
        int status;

        while (count < most && cases[i].pieces[count] != NULL) {
            count++;
        }
        self->served = 0;
        status = chunked(self, cases[i].pieces, count);
        if (status != cases[i].status) {
            print_error("case %zu: %d\n", i, status);
        }
        assert_int_equal(cases[i].status, status);
        assert_int_equal(status == 200, self->served);
    }
}

static void a_chunked_request_right_behind_another_is_refused(void **state)
{
    struct http_fixture *self = *state;
    struct buf answer =
        http_ask(self, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                       "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\na=b\r\n0\r\n\r\n");

    http_run(self);
    assert_int_equal(200, answer_status(&answer));
    assert_int_equal(1, self->served);
    buf_fini(&answer);
}

static void chunked_requests_one_after_the_other_are_read(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);

    for (int i = 0; i < 3; i++) {
        struct buf answer = {0};

        client_send(fd, STR("POST /b HTTP/1.1\r\nHost: h\r\n" FORM
                            "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n"
                            "GET /c HTTP/1.1\r\nHost: h\r\n\r\n"));
        while (answer.len == 0 ||
               memmem(answer.data, answer.len, "/c" ME, strlen("/c" ME)) == NULL) {
            assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
        }
        assert_non_null(memmem(answer.data, answer.len, "|a=b", strlen("|a=b")));
        buf_fini(&answer);
    }
    assert_int_equal(6, self->served);
    (void)close(fd);
}

/* libmicrohttpd would wait for its end with a buffer that takes no more, and see no end of the
 * connection either. */
static void a_chunk_line_without_end_is_refused_and_its_place_is_free(void **state)
{
    static const char *const begins[] = {"1;", "", "0\r\nFoo: "};
    static const int statuses[] = {400, 413, 431};
    struct http_fixture *self = *state;
    struct http_counts counts;

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        struct buf line = {0};
        const char *pieces[2] = {begins[i]};

        memset(buf_reserve(&line, 40001), '0', 40000);
        line.data[40000] = '\0';
        pieces[1] = line.data;
        assert_int_equal(statuses[i], chunked(self, pieces, 2));
        http_counts(self->http, &counts);
        assert_int_equal(0, counts.connections);
        assert_int_equal(i + 1, counts.refused_total);
        buf_fini(&line);
    }
    assert_int_equal(0, self->served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, http_set_up, http_tear_down)
        T(doubtful_header_blocks_are_refused),
        T(lines_that_others_read_differently_are_refused),
        T(a_header_of_any_size_is_answered),
        T(a_request_that_comes_a_byte_at_a_time_is_cut_off),
        T(memory_is_given_back_when_many_have_gone),
        cmocka_unit_test_setup_teardown(a_heap_that_is_shared_is_looked_after_by_its_owner,
                                        http_set_up_beside_others, http_tear_down),
        T(who_waits_for_an_answer_is_not_cut_off),
        T(nothing_after_a_refused_header_block_is_read),
        T(a_body_over_the_limit_is_413_and_the_connection_goes_on),
        T(a_body_far_over_the_limit_is_413_before_it_is_sent),
        T(too_many_parameters_and_too_long_lines_are_refused),
        T(any_number_of_parameters_in_a_url_is_answered),
        T(chunks_that_others_read_differently_are_refused),
        T(a_chunked_request_right_behind_another_is_refused),
        T(chunked_requests_one_after_the_other_are_read),
        T(a_chunk_line_without_end_is_refused_and_its_place_is_free),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
