#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/http_fixture.h"

static void a_query_is_bound(void **state)
{
    http_check_body(*state, "GET /a?x=1&y=%41+b HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME "|x=1|y=A b");
}

static void paths_are_cleaned_as_go_does(void **state)
{
    http_check_body(*state, "GET //a//b HTTP/1.1\r\nHost: h\r\n\r\n", "/a/b" ME);
    http_check_body(*state, "GET /a/x/../b HTTP/1.1\r\nHost: h\r\n\r\n", "/a/b" ME);
    http_check_body(*state, "GET /a/./%62/ HTTP/1.1\r\nHost: h\r\n\r\n", "/a/b/" ME);
    http_check_body(*state, "GET /../.. HTTP/1.1\r\nHost: h\r\n\r\n", "/" ME);
    http_check_body(*state, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "/" ME);
    http_check_body(*state, "GET http://h:1/a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME "|b=c");
}

static void the_body_comes_before_the_query(void **state)
{
    http_check_body(
        *state, "POST /a?z=q&v=vq HTTP/1.1\r\nHost: h\r\n" FORM "Content-Length: 5\r\n\r\nz=b&y",
        "/a" ME "|z=b|y=|z=q|v=vq");
    http_check_body(*state, "POST /a?z=q HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
                    "/a" ME "|z=q");
}

static void content_types_decide_what_is_read(void **state)
{
    http_check_body(
        *state,
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: Application/X-WWW-Form-URLEncoded; "
        "charset=x\r\nContent-Length: 3\r\n\r\nz=b",
        "/a" ME "|z=b");
    http_check_body(
        *state,
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
        "9\r\n\r\n{\"z\":\"b\"}",
        "/a" ME "|z=b");
    http_check_body(*state, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nz=b", "/a" ME);
    http_check_body(*state,
                    "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: "
                    "3\r\n\r\nz=b",
                    "/a" ME);
    http_check_body(*state,
                    "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; "
                    "boundary=B\r\nContent-Length: 3\r\n\r\n--B",
                    "a body of Content-Type multipart/form-data is not read: send "
                    "application/x-www-form-urlencoded or application/json");
    http_check_body(
        *state,
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
        "4\r\n\r\n{bad",
        "the JSON body can't be read: position 2: expected a string in double quotes");
}

static void a_chunked_body_and_one_in_pieces_are_read(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct buf answer;

    http_check_body(self,
                    "POST /a HTTP/1.1\r\nHost: h\r\n" FORM
                    "Transfer-Encoding: chunked\r\n\r\n2\r\nz=\r\n1\r\nb\r\n0\r\n\r\n",
                    "/a" ME "|z=b");
    client_send(fd, str_from("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n" FORM
                             "Content-Length: 7\r\n\r\nz="));
    http_run(self);
    http_run(self);
    answer = http_answer_on(self, fd, "b&y=c");
    assert_string_equal("/a" ME "|z=b|y=c", answer_body(&answer));
    buf_fini(&answer);
    (void)close(fd);
}

static void a_parked_request_is_answered_later(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct response *response = http_text(200, "late");
    struct http_counts counts;
    struct buf answer = {0};

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->parked == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
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
    answer = client_answer(fd, http_fd(self->http), http_run, self);
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
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct http_counts counts;
    struct buf answer = {0};

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->parked == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
    }
    (void)close(fd);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        http_run(self);
    }
    assert_int_equal(1, self->gone);
    http_run(self);
    http_run(self);
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
    struct http_fixture *self = *state;
    struct http_counts counts;
    int fd[3];

    for (int i = 0; i < 3; i++) {
        fd[i] = http_client(self);
        http_run(self);
        http_run(self);
        client_send(fd[i], str_from(sent[i]));
        assert_return_code(shutdown(fd[i], SHUT_WR), 0);
    }
    for (int i = 0; i < 4; i++) {
        http_run(self);
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
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct response *response = http_text(200, "soon");
    struct now now = {.mono_ms = 1000};

    for (int round = 0; round < 3; round++) {
        struct buf answer = {0};

        client_send(fd, STR("GET /await HTTP/1.1\r\nHost: h\r\n\r\n"));
        for (int i = 0; i < 100 && self->parked == NULL; i++) {
            assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
        }
        assert_int_equal(0, answer.len);
        buf_fini(&answer);
        assert_false(http_turn(self->http, &now));
        assert_true(http_due_ms(self->http, &now) > now.mono_ms);
        request_answer(self->parked, response);
        self->parked = NULL;
        assert_int_equal(now.mono_ms, http_due_ms(self->http, &now));
        answer = client_answer(fd, http_fd(self->http), http_run, self);
        assert_string_equal("soon", answer_body(&answer));
        buf_fini(&answer);
    }
    response_unref(&response);
    (void)close(fd);
}

/* As the actor's loop does, but for waiting: nothing is due now, and no descriptor has an event. */
static void run_until_it_would_sleep(struct http_fixture *self)
{
    struct pollfd fd = {.fd = http_fd(self->http), .events = POLLIN};
    struct now now = {.mono_ms = 1000};

    while (http_turn(self->http, &now) || http_due_ms(self->http, &now) <= now.mono_ms ||
           poll(&fd, 1, 0) > 0) {
    }
}

/* Its event comes while libmicrohttpd is still busy with the one before, and comes once: nothing
 * else would wake the server. */
static void one_that_follows_at_once_is_not_slept_over(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct response *response = http_text(200, "soon");

    assert_return_code(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    client_send(fd, STR("GET /await HTTP/1.1\r\nHost: h\r\n\r\n"));
    run_until_it_would_sleep(self);
    for (int served = 1; served < 8; served++) {
        assert_non_null(self->parked);
        assert_int_equal(served, self->served);
        client_send(fd, STR("GET /await HTTP/1.1\r\nHost: h\r\n\r\n"));
        request_answer(self->parked, response);
        self->parked = NULL;
        run_until_it_would_sleep(self);
    }
    request_answer(self->parked, response);
    response_unref(&response);
    (void)close(fd);
}

static void one_that_awaits_its_answer_for_long_is_watched(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct http_counts counts;
    struct buf answer = {0};

    client_send(fd, STR("GET /await HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->parked == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
    }
    self->now_ms = 1030;
    http_run(self);
    {
        struct now now = {.mono_ms = 1030};

        assert_true(http_due_ms(self->http, &now) > now.mono_ms + 100);
    }
    assert_return_code(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    (void)close(fd);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        http_run(self);
    }
    assert_int_equal(1, self->gone);
    http_run(self);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.parked);
    assert_int_equal(0, counts.connections);
    buf_fini(&answer);
}

static void a_second_park_on_a_connection_is_watched_too(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct response *response = http_text(200, "late");
    struct buf answer = {0};

    for (int round = 0; round < 3; round++) {
        client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
        self->parked = NULL;
        for (int i = 0; i < 100 && self->parked == NULL; i++) {
            assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
        }
        if (round < 2) {
            request_answer(self->parked, response);
            buf_fini(&answer);
            answer = client_answer(fd, http_fd(self->http), http_run, self);
            assert_string_equal("late", answer_body(&answer));
        }
    }
    (void)close(fd);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        http_run(self);
    }
    assert_int_equal(1, self->gone);
    buf_fini(&answer);
    response_unref(&response);
}

static void a_client_that_went_before_it_was_parked_is_noticed(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);

    client_send(fd, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < 100 && self->gone == 0; i++) {
        http_run(self);
    }
    assert_int_equal(1, self->gone);
    (void)close(fd);
}

static void a_stream_waits_goes_on_and_ends(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct buf answer = {0};

    client_send(fd, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->streaming == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
    }
    http_run(self);
    self->next_piece = "data: 1\n\n";
    request_stream_more(self->streaming);
    for (int i = 0; i < 100; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
        if (answer.len > 9 && memmem(answer.data, answer.len, "data: 1", 7) != NULL) {
            break;
        }
    }
    assert_int_equal(0, self->ended);
    self->stream_ends = true;
    request_stream_more(self->streaming);
    for (int i = 0; i < 100 && memmem(answer.data, answer.len, "\r\n0\r\n\r\n", 7) == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
    }
    assert_int_equal(1, self->ended);
    assert_int_equal(0, self->gone);
    buf_fini(&answer);
    (void)close(fd);
}

static void a_stream_has_no_body_for_head_and_ends(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct buf answer = {0};

    self->next_piece = "data: 1\n\n";
    client_send(fd, STR("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    while (client_read(fd, http_fd(self->http), &answer, http_run, self)) {
    }
    assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 200 ")));
    assert_ptr_equal(memmem(answer.data, answer.len, "\r\n\r\n", 4), answer.data + answer.len - 4);
    assert_non_null(memmem(answer.data, answer.len, "\r\nConnection: close\r\n", 21));
    assert_null(memmem(answer.data, answer.len, "chunked", 7));
    assert_int_equal(1, self->ended);
    assert_int_equal(0, self->gone);
    buf_fini(&answer);
    (void)close(fd);
}

static void a_stream_whose_client_goes_is_ended_once(void **state)
{
    struct http_fixture *self = *state;
    int older = http_client(self); /* silent for longer: libmicrohttpd looks at that one first */
    struct http_counts counts;
    struct buf answer = {0};
    int fd;

    http_run(self);
    fd = http_client(self);
    client_send(fd, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && self->streaming == NULL; i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
    }
    http_run(self);
    (void)close(fd);
    for (int i = 0; i < 100 && self->ended == 0; i++) {
        http_run(self);
    }
    assert_int_equal(1, self->gone);
    assert_int_equal(1, self->ended);
    http_counts(self->http, &counts);
    assert_int_equal(0, counts.streams);
    for (int i = 0; i < 100 && counts.connections > 1; i++) {
        http_run(self);
        http_counts(self->http, &counts);
    }
    assert_int_equal(1, counts.connections);
    buf_fini(&answer);
    (void)close(older);
}

static void ending_answers_who_is_parked_and_ends_streams(void **state)
{
    struct http_fixture *self = *state;
    int parked = http_client(self);
    int streaming = http_client(self);
    struct buf answer = {0};
    char bytes[512];
    ssize_t got;

    client_send(parked, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_send(streaming, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && (self->parked == NULL || self->streaming == NULL); i++) {
        assert_true(client_read(parked, http_fd(self->http), &answer, http_run, self));
    }
    http_run(self);
    http_destroy(&self->http);
    assert_int_equal(2, self->gone);
    assert_int_equal(1, self->ended);
    got = recv(parked, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
    assert_true(got > 12 && memcmp(bytes, "HTTP/1.1 503", 12) == 0);
    buf_fini(&answer);
    (void)close(parked);
    (void)close(streaming);
}

static void what_comes_while_it_ends_is_503_and_reaches_no_handler(void **state)
{
    struct http_fixture *self = *state;
    int older = http_client(self);
    int newer;
    struct buf answer;
    char bytes[512];

    answer = http_answer_on(self, older, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    buf_fini(&answer);
    self->served = 0;
    newer = http_client(self);
    client_send(older, STR("GET /park HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_send(newer, STR("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    http_destroy(&self->http);
    assert_int_equal(0, self->served);
    assert_int_equal(0, self->gone);
    for (int i = 0; i < 2; i++) {
        ssize_t got = recv(i == 0 ? older : newer, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

        assert_true(got > 12);
        bytes[got] = '\0';
        assert_memory_equal(bytes, "HTTP/1.1 503", 12);
        assert_non_null(strstr(bytes, "Connection: close"));
    }
    (void)close(older);
    (void)close(newer);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct http_fixture *self = *state;
    int fd = http_client(self);
    struct buf answer = {0};

    client_send(fd, STR("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 100 && (answer.len == 0 ||
                                memmem(answer.data, answer.len, "/b" ME, strlen("/b" ME)) == NULL);
         i++) {
        assert_true(client_read(fd, http_fd(self->http), &answer, http_run, self));
    }
    buf_add_char(&answer, '\0');
    assert_true(strstr(answer.data, "/a" ME) < strstr(answer.data, "/b" ME));
    assert_non_null(strstr(answer.data, "/a" ME));
    buf_fini(&answer);
    (void)close(fd);
}

static void streams_share_what_a_turn_may_make(void **state)
{
    enum { clients = 100, turn_max = 300 * 1024 };
    struct http_fixture *self = *state;
    struct now now = {.mono_ms = 1000};
    int fds[clients];
    size_t before = 0;

    for (int i = 0; i < clients; i++) {
        fds[i] = http_client(self);
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
    http_run(self);
    assert_int_equal(clients, self->ended);
}

static void requests_share_what_a_turn_may_look_at(void **state)
{
    enum { clients = 20 };
    struct http_fixture *self = *state;
    struct now now = {.mono_ms = 1000};
    int fds[clients];
    int before = 0;

    for (int i = 0; i < clients; i++) {
        fds[i] = http_client(self);
        client_send(fds[i], STR("GET /costly HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    while (self->served < clients) {
        assert_true(http_turn(self->http, &now));
        assert_in_range(self->served - before, 0, 2);
        before = self->served;
    }
    for (int i = 0; i < clients; i++) {
        struct buf answer = client_answer(fds[i], http_fd(self->http), http_run, self);

        assert_int_equal(200, answer_status(&answer));
        buf_fini(&answer);
        (void)close(fds[i]);
    }
}

static void a_port_that_is_taken_is_an_error(void **state)
{
    struct http_fixture *self = *state;
    struct http *second = NULL;
    struct http_options options = {.section = "gateway", .pool_bytes = 16384, .idle_ms = 1000};
    char address[64];

    snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)http_port(self->http));
    options.listen = address;
    assert_int_equal(ERR_IO, http_new(&second, &options, &http_fixture_app, self));
    options.listen = "nonsense";
    assert_int_equal(ERR_INVALID, http_new(&second, &options, &http_fixture_app, self));
    assert_null(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, http_set_up, http_tear_down)
        T(a_query_is_bound),
        T(paths_are_cleaned_as_go_does),
        T(the_body_comes_before_the_query),
        T(content_types_decide_what_is_read),
        T(a_chunked_body_and_one_in_pieces_are_read),
        T(a_parked_request_is_answered_later),
        T(a_parked_client_that_goes_is_noticed),
        T(an_end_right_behind_half_a_request_is_noticed),
        T(one_that_awaits_its_answer_gets_it_and_keeps_nobody_busy),
        T(one_that_follows_at_once_is_not_slept_over),
        T(one_that_awaits_its_answer_for_long_is_watched),
        T(a_second_park_on_a_connection_is_watched_too),
        T(a_client_that_went_before_it_was_parked_is_noticed),
        T(a_stream_waits_goes_on_and_ends),
        T(a_stream_has_no_body_for_head_and_ends),
        T(a_stream_whose_client_goes_is_ended_once),
        T(ending_answers_who_is_parked_and_ends_streams),
        T(what_comes_while_it_ends_is_503_and_reaches_no_handler),
        T(pipelined_requests_are_answered_in_order),
        T(streams_share_what_a_turn_may_make),
        T(requests_share_what_a_turn_may_look_at),
        T(a_port_that_is_taken_is_an_error),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
