#include "tests/bench/grpc/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    events_max = 512,
    room_bytes = 256 * 1024,
    streams_max = 65536,
    message_max = 16 * 1024 * 1024,
    connection_window_bytes = 16 * 1024 * 1024,
    http2_window_bytes = 65535,
};

struct connection {
    struct loop *loop;
    int fd;
    nghttp2_session *session;
    unsigned settings; /* frames of the server's: its own, and that it has taken ours */
    bool is_written;
    struct connection *next_written;
};

static const int64_t greeting_ns = 120 * (int64_t)1000000000;

static char room[room_bytes];

void need(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

void need_os(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

int64_t now_ns(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

double cpu_s(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void is_to_send(struct connection *self)
{
    if (!self->is_written) {
        self->is_written = true;
        self->next_written = self->loop->written;
        self->loop->written = self;
    }
}

static ssize_t read_request(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
                            uint32_t *flags, nghttp2_data_source *source, void *state)
{
    struct call *call = source->ptr;
    size_t len = call->out.len - call->sent;

    (void)session;
    (void)id;
    (void)state;
    if (len == 0 && call->streams) {
        return NGHTTP2_ERR_DEFERRED;
    }
    len = len < max ? len : max;
    memcpy(to, call->out.data + call->sent, len);
    call->sent += len;
    if (call->sent == call->out.len) {
        call->out.len = call->sent = 0;
        *flags |= call->streams ? 0 : (uint32_t)NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)len;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *state)
{
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    uint32_t status;

    (void)flags;
    (void)state;
    if (call != NULL && str_eq((struct str){(const char *)name, name_len}, STR("grpc-status")) &&
        str_to_u32((struct str){(const char *)value, value_len}, &status) == ERR_OK) {
        call->status = (int)status;
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *state)
{
    struct call *call = nghttp2_session_get_stream_user_data(session, id);
    struct str rest = {(const char *)data, len};
    struct str message;

    (void)flags;
    (void)state;
    while (call != NULL && rest.len > 0) {
        enum grpc_read read = grpc_read(&call->in, &rest, message_max, &message);

        need(read == GRPC_READ_MORE || read == GRPC_READ_MESSAGE, "message");
        if (read == GRPC_READ_MESSAGE) {
            call->message(call, message);
        }
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *state)
{
    struct call *call = nghttp2_session_get_stream_user_data(session, id);

    (void)code;
    (void)state;
    if (call != NULL) {
        call->status = grpc_read_cut(&call->in) ? call_unanswered : call->status;
        call->closed(call);
    }
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *state)
{
    struct connection *connection = state;

    (void)session;
    connection->settings += frame->hd.type == NGHTTP2_SETTINGS;
    return 0;
}

static void write_out(struct connection *it, size_t len)
{
    need_os(len == 0 || send(it->fd, room, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
}

static void send_all(struct connection *it)
{
    const uint8_t *data;
    size_t len = 0;
    ssize_t part;

    while ((part = nghttp2_session_mem_send(it->session, &data)) > 0) {
        if (len + (size_t)part > room_bytes) {
            write_out(it, len);
            len = 0;
        }
        need((size_t)part <= room_bytes, "room");
        memcpy(room + len, data, (size_t)part);
        len += (size_t)part;
    }
    write_out(it, len);
}

static void receive(struct connection *it)
{
    ssize_t len = recv(it->fd, room, sizeof(room), MSG_DONTWAIT);

    if (len < 0 && errno == EAGAIN) {
        return;
    }
    need(len > 0, "the server ended a connection");
    need(nghttp2_session_mem_recv(it->session, (const uint8_t *)room, (size_t)len) == len, "read");
    is_to_send(it);
}

void loop_init(struct loop *self, const struct sockaddr_in *to)
{
    *self = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC), .to = *to};
    need_os(self->epoll >= 0, "epoll");
}

void loop_turn(struct loop *self, int64_t until_ns)
{
    struct epoll_event events[events_max];
    int64_t left_ns;
    struct timespec wait;
    int ready;

    while (self->written != NULL) {
        struct connection *it = self->written;

        self->written = it->next_written;
        it->is_written = false;
        send_all(it);
    }
    left_ns = until_ns - now_ns();
    left_ns = left_ns > 0 ? left_ns : 0;
    wait = (struct timespec){left_ns / 1000000000, left_ns % 1000000000};
    ready = epoll_pwait2(self->epoll, events, events_max, &wait, NULL);
    need_os(ready >= 0 || errno == EINTR, "wait");
    for (int i = 0; i < ready; i++) {
        receive(events[i].data.ptr);
    }
}

struct connection *connection_open(struct loop *loop, int32_t window_bytes)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)window_bytes}};
    struct connection *self = calloc(1, sizeof(*self));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    const int on = 1;

    need(self != NULL, "memory");
    self->loop = loop;
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need_os(self->fd >= 0, "socket");
    need_os(connect(self->fd, (const struct sockaddr *)&loop->to, sizeof(loop->to)) == 0,
            "connect");
    (void)setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    need(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0, "new");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option_set_peer_max_concurrent_streams(option, streams_max);
    nghttp2_option_set_no_closed_streams(option, 1);
    need(nghttp2_session_client_new2(&self->session, callbacks, self, option) == 0, "session");
    need(nghttp2_submit_settings(self->session, NGHTTP2_FLAG_NONE, settings, 2) == 0, "settings");
    if (window_bytes > http2_window_bytes) {
        need(nghttp2_session_set_local_window_size(self->session, NGHTTP2_FLAG_NONE, 0,
                                                   connection_window_bytes) == 0,
             "window");
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    need_os(epoll_ctl(loop->epoll, EPOLL_CTL_ADD, self->fd, &event) == 0, "epoll");
    is_to_send(self);
    return self;
}

struct connection **connections_open(struct loop *loop, size_t count, int32_t window_bytes)
{
    struct connection **opened = calloc(count, sizeof(struct connection *));
    int64_t until_ns = now_ns() + greeting_ns;

    need(opened != NULL, "memory");
    for (size_t i = 0; i < count; i++) {
        opened[i] = connection_open(loop, window_bytes);
    }
    for (size_t i = 0; i < count || loop->written != NULL;) {
        if (i < count && opened[i]->settings >= 2) {
            i++;
        } else {
            need(now_ns() < until_ns, "the server does not greet");
            loop_turn(loop, i < count ? until_ns : 0);
        }
    }
    return opened;
}

void connection_stall(struct connection *self)
{
    need_os(epoll_ctl(self->loop->epoll, EPOLL_CTL_DEL, self->fd, NULL) == 0, "epoll");
}

bool connection_waits(const struct connection *self)
{
    char byte;

    return recv(self->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
}

void call_add(struct call *self, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    char *at = buf_reserve(&self->out, grpc_prefix_bytes + len);

    grpc_prefix(at, (uint32_t)len);
    need(protobuf_c_message_pack(message, (uint8_t *)at + grpc_prefix_bytes) == len, "pack");
    self->out.len += grpc_prefix_bytes + len;
}

#define NV(name, value)                                                                            \
    {                                                                                              \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value),                        \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                           \
    }

void call_begin(struct call *self, struct connection *connection, const char *path)
{
    const nghttp2_nv headers[] = {NV(":method", "POST"),
                                  NV(":scheme", "http"),
                                  NV(":path", path),
                                  NV(":authority", "localhost"),
                                  NV("content-type", "application/grpc"),
                                  NV("user-agent", "grpc-go/1.26.0"),
                                  NV("te", "trailers")};
    nghttp2_data_provider provider = {.source = {.ptr = self}, .read_callback = read_request};

    self->connection = connection;
    self->status = call_unanswered;
    self->in.bytes.len = 0;
    self->in.whole = false;
    self->stream = nghttp2_submit_request(connection->session, NULL, headers,
                                          sizeof(headers) / sizeof(headers[0]), &provider, self);
    need(self->stream > 0, "submit");
    is_to_send(connection);
}

void call_more(struct call *self)
{
    (void)nghttp2_session_resume_data(self->connection->session, self->stream);
    is_to_send(self->connection);
}

static uint64_t varint(struct str *rest)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        need(rest->len > 0, "a message is cut");
        byte = (uint8_t)*rest->data++;
        rest->len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    need(false, "a number has no end");
    return 0;
}

bool field_next(struct str *rest, struct field *field)
{
    uint64_t tag;

    if (rest->len == 0) {
        return false;
    }
    tag = varint(rest);
    need((tag & 7) == 0 || (tag & 7) == 2, "a field of another kind");
    *field = (struct field){.number = tag >> 3, .value = varint(rest)};
    if ((tag & 7) == 2) {
        need(field->value <= rest->len, "a field is cut");
        field->bytes = (struct str){rest->data, (size_t)field->value};
        rest->data += field->value;
        rest->len -= field->value;
    }
    return true;
}
