#include "tests/store/mvcc/against_etcd/grpc.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct grpc {
    int socket;
    nghttp2_session *session;
    struct buf sending;
    size_t sent;
    struct buf received;
    struct grpc_answer *answer;
    bool done;
    grpc_each_fn *each; /* NULL: a unary call */
    void *context;
    bool enough;
};

enum { frame_bytes = 5 };

static ssize_t on_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
                       void *context)
{
    struct grpc *self = context;
    ssize_t sent = send(self->socket, data, len, MSG_NOSIGNAL);

    (void)session;
    (void)flags;
    return sent > 0 ? sent : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *context)
{
    struct grpc *self = context;
    struct str key = {(const char *)name, name_len};
    struct str text = {(const char *)value, value_len};
    int64_t number;

    (void)session;
    (void)frame;
    (void)flags;
    if (str_eq(key, STR("grpc-status")) && str_to_i64(text, &number) == ERR_OK) {
        self->answer->status = (int)number;
    } else if (str_eq(key, STR("grpc-message"))) {
        self->answer->text.len = 0;
        buf_add_str(&self->answer->text, text);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t len, void *context)
{
    struct grpc *self = context;

    (void)session;
    (void)flags;
    (void)stream;
    buf_add(&self->received, data, len);
    while (self->each != NULL && !self->enough && self->received.len >= frame_bytes) {
        const unsigned char *at = (const unsigned char *)self->received.data;
        size_t whole =
            frame_bytes + ((size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4]);

        if (self->received.len < whole) {
            break;
        }
        self->enough = !self->each(
            self->context, (struct str){self->received.data + frame_bytes, whole - frame_bytes});
        self->received.len -= whole;
        memmove(self->received.data, self->received.data + whole, self->received.len);
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
    (void)session;
    (void)stream;
    (void)error;
    ((struct grpc *)context)->done = true;
    return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *to, size_t len,
                       uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct grpc *self = source->ptr;
    size_t left = self->sending.len - self->sent;
    size_t now = left < len ? left : len;

    (void)session;
    (void)stream;
    (void)context;
    memcpy(to, self->sending.data + self->sent, now);
    self->sent += now;
    if (self->each != NULL) {
        return now > 0 ? (ssize_t)now : NGHTTP2_ERR_DEFERRED; /* our side stays open */
    }
    if (self->sent == self->sending.len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)now;
}

struct grpc *grpc_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct grpc *self = calloc(1, sizeof(*self));
    nghttp2_session_callbacks *callbacks;

    assert(self != NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->socket = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(self->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(self->socket, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(self->socket);
        free(self);
        return NULL;
    }
    (void)nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    (void)nghttp2_session_client_new(&self->session, callbacks, self);
    nghttp2_session_callbacks_del(callbacks);
    (void)nghttp2_submit_settings(self->session, NGHTTP2_FLAG_NONE, NULL, 0);
    return self;
}

void grpc_close(struct grpc **self)
{
    if (*self != NULL) {
        nghttp2_session_del((*self)->session);
        (void)close((*self)->socket);
        buf_fini(&(*self)->sending);
        buf_fini(&(*self)->received);
        free(*self);
        *self = NULL;
    }
}

void grpc_answer_fini(struct grpc_answer *self)
{
    buf_fini(&self->text);
    buf_fini(&self->message);
}

#define HEADER(key, text)                                                                          \
    {                                                                                              \
        (uint8_t *)(uintptr_t)(key), (uint8_t *)(uintptr_t)(text).data, sizeof(key) - 1,           \
            (text).len, NGHTTP2_NV_FLAG_NONE                                                       \
    }

/* The stream's number; below 0: the connection is no more. */
static int32_t submit(struct grpc *self, struct str path, struct str request)
{
    const nghttp2_nv headers[] = {
        HEADER(":method", STR("POST")),
        HEADER(":scheme", STR("http")),
        HEADER(":path", path),
        HEADER(":authority", STR("127.0.0.1")),
        HEADER("content-type", STR("application/grpc")),
        HEADER("te", STR("trailers")),
    };
    const nghttp2_data_provider provider = {{.ptr = self}, on_read};

    self->done = self->enough = false;
    self->sending.len = self->received.len = self->sent = 0;
    buf_add_char(&self->sending, 0);
    for (int i = 3; i >= 0; i--) {
        buf_add_char(&self->sending, (char)(request.len >> (8 * i)));
    }
    buf_add_str(&self->sending, request);
    return nghttp2_submit_request(self->session, NULL, headers,
                                  sizeof(headers) / sizeof(headers[0]), &provider, NULL);
}

/* False: the connection ended. */
static bool exchange(struct grpc *self)
{
    uint8_t bytes[65536];

    while (!self->done && !self->enough) {
        ssize_t got;

        if (nghttp2_session_send(self->session) != 0) {
            return false;
        }
        got = recv(self->socket, bytes, sizeof(bytes), 0);
        if (got <= 0 || nghttp2_session_mem_recv(self->session, bytes, (size_t)got) < 0) {
            return false;
        }
    }
    return nghttp2_session_send(self->session) == 0;
}

void grpc_call(struct grpc *self, struct str path, struct str request, struct grpc_answer *answer)
{
    *answer = (struct grpc_answer){.status = -1};
    self->answer = answer;
    self->each = NULL;
    if (submit(self, path, request) < 0 || !exchange(self)) {
        answer->status = -1;
        return;
    }
    if (self->received.len >= frame_bytes) {
        buf_add(&answer->message, self->received.data + frame_bytes,
                self->received.len - frame_bytes);
    }
}

bool grpc_stream(struct grpc *self, struct str path, struct str request, grpc_each_fn *each,
                 void *context)
{
    struct grpc_answer answer = {.status = -1};
    int32_t stream;
    bool good;

    self->answer = &answer;
    self->each = each;
    self->context = context;
    stream = submit(self, path, request);
    good = stream > 0 && exchange(self) && self->enough;
    if (good) {
        (void)nghttp2_submit_rst_stream(self->session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
        good = nghttp2_session_send(self->session) == 0;
    }
    self->each = NULL;
    grpc_answer_fini(&answer);
    return good;
}
