#include "gateway/http/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "gateway/http/server.h"
#include "gateway/http/stream.h"
#include "gateway/http/wait.h"

enum { free_max = 1024, kept_bytes_max = 16384 };

static const char full_text[] = "too much memory is held for clients: ask again, or another node";

/* ── what it weighs ─────────────────────────────────────────────────────────*/

void request_weigh(struct request *self)
{
    const struct http_own *own = self->http->app->own;
    size_t of_own = own != NULL ? own->weight(self->own) : 0;

    memory_weigh(&self->http->memory, &self->weight,
                 self->body.cap + self->uri.cap + of_own + self->kept);
}

void request_keeps(struct request *self, size_t bytes)
{
    self->kept = bytes;
    request_weigh(self);
}

/* It holds nothing any more. */
static void lighten(struct request *self)
{
    memory_weigh(&self->http->memory, &self->weight, 0);
    if (self->answer != NULL) {
        memory_release(&self->http->memory, self->answer);
        response_unref(&self->answer);
    }
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
    lighten(self);
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
        self = heap_new(sizeof(*self) + (http->app->own != NULL ? http->app->own->bytes : 0));
        self->http = http;
    }
    http->calls++;
    self->connection = connection_of(mhd);
    self->connection->request = self;
    self->connection->since_ms = http->now.mono_ms;
    self->opened_ms = http->now.mono_ms;
    connection_move(self->connection, PLACE_BUSY);
    keep_uri(self, uri);
    return self;
}

/* ── its answer ─────────────────────────────────────────────────────────────*/

void request_set_route(struct request *self, const char *route)
{
    self->route = route;
}

void request_tally(struct request *self, const struct response *response)
{
    http_tally_add(&self->http->tally, self->route, response->told,
                   (self->http->now.mono_ms - self->opened_ms) * 1000);
}

void request_answer(struct request *self, struct response *response)
{
    assert(self->state == REQUEST_SERVING || self->state == REQUEST_PARKED);
    if (!self->connection->hung_up) { /* nobody hears it */
        request_tally(self, response);
    }
    if (self->state == REQUEST_PARKED) {
        wait_unlink(self);
        self->http->counts.parked--;
        request_keeps(self, 0);
        if (self->http->crowd.sparing) {
            connection_leave(self->connection);
        } else if (self->connection->placed.at == PLACE_NONE && !self->connection->leaving) {
            connection_move(self->connection, PLACE_BUSY);
        }
    }
    wait_stop_awaiting(self);
    self->state = REQUEST_ANSWERED;
    self->response = response_ref(response);
    self->http->resumed = true;
    wait_resume(self);
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
    wait_link(self);
    self->http->counts.parked++;
}

void request_park(struct request *self)
{
    park(self);
    connection_move(self->connection, PLACE_NONE);
    /* Taken apart already, and thousands may wait for long. */
    buf_fini(&self->uri);
    own_fini(self);
    buf_fini(&self->body);
    self->query = (struct str){0};
    request_weigh(self);
}

void request_await(struct request *self)
{
    if (self->state == REQUEST_PARKED) {
        return;
    }
    park(self);
    wait_await(self);
}

void request_hang_up(struct request *self)
{
    struct http *http = self->http;
    struct response *response;

    if (self->state == REQUEST_STREAMING) {
        stream_hang_up(self);
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

/* ── handed over, and over ──────────────────────────────────────────────────*/

enum MHD_Result request_queue(struct request *self)
{
    enum MHD_Result queued;

    response_date(self->response, self->http->now.wall_ns / 1000000000);
    if (self->state == REQUEST_STREAMING) {
        request_tally(self, self->response);
    }
    queued = MHD_queue_response(self->connection->mhd, (unsigned)self->response->status,
                                self->response->mhd);
    self->answer = response_ref(self->response);
    memory_hold(&self->http->memory, self->answer);
    response_unref(&self->response);
    return queued;
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
    wait_stop_awaiting(self);
    if (self->state == REQUEST_PARKED || self->state == REQUEST_STREAMING) {
        bool gone = self->state == REQUEST_PARKED || how != MHD_REQUEST_TERMINATED_COMPLETED_OK;

        wait_unlink(self);
        http->counts.parked -= self->state == REQUEST_PARKED ? 1 : 0;
        if (gone) {
            http->app->gone(http->state, self);
        }
    }
    stream_forget(self->stream);
    self->connection->request = NULL;
    self->connection->since_ms = http->now.mono_ms;
    if (!self->connection->leaving) {
        connection_move(self->connection, PLACE_IDLE);
    }
    recycle(self);
}
