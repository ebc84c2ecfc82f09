#include "gateway/http/receive.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/http/server.h"
#include "gateway/http/uri.h"
#include "gateway/http/wait.h"

enum { short_bytes = 1024 };

/* Of a body over its limit this much more is read and thrown away, so that its
 * sender can read the 413; who sends more is cut off. */
static const size_t overrun_max = (size_t)16 << 20;

void receive_refused(struct http *http, unsigned status)
{
    bool too_long =
        status == MHD_HTTP_URI_TOO_LONG || status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;

    http->counts.refused_total++;
    if (too_long && !http->told_too_long) {
        http->told_too_long = true;
        log_event(http->options.log, LOG_WARN, "request_too_long",
                  "a URL and its headers did not fit: clients send what is long in the body, by "
                  "POST; or raise gateway.pool. Further ones are counted only",
                  log_uint("status", status));
    }
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

#define CUT(status, length, text)                                                                  \
    "HTTP/1.1 " status                                                                             \
    "\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n\r\n" text

#define HEADER_TEXT                                                                                \
    "431: the URL and the headers are longer than this server reads: send what is long in the "    \
    "body, by POST\n"
#define BODY_TEXT "413: the body is too large for this node\n"

static const char header_too_large[] =
    CUT("431 Request Header Fields Too Large", "103", HEADER_TEXT);
static const char body_too_large[] = CUT("413 Content Too Large", "41", BODY_TEXT);
_Static_assert(sizeof(HEADER_TEXT) == 103 + 1 && sizeof(BODY_TEXT) == 41 + 1, "as they say");

/* What there is no answer of the app's for any more: the connection ends with it. */
static void say_and_cut(struct request *self, const char *text)
{
    connection_say(self->connection, str_from(text));
    receive_refused(self->http, text == header_too_large ? MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE
                                                         : MHD_HTTP_CONTENT_TOO_LARGE);
}

/* So much more than may come is announced that its sender would be cut off, or it waits to be told
 * to go on. */
static bool is_hopeless(const struct request *self)
{
    struct MHD_Connection *mhd = self->connection->mhd;
    const char *length = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");
    const char *expect = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Expect");
    size_t max = self->http->options.body_max_bytes;

    return length != NULL && strtoull(length, NULL, 10) > max + (expect != NULL ? 0 : overrun_max);
}

static enum MHD_Result begin(struct request *self, const char *method, const char *version)
{
    const char *why = "malformed path";
    int status;

    self->begun = true;
    self->verb = method;
    self->http->counts.requests_total++;
    /* of the answer to a HEAD libmicrohttpd sends the header */
    self->method = strcmp(method, MHD_HTTP_METHOD_GET) == 0    ? HTTP_GET
                   : strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? HTTP_GET
                   : strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? HTTP_POST
                                                               : HTTP_OTHER;
    status = header_check(self, method, version, &why);
    if (status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE) {
        say_and_cut(self, header_too_large);
        return MHD_NO;
    }
    if (status == 0 && !uri_split(buf_str(&self->uri), &self->path, &self->query)) {
        status = MHD_HTTP_BAD_REQUEST;
    }
    self->chunked = request_header(self, HTTP_HEADER_TRANSFER_ENCODING).len > 0;
    if (status == 0 && self->chunked) {
        status = tap_begin(self, header_end(self, method), &why);
    }
    if (status == 0 && is_hopeless(self)) {
        status = MHD_HTTP_CONTENT_TOO_LARGE;
        why = self->http->texts.body;
    }
    if (status != 0) {
        /* where its body ends is in doubt: nothing after it is read */
        refuse(self, status, why, true);
        return request_queue(self);
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
        request_weigh(self);
        if (self->body_seen <= max + overrun_max) {
            return MHD_YES;
        }
        say_and_cut(self, body_too_large);
        return MHD_NO;
    }
    buf_add(&self->body, data, len);
    request_weigh(self);
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

enum MHD_Result receive_access(void *state, struct MHD_Connection *mhd, const char *url,
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
            wait_suspend(self);
        }
        return MHD_YES;
    }
    return request_queue(self);
}
