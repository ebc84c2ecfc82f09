#include "gateway/etcd/h2_web.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/heap.h"

enum { answer_names_max = 512 };

static struct h2_web *web_of(struct stream *stream)
{
    if (stream->web == NULL) {
        stream->web = heap_new(sizeof(*stream->web));
        stream->web->stream = stream;
        stream->web->over = true;
    }
    return stream->web;
}

static void note(struct buf *to, struct str value)
{
    to->len = 0;
    buf_add_str(to, value);
}

void h2_web_note(struct stream *stream, enum h2_web_word word, struct str value)
{
    note(&web_of(stream)->words[word], value);
}

void h2_web_note_timeout(struct stream *stream, struct str value)
{
    note(&web_of(stream)->timeout, value);
}

void h2_web_note_verb(struct stream *stream, struct str value)
{
    note(&web_of(stream)->verb, value);
}

/* ── the answer ── */

static nghttp2_nv text_header(const char *name, const char *value, char *lower)
{
    size_t len = strlen(name);

    for (size_t i = 0; i <= len; i++) {
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    return (nghttp2_nv){(uint8_t *)lower, (uint8_t *)(uintptr_t)value, len, strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
                        uint32_t *flags, nghttp2_data_source *source, void *state)
{
    struct stream *stream = source->ptr;
    const struct web_header *trailer = &stream->web->trailer;
    size_t unsent = stream->out.len - stream->out_at;
    size_t len = unsent < max ? unsent : max;

    (void)to;
    (void)state;
    if (len == 0 && !stream->web->over) {
        stream->waits = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (len == unsent && stream->web->over) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    if (len == unsent && stream->web->over && trailer->name != NULL) {
        char lower[answer_names_max];
        nghttp2_nv nv = text_header(trailer->name, trailer->value, lower);

        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(session, id, &nv, 1) != 0) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
    }
    return (ssize_t)len;
}

/* length: of a body that is whole; below 0: it has none that is known. */
static void submit(struct h2_web *web, const struct web_head *head, int64_t length)
{
    enum { number_max = 24 };
    struct stream *stream = web->stream;
    nghttp2_data_provider provider = {.source = {.ptr = stream}, .read_callback = read_out};
    nghttp2_nv nv[web_headers_max + 3];
    char names[answer_names_max];
    char status[number_max];
    char bytes[number_max];
    size_t count = 0;
    size_t used = 0;
    bool has_body = length != 0 && !str_eq(web->web.verb, STR("HEAD"));
    int rc;

    (void)snprintf(status, sizeof(status), "%d", head->status);
    (void)snprintf(bytes, sizeof(bytes), "%lld", (long long)length);
    nv[count++] = (nghttp2_nv){(uint8_t *)":status", (uint8_t *)status, sizeof(":status") - 1,
                               strlen(status), NGHTTP2_NV_FLAG_NONE};
    for (unsigned i = 0; i < head->count; i++) {
        assert(used + strlen(head->headers[i].name) < sizeof(names));
        nv[count++] = text_header(head->headers[i].name, head->headers[i].value, names + used);
        used += strlen(head->headers[i].name) + 1;
    }
    if (head->trailer.name != NULL) {
        web->trailer = head->trailer;
        nv[count++] =
            (nghttp2_nv){(uint8_t *)"trailer", (uint8_t *)(uintptr_t)head->trailer.name,
                         sizeof("trailer") - 1, strlen(head->trailer.name), NGHTTP2_NV_FLAG_NONE};
    } else if (length >= 0) {
        nv[count++] =
            (nghttp2_nv){(uint8_t *)"content-length", (uint8_t *)bytes,
                         sizeof("content-length") - 1, strlen(bytes), NGHTTP2_NV_FLAG_NONE};
    }
    rc = nghttp2_submit_response(stream->h2->session, stream->id, nv, count,
                                 has_body ? &provider : NULL);
    stream->h2->over = stream->h2->over || rc != 0;
    stream->replied = true;
    stream->h2->wake.wake(stream->h2->wake.owner);
}

static void on_answer(struct web *it, const struct web_head *head, struct buf *body)
{
    struct h2_web *web = (struct h2_web *)(void *)it;

    web->over = true;
    buf_fini(&web->stream->out);
    web->stream->out = *body;
    web->stream->out_at = 0;
    *body = (struct buf){0};
    h2_stream_weigh(web->stream);
    submit(web, head, (int64_t)web->stream->out.len);
}

static void on_begin(struct web *it, const struct web_head *head)
{
    submit((struct h2_web *)(void *)it, head, -1);
}

static void go_on(struct h2_web *web)
{
    struct stream *stream = web->stream;

    if (stream->waits) {
        stream->waits = false;
        (void)nghttp2_session_resume_data(stream->h2->session, stream->id);
    }
    stream->h2->wake.wake(stream->h2->wake.owner);
}

static void on_send(struct web *it, struct str bytes)
{
    struct h2_web *web = (struct h2_web *)(void *)it;
    struct stream *stream = web->stream;

    if (stream->out_at == stream->out.len) {
        stream->out_at = stream->out.len = 0;
    }
    buf_add_str(&stream->out, bytes);
    h2_stream_weigh(stream);
    go_on(web);
}

static void on_end(struct web *it)
{
    struct h2_web *web = (struct h2_web *)(void *)it;

    web->over = true;
    go_on(web);
}

static size_t on_unsent(const struct web *it)
{
    const struct stream *stream = ((const struct h2_web *)(const void *)it)->stream;

    return stream->out.len - stream->out_at;
}

static const struct web_transport transport = {
    .answer = on_answer, .begin = on_begin, .send = on_send, .end = on_end, .unsent = on_unsent};

/* ── the request ── */

void h2_web_begin(struct stream *stream)
{
    struct h2_web *web = web_of(stream);

    web->web = (struct web){
        .transport = &transport,
        .verb = web->verb.len > 0 ? buf_str(&web->verb) : STR("POST"),
        .target = stream->head.method_known ? etcd_method_row(stream->call.method)->path
                                            : buf_str(&stream->head.path),
        .origin = buf_str(&web->words[H2_WEB_ORIGIN]),
        .authorization = buf_str(&web->words[H2_WEB_AUTHORIZATION]),
        .timeout = buf_str(&web->timeout),
        .token = buf_str(&web->words[H2_WEB_TOKEN]),
        .leader = buf_str(&web->words[H2_WEB_LEADER]),
    };
}

void h2_web_refuse(struct stream *stream, int status, struct str why)
{
    struct h2 *h2 = stream->h2;
    struct web_head head = {0};
    struct buf body = {0};

    stream->web->refused = true;
    buf_fini(&stream->web->body);
    h2->web_app->refuse(h2->web_state, status, why, &head, &body);
    on_answer(&stream->web->web, &head, &body);
}

void h2_web_data(struct stream *stream, struct str data)
{
    struct h2_web *web = stream->web;

    if (web->refused || web->served) {
        return;
    }
    if (web->body.len + data.len > stream->h2->options->body_max) {
        h2_web_refuse(stream, 413, STR("the body is too large"));
    } else {
        buf_add_str(&web->body, data);
        h2_stream_weigh(stream);
    }
}

void h2_web_end_of_input(struct stream *stream)
{
    struct h2_web *web = stream->web;
    struct buf body = web->body;

    if (web->refused || web->served) {
        return;
    }
    web->body = (struct buf){0};
    web->served = true;
    web->over = false;
    h2_stream_weigh(stream);
    stream->h2->web_app->serve(stream->h2->web_state, &web->web, buf_str(&body));
    buf_fini(&body);
}

void h2_web_gone(struct stream *stream)
{
    struct h2_web *web = stream->web;

    if (web != NULL && !web->over) {
        web->over = true;
        web->web.gone(&web->web);
    }
}
