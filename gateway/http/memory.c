/* Memory held for clients, in sum: each of them is bounded, but there are many. Counted are the
 * bodies they send, the answers they do not read (one that is shared counts once) and what handlers
 * say they keep for them. Over the limit the largest go, and http_is_full lets handlers refuse. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/http/server.h"

enum {
    enders_max = 16,   /* ended in one turn */
    light_bytes = 4096 /* whoever holds no more is not worth ending */
};

static const int64_t settled_ms = 1000;
static const uint64_t share = 4;                  /* of the machine's memory: one in so many */
static const uint64_t least = (uint64_t)16 << 20; /* the largest body of all, and a little more */

/* ── how much there may be ──────────────────────────────────────────────────*/

/* A number of bytes in a file; UINT64_MAX: none, or no bound ("max"). */
static uint64_t read_bytes(const char *path)
{
    unsigned long long bytes = 0;
    FILE *file = fopen(path, "re");
    int read;

    if (file == NULL) {
        return UINT64_MAX;
    }
    read = fscanf(file, "%llu", &bytes);
    (void)fclose(file);
    return read == 1 && bytes > 0 ? bytes : UINT64_MAX;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Of our own cgroup and those it is in; "0::/a/b" is version 2's line. */
static uint64_t cgroup_bytes(void)
{
    uint64_t bytes = read_bytes("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[1024];
    char path[1200];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", strlen("0::/")) != 0) {
            continue;
        }
        for (char *end = line + strlen(line); end != NULL; end = strrchr(line + 3, '/')) {
            *end = '\0';
            (void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", line + 3);
            bytes = least_of(bytes, read_bytes(path));
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return bytes;
}

static uint64_t machine_bytes(void)
{
    struct rlimit limit;
    uint64_t bytes = cgroup_bytes();
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);

    if (pages > 0 && page > 0) {
        bytes = least_of(bytes, (uint64_t)pages * (uint64_t)page);
    }
    if (getrlimit(RLIMIT_AS, &limit) == 0) {
        bytes = least_of(bytes, limit.rlim_cur); /* RLIM_INFINITY is the greatest */
    }
    return bytes;
}

void memory_init(struct http *http)
{
    uint64_t sharers = http->options.sharers > 0 ? http->options.sharers : 1;

    http->memory.max = http->options.memory_max;
    if (http->memory.max == 0) {
        http->memory.max = machine_bytes() / share / sharers;
        http->memory.max = http->memory.max > least ? http->memory.max : least;
    }
}

/* ── counting ───────────────────────────────────────────────────────────────*/

void http_hold(struct http *self, struct response *response)
{
    if (response->holders++ == 0) {
        self->memory.held += response->body.len;
    }
}

void http_release(struct http *self, struct response *response)
{
    if (--response->holders == 0) {
        self->memory.held -= response->body.len;
    }
}

static void set_weight(struct request *self, size_t weight)
{
    self->http->memory.held += weight;
    self->http->memory.held -= self->weight;
    self->weight = weight;
}

void memory_weigh(struct request *self)
{
    const struct http_own *own = self->http->app->own;
    size_t of_own = own != NULL ? own->weight(self->own) : 0;

    set_weight(self, self->body.cap + self->uri.cap + of_own + self->kept);
}

void request_weigh(struct request *self)
{
    memory_weigh(self);
}

void memory_answered(struct request *self)
{
    self->answer = response_ref(self->response);
    http_hold(self->http, self->answer);
}

void memory_close(struct request *self)
{
    set_weight(self, 0);
    if (self->answer != NULL) {
        http_release(self->http, self->answer);
        response_unref(&self->answer);
    }
}

void request_keeps(struct request *self, size_t bytes)
{
    self->kept = bytes;
    memory_weigh(self);
}

bool http_is_full(const struct http *self)
{
    return self->memory.held > self->memory.max;
}

/* ── the largest go ─────────────────────────────────────────────────────────*/

static size_t weight_of(const struct connection *connection)
{
    const struct request *request = connection->request;
    size_t weight;

    if (request == NULL || connection->leaving) {
        return 0;
    }
    weight = request->weight;
    if (request->answer != NULL) {
        weight += request->answer->body.len / request->answer->holders;
    }
    if (request->state == REQUEST_ANSWERED && /* it is on its way as fast as it is read */
        request->http->now.mono_ms - connection->placed_ms < settled_ms) {
        return 0;
    }
    return weight > light_bytes ? weight : 0;
}

/* In order, the heaviest first. */
static void note(struct connection **heaviest, struct connection *connection)
{
    size_t weight = weight_of(connection);
    size_t at = enders_max;

    if (weight == 0) {
        return;
    }
    while (at > 0 && (heaviest[at - 1] == NULL || weight_of(heaviest[at - 1]) < weight)) {
        at--;
    }
    if (at < enders_max) {
        memmove(&heaviest[at + 1], &heaviest[at],
                (enders_max - 1 - at) * sizeof(struct connection *));
        heaviest[at] = connection;
    }
}

static void end(struct connection *connection)
{
    struct request *request = connection->request;

    switch (request->state) {
    case REQUEST_PARKED:
        request_hang_up(request);
        break;
    case REQUEST_STREAMING:
        request_cut(request);
        break;
    case REQUEST_READING:
        connection_say(connection, STR("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                       "Retry-After: 1\r\nContent-Length: 0\r\n\r\n"));
        connection_hang_up(connection);
        break;
    default:
        connection_hang_up(connection);
        break;
    }
    connection->http->counts.emptied_total++;
}

static void say(struct http *http)
{
    if (!http->memory.said) {
        http->memory.said = true;
        log_event(http->options.log, LOG_WARN, "memory_full",
                  "%llu MiB are held for clients, over the limit of %llu: from now on those that "
                  "hold most are ended (counted in http_emptied) and reads answered 503; raise "
                  "%s.memory_max if the machine has more",
                  (unsigned long long)(http->memory.held >> 20),
                  (unsigned long long)(http->memory.max >> 20), http->options.section);
    }
}

void memory_turn(struct http *http)
{
    struct connection *heaviest[enders_max] = {NULL};
    uint64_t over;
    uint64_t freed = 0; /* an answer's memory only when libmicrohttpd has closed */

    if (!http_is_full(http)) {
        return;
    }
    say(http);
    for (struct connection *it = http->connections; it != NULL; it = it->next) {
        note(heaviest, it);
    }
    over = http->memory.held - http->memory.max;
    for (int i = 0; i < enders_max && heaviest[i] != NULL && freed < over; i++) {
        freed += weight_of(heaviest[i]);
        end(heaviest[i]);
    }
}
