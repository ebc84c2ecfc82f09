#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/etcd/port.h"
#include "tests/gateway/etcd/h2_client.h"

#define RANGE "/etcdserverpb.KV/Range"

enum { connections_max = 4, answer_bytes = 200 * 1000 };

struct fixture {
    struct port *port;
    struct now now;
    struct log log;
    int handed_on; /* a descriptor that http1 took; -1: none */
    unsigned messages;
    unsigned gone;
    struct rpc *call;
};

static void on_begin(void *state, struct rpc *call)
{
    struct fixture *self = state;

    self->call = call;
}

static void on_message(void *state, struct rpc *call, struct str message)
{
    struct fixture *self = state;

    (void)call;
    (void)message;
    self->messages++;
}

static void on_half_closed(void *state, struct rpc *call)
{
    (void)state;
    (void)call;
}

static void on_gone(void *state, struct rpc *call)
{
    struct fixture *self = state;

    (void)call;
    self->gone++;
}

static void on_http1(void *state, int fd, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    self->handed_on = fd;
}

static int set_up(void **state)
{
    static const struct rpc_app calls = {
        .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};
    struct fixture *self = calloc(1, sizeof(*self));
    const struct port_app app = {.calls = {&calls, self}, .http1 = on_http1, .state = self};
    const struct port_options options = {.section = "etcd",
                                         .listen = "127.0.0.1:0",
                                         .connections_max = connections_max,
                                         .h2 = {.message_max = 1000,
                                                .streams_max = 100,
                                                .held_max = 100000000,
                                                .unsent_max = 100000000},
                                         .log = &self->log};

    self->handed_on = -1;
    self->now.mono_ms = 1000;
    assert_int_equal(port_new(&self->port, &options, &app), ERR_OK);
    assert_int_equal(port_listen(self->port), ERR_OK);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    port_destroy(&self->port);
    if (self->handed_on >= 0) {
        (void)close(self->handed_on);
    }
    free(self);
    return 0;
}

/* Turns until nothing is waiting any more. */
static void turns(struct fixture *self)
{
    enum { settled_ms = 20 };
    struct pollfd waits = {.fd = port_fd(self->port), .events = POLLIN};

    while (poll(&waits, 1, settled_ms) > 0) {
        (void)port_turn(self->port, &self->now);
        port_flush(self->port);
    }
}

/* What connect says. */
static int try_to_connect(const struct fixture *self, int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(port_number(self->port))};

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(*fd, (struct sockaddr *)&at, sizeof(at));
}

static int connect_to(const struct fixture *self)
{
    int fd;

    assert_int_equal(try_to_connect(self, &fd), 0);
    return fd;
}

static uint64_t connections(const struct fixture *self)
{
    struct port_counts counts;

    port_counts(self->port, &counts);
    return counts.connections;
}

/* Whether the other side has closed it; what it sent is thrown away. */
static bool is_closed(int fd)
{
    char bytes[4096];
    ssize_t len;

    while ((len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
    }
    return len == 0 || errno == ECONNRESET;
}

static void say(int fd, struct str bytes)
{
    assert_int_equal(send(fd, bytes.data, bytes.len, MSG_NOSIGNAL), bytes.len);
}

/* What an HTTP/2 client says first, with a whole call: both ends in memory, recorded. */
static void greet(int fd, const char *path)
{
    static const char settings[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    nghttp2_hd_deflater *deflater = NULL;
    uint8_t block[512];
    char frame[9 + sizeof(block)] = {0};
    ssize_t len;
    nghttp2_nv nv[] = {
        {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
        {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
        {(uint8_t *)":authority", (uint8_t *)"l", 10, 1, 0},
        {(uint8_t *)":path", (uint8_t *)path, 5, strlen(path), 0},
        {(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, 0},
    };

    assert_int_equal(nghttp2_hd_deflate_new(&deflater, 4096), 0);
    len = nghttp2_hd_deflate_hd(deflater, block, sizeof(block), nv, sizeof(nv) / sizeof(nv[0]));
    nghttp2_hd_deflate_del(deflater);
    assert_true(len > 0);
    frame[1] = (char)(len >> 8);
    frame[2] = (char)len;
    frame[3] = NGHTTP2_HEADERS;
    frame[4] = NGHTTP2_FLAG_END_HEADERS;
    frame[8] = 1;
    memcpy(frame + 9, block, (size_t)len);
    say(fd, (struct str){settings, sizeof(settings) - 1});
    say(fd, (struct str){frame, 9 + (size_t)len});
    say(fd, (struct str){"\0\0\5\0\1\0\0\0\1\0\0\0\0\0", 14}); /* an empty message; END_STREAM */
}

static void http2_is_served(void **state)
{
    struct fixture *self = *state;
    int fd = connect_to(self);
    char bytes[4096];

    greet(fd, RANGE);
    turns(self);
    assert_int_equal(self->messages, 1);
    assert_int_equal(connections(self), 1);
    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) { /* SETTINGS … */
    }
    rpc_end_error(self->call, ETCD_ERROR_NO_LEADER);
    port_flush(self->port);
    assert_true(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
    (void)close(fd);
    turns(self);
    assert_int_equal(connections(self), 0);
}

static void anything_else_is_handed_on_unread(void **state)
{
    struct fixture *self = *state;
    int fd = connect_to(self);
    char bytes[64];

    say(fd, STR("GET / HTTP/1.1\r\n"));
    turns(self);
    assert_true(self->handed_on >= 0);
    assert_int_equal(recv(self->handed_on, bytes, sizeof(bytes), MSG_DONTWAIT), 16);
    assert_memory_equal(bytes, "GET / HTTP/1.1\r\n", 16);
    assert_int_equal(connections(self), 0);
    (void)close(fd);
}

static void a_greeting_may_come_byte_by_byte(void **state)
{
    struct fixture *self = *state;
    int fd = connect_to(self);

    for (int i = 0; i < 4; i++) {
        assert_int_equal(self->handed_on, -1);
        say(fd, (struct str){&"PUT "[i], 1});
        turns(self);
    }
    assert_true(self->handed_on >= 0);
    (void)close(fd);
}

static void the_silent_are_closed_after_ten_seconds(void **state)
{
    struct fixture *self = *state;
    int silent = connect_to(self);
    int short_spoken;

    turns(self);
    self->now.mono_ms += 5000;
    short_spoken = connect_to(self);
    say(short_spoken, STR("PR"));
    turns(self);
    assert_int_equal(port_due_ms(self->port), self->now.mono_ms + 5000);
    self->now.mono_ms += 5000;
    (void)port_turn(self->port, &self->now);
    assert_true(is_closed(silent));
    assert_int_equal(connections(self), 1);
    self->now.mono_ms += 5000;
    (void)port_turn(self->port, &self->now);
    assert_true(is_closed(short_spoken));
    assert_int_equal(connections(self), 0);
    assert_int_equal(port_due_ms(self->port), INT64_MAX);
    (void)close(silent);
    (void)close(short_spoken);
}

static void one_too_many_is_closed(void **state)
{
    struct fixture *self = *state;
    int fd[connections_max + 1];
    struct port_counts counts;

    for (int i = 0; i <= connections_max; i++) {
        fd[i] = connect_to(self);
        turns(self);
    }
    assert_true(is_closed(fd[connections_max]));
    assert_false(is_closed(fd[0]));
    port_counts(self->port, &counts);
    assert_int_equal(counts.connections, connections_max);
    assert_int_equal(counts.refused_total, 1);
    for (int i = 0; i <= connections_max; i++) {
        (void)close(fd[i]);
    }
}

static void a_client_that_goes_takes_its_calls_with_it(void **state)
{
    struct fixture *self = *state;
    int fd = connect_to(self);

    greet(fd, RANGE);
    turns(self);
    assert_int_equal(self->messages, 1);
    (void)close(fd);
    turns(self);
    assert_int_equal(self->gone, 1);
}

/* Flow control lets it have a window; the rest waits in the call, nothing in the socket. */
static void a_client_that_does_not_read_holds_up_nobody(void **state)
{
    static char large[answer_bytes];
    struct fixture *self = *state;
    int lazy = connect_to(self);
    int other = connect_to(self);
    char bytes[4096];

    greet(lazy, RANGE);
    turns(self);
    rpc_send(self->call, (struct str){large, sizeof(large)});
    port_flush(self->port);
    assert_true(rpc_unsent(self->call) > answer_bytes / 2);
    greet(other, RANGE);
    turns(self);
    assert_int_equal(self->messages, 2);
    rpc_end_error(self->call, ETCD_ERROR_NO_LEADER);
    port_flush(self->port);
    assert_true(recv(other, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
    (void)close(lazy);
    (void)close(other);
    turns(self);
    assert_int_equal(connections(self), 0);
}

/* Lets the server send so many bytes more, of the first call. */
static void open_window(int fd, uint32_t bytes)
{
    char frames[2][13] = {{0, 0, 4, NGHTTP2_WINDOW_UPDATE}, {0, 0, 4, NGHTTP2_WINDOW_UPDATE}};

    frames[1][8] = 1; /* the call; the other is the connection */
    for (unsigned i = 0; i < 4; i++) {
        frames[0][9 + i] = frames[1][9 + i] = (char)(bytes >> (24 - 8 * i));
    }
    say(fd, (struct str){frames[0], sizeof(frames)});
}

static void pass(struct fixture *self, int64_t ms)
{
    self->now.mono_ms += ms;
    (void)port_turn(self->port, &self->now);
    port_flush(self->port);
}

static void ask_for_much(struct fixture *self, int fd, const char *path)
{
    static char large[answer_bytes];

    greet(fd, path);
    turns(self);
    rpc_send(self->call, (struct str){large, sizeof(large)});
    port_flush(self->port);
}

static void who_takes_nothing_for_two_minutes_is_closed(void **state)
{
    static const int64_t two_minutes_ms = 120000;
    struct fixture *self = *state;
    struct port_counts counts;
    int fd = connect_to(self);

    ask_for_much(self, fd, RANGE);
    assert_int_equal(port_due_ms(self->port), self->now.mono_ms + two_minutes_ms);
    pass(self, two_minutes_ms - 1);
    assert_false(is_closed(fd));
    open_window(fd, 1000);
    turns(self);
    pass(self, two_minutes_ms - 1);
    assert_false(is_closed(fd));
    pass(self, 1);
    assert_true(is_closed(fd));
    port_counts(self->port, &counts);
    assert_int_equal(counts.stuck_total, 1);
    assert_int_equal(counts.connections, 0);
    assert_int_equal(port_due_ms(self->port), INT64_MAX);
    (void)close(fd);
}

static void whoever_has_taken_all_may_be_silent(void **state)
{
    static const int64_t hour_ms = 3600000;
    struct fixture *self = *state;
    int fd = connect_to(self);

    ask_for_much(self, fd, RANGE);
    open_window(fd, answer_bytes);
    for (unsigned i = 0; i < 4; i++) {
        turns(self);
        assert_false(is_closed(fd)); /* reads what has come */
    }
    assert_int_equal(port_due_ms(self->port), INT64_MAX);
    pass(self, hour_ms);
    assert_false(is_closed(fd));
    (void)close(fd);
}

static void what_was_cancelled_is_not_waited_for(void **state)
{
    static const int64_t hour_ms = 3600000;
    struct fixture *self = *state;
    int fd = connect_to(self);

    ask_for_much(self, fd, RANGE);
    assert_int_not_equal(port_due_ms(self->port), INT64_MAX);
    say(fd, (struct str){"\0\0\4\3\0\0\0\0\1\0\0\0\10", 13}); /* RST_STREAM, CANCEL */
    turns(self);
    assert_int_equal(port_due_ms(self->port), INT64_MAX);
    pass(self, hour_ms);
    assert_false(is_closed(fd));
    (void)close(fd);
}

static void a_stream_of_both_sides_bounds_itself(void **state)
{
    static const int64_t hour_ms = 3600000;
    struct fixture *self = *state;
    int fd = connect_to(self);

    ask_for_much(self, fd, "/etcdserverpb.Watch/Watch");
    assert_true(rpc_unsent(self->call) > answer_bytes / 2);
    pass(self, hour_ms);
    assert_false(is_closed(fd));
    (void)close(fd);
}

static void what_is_no_http2_after_its_greeting_is_closed(void **state)
{
    struct fixture *self = *state;
    int fd = connect_to(self);

    say(fd, STR("PRI * HTTP/1.0\r\n\r\nnonsense that is long enough"));
    turns(self);
    assert_true(is_closed(fd));
    assert_int_equal(connections(self), 0);
    (void)close(fd);
}

static void drained_it_takes_nobody_new(void **state)
{
    struct fixture *self = *state;
    int fd = connect_to(self);
    int late;

    greet(fd, RANGE);
    turns(self);
    port_drain(self->port);
    port_flush(self->port);
    rpc_end_error(self->call, ETCD_ERROR_STOPPED);
    port_flush(self->port);
    turns(self);
    assert_true(is_closed(fd));
    assert_int_equal(connections(self), 0);
    assert_int_equal(try_to_connect(self, &late), -1);
    (void)close(late);
    (void)close(fd);
}

static void it_listens_again_where_it_did(void **state)
{
    struct fixture *self = *state;
    uint16_t number = port_number(self->port);
    int fd;

    port_drain(self->port);
    assert_int_equal(port_listen(self->port), ERR_OK);
    assert_int_equal(port_number(self->port), number);
    fd = connect_to(self);
    greet(fd, RANGE);
    turns(self);
    assert_int_equal(connections(self), 1);
    (void)close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(http2_is_served),
        CASE(anything_else_is_handed_on_unread),
        CASE(a_greeting_may_come_byte_by_byte),
        CASE(the_silent_are_closed_after_ten_seconds),
        CASE(one_too_many_is_closed),
        CASE(a_client_that_goes_takes_its_calls_with_it),
        CASE(a_client_that_does_not_read_holds_up_nobody),
        CASE(who_takes_nothing_for_two_minutes_is_closed),
        CASE(whoever_has_taken_all_may_be_silent),
        CASE(what_was_cancelled_is_not_waited_for),
        CASE(a_stream_of_both_sides_bounds_itself),
        CASE(what_is_no_http2_after_its_greeting_is_closed),
        CASE(drained_it_takes_nobody_new),
        CASE(it_listens_again_where_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
