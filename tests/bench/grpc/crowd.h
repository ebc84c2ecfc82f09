/* Clients that each have one call under way, and how long their calls took. */
#ifndef TESTS_BENCH_GRPC_CROWD_H
#define TESTS_BENCH_GRPC_CROWD_H

#include "tests/bench/grpc/loop.h"

/* In microseconds. {0} is empty. */
struct latencies {
    uint32_t *us;
    size_t count;
    size_t room;
};

void latencies_add(struct latencies *self, int64_t ns);
void latencies_all(struct latencies *self, const struct latencies *other);
double latencies_ms(struct latencies *self,
                    double share); /* sorts; share 0.99: the 99th percentile */

/* What a client does: its call of that number, and whether what came is the answer to it. */
struct deed {
    const char *path;
    void (*ask)(void *owner, uint64_t number, struct call *call);
    bool (*answers)(void *owner, uint64_t number, struct str message);
    void *owner;
};

struct crowd_options {
    struct loop *loop;
    struct deed deed;
    struct connection **connections; /* shared evenly; borrowed */
    size_t connection_count;
    size_t client_count;
    uint64_t calls_max;
    double per_s; /* 0: each client's next call follows the answer; else calls are due evenly, and
                   * one that is late for want of a client is counted from when it was due */
};

struct client;

struct crowd {
    struct crowd_options options;
    struct client *clients;
    struct client **idle; /* a ring of client_count */
    size_t idle_first;
    size_t idle_count;
    bool stops;
    int64_t began_ns;
    int64_t ended_ns; /* of the last answer */
    uint64_t asked;
    uint64_t calls;
    uint64_t failed; /* no grpc-status 0, or not the answer */
    struct latencies latencies;
};

void crowd_init(struct crowd *self, const struct crowd_options *options);
/* A call of each client, uncounted: the first of a connection makes what the later ones find. */
void crowd_warm(struct crowd *self);
void crowd_begin(struct crowd *self, int64_t now_ns);
void crowd_turn(struct crowd *self, int64_t now_ns); /* asks what is due */
int64_t crowd_due_ns(const struct crowd *self);      /* INT64_MAX: after an answer */
bool crowd_is_done(const struct crowd *self);
void crowd_end(struct crowd *self); /* asks nothing more, and waits for what is under way */

/* Until all of calls_max are answered or the time is there; what is under way is waited for. */
void crowd_run(struct crowd *self, int64_t until_ns);

#endif
