/* Looks at the bytes libmicrohttpd takes off a socket, where its own reading of them is too
 * lenient and can't be told to be strict: it takes chunk lines that are ended by LF alone, which
 * hides a request from a proxy that reads them otherwise, and waits for ever for the end of one
 * that has none. By the time it calls us that framing is gone.
 *
 * So recv(2) is ours in this program: libmicrohttpd's call finds it instead of the C library's, and
 * so do all others', for whom it does what the library's does. Only while this thread runs a daemon
 * does it look at what came. */
#undef _FORTIFY_SOURCE
#include "gateway/http/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/heap.h"
#include "gateway/http/server.h"

/* Whose daemon this thread runs at the moment: recv has no context. */
static _Thread_local struct http *running;

void tap_run(struct http *http)
{
    running = http;
    (void)MHD_run(http->daemon);
    running = NULL;
}

void tap_fini(struct tap *self)
{
    free(self->by_fd);
    *self = (struct tap){.fd = -1};
}

static struct request **place_of(struct tap *self, int fd)
{
    if ((size_t)fd >= self->cap) {
        size_t cap = self->cap == 0 ? 64 : self->cap * 2;

        cap = cap <= (size_t)fd ? (size_t)fd + 1 : cap;
        self->by_fd = heap_resize(self->by_fd, cap * sizeof(struct request *));
        memset(self->by_fd + self->cap, 0, (cap - self->cap) * sizeof(struct request *));
        self->cap = cap;
    }
    return &self->by_fd[fd];
}

/* What is wrong; a size that does not even fit a number is of a body that is too large. */
static const char *wrong(const struct request *request)
{
    const struct chunks *chunks = &request->chunks;

    return chunks->status == MHD_HTTP_CONTENT_TOO_LARGE ? request->http->texts.chunk
                                                        : chunks->wrong;
}

/* The error libmicrohttpd is given: it closes the connection at once. */
static ssize_t refuse(struct request *request)
{
    const struct chunks *chunks = &request->chunks;
    struct buf text = {0};
    struct buf answer = {0};

    buf_printf(&text, "%d: %s\n", chunks->status, wrong(request));
    buf_printf(&answer,
               "HTTP/1.1 %d Malformed chunk\r\nConnection: close\r\nContent-Type: text/plain; "
               "charset=utf-8\r\nContent-Length: %zu\r\n\r\n%.*s",
               chunks->status, text.len, STR_ARG(buf_str(&text)));
    connection_say(request->connection, buf_str(&answer));
    buf_fini(&answer);
    buf_fini(&text);
    request->http->counts.refused_total++;
    errno = ECONNRESET;
    return -1;
}

static ssize_t look(struct http *http, int fd, const char *bytes, size_t len)
{
    struct tap *self = &http->tap;
    struct request *request = (size_t)fd < self->cap ? self->by_fd[fd] : NULL;

    self->fd = fd;
    self->end = bytes + len;
    if (request != NULL && request->state == REQUEST_READING &&
        chunks_read(&request->chunks, (struct str){bytes, len}) != ERR_OK) {
        return refuse(request);
    }
    return (ssize_t)len;
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    ssize_t got = recvfrom(fd, bytes, len, flags, NULL, NULL);

    if (running == NULL || got <= 0 || (flags & MSG_PEEK) != 0) {
        return got;
    }
    return look(running, fd, bytes, (size_t)got);
}

int tap_begin(struct request *self, const char *body, const char **why)
{
    struct tap *tap = &self->http->tap;
    int fd = connection_fd(self->connection);
    struct str come;

    if (tap->fd != fd || body > tap->end) {
        /* It came whole behind another request, and libmicrohttpd has moved it since. */
        *why = "a chunked body in a request sent before the one ahead of it was answered";
        return MHD_HTTP_BAD_REQUEST;
    }
    come = (struct str){body, (size_t)(tap->end - body)};
    self->chunks = (struct chunks){0};
    if (chunks_read(&self->chunks, come) != ERR_OK) {
        *why = wrong(self);
        return self->chunks.status;
    }
    *place_of(tap, fd) = self;
    self->tapped = true;
    self->fd = fd;
    return 0;
}

void tap_end(struct request *self)
{
    struct tap *tap = &self->http->tap;

    if (self->tapped) {
        tap->by_fd[self->fd] = NULL;
        self->tapped = false;
    }
    if (tap->fd == connection_fd(self->connection)) {
        tap->fd = -1; /* what is left of it is moved now */
    }
}
