#include "tests/gateway/etcd/h2_client.h"

#include <assert.h>
#include <string.h>

#include "gateway/etcd/grpc.h"

static struct client_call *find(struct h2_client *self, int32_t id)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->calls[i].id == id) {
            return &self->calls[i];
        }
    }
    return NULL;
}

static void note(char *to, size_t size, const uint8_t *value, size_t len)
{
    assert(len < size);
    memcpy(to, value, len);
    to[len] = 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *state)
{
    struct client_call *call = find(state, frame->hd.stream_id);
    struct str is = {(const char *)name, name_len};

    (void)session;
    (void)flags;
    if (str_eq(is, STR(":status"))) {
        note(call->status, sizeof(call->status), value, value_len);
        return 0;
    }
    buf_printf(&call->headers, "%.*s: %.*s\n", STR_ARG(is), (int)value_len, (const char *)value);
    if (str_eq(is, STR("content-type"))) {
        note(call->type, sizeof(call->type), value, value_len);
    } else if (str_eq(is, STR("grpc-status"))) {
        note(call->code, sizeof(call->code), value, value_len);
    } else if (str_eq(is, STR("grpc-message"))) {
        note(call->text, sizeof(call->text), value, value_len);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *state)
{
    (void)session;
    (void)flags;
    buf_add(&find(state, id)->received, data, len);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *state)
{
    struct client_call *call = find(state, id);

    (void)session;
    call->closed = true;
    call->reset = code;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *state)
{
    struct h2_client *self = state;

    (void)session;
    self->goaway = self->goaway || frame->hd.type == NGHTTP2_GOAWAY;
    return 0;
}

static ssize_t read_request(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
                            uint32_t *flags, nghttp2_data_source *source, void *state)
{
    struct client_call *call = source->ptr;
    size_t len = call->to_send.len - call->sent;

    (void)session;
    (void)id;
    (void)state;
    len = len < max ? len : max;
    if (len == 0 && !call->half_closed) {
        call->waits = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (len > 0) {
        memcpy(to, call->to_send.data + call->sent, len);
        call->sent += len;
    }
    if (call->sent == call->to_send.len && call->half_closed) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)len;
}

void h2_client_init(struct h2_client *self, struct h2 *server)
{
    nghttp2_session_callbacks *callbacks = NULL;
    int rc;

    memset(self, 0, sizeof(*self));
    self->server = server;
    self->reads = true;
    rc = nghttp2_session_callbacks_new(&callbacks);
    assert(rc == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    rc = nghttp2_session_client_new(&self->session, callbacks, self);
    assert(rc == 0);
    nghttp2_session_callbacks_del(callbacks);
    rc = nghttp2_submit_settings(self->session, NGHTTP2_FLAG_NONE, NULL, 0);
    assert(rc == 0);
}

void h2_client_fini(struct h2_client *self)
{
    nghttp2_session_del(self->session);
    for (unsigned i = 0; i < self->count; i++) {
        buf_fini(&self->calls[i].headers);
        buf_fini(&self->calls[i].received);
        buf_fini(&self->calls[i].to_send);
    }
}

static bool talk_to_server(struct h2_client *self)
{
    const uint8_t *data;
    bool said = false;
    ssize_t len;

    while ((len = nghttp2_session_mem_send(self->session, &data)) > 0) {
        said = true;
        if (h2_receive(self->server, (struct str){(const char *)data, (size_t)len}) != ERR_OK) {
            self->server_over = true;
        }
    }
    assert(len == 0);
    return said;
}

static bool hear_server(struct h2_client *self)
{
    enum { some = 64 * 1024 };
    struct buf bytes = {0};
    bool heard;

    if (!self->reads) {
        return false;
    }
    self->server_over = !h2_produce(self->server, &bytes, some) || self->server_over;
    heard = bytes.len > 0;
    if (heard) {
        ssize_t len =
            nghttp2_session_mem_recv(self->session, (const uint8_t *)bytes.data, bytes.len);

        assert(len == (ssize_t)bytes.len);
    }
    buf_fini(&bytes);
    return heard;
}

void h2_client_run(struct h2_client *self)
{
    bool said = true;
    bool heard = true;

    while (said || heard) {
        said = talk_to_server(self);
        heard = hear_server(self);
    }
}

#define NV(name, value)                                                                            \
    {                                                                                              \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE   \
    }

struct client_call *h2_client_call(struct h2_client *self, const char *path,
                                   const struct client_header *more)
{
    enum { headers_max = 16 };
    struct client_call *call = &self->calls[self->count++];
    nghttp2_data_provider provider = {.source = {.ptr = call}, .read_callback = read_request};
    nghttp2_nv nv[headers_max] = {NV(":method", "POST"),
                                  NV(":scheme", "http"),
                                  NV(":path", path),
                                  NV(":authority", "localhost"),
                                  NV("content-type", "application/grpc"),
                                  NV("te", "trailers")};
    size_t count = 6;

    assert(self->count <= client_calls_max);
    for (; more != NULL && more->name != NULL; more++) {
        size_t at = 0;

        while (at < count && (nv[at].namelen != strlen(more->name) ||
                              memcmp(nv[at].name, more->name, nv[at].namelen) != 0)) {
            at++;
        }
        count += at == count;
        assert(count <= headers_max);
        nv[at] = (nghttp2_nv)NV(more->name, more->value);
    }
    call->id = nghttp2_submit_request(self->session, NULL, nv, count, &provider, NULL);
    assert(call->id > 0);
    return call;
}

static void go_on(struct h2_client *self, struct client_call *call)
{
    if (call->waits) {
        call->waits = false;
        (void)nghttp2_session_resume_data(self->session, call->id);
    }
}

void h2_client_send(struct h2_client *self, struct client_call *call, struct str framed)
{
    buf_add_str(&call->to_send, framed);
    go_on(self, call);
}

void h2_client_close(struct h2_client *self, struct client_call *call)
{
    call->half_closed = true;
    go_on(self, call);
}

struct client_call *h2_client_unary(struct h2_client *self, const char *path, struct str message)
{
    struct client_call *call = h2_client_call(self, path, NULL);
    char prefix[grpc_prefix_bytes];

    grpc_prefix(prefix, (uint32_t)message.len);
    h2_client_send(self, call, (struct str){prefix, sizeof(prefix)});
    h2_client_send(self, call, message);
    h2_client_close(self, call);
    h2_client_run(self);
    return call;
}
