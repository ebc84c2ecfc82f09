#include "common/runtime/listeners.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

enum {
    events_max = 10000, /* of one call and listener */
    quiet_ms = 10000,
    kept_back_max = 4096,
    backlog = 100,
};

uint32_t listeners_room(uint64_t descriptors_max)
{
    uint64_t half = descriptors_max / 2;
    uint64_t room = descriptors_max - (half < kept_back_max ? half : kept_back_max);

    return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

static uint32_t room_now(void)
{
    struct rlimit limit = {0};
    int rc = getrlimit(RLIMIT_NOFILE, &limit);

    assert(rc == 0);
    (void)rc;
    return listeners_room(limit.rlim_cur);
}

static int listen_at(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0;

    if (ok && at->ai_family == AF_INET6) { /* [::] is everything, as libzmq has it */
        ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int)) == 0;
    }
    ok = ok && bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, backlog) == 0;
    if (!ok && fd >= 0) {
        int why = errno;

        close(fd);
        errno = why;
    }
    return ok ? fd : -1;
}

static int listen_on(struct str host, uint32_t port)
{
    bool v6 = host.len > 0 && memchr(host.data, ':', host.len) != NULL;
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM, .ai_family = v6 ? AF_INET6 : AF_INET, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[16];
    char name[256];
    int fd = -1;

    (void)snprintf(service, sizeof(service), "%u", port);
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
    errno = EINVAL;
    if (getaddrinfo(host.len > 0 ? name : NULL, service, &hints, &found) != 0) {
        return -1;
    }
    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = listen_at(at);
    }
    freeaddrinfo(found);
    return fd;
}

static void watch(struct listeners *self, void *context, void *socket, int fd)
{
    struct listener *listener = &self->of[self->count];
    char name[64];
    int rc;

    *listener = (struct listener){.fd = fd, .socket = socket};
    (void)snprintf(name, sizeof(name), "inproc://listener.%u", self->count);
    rc = zmq_socket_monitor(socket, name, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED);
    listener->monitor = rc == 0 ? zmq_socket(context, ZMQ_PAIR) : NULL;
    assert(listener->monitor != NULL); /* at start, with descriptors to spare */
    /* Without a bound: at one, libzmq's thread would stand still until we look, and with it all. */
    rc = zmq_setsockopt(listener->monitor, ZMQ_RCVHWM, &(int){0}, sizeof(int));
    assert(rc == 0);
    rc = zmq_setsockopt(listener->monitor, ZMQ_LINGER, &(int){0}, sizeof(int));
    assert(rc == 0);
    rc = zmq_connect(listener->monitor, name);
    assert(rc == 0);
    self->connections_max = room_now();
    self->count++;
}

enum err listeners_bind(struct listeners *self, void *context, void *socket, struct str host,
                        uint32_t port)
{
    int fd = listen_on(host, port);
    int rc;

    assert(self->count < listeners_max);
    if (fd < 0) {
        return ERR_IO;
    }
    rc = zmq_setsockopt(socket, ZMQ_USE_FD, &fd, sizeof(fd));
    assert(rc == 0);
    rc = zmq_bind(socket, "tcp://*:0"); /* of the descriptor: the address is not looked at */
    assert(rc == 0);
    rc = zmq_setsockopt(socket, ZMQ_USE_FD, &(int){-1}, sizeof(int));
    assert(rc == 0);
    watch(self, context, socket, fd);
    return ERR_OK;
}

void listeners_close(struct listeners *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        zmq_socket_monitor(self->of[i].socket, NULL, 0);
        zmq_close(self->of[i].monitor);
    }
    *self = (struct listeners){0};
}

uint32_t listeners_connections(const struct listeners *self)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        sum += self->of[i].connections;
    }
    return sum;
}

/* An event is two frames: its number, 16 bits, with a value, 32 bits; and where. False: none. */
static bool next_event(void *monitor, uint16_t *event)
{
    char number[sizeof(uint16_t) + sizeof(int32_t)];

    if (zmq_recv(monitor, number, sizeof(number), ZMQ_DONTWAIT) < 0) {
        return false;
    }
    memcpy(event, number, sizeof(*event));
    (void)zmq_recv(monitor, NULL, 0, ZMQ_DONTWAIT);
    return true;
}

static void count(struct listener *self)
{
    uint16_t event;

    for (int i = 0; i < events_max && next_event(self->monitor, &event); i++) {
        if (event == ZMQ_EVENT_ACCEPTED) {
            self->connections++;
        } else if (self->connections > 0) {
            self->connections--;
        }
    }
}

/* Where a system has no such filters (errno says), the listeners go on hearing. */
static int hear(struct listeners *self, bool on)
{
    struct sock_filter drop_all = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {.len = 1, .filter = &drop_all};

    int rc = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        rc |= setsockopt(self->of[i].fd, SOL_SOCKET, on ? SO_DETACH_FILTER : SO_ATTACH_FILTER,
                         &program, sizeof(program));
    }
    self->deaf = !on;
    return rc;
}

static void go_deaf(struct listeners *self, uint32_t connections, int64_t now_ms,
                    const struct log *log)
{
    const char *but = hear(self, false) == 0 ? "" : "; and this system could not refuse them: ";
    const char *why = but[0] == '\0' ? "" : strerror(errno);

    self->deaf_total++;
    if (now_ms < self->quiet_until_ms) {
        return;
    }
    self->quiet_until_ms = now_ms + quiet_ms;
    log_event(log, LOG_WARN, "too_many_connections",
              "no more are taken at the tcp listeners until some end; keep strangers off "
              "these ports, or raise the limit of open files (ulimit -n, LimitNOFILE=)",
              log_uint("connections", connections), log_text("not_refused", why));
}

void listeners_step(struct listeners *self, int64_t now_ms, const struct log *log)
{
    uint32_t connections;

    if (self->count == 0) {
        return;
    }
    for (uint32_t i = 0; i < self->count; i++) {
        count(&self->of[i]);
    }
    connections = listeners_connections(self);
    if (!self->deaf && connections >= self->connections_max) {
        go_deaf(self, connections, now_ms, log);
    } else if (self->deaf && connections < self->connections_max - self->connections_max / 8) {
        (void)hear(self, true);
    }
}
