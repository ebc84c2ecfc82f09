#include "gateway/etcd/http1.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum {
    pool_bytes = 32 * 1024, /* a connection; bounds a request's header */
    idle_ms = 120 * 1000,
};

enum { HEADER_AUTHORIZATION = HTTP_HEADER_COUNT, HEADER_TIMEOUT, HEADER_TOKEN, HEADER_LEADER };

static const struct str headers[] = {
    {"Authorization", 13},
    {"Grpc-Timeout", 12},
    {"Grpc-Metadata-Token", 19},
    {"Grpc-Metadata-Hasleader", 23},
};

struct http1 {
    struct http *http;
    const struct web_app *app;
    void *state;
};

/* A request that is open, or whose answer's pieces are being read. */
struct visit {
    struct web web; /* first */
    struct request *request;
    struct buf out; /* what of a stream was not read */
    size_t out_at;
    bool streams; /* its answer is read piece by piece: out's reader frees it */
    bool answered;
};

static struct visit *visit_of(const struct web *web)
{
    return (struct visit *)(void *)(uintptr_t)web;
}

static void visit_free(struct visit *visit)
{
    buf_fini(&visit->out);
    free(visit);
}

/* ── the answer ── */

static void answer_streamed(struct visit *visit, const struct web_head *head);

static void on_answer(struct web *web, const struct web_head *head, struct buf *body)
{
    struct visit *visit = visit_of(web);
    struct response *response;

    visit->answered = true;
    if (head->trailer.name != NULL) { /* which stands behind chunks only */
        visit->out = *body;
        *body = (struct buf){0};
        answer_streamed(visit, head);
        return;
    }
    response = response_new(head->status, NULL, body);
    response_plain(response);
    for (unsigned i = 0; i < head->count; i++) {
        response_header(response, head->headers[i].name, head->headers[i].value);
    }
    request_set_user(visit->request, NULL);
    request_answer(visit->request, response);
    response_unref(&response);
    visit_free(visit);
}

static int64_t read_out(void *context, char *to, size_t max)
{
    struct visit *visit = context;
    size_t len = visit->out.len - visit->out_at;

    len = len < max ? len : max;
    if (len == 0) {
        return visit->answered ? HTTP_STREAM_END : HTTP_STREAM_WAIT;
    }
    memcpy(to, visit->out.data + visit->out_at, len);
    visit->out_at += len;
    if (visit->out_at == visit->out.len) {
        buf_fini(&visit->out);
        visit->out_at = 0;
        request_keeps(visit->request, 0);
    }
    return (int64_t)len;
}

static void on_read(void *context)
{
    visit_free(context);
}

static void answer_streamed(struct visit *visit, const struct web_head *head)
{
    struct request *request = visit->request;

    visit->streams = true;
    request_stream(request, head->status, NULL, read_out, on_read, visit);
    request_stream_plain(request);
    for (unsigned i = 0; i < head->count; i++) {
        request_stream_header(request, head->headers[i].name, head->headers[i].value);
    }
    if (head->trailer.name != NULL) {
        request_stream_trailer(request, head->trailer.name, head->trailer.value);
    }
}

static void on_begin(struct web *web, const struct web_head *head)
{
    answer_streamed(visit_of(web), head);
}

static void on_send(struct web *web, struct str bytes)
{
    struct visit *visit = visit_of(web);

    buf_add_str(&visit->out, bytes);
    request_keeps(visit->request, visit->out.cap);
    request_stream_more(visit->request);
}

static void on_end(struct web *web)
{
    struct visit *visit = visit_of(web);

    visit->answered = true;
    request_stream_more(visit->request);
}

static size_t on_unsent(const struct web *web)
{
    const struct visit *visit = visit_of(web);

    return visit->out.len - visit->out_at;
}

static const struct web_transport transport = {
    .answer = on_answer, .begin = on_begin, .send = on_send, .end = on_end, .unsent = on_unsent};

/* ── the request ── */

static void on_serve(void *state, struct request *request, const struct now *now)
{
    struct http1 *self = state;
    struct visit *visit = heap_new(sizeof(*visit));

    (void)now;
    visit->request = request;
    visit->web = (struct web){.transport = &transport,
                              .verb = request_verb(request),
                              .target = request_target(request),
                              .origin = request_header(request, HTTP_HEADER_ORIGIN),
                              .authorization = request_header(request, HEADER_AUTHORIZATION),
                              .timeout = request_header(request, HEADER_TIMEOUT),
                              .token = request_header(request, HEADER_TOKEN),
                              .leader = request_header(request, HEADER_LEADER)};
    request_set_user(request, visit);
    self->app->serve(self->state, &visit->web, request_body(request));
    if (!request_may_stream(request)) {
        return; /* it is answered, and visit may be gone */
    }
    if (visit->web.patient) {
        request_park(request);
    } else {
        request_await(request);
    }
}

static void on_gone(void *state, struct request *request)
{
    struct visit *visit = request_user(request);

    (void)state;
    if (visit == NULL) {
        return;
    }
    if (!visit->answered) {
        visit->answered = true;
        visit->web.gone(&visit->web);
    }
    if (!visit->streams) { /* else its reader ends later */
        visit_free(visit);
    }
    request_set_user(request, NULL);
}

static struct response *on_refuse(void *state, int status, const char *text)
{
    struct http1 *self = state;
    struct web_head head = {0};
    struct response *response;
    struct buf body = {0};

    self->app->refuse(self->state, status, str_from(text), &head, &body);
    response = response_new(status, NULL, &body);
    response_plain(response);
    for (unsigned i = 0; i < head.count; i++) {
        response_header(response, head.headers[i].name, head.headers[i].value);
    }
    return response;
}

static const struct http_app http_app = {
    .serve = on_serve,
    .gone = on_gone,
    .refuse = on_refuse,
    .headers = headers,
    .header_count = sizeof(headers) / sizeof(headers[0]),
};

/* ── its life ── */

enum err http1_new(struct http1 **self, const struct http1_options *options,
                   const struct web_app *app, void *state)
{
    const struct http_options http = {.section = options->section,
                                      .pool_bytes = pool_bytes,
                                      .body_max_bytes = options->body_max,
                                      .idle_ms = idle_ms,
                                      .connections_max = options->connections_max,
                                      .memory_max = options->memory_max,
                                      .sharers = options->sharers,
                                      .shares_heap = true,
                                      .log = options->log};
    struct http1 *made = heap_new(sizeof(*made));
    enum err err;

    made->app = app;
    made->state = state;
    err = http_new(&made->http, &http, &http_app, made);
    err = err != ERR_OK ? err : http_listen(made->http);
    if (err != ERR_OK) {
        http1_destroy(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void http1_destroy(struct http1 **self)
{
    if (*self != NULL) {
        http_destroy(&(*self)->http);
        free(*self);
        *self = NULL;
    }
}

void http1_adopt(struct http1 *self, int fd, const struct now *now)
{
    (void)http_adopt(self->http, fd, now); /* without a place it is closed, as a full port does */
}

int http1_fd(const struct http1 *self)
{
    return http_fd(self->http);
}

bool http1_turn(struct http1 *self, const struct now *now)
{
    return http_turn(self->http, now);
}

int64_t http1_due_ms(const struct http1 *self, const struct now *now)
{
    return http_due_ms(self->http, now);
}

uint64_t http1_connections(const struct http1 *self)
{
    struct http_counts counts;

    http_counts(self->http, &counts);
    return counts.connections;
}

void http1_forget(struct http1 *self)
{
    http_forget(self->http);
}
