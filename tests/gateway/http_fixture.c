#include "tests/gateway/http_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/discovery/bind.h"

struct response *http_text(int status, const char *text)
{
    struct buf body = {0};

    buf_add_str(&body, str_from(text));
    return response_new(status, "text/plain", &body);
}

void http_echo(struct request *request)
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
    struct http_fixture *self = context;
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
    struct http_fixture *self = context;

    memset(to, 'x', max);
    self->made += max;
    return (int64_t)max;
}

static void end_stream(void *context)
{
    struct http_fixture *self = context;

    self->ended++;
}

static void on_serve(void *state, struct request *request, const struct now *now)
{
    struct http_fixture *self = state;
    struct str path = request_path(request);
    struct buf why = {0};

    (void)now;
    if (!request_bind(request, 32, &why)) {
        struct response *response = response_new(200, "text/plain", &why);

        request_refuse(request, response);
        response_unref(&response);
        return;
    }
    self->served++;
    if (str_eq(path, STR("/park"))) {
        self->parked = request;
        if (self->held_count < http_held_max) {
            self->held[self->held_count++] = request;
        }
        request_park(request);
    } else if (str_eq(path, STR("/await"))) {
        self->parked = request;
        request_await(request);
    } else if (str_eq(path, STR("/stream"))) {
        self->streaming = request;
        request_stream(request, 200, "text/event-stream", next_piece, end_stream, self);
    } else if (str_eq(path, STR("/large"))) {
        struct buf body = {0};
        struct response *response;

        memset(buf_reserve(&body, http_large_bytes), 'l', http_large_bytes);
        body.len = http_large_bytes;
        response = response_new(200, "text/plain", &body);
        request_answer(request, response);
        response_unref(&response);
    } else if (str_eq(path, STR("/keep"))) {
        self->held[self->held_count++] = request;
        request_park(request);
        request_keeps(request, (size_t)self->held_count << 20);
    } else if (str_eq(path, STR("/costly"))) {
        request_cost(request, 10000);
        http_echo(request);
    } else if (str_eq(path, STR("/endless"))) {
        request_stream(request, 200, "text/plain", next_of_many, end_stream, self);
    } else {
        http_echo(request);
    }
}

static void on_gone(void *state, struct request *request)
{
    struct http_fixture *self = state;

    self->gone++;
    for (int i = 0; i < self->held_count; i++) {
        self->held[i] = self->held[i] == request ? NULL : self->held[i];
    }
    if (self->made > 0 || self->held_count > 1) {
        return;
    }
    assert_true(request == self->parked || request == self->streaming);
    *(request == self->parked ? &self->parked : &self->streaming) = NULL;
}

/* The one that was parked first. */
static bool on_spare(void *state, const struct now *now)
{
    struct http_fixture *self = state;
    struct response *response;

    (void)now;
    while (self->spared < self->held_count && self->held[self->spared] == NULL) {
        self->spared++;
    }
    if (self->spared == self->held_count) {
        return false;
    }
    response = http_text(200, "spared");
    response_header(response, "Connection", "close");
    request_answer(self->held[self->spared++], response);
    response_unref(&response);
    return true;
}

static struct response *on_refuse(void *state, int status, const char *text)
{
    (void)state;
    return http_text(status, text);
}

const struct http_app http_fixture_app = {
    .serve = on_serve, .gone = on_gone, .refuse = on_refuse, .spare = on_spare, .own = &bind_own};

static int set_up_with(void **state, struct http_options options)
{
    struct http_fixture *self = calloc(1, sizeof(*self));

    options.section = "gateway";
    options.listen = "127.0.0.1:0";
    options.pool_bytes = 16384;
    options.body_max_bytes = 4096;
    options.idle_ms = 10000;
    self->now_ms = 1000;
    assert_int_equal(ERR_OK, http_new(&self->http, &options, &http_fixture_app, self));
    assert_int_equal(ERR_OK, http_listen(self->http));
    *state = self;
    return 0;
}

int http_set_up_for(void **state, uint64_t connections_max, uint64_t memory_max)
{
    return set_up_with(
        state, (struct http_options){.connections_max = connections_max, .memory_max = memory_max});
}

int http_set_up(void **state)
{
    return http_set_up_for(state, 0, 0);
}

int http_set_up_beside_others(void **state)
{
    return set_up_with(state, (struct http_options){.shares_heap = true});
}

int http_tear_down(void **state)
{
    struct http_fixture *self = *state;

    http_destroy(&self->http);
    free(self);
    return 0;
}

void http_run(void *state)
{
    struct http_fixture *self = state;
    struct now now = {.mono_ms = self->now_ms};

    while (http_turn(self->http, &now)) {
    }
}

int http_client(struct http_fixture *self)
{
    return client_open(http_port(self->http));
}

struct buf http_answer_on(struct http_fixture *self, int fd, const char *request)
{
    client_send(fd, str_from(request));
    return client_answer(fd, http_fd(self->http), http_run, self);
}

struct buf http_ask(struct http_fixture *self, const char *request)
{
    int fd = http_client(self);
    struct buf answer = http_answer_on(self, fd, request);

    (void)close(fd);
    http_run(self);
    return answer;
}

void http_check_body(struct http_fixture *self, const char *request, const char *expected)
{
    struct buf answer = http_ask(self, request);

    assert_int_equal(200, answer_status(&answer));
    assert_string_equal(expected, answer_body(&answer));
    buf_fini(&answer);
}

void http_check_status(struct http_fixture *self, const char *request, int expected)
{
    struct buf answer = http_ask(self, request);

    if (answer_status(&answer) != expected) {
        print_error("%s\n-> %s\n", request, answer.data);
    }
    assert_int_equal(expected, answer_status(&answer));
    buf_fini(&answer);
}
