#include "gateway/http/http.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "gateway/http/listener.h"
#include "gateway/http/receive.h"
#include "gateway/http/server.h"

enum {
    events_max = 256,
    rounds_max = 16, /* of the daemon in one turn: what many clients ask leaves in one frame */
    silent_max = 16, /* more in which it says nothing: it reads a long header by 128 bytes */
    listen_backlog = 4096,
    sleep_max_ms = 1000, /* at the fd limit the daemon stops to accept, and tries again when run */
    drain_rounds = 64,
};

/* ── the daemon ─────────────────────────────────────────────────────────────*/

static void on_connection(void *state, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *self = state;
    struct connection *connection = *context;

    self->calls++;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_new(self, mhd);
    } else if (connection != NULL) {
        void *request = connection->request;

        /* After a second error of its own libmicrohttpd closes a connection without a word about
         * the request. */
        request_close(self, mhd, &request, MHD_REQUEST_TERMINATED_WITH_ERROR);
        connection_destroy(&connection);
        *context = NULL;
    }
}

/* libmicrohttpd's messages are about clients' faults: nothing per request is logged. */
static void on_log(void *state, const char *format, va_list args)
{
    /* microhttpd 0.9: of each answer that is its own */
    static const char refusal[] = "Error processing request (HTTP response code is %u";

    if (strncmp(format, refusal, sizeof(refusal) - 1) == 0) {
        receive_refused(state, va_arg(args, unsigned));
    }
}

static enum err start_daemon(struct http *self)
{
    struct epoll_event event = {.events = EPOLLIN};
    const union MHD_DaemonInfo *info;
    bool listens = self->listener >= 0;
    struct MHD_OptionItem listener[] = {{MHD_OPTION_LISTEN_SOCKET, self->listener, NULL},
                                        {MHD_OPTION_END, 0, NULL}};

    /* No STRICT_FOR_CLIENT: its answer to a missing Host has its header twice, and it
     * closes without a word on a space in the URI; header_check does both. */
    self->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            (listens ? 0 : MHD_USE_NO_LISTEN_SOCKET),
        0, NULL, NULL, receive_access, self, MHD_OPTION_EXTERNAL_LOGGER, on_log, self,
        MHD_OPTION_ARRAY, listens ? listener : listener + 1, MHD_OPTION_LISTEN_BACKLOG_SIZE,
        (unsigned)listen_backlog, MHD_OPTION_CONNECTION_MEMORY_LIMIT, self->options.pool_bytes,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)self->places.max, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((self->options.idle_ms + 999) / 1000), MHD_OPTION_URI_LOG_CALLBACK, request_open,
        self, MHD_OPTION_NOTIFY_COMPLETED, request_close, self, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, self, MHD_OPTION_END);
    if (self->daemon == NULL) {
        return ERR_IO;
    }
    info = MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return epoll_ctl(self->epoll, EPOLL_CTL_ADD, info->epoll_fd, &event) == 0 ? ERR_OK : ERR_IO;
}

static enum err bind_listener(struct http *self)
{
    const struct listener_options options = {.listen = self->options.listen,
                                             .section = self->options.section,
                                             .reuse_port = self->options.reuse_port,
                                             .log = self->options.log};

    return listener_bind(&options, &self->listener);
}

enum err http_new(struct http **self, const struct http_options *options,
                  const struct http_app *app, void *state)
{
    struct http *http = heap_new(sizeof(*http));
    enum err err;

    assert(options->section != NULL);
    *http = (struct http){
        .options = *options, .app = app, .state = state, .listener = -1, .tap = {.fd = -1}};
    (void)snprintf(http->texts.body, sizeof(http->texts.body), "the body is over %s.body_max",
                   options->section);
    (void)snprintf(http->texts.chunk, sizeof(http->texts.chunk),
                   "the size of a chunk is over %s.body_max", options->section);
    http_tally_init(&http->tally);
    header_names_init(&http->header_names, app);
    places_init(&http->places, options->connections_max, options->section, options->log);
    memory_init(&http->memory, options->memory_max, options->sharers);
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    err = http->epoll < 0 ? ERR_IO : options->listen != NULL ? bind_listener(http) : ERR_OK;
    if (err != ERR_OK) {
        http_destroy(&http);
        return err;
    }
    *self = http;
    return ERR_OK;
}

enum err http_listen(struct http *self)
{
    enum err err;

    assert(self->daemon == NULL);
    err = self->listener < 0 || listen(self->listener, listen_backlog) == 0 ? start_daemon(self)
                                                                            : ERR_IO;
    if (err != ERR_OK) {
        log_event(self->options.log, LOG_ERROR, "listen_failed",
                  "choose another address to listen at, or end who holds this one",
                  log_text("section", self->options.section),
                  log_text("address", self->options.listen != NULL ? self->options.listen : "none"),
                  log_text("error", strerror(errno)));
        return err;
    }
    self->port = self->listener >= 0 ? listener_port(self->listener) : 0;
    return ERR_OK;
}

enum err http_adopt(struct http *self, int fd, const struct now *now)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);

    assert(self->daemon != NULL && fd >= 0);
    self->now = *now;
    if (getpeername(fd, (struct sockaddr *)&from, &len) != 0) { /* it has gone again */
        (void)close(fd);
        return ERR_IO;
    }
    if (MHD_add_connection(self->daemon, fd, (struct sockaddr *)&from, len) != MHD_YES) {
        return errno == ENFILE ? ERR_FULL : ERR_IO; /* it has closed fd */
    }
    self->resumed = true; /* what has come already is read when the daemon next runs */
    return ERR_OK;
}

void http_destroy(struct http **self)
{
    struct http *http = *self;

    if (http == NULL) {
        return;
    }
    http->ending = true;
    while (http->parked != NULL) {
        request_hang_up(http->parked);
    }
    if (http->daemon != NULL) {
        tap_run(http); /* who has connected is told too */
        http->listener = MHD_quiesce_daemon(http->daemon);
        /* What was just answered leaves as far as the sockets take it at once. What comes
         * meanwhile reaches no handler: receive.c refuses it, so nothing is parked anew. */
        for (int i = 0; i < drain_rounds; i++) {
            tap_run(http);
        }
        assert(http->parked == NULL);
        MHD_stop_daemon(http->daemon);
    }
    if (http->listener >= 0) {
        (void)close(http->listener);
    }
    if (http->epoll >= 0) {
        (void)close(http->epoll);
    }
    request_free_all(http);
    tap_fini(&http->tap);
    rooms_fini(&http->rooms);
    free(http);
    *self = NULL;
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

void http_time(struct http *self, const struct now *now)
{
    self->now = *now;
}

int http_fd(const struct http *self)
{
    return self->epoll;
}

uint16_t http_port(const struct http *self)
{
    return self->port;
}

/* Connections are freed only while the daemon runs, so none of events' is stale. */
static bool take_hang_ups(struct http *self)
{
    struct epoll_event events[events_max];
    int count = epoll_wait(self->epoll, events, events_max, 0);

    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;

        if (connection == NULL) {
            continue; /* the daemon's own descriptor */
        }
        connection->hung_up = true;
        if (connection->request != NULL && connection->request->suspended &&
            !(connection->request->held && (events[i].events & (EPOLLHUP | EPOLLERR)) == 0)) {
            request_hang_up(connection->request);
        }
    }
    return count == events_max;
}

static bool daemon_has_more(const struct http *self)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;

    return self->resumed || (MHD_get_timeout(self->daemon, &wait_ms) == MHD_YES && wait_ms == 0);
}

void http_forget(struct http *self)
{
    request_free_all(self);
    self->counts.trims_total++;
}

static void give_back(struct http *self)
{
    if (!self->options.shares_heap &&
        heap_trim_is_due(&self->heap_trim, self->counts.connections, self->now.mono_ms)) {
        http_forget(self);
        heap_trim_give_back(&self->heap_trim, self->now.mono_ms);
    }
}

bool http_turn(struct http *self, const struct now *now)
{
    bool more;

    if (self->daemon == NULL) {
        return false;
    }
    self->now = *now;
    self->stuck = false;
    self->streamed = 0;
    self->work = 0;
    more = take_hang_ups(self);
    timeouts_turn(self);
    crowd_turn(self);
    relief_turn(self);
    give_back(self);
    for (int round = 0, silent = 0; round < rounds_max; round += self->stuck ? 0 : 1) {
        uint64_t calls = self->calls;

        self->resumed = false;
        tap_run(self);
        if (self->work >= turn_work_max) {
            return true;
        }
        if (!daemon_has_more(self)) {
            return more;
        }
        /* It says so too of who awaits an answer, and of a buffer full of what can't be read. */
        self->stuck = self->calls == calls && !self->resumed;
        if (self->stuck && (self->awaiting > 0 || ++silent == silent_max)) {
            return more;
        }
    }
    return true;
}

int64_t http_due_ms(const struct http *self, const struct now *now)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = sleep_max_ms;

    if (self->daemon == NULL) {
        return now->mono_ms + sleep_max_ms;
    }
    if (self->resumed || timeouts_due_ms(self) <= now->mono_ms) {
        return now->mono_ms; /* a resume does not wake the daemon: run it */
    }
    if (MHD_get_timeout(self->daemon, &wait_ms) != MHD_YES || wait_ms > sleep_max_ms) {
        wait_ms = sleep_max_ms;
    }
    if (wait_ms == 0 && self->stuck) {
        wait_ms = 1;
    }
    return now->mono_ms + (int64_t)wait_ms;
}

/* ── what is held for clients ───────────────────────────────────────────────*/

void http_hold(struct http *self, struct response *response)
{
    memory_hold(&self->memory, response);
}

void http_release(struct http *self, struct response *response)
{
    memory_release(&self->memory, response);
}

bool http_is_full(const struct http *self)
{
    return memory_is_full(&self->memory);
}

const struct http_tally *http_tally(const struct http *self)
{
    return &self->tally;
}

void http_counts(const struct http *self, struct http_counts *counts)
{
    *counts = self->counts;
    counts->connections_max = self->places.max;
    counts->memory_held = self->memory.held;
    counts->memory_max = self->memory.max;
}
