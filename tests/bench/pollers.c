/* A load of waiting polls: holds many at once, and measures how long after a change each is
 * answered.
 *
 *   bench_pollers PORT COUNT SOURCE TIMESTAMP POLL CHANGE
 *
 * COUNT connections to 127.0.0.1:PORT, from the addresses 127.0.SOURCE.1 and up: with too many of
 * one address the kernel is slow to find a free port. POLL is a path to which the latest_timestamp
 * is appended; CHANGE a form for /discovery/register. Commands are lines on stdin, answers on
 * stdout:
 *
 *   poll      sends every connection's poll          sent
 *   fire      sends CHANGE, then as collect          {"fired":…,"accepted":…,"first":…,…}
 *   collect   waits until every poll is answered     {"first":…,"p50":…,"last":…,"bytes":…}
 *
 * Times are ns of the monotonic clock, which all processes share. The answers' latest_timestamp is
 * what the next polls are sent with. An answer that nobody waits for, or that is no 200, ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/str.h"

enum {
    per_source_max = 4000,
    events_max = 512,
    chunk_max = 1 << 18,
    patience_ms = 60000, /* without any answer */
    nap_ns = 300000,
};

struct poller {
    int fd;
    size_t missing; /* of the answer's body; 0: its head has not been seen */
};

struct load {
    int64_t port;
    int64_t count;
    int64_t source;
    const char *poll;
    const char *change;
    int64_t timestamp;
    int epoll;
    int writer; /* the connection CHANGE goes over */
    struct poller *pollers;
    int64_t *answered_ns; /* in order */
    int64_t answered;
    int64_t accepted_ns; /* CHANGE was answered */
    size_t bytes;        /* of one answer */
    char chunk[chunk_max];
};

static void die(const char *what)
{
    fprintf(stderr, "pollers: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* ── connections ────────────────────────────────────────────────────────────*/

static int open_one(const struct load *self, int64_t i)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)self->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    from.sin_addr.s_addr = htonl((uint32_t)(0x7f000001 + (self->source << 8) + i / per_source_max));
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)(void *)&from, sizeof(from)) != 0 ||
        connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        die("can't connect");
    }
    return fd;
}

static void watch(const struct load *self, int fd, struct poller *poller)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = poller};

    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void open_all(struct load *self)
{
    self->pollers = calloc((size_t)self->count, sizeof(*self->pollers));
    self->answered_ns = calloc((size_t)self->count, sizeof(*self->answered_ns));
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self->pollers == NULL || self->answered_ns == NULL || self->epoll < 0) {
        die("can't begin");
    }
    for (int64_t i = 0; i < self->count; i++) {
        self->pollers[i].fd = open_one(self, i);
        watch(self, self->pollers[i].fd, &self->pollers[i]);
    }
    self->writer = open_one(self, self->count);
    watch(self, self->writer, NULL);
}

static void send_whole(int fd, const char *text, int len)
{
    if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len) {
        die("can't send");
    }
}

static void poll_all(struct load *self)
{
    char text[1024];
    int len = snprintf(text, sizeof(text),
                       "GET %s%" PRId64 " HTTP/1.1\r\nHost: 127.0.0.1:%" PRId64
                       "\r\nUser-Agent: bench\r\n\r\n",
                       self->poll, self->timestamp, self->port);

    for (int64_t i = 0; i < self->count; i++) {
        send_whole(self->pollers[i].fd, text, len);
    }
    printf("sent\n");
}

/* ── answers ────────────────────────────────────────────────────────────────*/

static int64_t number_after(struct str text, struct str name)
{
    const char *at = memmem(text.data, text.len, name.data, name.len);
    int64_t value = 0;

    if (at == NULL) {
        return -1;
    }
    for (at += name.len; at < text.data + text.len && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + *at - '0';
    }
    return value;
}

/* The app's own stands behind those of its instances. */
static void take_timestamp(struct load *self, struct str text)
{
    static const struct str name = {"\"latest_timestamp\":", 19};
    size_t tail = text.len < 160 ? text.len : 160;

    for (struct str rest = {text.data + text.len - tail, tail}; rest.len > 0;) {
        const char *at = memmem(rest.data, rest.len, name.data, name.len);

        if (at == NULL) {
            return;
        }
        rest = (struct str){at + 1, rest.len - (size_t)(at + 1 - rest.data)};
        self->timestamp = number_after((struct str){at, (size_t)(text.data + text.len - at)}, name);
    }
}

/* Where the body begins; sets how long it is. */
static size_t take_head(struct str text, size_t *body_len)
{
    const char *end = memmem(text.data, text.len, "\r\n\r\n", 4);
    int64_t len = number_after(text, STR("Content-Length: "));

    if (end == NULL || len < 0 || !str_starts(text, STR("HTTP/1.1 200 "))) {
        fprintf(stderr, "pollers: no whole head of a 200:\n%.*s\n", STR_ARG(text));
        exit(EXIT_FAILURE);
    }
    *body_len = (size_t)len;
    return (size_t)(end + 4 - text.data);
}

static void on_answer(struct load *self, struct poller *poller)
{
    ssize_t len = recv(poller->fd, self->chunk, chunk_max, 0);
    size_t body_len;
    size_t got;

    if (len <= 0) {
        die("a poll's connection was closed");
    }
    got = (size_t)len;
    if (poller->missing == 0) {
        size_t head = take_head((struct str){self->chunk, got}, &body_len);

        self->bytes = head + body_len;
        poller->missing = head + body_len;
    }
    if (got > poller->missing) {
        die("more than an answer came");
    }
    poller->missing -= got;
    if (poller->missing == 0) {
        if (self->answered == self->count) {
            die("a poll was answered twice");
        }
        self->answered_ns[self->answered++] = now_ns();
        if (self->answered == self->count) { /* by then, every gateway knows it */
            take_timestamp(self, (struct str){self->chunk, got});
        }
    }
}

static void on_accepted(struct load *self)
{
    ssize_t len = recv(self->writer, self->chunk, chunk_max, 0);
    size_t body_len;

    if (len <= 0) {
        die("the change's connection was closed");
    }
    (void)take_head((struct str){self->chunk, (size_t)len}, &body_len);
    self->accepted_ns = now_ns();
}

/* Looks for answers once in a while rather than be woken by each: waking a core that rests costs
 * its waker as much as the answer does, and only where the clients are on the server's own machine.
 */
static void nap(void)
{
    const struct timespec length = {.tv_nsec = nap_ns};

    (void)nanosleep(&length, NULL);
}

static void gather(struct load *self, bool fired)
{
    struct epoll_event events[events_max];

    self->answered = 0;
    self->accepted_ns = 0;
    while (self->answered < self->count || (fired && self->accepted_ns == 0)) {
        int count = epoll_wait(self->epoll, events, events_max, patience_ms);

        if (count <= 0) {
            die("no answers any more");
        }
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                on_accepted(self);
            } else {
                on_answer(self, events[i].data.ptr);
            }
        }
        if (count < events_max) {
            nap();
        }
    }
}

static void collect(struct load *self, bool fire)
{
    char text[2048];
    int len = snprintf(text, sizeof(text),
                       "POST /discovery/register HTTP/1.1\r\nHost: 127.0.0.1:%" PRId64
                       "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       self->port, strlen(self->change), self->change);
    int64_t fired_ns = now_ns();

    if (fire) {
        send_whole(self->writer, text, len);
    }
    gather(self, fire);
    printf("{\"fired\":%" PRId64 ",\"accepted\":%" PRId64 ",\"first\":%" PRId64 ",\"p50\":%" PRId64
           ",\"last\":%" PRId64 ",\"bytes\":%zu,\"latest_timestamp\":%" PRId64 "}\n",
           fired_ns, self->accepted_ns, self->answered_ns[0], self->answered_ns[self->count / 2],
           self->answered_ns[self->count - 1], self->bytes, self->timestamp);
}

int main(int argc, char **argv)
{
    static struct load load;
    char line[64];

    if (argc != 7 || str_to_i64(str_from(argv[1]), &load.port) != ERR_OK ||
        str_to_i64(str_from(argv[2]), &load.count) != ERR_OK || load.count < 1 ||
        str_to_i64(str_from(argv[3]), &load.source) != ERR_OK ||
        str_to_i64(str_from(argv[4]), &load.timestamp) != ERR_OK) {
        fprintf(stderr, "usage: %s PORT COUNT SOURCE TIMESTAMP POLL CHANGE\n", argv[0]);
        return 2;
    }
    load.poll = argv[5];
    load.change = argv[6];
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    open_all(&load);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (strcmp(line, "poll\n") == 0) {
            poll_all(&load);
        } else {
            collect(&load, strcmp(line, "fire\n") == 0);
        }
    }
    return EXIT_SUCCESS;
}
