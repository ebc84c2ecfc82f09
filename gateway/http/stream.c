#include "gateway/http/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/heap.h"
#include "gateway/http/server.h"
#include "gateway/http/wait.h"

/* What all streams together may make in one turn: a few ms of it. */
static const size_t turn_bytes_max = (size_t)256 << 10;

void stream_forget(struct stream *self)
{
    if (self != NULL) {
        self->request = NULL;
    }
}

/* MHD_CONTENT_READER_END_WITH_ERROR would do, but libmicrohttpd 0.9 then forgets the connection in
 * epoll mode, closed and in place, until it is the one that was silent for longest. So the socket
 * goes first, and its own failure to write to it ends it. */
void stream_hang_up(struct request *request)
{
    struct http *http = request->http;

    assert(request->state == REQUEST_STREAMING);
    request->state = REQUEST_ANSWERED;
    wait_unlink(request);
    http->app->gone(http->state, request);
    (void)shutdown(connection_fd(request->connection), SHUT_RDWR);
    stream_forget(request->stream);
    wait_resume(request);
}

void request_cut(struct request *self)
{
    assert(self->state == REQUEST_STREAMING);
    connection_leave(self->connection);
    stream_hang_up(self);
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
            stream_hang_up(self->request);
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        self->waiting = true;
        wait_suspend(self->request);
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

/* To HEAD libmicrohttpd 0.9 sends the end of a chunked body, which the client takes for the
 * beginning of its next answer. Without chunks the connection's end is the body's, and there is
 * none; a length would be a false one. */
static void answer_without_chunks(struct response *response)
{
    enum MHD_Result set =
        MHD_set_response_options(response->mhd, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);

    assert(set == MHD_YES);
    (void)set;
}

bool request_may_stream(const struct request *self)
{
    return self->state == REQUEST_SERVING;
}

/* It stays in the list of those that wait. */
static void leave_the_parked(struct request *self)
{
    self->http->counts.parked--;
    self->held = false;
    self->http->resumed = true;
    wait_stop_awaiting(self);
    wait_resume(self);
}

void request_stream(struct request *self, int status, const char *content_type,
                    request_next_fn *next, request_end_fn *end, void *context)
{
    struct stream *stream = heap_new(sizeof(*stream));
    struct response *response = heap_new(sizeof(*response));

    assert(self->state == REQUEST_SERVING || self->state == REQUEST_PARKED);
    *stream = (struct stream){.http = self->http,
                              .request = self,
                              .next = next,
                              .end = end,
                              .context = context,
                              .response = response};
    *response = (struct response){.refs = 1, .status = status, .told = http_tally_code(status)};
    response->mhd =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, stream, stream_free);
    if (response->mhd == NULL) {
        abort();
    }
    if (str_eq(request_verb(self), STR(MHD_HTTP_METHOD_HEAD))) {
        answer_without_chunks(response);
    }
    if (content_type != NULL) {
        response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    }
    response_header(response, nosniff_name, nosniff_value);
    self->stream = stream;
    self->response = response;
    if (self->state == REQUEST_PARKED) {
        leave_the_parked(self);
    } else {
        wait_link(self);
    }
    self->state = REQUEST_STREAMING;
    if (!self->connection->leaving) {
        connection_move(self->connection, PLACE_NONE);
    }
    self->http->counts.streams++;
}

void request_stream_header(struct request *self, const char *name, const char *value)
{
    assert(self->state == REQUEST_STREAMING && self->response != NULL);
    response_header(self->response, name, value);
}

void request_stream_trailer(struct request *self, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_footer(self->response->mhd, name, value);

    assert(self->state == REQUEST_STREAMING && added == MHD_YES);
    (void)added;
    response_header(self->response, MHD_HTTP_HEADER_TRAILER, name);
}

void request_stream_code(struct request *self, int code)
{
    assert(self->state == REQUEST_STREAMING && self->response != NULL);
    response_code(self->response, code);
}

void request_stream_plain(struct request *self)
{
    assert(self->state == REQUEST_STREAMING && self->response != NULL);
    response_plain(self->response);
}

void request_stream_more(struct request *self)
{
    if (self->stream != NULL && self->stream->waiting) {
        self->stream->waiting = false;
        wait_resume(self);
    }
}
