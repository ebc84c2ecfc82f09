#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "gateway/http/server.h"
#include "gateway/http/uri.h"

enum { free_max = 1024, kept_bytes_max = 16384 };

/* What all streams together may make in one turn: a few ms of it. */
static const size_t turn_bytes_max = (size_t)256 << 10;

/* Of a body over its limit this much more is read and thrown away, so that its
 * sender can read the 413; who sends more is cut off. */
static const size_t overrun_max = (size_t)16 << 20;

/* To suspend a connection and to resume it costs three system calls, as much as all else of a
 * short request: one that is answered soon stays with libmicrohttpd, which asks for its answer
 * whenever it runs. Beyond this it does not stay. */
static const int64_t await_ms = 20;

static const char full_text[] = "too much memory is held for clients: ask again, or another node";
static const char ending_text[] = "this gateway is ending: ask again, or another node";

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    assert(info != NULL && info->socket_context != NULL);
    return info->socket_context;
}

/* ── from the free list and back ────────────────────────────────────────────*/

static void trim(struct buf *buf)
{
    buf->len = 0;
    if (buf->cap > kept_bytes_max) {
        buf_fini(buf);
    }
}

static void own_fini(struct request *self)
{
    const struct http_own *own = self->http->app->own;

    if (own != NULL) {
        own->fini(self->own);
    }
}

static void request_destroy(struct request *self)
{
    buf_fini(&self->uri);
    buf_fini(&self->path);
    buf_fini(&self->body);
    own_fini(self);
    free(self);
}

static void recycle(struct request *self)
{
    struct http *http = self->http;
    struct buf uri;
    struct buf path;
    struct buf body;

    assert(self->before == NULL && self != http->parked);
    memory_close(self);
    response_unref(&self->response);
    if (http->free_count >= free_max) {
        request_destroy(self);
        return;
    }
    trim(&self->uri);
    trim(&self->path);
    trim(&self->body);
    if (http->app->own != NULL) {
        http->app->own->clear(self->own);
    }
    uri = self->uri;
    path = self->path;
    body = self->body;
    memset(self, 0, sizeof(*self));
    self->http = http;
    self->next = http->free;
    self->uri = uri;
    self->path = path;
    self->body = body;
    http->free = self;
    http->free_count++;
}

void request_free_all(struct http *http)
{
    while (http->free != NULL) {
        struct request *next = http->free->next;

        request_destroy(http->free);
        http->free = next;
    }
    http->free_count = 0;
}

/* Takes the URI, and hides its parameters from libmicrohttpd, which takes the URI apart in
 * place after this call: each would cost 70 bytes of the connection's memory, and for the one
 * that finds none left the connection is closed without a word. The app reads them. */
static void keep_uri(struct request *self, const char *uri)
{
    struct str text = str_from(uri);
    char *query = text.len > 0 ? memchr(uri, '?', text.len) : NULL;

    self->line = uri;
    buf_add_str(&self->uri, text);
    if (query != NULL) {
        query[1] = '\0';
    }
}

void *request_open(void *state, const char *uri, struct MHD_Connection *mhd)
{
    struct http *http = state;
    struct request *self = http->free;

    if (self != NULL) {
        http->free = self->next;
        http->free_count--;
        self->next = NULL;
    } else {
        self = calloc(1, sizeof(*self) + (http->app->own != NULL ? http->app->own->bytes : 0));
        if (self == NULL) {
            abort();
        }
        self->http = http;
    }
    http->calls++;
    self->connection = connection_of(mhd);
    self->connection->request = self;
    self->connection->since_ms = http->now.mono_ms;
    places_move(self->connection, PLACE_BUSY);
    keep_uri(self, uri);
    return self;
}

/* ── the list of those that wait or stream ──────────────────────────────────*/

static void link_parked(struct request *self)
{
    struct http *http = self->http;

    self->next = http->parked;
    if (http->parked != NULL) {
        http->parked->before = self;
    }
    http->parked = self;
}

static void unlink_parked(struct request *self)
{
    struct http *http = self->http;

    if (self->before != NULL) {
        self->before->next = self->next;
    } else {
        http->parked = self->next;
    }
    if (self->next != NULL) {
        self->next->before = self->before;
    }
    self->before = NULL;
    self->next = NULL;
}

/* ── suspended, watched, gone ───────────────────────────────────────────────*/

static void stop_awaiting(struct request *self)
{
    self->http->awaiting -= self->awaits ? 1 : 0;
    self->awaits = false;
}

/* The socket stays watched until it is closed: one call a connection, and
 * edge-triggered, so that a hung-up one that is not parked costs one event. */
static void suspend(struct request *self)
{
    struct connection *connection = self->connection;

    if (!connection->watched) {
        struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = connection};
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

        connection->watched =
            epoll_ctl(self->http->epoll, EPOLL_CTL_ADD, info->connect_fd, &event) == 0;
    }
    stop_awaiting(self);
    self->suspended = true;
    MHD_suspend_connection(connection->mhd);
}

static void resume(struct request *self)
{
    if (self->suspended) {
        self->suspended = false;
        self->http->resumed = true;
        MHD_resume_connection(self->connection->mhd);
    }
}

/* A stream ends before its time. MHD_CONTENT_READER_END_WITH_ERROR would do, but libmicrohttpd 0.9
 * then forgets the connection in epoll mode, closed and in place, until it is the one that was
 * silent for longest. So the socket goes first, and its own failure to write to it ends it. */
static void cut_stream(struct request *self)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(self->connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

    (void)shutdown(info->connect_fd, SHUT_RDWR);
    if (self->stream != NULL) {
        self->stream->request = NULL;
    }
}

void request_cut(struct request *self)
{
    assert(self->state == REQUEST_STREAMING);
    places_leave(self->connection);
    request_hang_up(self);
}

void request_hang_up(struct request *self)
{
    struct http *http = self->http;
    struct response *response;

    if (self->state == REQUEST_STREAMING) {
        self->state = REQUEST_ANSWERED;
        unlink_parked(self);
        http->app->gone(http->state, self);
        cut_stream(self);
        resume(self);
        return;
    }
    assert(self->state == REQUEST_PARKED);
    http->app->gone(http->state, self);
    response = http->app->refuse(http->state, MHD_HTTP_SERVICE_UNAVAILABLE,
                                 http->ending                ? ending_text
                                 : self->connection->hung_up ? "the client sends nothing any more"
                                                             : full_text);
    if (http->ending) {
        response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    request_answer(self, response);
    response_unref(&response);
}

/* ── answers ────────────────────────────────────────────────────────────────*/

void request_answer(struct request *self, struct response *response)
{
    assert(self->state == REQUEST_SERVING || self->state == REQUEST_PARKED);
    if (self->state == REQUEST_PARKED) {
        unlink_parked(self);
        self->http->counts.parked--;
        request_keeps(self, 0);
        if (self->http->places.sparing) {
            places_leave(self->connection);
        } else if (self->connection->place == PLACE_NONE && !self->connection->leaving) {
            places_move(self->connection, PLACE_BUSY);
        }
    }
    stop_awaiting(self);
    self->state = REQUEST_ANSWERED;
    self->response = response_ref(response);
#ifdef MUSTER_FAULTS
    if (self->http->app->instead != NULL) {
        struct response *other = self->http->app->instead(self->http->state, self, response);

        if (other != NULL) {
            response_unref(&self->response);
            self->response = other;
        }
    }
#endif
    self->http->resumed = true;
    resume(self);
}

void request_refuse(struct request *self, struct response *response)
{
    assert(self->state == REQUEST_SERVING);
    self->http->counts.refused_total++;
    request_answer(self, response);
}

static void park(struct request *self)
{
    assert(self->state == REQUEST_SERVING);
    self->state = REQUEST_PARKED;
    link_parked(self);
    self->http->counts.parked++;
}

void request_park(struct request *self)
{
    park(self);
    places_move(self->connection, PLACE_NONE);
    /* Taken apart already, and thousands may wait for long. */
    buf_fini(&self->uri);
    own_fini(self);
    buf_fini(&self->body);
    self->query = (struct str){0};
    memory_weigh(self);
}

void request_await(struct request *self)
{
    if (self->state == REQUEST_PARKED) {
        return;
    }
    park(self);
    self->held = true;
    self->awaits = true;
    self->awaits_until_ms = self->http->now.mono_ms + await_ms;
    self->http->awaiting++;
}

static ssize_t stream_read(void *context, uint64_t pos, char *to, size_t max)
{
    struct stream *self = context;
    int64_t len;

    (void)pos;
    self->http->calls++;
    if (self->request == NULL) {
        return MHD_CONTENT_READER_END_OF_STREAM; /* it was cut */
    }
    if (self->http->streamed >= turn_bytes_max || self->http->work >= turn_work_max) {
        return 0; /* the daemon asks again when it next runs */
    }
    len = self->next(self->context, to, max);
    assert(len <= (int64_t)max);
    self->http->streamed += len > 0 ? (size_t)len : 0;
    if (len == HTTP_STREAM_END) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (len == HTTP_STREAM_WAIT) {
        if (self->request->connection->hung_up) {
            request_hang_up(self->request);
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        self->waiting = true;
        suspend(self->request);
    }
    return (ssize_t)len;
}

static void stream_free(void *context)
{
    struct stream *self = context;

    if (self->request != NULL) {
        self->request->stream = NULL;
    }
    self->http->counts.streams--;
    self->end(self->context);
    free(self->response);
    free(self);
}

bool request_may_stream(const struct request *self)
{
    return self->state == REQUEST_SERVING;
}

void request_stream(struct request *self, int status, const char *content_type,
                    request_next_fn *next, request_end_fn *end, void *context)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    struct response *response = calloc(1, sizeof(*response));

    if (stream == NULL || response == NULL) {
        abort();
    }
    assert(self->state == REQUEST_SERVING);
    *stream = (struct stream){.http = self->http,
                              .request = self,
                              .next = next,
                              .end = end,
                              .context = context,
                              .response = response};
    *response = (struct response){.refs = 1, .status = status};
    response->mhd =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, stream, stream_free);
    if (response->mhd == NULL) {
        abort();
    }
    response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    response_header(response, nosniff_name, nosniff_value);
    self->stream = stream;
    self->response = response;
    self->state = REQUEST_STREAMING;
    places_move(self->connection, PLACE_NONE);
    link_parked(self);
    self->http->counts.streams++;
}

void request_stream_header(struct request *self, const char *name, const char *value)
{
    assert(self->state == REQUEST_STREAMING && self->response != NULL);
    response_header(self->response, name, value);
}

void request_stream_more(struct request *self)
{
    if (self->stream != NULL && self->stream->waiting) {
        self->stream->waiting = false;
        resume(self);
    }
}

/* ── from the first byte to the handler ─────────────────────────────────────*/

static enum MHD_Result queue(struct request *self)
{
    enum MHD_Result queued;

    response_date(self->response, self->http->now.wall_ns / 1000000000);
    queued = MHD_queue_response(self->connection->mhd, (unsigned)self->response->status,
                                self->response->mhd);
    memory_answered(self);
    response_unref(&self->response);
    return queued;
}

/* The server's own answer; ending: and the connection is closed after it. */
static void refuse(struct request *self, int status, const char *why, bool ending)
{
    struct http *http = self->http;
    struct response *response = http->app->refuse(http->state, status, why);

    if (ending) {
        response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    http->counts.refused_total++;
    self->state = REQUEST_SERVING;
    request_answer(self, response);
    response_unref(&response);
}

static enum MHD_Result begin(struct request *self, const char *method, const char *version)
{
    const char *why = "malformed path";
    int status;

    self->begun = true;
    self->http->counts.requests_total++;
    /* of the answer to a HEAD libmicrohttpd sends the header */
    self->method = strcmp(method, MHD_HTTP_METHOD_GET) == 0    ? HTTP_GET
                   : strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? HTTP_GET
                   : strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? HTTP_POST
                                                               : HTTP_OTHER;
    status = header_check(self, method, version, &why);
    if (status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE) {
        connection_say(self->connection,
                       STR("HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
                           "Content-Length: 0\r\n\r\n"));
        self->http->counts.refused_total++;
        return MHD_NO;
    }
    if (status == 0 && !uri_split(buf_str(&self->uri), &self->path, &self->query)) {
        status = MHD_HTTP_BAD_REQUEST;
    }
    self->chunked = request_header(self, HTTP_HEADER_TRANSFER_ENCODING).len > 0;
    if (status == 0 && self->chunked) {
        status = tap_begin(self, header_end(self, method), &why);
    }
    if (status != 0) {
        /* where its body ends is in doubt: nothing after it is read */
        refuse(self, status, why, true);
        return queue(self);
    }
    self->piece_ms = self->http->now.mono_ms;
    return MHD_YES;
}

static enum MHD_Result take_body(struct request *self, const char *data, size_t len)
{
    size_t max = self->http->options.body_max_bytes;

    self->body_seen += len;
    self->piece_ms = self->http->now.mono_ms;
    if (self->body_seen > max) {
        buf_fini(&self->body);
        memory_weigh(self);
        return self->body_seen <= max + overrun_max ? MHD_YES : MHD_NO;
    }
    buf_add(&self->body, data, len);
    memory_weigh(self);
    return MHD_YES;
}

static void serve(struct request *self)
{
    struct http *http = self->http;

    if (http->ending) { /* what handlers stand on may be gone, or not be looked at any more */
        refuse(self, MHD_HTTP_SERVICE_UNAVAILABLE, ending_text, true);
        return;
    }
    if (self->body_seen > http->options.body_max_bytes) {
        refuse(self, MHD_HTTP_CONTENT_TOO_LARGE, http->texts.body, false);
        return;
    }
    request_cost(self, self->body_seen / 64);
    self->state = REQUEST_SERVING;
    http->app->serve(http->state, self, &http->now);
}

/* The turn's share of work is used up. */
static bool has_to_wait(const struct request *self)
{
    bool is_short = self->body_seen + self->uri.len <= short_bytes;

    return !self->http->ending && self->http->work >= (is_short ? (size_t)2 : 1) * turn_work_max;
}

enum MHD_Result request_access(void *state, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **context)
{
    struct request *self = *context;

    (void)state;
    (void)mhd;
    (void)url;
    if (self->state == REQUEST_PARKED && self->http->now.mono_ms < self->awaits_until_ms) {
        return MHD_YES;
    }
    self->http->calls++;
    if (!self->begun) {
        return begin(self, method, version);
    }
    if (*upload_size > 0) {
        size_t len = *upload_size;

        *upload_size = 0;
        return take_body(self, upload, len);
    }
    if (self->state == REQUEST_READING) {
        if (has_to_wait(self)) {
            return MHD_YES; /* asked again in the next turn */
        }
        serve(self);
        assert(self->state != REQUEST_SERVING); /* a handler answers, parks or streams */
    }
    if (self->state == REQUEST_PARKED && self->connection->hung_up && !self->held) {
        request_hang_up(self);
    }
    if (self->state == REQUEST_PARKED) {
        if (self->http->now.mono_ms >= self->awaits_until_ms) {
            suspend(self);
        }
        return MHD_YES;
    }
    return queue(self);
}

void request_close(void *state, struct MHD_Connection *mhd, void **context,
                   enum MHD_RequestTerminationCode how)
{
    struct request *self = *context;
    struct http *http = state;

    (void)mhd;
    if (self == NULL) {
        return;
    }
    *context = NULL;
    tap_end(self);
    http->calls++; /* the next request on the connection may have come: it is read when the daemon
                    * runs once more, and no event tells of it again */
    stop_awaiting(self);
    if (self->state == REQUEST_PARKED || self->state == REQUEST_STREAMING) {
        bool gone = self->state == REQUEST_PARKED || how != MHD_REQUEST_TERMINATED_COMPLETED_OK;

        unlink_parked(self);
        http->counts.parked -= self->state == REQUEST_PARKED ? 1 : 0;
        if (gone) {
            http->app->gone(http->state, self);
        }
    }
    if (self->stream != NULL) {
        self->stream->request = NULL;
    }
    self->connection->request = NULL;
    self->connection->since_ms = http->now.mono_ms;
    if (!self->connection->leaving) {
        places_move(self->connection, PLACE_IDLE);
    }
    recycle(self);
}
