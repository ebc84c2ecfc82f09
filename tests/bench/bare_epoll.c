/* A yardstick for waiting polls: a server that does nothing but keep N connections and, when told
 * to, send every one of them the same bytes.
 *
 *   bench_bare_epoll PORT FILE     FILE: a whole HTTP answer, head and body
 *
 *   GET /waiting   how many wait
 *   GET …          waits
 *   POST …         answers all who wait, then itself is answered */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/str.h"

enum { fds_max = 32768, events_max = 512, backlog = 4096 };

struct server {
    int epoll;
    int listener;
    char *answer;
    size_t answer_len;
    size_t waiting;
    bool waits[fds_max];
    size_t sent[fds_max]; /* of an answer under way */
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void watch(const struct server *self, int op, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(self->epoll, op, fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void send_rest(struct server *self, int fd)
{
    ssize_t len =
        send(fd, self->answer + self->sent[fd], self->answer_len - self->sent[fd], MSG_NOSIGNAL);
    bool was_cut = self->sent[fd] > 0;

    if (len < 0 && errno != EAGAIN) {
        die("send");
    }
    self->sent[fd] += len > 0 ? (size_t)len : 0;
    if (self->sent[fd] < self->answer_len) {
        watch(self, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
        return;
    }
    self->sent[fd] = 0;
    if (was_cut) {
        watch(self, EPOLL_CTL_MOD, fd, EPOLLIN);
    }
}

static void reply(int fd, size_t number)
{
    char text[128];
    int body = snprintf(NULL, 0, "%zu", number);
    int len = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%zu", body,
                       number);

    if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len) {
        die("send");
    }
}

static void answer_all(struct server *self)
{
    for (int fd = 0; fd < fds_max && self->waiting > 0; fd++) {
        if (self->waits[fd]) {
            self->waits[fd] = false;
            self->waiting--;
            send_rest(self, fd);
        }
    }
}

static void on_accept(struct server *self)
{
    int fd;

    while ((fd = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= fds_max) {
            die("too many connections");
        }
        watch(self, EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void on_request(struct server *self, int fd)
{
    char text[4096];
    ssize_t len = recv(fd, text, sizeof(text), 0);

    if (len <= 0) {
        self->waiting -= self->waits[fd];
        self->waits[fd] = false;
        self->sent[fd] = 0;
        (void)close(fd);
    } else if (len >= 4 && memcmp(text, "POST", 4) == 0) {
        size_t waiting = self->waiting;

        answer_all(self);
        reply(fd, waiting);
    } else if (len >= 12 && memcmp(text, "GET /waiting", 12) == 0) {
        reply(fd, self->waiting);
    } else {
        self->waiting += !self->waits[fd];
        self->waits[fd] = true;
    }
}

static void load(struct server *self, const char *path)
{
    struct buf bytes = {0};
    FILE *file = fopen(path, "rbe");
    size_t len;

    if (file == NULL) {
        die(path);
    }
    while ((len = fread(buf_reserve(&bytes, 65536), 1, 65536, file)) > 0) {
        bytes.len += len;
    }
    (void)fclose(file);
    self->answer = bytes.data;
    self->answer_len = bytes.len;
}

static void listen_on(struct server *self, int64_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (setsockopt(self->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(self->listener, (struct sockaddr *)(void *)&at, sizeof(at)) != 0 ||
        listen(self->listener, backlog) != 0) {
        die("listen");
    }
    watch(self, EPOLL_CTL_ADD, self->listener, EPOLLIN);
}

static void serve(struct server *self)
{
    struct epoll_event events[events_max];

    for (;;) {
        int count = epoll_wait(self->epoll, events, events_max, -1);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;

            if (fd == self->listener) {
                on_accept(self);
            } else if ((events[i].events & EPOLLOUT) != 0) {
                send_rest(self, fd);
            } else {
                on_request(self, fd);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static struct server server;
    int64_t port = 0;

    if (argc != 3 || str_to_i64(str_from(argv[1]), &port) != ERR_OK) {
        fprintf(stderr, "usage: %s PORT FILE\n", argv[0]);
        return 2;
    }
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    load(&server, argv[2]);
    listen_on(&server, port);
    serve(&server);
}
