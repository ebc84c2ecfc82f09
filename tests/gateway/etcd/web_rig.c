#include "tests/gateway/etcd/web_rig.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ── who serves calls ── */

static void take_out(struct web_rig *self, const struct rpc *rpc)
{
    unsigned at = 0;

    while (at < self->count && self->calls[at] != rpc) {
        at++;
    }
    assert(at < self->count);
    self->count--;
    for (; at < self->count; at++) {
        self->calls[at] = self->calls[at + 1];
    }
}

static void on_begin(void *state, struct rpc *rpc)
{
    struct web_rig *self = state;

    assert(self->count < rig_calls_max && rpc->user == NULL &&
           rpc->token.len < sizeof(self->token));
    self->calls[self->count++] = rpc;
    self->begun++;
    self->method = rpc->method;
    self->timeout_ms = rpc->timeout_ms;
    self->needs_leader = rpc->needs_leader;
    (void)snprintf(self->token, sizeof(self->token), "%.*s", STR_ARG(rpc->token));
}

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    struct web_rig *self = state;

    (void)rpc;
    self->messages_count++;
    buf_add_str(&self->messages, message);
}

static void on_half_closed(void *state, struct rpc *rpc)
{
    (void)rpc;
    ((struct web_rig *)state)->half_closed++;
}

static void on_gone(void *state, struct rpc *rpc)
{
    struct web_rig *self = state;

    self->gone++;
    take_out(self, rpc);
}

static const struct rpc_app calls = {
    .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

void web_rig_send(struct web_rig *self, const ProtobufCMessage *message)
{
    struct buf packed = {0};

    assert(self->count > 0);
    packed.len = protobuf_c_message_pack(
        message, (uint8_t *)buf_reserve(&packed, protobuf_c_message_get_packed_size(message) + 1));
    rpc_send(self->calls[self->count - 1], buf_str(&packed));
    buf_fini(&packed);
}

void web_rig_end(struct web_rig *self, enum grpc_code code, const char *text)
{
    struct rpc *rpc;

    assert(self->count > 0);
    rpc = self->calls[self->count - 1];
    take_out(self, rpc);
    rpc_end(rpc, code, str_from(text));
}

/* ── its life ── */

static void on_wake(void *owner)
{
    (void)owner;
}

void web_rig_init(struct web_rig *self, const char *version, const char *const *origins,
                  size_t origin_count)
{
    const struct relay_options relay = {.to = ACTOR_STORE,
                                        .calls_max = 10,
                                        .kept_max = 1000,
                                        .parts_max = 100000,
                                        .answer_ms = 5000,
                                        .wait_ms = 1000};
    struct front_options options = {.version = version,
                                    .origins = origins,
                                    .origin_count = origin_count,
                                    .message_max = rig_message_max,
                                    .connections_max = 10,
                                    .log = &self->log};
    enum err err;

    memset(self, 0, sizeof(*self));
    self->http1 = -1;
    self->now = (struct now){.mono_ms = 1000, .wall_ns = 1000};
    self->out = outbox_new(65536);
    self->moment = (struct moment){&self->now, self->out};
    self->relay = relay_new(&relay);
    options.calls = (struct rpc_server){&calls, self};
    options.relay = self->relay;
    options.store = &self->store;
    options.moment = &self->moment;
    err = front_new(&self->front, &options);
    assert(err == ERR_OK);
    self->h2_options = (struct h2_options){.message_max = rig_message_max, .streams_max = 32};
    front_join(self->front, &self->h2_options);
    self->h2 = h2_new(&self->h2_options, &calls, self, (struct h2_wake){on_wake, self});
    h2_client_init(&self->client, self->h2);
    h2_client_run(&self->client);
}

static void seen_clear(struct seen *self)
{
    buf_fini(&self->headers);
    buf_fini(&self->body);
    *self = (struct seen){0};
}

void web_rig_fini(struct web_rig *self)
{
    if (self->http1 >= 0) {
        (void)close(self->http1);
    }
    h2_client_fini(&self->client);
    h2_destroy(&self->h2);
    front_destroy(&self->front);
    relay_destroy(&self->relay);
    outbox_destroy(&self->out);
    assert(self->count == 0);
    buf_fini(&self->http1_bytes);
    buf_fini(&self->messages);
    seen_clear(&self->seen);
}

/* ── HTTP/1.1 ── */

bool web_rig_turn(struct web_rig *self)
{
    static const struct port_counts counts = {0};

    self->now.mono_ms++;
    return front_turn(self->front, &counts, &self->now);
}

static void turns(struct web_rig *self)
{
    enum { settled_ms = 20 };
    struct pollfd waits = {.fd = front_fd(self->front), .events = POLLIN};
    bool more;

    do {
        (void)web_rig_turn(self);
        more = web_rig_turn(self);
    } while (more || poll(&waits, 1, settled_ms) > 0);
}

static void connect_http1(struct web_rig *self)
{
    int ends[2];
    int rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);

    assert(rc == 0);
    if (self->http1 >= 0) {
        (void)close(self->http1);
    }
    self->http1 = ends[0];
    front_adopt(self->front, ends[1], &self->now);
}

static void lower(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        buf_add_char(to, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

/* Takes a line off rest; what is left is not whole: false. */
static bool next_line(struct str *rest, struct str *line)
{
    const char *end = rest->len > 0 ? memmem(rest->data, rest->len, "\r\n", 2) : NULL;

    if (end == NULL) {
        return false;
    }
    *line = (struct str){rest->data, (size_t)(end - rest->data)};
    rest->len -= line->len + 2;
    rest->data += line->len + 2;
    return true;
}

static void note_header(struct seen *seen, struct str line)
{
    const char *colon = memchr(line.data, ':', line.len);
    size_t name = colon != NULL ? (size_t)(colon - line.data) : line.len;

    lower(&seen->headers, (struct str){line.data, name});
    buf_printf(&seen->headers, "%.*s\n", (int)(line.len - name), line.data + name);
}

static void read_chunks(struct seen *seen, struct str rest)
{
    struct str line;

    while (next_line(&rest, &line)) {
        size_t size = strtoul(line.data, NULL, 16);

        if (size == 0) {
            while (next_line(&rest, &line) && line.len > 0) {
                note_header(seen, line);
            }
            seen->ended = true;
            return;
        }
        if (rest.len < size + 2) {
            return;
        }
        buf_add(&seen->body, rest.data, size);
        rest.data += size + 2;
        rest.len -= size + 2;
    }
}

static void see_http1(struct web_rig *self, struct seen *seen)
{
    enum { some = 1024 * 1024 };
    struct str rest;
    struct str line;
    ssize_t len;

    turns(self);
    while ((len = recv(self->http1, buf_reserve(&self->http1_bytes, some), some, MSG_DONTWAIT)) >
           0) {
        self->http1_bytes.len += (size_t)len;
        turns(self);
    }
    rest = buf_str(&self->http1_bytes);
    if (!next_line(&rest, &line)) {
        return;
    }
    seen->status = (int)strtol(line.data + strlen("HTTP/1.1 "), NULL, 10);
    while (next_line(&rest, &line) && line.len > 0) {
        note_header(seen, line);
    }
    if (seen_header(seen, "transfer-encoding", "chunked")) {
        read_chunks(seen, rest);
    } else {
        buf_add_str(&seen->body, rest);
        seen->ended = true;
    }
}

static void ask_http1(struct web_rig *self, const char *verb, const char *target,
                      const struct client_header *more, const char *body)
{
    struct buf text = {0};
    ssize_t sent;

    connect_http1(self);
    self->http1_bytes.len = 0;
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n", verb, target);
    for (; more != NULL && more->name != NULL; more++) {
        buf_printf(&text, "%s: %s\r\n", more->name, more->value);
    }
    if (body != NULL) {
        buf_printf(&text, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    } else {
        buf_add_str(&text, STR("\r\n"));
    }
    sent = send(self->http1, text.data, text.len, MSG_NOSIGNAL);
    assert(sent == (ssize_t)text.len);
    buf_fini(&text);
}

/* ── HTTP/2 ── */

static void ask_http2(struct web_rig *self, const char *verb, const char *target,
                      const struct client_header *more, const char *body)
{
    enum { headers_max = 8 };
    struct client_header headers[headers_max] = {{":method", verb},
                                                 {"content-type", "application/json"}};
    char names[headers_max][64];
    struct client_call *call;
    unsigned count = 2;

    for (; more != NULL && more->name != NULL; more++, count++) {
        struct buf name = {0};

        assert(count + 1 < headers_max);
        lower(&name, str_from(more->name));
        (void)snprintf(names[count], sizeof(names[count]), "%.*s", STR_ARG(buf_str(&name)));
        headers[count] = (struct client_header){names[count], more->value};
        buf_fini(&name);
    }
    call = h2_client_call(&self->client, target, headers);
    h2_client_send(&self->client, call, str_from(body));
    h2_client_close(&self->client, call);
}

static void see_http2(struct web_rig *self, struct seen *seen)
{
    const struct client_call *call = &self->client.calls[self->client.count - 1];

    turns(self);
    h2_client_run(&self->client);
    seen->status = (int)strtol(call->status, NULL, 10);
    buf_add_str(&seen->headers, buf_str(&call->headers));
    buf_add_str(&seen->body, buf_str(&call->received));
    seen->ended = call->closed;
}

/* ── either ── */

struct seen *web_rig_run(struct web_rig *self, enum transport transport)
{
    seen_clear(&self->seen);
    if (transport == TRANSPORT_HTTP1) {
        see_http1(self, &self->seen);
    } else {
        see_http2(self, &self->seen);
    }
    return &self->seen;
}

struct seen *web_rig_ask(struct web_rig *self, enum transport transport, const char *verb,
                         const char *target, const struct client_header *more, const char *body)
{
    self->messages.len = 0;
    if (transport == TRANSPORT_HTTP1) {
        ask_http1(self, verb, target, more, body);
    } else {
        ask_http2(self, verb, target, more, body);
    }
    return web_rig_run(self, transport);
}

void web_rig_hang_up(struct web_rig *self, enum transport transport)
{
    if (transport == TRANSPORT_HTTP1) {
        (void)close(self->http1);
        self->http1 = -1;
        turns(self);
    } else {
        (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE,
                                        self->client.calls[self->client.count - 1].id,
                                        NGHTTP2_CANCEL);
        h2_client_run(&self->client);
    }
}

bool seen_header(const struct seen *self, const char *name, const char *value)
{
    struct buf line = {0};
    bool found;

    buf_printf(&line, "%s: %s%s", name, value != NULL ? value : "", value != NULL ? "\n" : "");
    found = self->headers.len > 0 &&
            memmem(self->headers.data, self->headers.len, line.data, line.len) != NULL;
    buf_fini(&line);
    return found;
}
