/* Measures how soon a registration is seen by polls parked at several nodes.
 *
 *   bench_visible APPS PER_SECOND SECONDS WRITER PORT...
 *
 * Registers one instance in each of APPS apps at port WRITER of this host, waits until every node
 * at PORT knows them, and parks a poll of each app at each PORT. Then it registers them again in
 * turn, PER_SECOND in all, each a change that answers the poll of its app at every node; a poll
 * that was answered is parked again. An app whose change has not been seen by all is passed over
 * until it has. The last line is
 *
 *   {"sent":N,"stray":N,"accepted":{"p50":MS,"p99":MS,"max":MS},"seen":[{…} for each PORT]}
 *
 * Times are from the moment the registration was sent; stray: polls answered by no change of ours.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/str.h"

enum { places_max = 8, events_max = 256, answer_max = 16384, patience_ms = 10000 };

/* A connection: the writer of an app, or its poll at one node. */
struct line {
    int fd;
    int64_t app;
    int64_t place; /* 0: the writer; else of the port */
    int64_t timestamp;
    bool waits; /* for the answer to a change */
};

struct load {
    int64_t apps;
    int64_t per_second;
    int64_t seconds;
    int64_t places; /* ports, and the writer before them */
    int64_t port[places_max];
    int epoll;
    struct line *lines; /* apps times places */
    int64_t *fired_ns;  /* of each app */
    int64_t *missing;   /* answers, of each app */
    int64_t *took_ns[places_max];
    int64_t taken[places_max];
    int64_t total;
    int64_t sent;
    int64_t whole; /* changes that all have seen */
    int64_t stray;
    char text[answer_max];
};

static void die(const char *what)
{
    (void)fprintf(stderr, "visible: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void nap(int64_t ns)
{
    const struct timespec length = {.tv_nsec = ns};

    (void)nanosleep(&length, NULL);
}

/* ── one connection ─────────────────────────────────────────────────────────*/

static void line_open(struct load *self, struct line *line)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)self->port[line->place]),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};

    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0 || connect(line->fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0 ||
        setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) != 0 ||
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, line->fd, &event) != 0) {
        die("can't connect");
    }
}

static void line_send(const struct line *line, const char *text, int len)
{
    if (send(line->fd, text, (size_t)len, MSG_NOSIGNAL) != len) {
        die("can't send");
    }
}

static void send_register(const struct line *line)
{
    char body[512];
    char text[1024];
    int len = snprintf(body, sizeof(body),
                       "addrs=http%%3A%%2F%%2F10.20.0.1%%3A8000&env=dev&hostname=host-%06" PRId64
                       ".example&appid=bench.visible.%04" PRId64
                       "&region=sh&status=1&version=v1.2.3&zone=sh001",
                       line->app, line->app);

    len = snprintf(text, sizeof(text),
                   "POST /discovery/register HTTP/1.1\r\nHost: bench\r\n"
                   "Content-Type: application/x-www-form-urlencoded\r\n"
                   "Content-Length: %d\r\n\r\n%s",
                   len, body);
    line_send(line, text, len);
}

static void send_poll(const struct line *line)
{
    char text[512];
    int len = snprintf(text, sizeof(text),
                       "GET /discovery/polls?env=dev&appid=bench.visible.%04" PRId64
                       "&hostname=poller.example&latest_timestamp=%" PRId64
                       " HTTP/1.1\r\nHost: bench\r\n\r\n",
                       line->app, line->timestamp);

    line_send(line, text, len);
}

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

/* The answer, whole; empty: the node does not know the app yet. A poll's next begins where this
 * one ends: the timestamp of the app is the last of its answer's. */
static struct str line_take(struct load *self, struct line *line)
{
    static const struct str name = {"\"latest_timestamp\":", 19};
    struct str text = {self->text, 0};
    int64_t whole = 0;

    while (whole == 0 || (int64_t)text.len < whole) {
        ssize_t len = recv(line->fd, self->text + text.len, sizeof(self->text) - text.len, 0);
        const char *end;

        if (len <= 0) {
            die("a connection was closed");
        }
        text.len += (size_t)len;
        end = memmem(text.data, text.len, "\r\n\r\n", 4);
        if (whole == 0 && end != NULL) {
            whole = end + 4 - text.data + number_after(text, STR("Content-Length: "));
        }
    }
    if (memmem(text.data, text.len, "\"code\":0,", 9) == NULL) {
        return (struct str){0};
    }
    for (struct str rest = text;;) {
        const char *at = memmem(rest.data, rest.len, name.data, name.len);

        if (at == NULL) {
            return text;
        }
        rest = (struct str){at + 1, rest.len - (size_t)(at + 1 - rest.data)};
        line->timestamp = number_after((struct str){at, rest.len + 1}, name);
    }
}

/* ── the run ────────────────────────────────────────────────────────────────*/

static void prime(struct load *self)
{
    for (int64_t i = 0; i < self->apps * self->places; i++) {
        struct line *line = &self->lines[i];

        line->app = i / self->places;
        line->place = i % self->places;
        line_open(self, line);
        if (line->place == 0) {
            send_register(line);
            if (line_take(self, line).len == 0) {
                die("a registration was refused");
            }
        }
    }
    for (int64_t i = 0; i < self->apps * self->places; i++) {
        struct line *line = &self->lines[i];

        if (line->place == 0) {
            continue;
        }
        for (int64_t until = now_ns() + (int64_t)patience_ms * 1000000;; nap(10000000)) {
            send_poll(line);
            if (line_take(self, line).len > 0) {
                break;
            }
            if (now_ns() > until) {
                die("a node does not hear of a registration");
            }
        }
    }
}

/* The next change, unless its app still waits for one. */
static void fire(struct load *self)
{
    int64_t app = self->sent % self->apps;

    if (self->missing[app] > 0) {
        return;
    }
    for (int64_t place = 0; place < self->places; place++) {
        self->lines[app * self->places + place].waits = true;
    }
    self->missing[app] = self->places;
    self->fired_ns[app] = now_ns();
    send_register(&self->lines[app * self->places]);
    self->sent++;
}

static void on_answer(struct load *self, struct line *line)
{
    int64_t place = line->place;
    bool good = line_take(self, line).len > 0;

    if (place == 0 && !good) {
        die("a registration was refused");
    }
    if (place > 0) {
        send_poll(line);
    }
    if (!line->waits || !good) {
        self->stray++;
        return;
    }
    line->waits = false;
    self->took_ns[place][self->taken[place]++] = now_ns() - self->fired_ns[line->app];
    self->whole += --self->missing[line->app] == 0;
}

static void run(struct load *self)
{
    struct epoll_event events[events_max];
    int64_t began_ns = now_ns();
    int64_t heard_ns = began_ns;

    for (int64_t i = 0; i < self->apps * self->places; i++) {
        if (self->lines[i].place > 0) {
            send_poll(&self->lines[i]);
        }
    }
    began_ns = now_ns() + 100000000; /* by then all are parked */
    while (self->whole < self->total) {
        int64_t at_ns = now_ns();
        int count;

        if (self->sent < self->total &&
            at_ns - began_ns >= self->sent * 1000000000 / self->per_second) {
            fire(self);
        }
        count = epoll_wait(self->epoll, events, events_max, 1);
        for (int i = 0; i < count; i++) {
            on_answer(self, events[i].data.ptr);
        }
        heard_ns = count > 0 || at_ns < began_ns ? at_ns : heard_ns;
        if (at_ns - heard_ns > (int64_t)patience_ms * 1000000) {
            die("no answers any more");
        }
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void tell(struct load *self, int64_t place, const char *before)
{
    int64_t *took_ns = self->took_ns[place];
    int64_t count = self->taken[place];

    qsort(took_ns, (size_t)count, sizeof(*took_ns), by_size);
    printf("%s{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", before, (double)took_ns[count / 2] / 1e6,
           (double)took_ns[count * 99 / 100] / 1e6, (double)took_ns[count - 1] / 1e6);
}

static bool read_words(struct load *self, int argc, char **argv)
{
    int64_t *numbers[] = {&self->apps, &self->per_second, &self->seconds};

    if (argc < 6 || argc - 4 > places_max) {
        return false;
    }
    for (int i = 1; i < argc; i++) {
        int64_t *to = i < 4 ? numbers[i - 1] : &self->port[i - 4];

        if (str_to_i64(str_from(argv[i]), to) != ERR_OK || *to < 1) {
            return false;
        }
    }
    self->places = argc - 4;
    self->total = self->per_second * self->seconds;
    return true;
}

int main(int argc, char **argv)
{
    static struct load load;

    if (!read_words(&load, argc, argv)) {
        (void)fprintf(stderr, "usage: %s APPS PER_SECOND SECONDS WRITER PORT...\n", argv[0]);
        return 2;
    }
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.lines = calloc((size_t)(load.apps * load.places), sizeof(*load.lines));
    load.fired_ns = calloc((size_t)load.apps, sizeof(*load.fired_ns));
    load.missing = calloc((size_t)load.apps, sizeof(*load.missing));
    for (int64_t place = 0; place < load.places; place++) {
        load.took_ns[place] = calloc((size_t)load.total, sizeof(**load.took_ns));
    }
    prime(&load);
    run(&load);
    printf("{\"sent\":%" PRId64 ",\"stray\":%" PRId64, load.sent, load.stray);
    tell(&load, 0, ",\"accepted\":");
    for (int64_t place = 1; place < load.places; place++) {
        tell(&load, place, place == 1 ? ",\"seen\":[" : ",");
    }
    printf("]}\n");
    return EXIT_SUCCESS;
}
