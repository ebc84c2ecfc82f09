#include "gateway/etcd/h2_answer.h"

#include <stdarg.h>
#include <stdio.h>

enum { status_text_max = 1024 };

#define NV_STATIC(name, value)                                                                     \
    (nghttp2_nv)                                                                                   \
    {                                                                                              \
        (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1,                \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                           \
    }

static const char *const code_texts[GRPC_END] = {
#define CODE_TEXT(NAME, number, http) [number] = #number,
    GRPC_TABLE(CODE_TEXT)
#undef CODE_TEXT
};

static size_t trailers(const struct stream *stream, nghttp2_nv *to)
{
    const char *code = code_texts[stream->code];

    to[0] =
        (nghttp2_nv){(uint8_t *)"grpc-status", (uint8_t *)code, sizeof("grpc-status") - 1,
                     strlen(code), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
    if (stream->text.len == 0) {
        return 1;
    }
    to[1] =
        (nghttp2_nv){(uint8_t *)"grpc-message", (uint8_t *)stream->text.data,
                     sizeof("grpc-message") - 1, stream->text.len, NGHTTP2_NV_FLAG_NO_COPY_NAME};
    return 2;
}

/* The source of a stream's DATA: out; behind it the trailers, once the app has ended it. */
static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
                        uint32_t *flags, nghttp2_data_source *source, void *state)
{
    struct stream *stream = source->ptr;
    size_t unsent = stream->out.len - stream->out_at;
    size_t len = unsent < max ? unsent : max;

    (void)to;
    (void)state;
    if (len == 0 && !stream->let_go) {
        stream->waits = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (len == unsent && stream->let_go) {
        nghttp2_nv nv[2];
        size_t count = trailers(stream, nv);

        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(session, id, nv, count) != 0) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
    }
    return (ssize_t)len;
}

static void reply(struct stream *stream, nghttp2_nv *nv, size_t count, bool with_data)
{
    nghttp2_data_provider provider = {.source = {.ptr = stream}, .read_callback = read_out};
    /* It fails only if memory ran out, which ends the connection with it. */
    int rc = nghttp2_submit_response(stream->h2->session, stream->id, nv, count,
                                     with_data ? &provider : NULL);

    stream->h2->over = stream->h2->over || rc != 0;
    stream->replied = true;
}

static void go_on(struct stream *stream)
{
    if (!stream->replied) {
        nghttp2_nv nv[4] = {NV_STATIC(":status", "200"),
                            NV_STATIC("content-type", "application/grpc")};
        bool with_data = stream->out.len > 0;
        size_t count = 2;

        if (!with_data && stream->let_go) {
            count += trailers(stream, nv + 2);
        }
        reply(stream, nv, count, with_data || !stream->let_go);
    } else if (stream->waits) {
        stream->waits = false;
        (void)nghttp2_session_resume_data(stream->h2->session, stream->id);
    }
    stream->h2->wake.wake(stream->h2->wake.owner);
}

/* Calls are refused while there is no room, but many may have begun before the first of their
 * answers came. */
static bool has_room(const struct stream *stream, size_t bytes)
{
    enum { small = 64 * 1024 };

    return bytes <= small || !h2_is_full(stream->h2) ||
           etcd_method_row(stream->call.method)->shape == ETCD_SHAPE_BOTH;
}

static void send_message(struct rpc *call, struct str message)
{
    struct stream *stream = stream_of(call);
    char prefix[grpc_prefix_bytes];

    assert(!stream->let_go && message.len <= UINT32_MAX);
    stream->dropped = stream->dropped || !has_room(stream, message.len);
    if (stream->dropped) {
        return;
    }
    if (stream->out_at == stream->out.len) {
        stream->out_at = stream->out.len = 0;
    }
    if (stream->h2->options->tally != NULL) {
        stream->h2->options->tally->rows[call->method].sent++;
    }
    grpc_prefix(prefix, (uint32_t)message.len);
    (void)buf_reserve(&stream->out, sizeof(prefix) + message.len);
    buf_add(&stream->out, prefix, sizeof(prefix));
    buf_add_str(&stream->out, message);
    h2_stream_weigh(stream);
    go_on(stream);
}

static size_t unsent(const struct rpc *call)
{
    const struct stream *stream = (const struct stream *)call;

    return stream->out.len - stream->out_at;
}

static void count_handled(const struct stream *stream, enum grpc_code code)
{
    struct tally *tally = stream->h2->options->tally;

    if (tally != NULL && stream->begun) {
        tally->rows[stream->call.method].handled[code]++;
    }
}

void h2_cancelled(struct stream *stream)
{
    count_handled(stream, GRPC_CANCELLED);
}

void h2_finish(struct stream *stream, enum grpc_code code, struct str text)
{
    stream->let_go = true;
    count_handled(stream, code);
    stream->code = code;
    if (text.len > status_text_max) {
        text.len = status_text_max;
    }
    grpc_message(&stream->text, text);
    go_on(stream);
}

static void end(struct rpc *call, enum grpc_code code, struct str text)
{
    struct stream *stream = stream_of(call);

    assert(!stream->let_go);
    if (stream->dropped) { /* only a Range has surely done nothing */
        enum etcd_error error =
            call->method == ETCD_METHOD_RANGE ? ETCD_ERROR_TOO_MANY_REQUESTS : ETCD_ERROR_TIMEOUT;

        code = etcd_error_code(error);
        text = etcd_error_text(error);
    }
    h2_finish(stream, code, text);
}

const struct rpc_caller h2_caller = {.send = send_message, .end = end, .unsent = unsent};

void h2_refuse(struct stream *stream, enum grpc_code code, const char *format, ...)
{
    char text[status_text_max];
    bool known = stream->begun && !stream->let_go;
    va_list rest;
    int len;

    va_start(rest, format);
    len = vsnprintf(text, sizeof(text), format, rest);
    va_end(rest);
    if (known) {
        stream->h2->app->gone(stream->h2->state, &stream->call);
    }
    h2_finish(stream, code,
              (struct str){text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1});
}

void h2_refuse_http(struct stream *stream, int status)
{
    nghttp2_nv method = NV_STATIC(":status", "405");
    nghttp2_nv type = NV_STATIC(":status", "415");

    stream->refused = true;
    reply(stream, status == 405 ? &method : &type, 1, false);
}
