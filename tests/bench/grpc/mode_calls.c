#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/grpc/deeds.h"
#include "tests/bench/grpc/modes.h"

static const int64_t second_ns = 1000000000;
static const int64_t fill_ns = 3600 * (int64_t)1000000000;

struct crowd_options crowd_of(struct options *options, struct deed deed)
{
    size_t count =
        options->connections < options->clients ? options->connections : options->clients;

    return (struct crowd_options){
        .loop = options->loop,
        .deed = deed,
        .connections = connections_open(options->loop, count, wide_window_bytes),
        .connection_count = count,
        .client_count = options->clients,
        .calls_max = options->calls > 0 ? options->calls : UINT64_MAX,
        .per_s = options->rate,
    };
}

static void all_keys(void *owner, size_t number, struct str *key, struct str *range_end)
{
    (void)owner;
    (void)number;
    *key = STR("0");
    *range_end = STR(":"); /* behind "9" */
}

/* Connections whose watch is there, and that are not read from then on. */
static struct connection **stall(struct options *options)
{
    struct connection **stalled =
        connections_open(options->loop, options->stalled, usual_window_bytes);
    struct watches *watches = calloc(1, sizeof(*watches)); /* lives as long as its calls */
    struct watches_options watched = {.loop = options->loop,
                                      .connections = stalled,
                                      .connection_count = options->stalled,
                                      .count = options->stalled,
                                      .range = all_keys};

    need(watches != NULL, "memory");
    watches_open(watches, &watched);
    for (size_t i = 0; i < options->stalled; i++) {
        connection_stall(stalled[i]);
    }
    return stalled;
}

static int calls(struct options *options, struct deed deed)
{
    struct connection **stalled = options->stalled > 0 ? stall(options) : NULL;
    struct crowd_options asked = crowd_of(options, deed);
    struct crowd crowd;
    double cpu;
    double seconds;

    crowd_init(&crowd, &asked);
    if (options->calls == 0) {
        crowd_warm(&crowd);
    }
    ready();
    cpu = cpu_s();
    crowd_run(&crowd,
              now_ns() + (options->calls > 0 ? fill_ns : (int64_t)options->seconds * second_ns));
    seconds = (double)(crowd.ended_ns - crowd.began_ns) / 1e9;
    cpu = cpu_s() - cpu;
    for (size_t i = 0; i < options->stalled; i++) {
        need(connection_waits(stalled[i]), "a watch that stalls was told nothing");
    }
    (void)printf("{\"calls\": %" PRIu64 ", \"failed\": %" PRIu64
                 ", \"per_s\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"cpu_s\": %.4f, "
                 "\"seconds\": %.4f}\n",
                 crowd.calls, crowd.failed, (double)crowd.calls / seconds,
                 latencies_ms(&crowd.latencies, 0.5), latencies_ms(&crowd.latencies, 0.99), cpu,
                 seconds);
    return crowd.failed > 0 || crowd.calls == 0;
}

static void init_keys(struct keys *keys, const struct options *options)
{
    keys_init(keys, options->keys, options->value);
    keys->width = (int)options->width;
}

int mode_put(struct options *options)
{
    struct keys keys;

    init_keys(&keys, options);
    return calls(options, puts_of(&keys));
}

/* The keys are put first. */
int mode_range(struct options *options)
{
    struct options first = *options;
    struct crowd_options asked;
    struct crowd crowd;
    struct keys keys;

    init_keys(&keys, options);
    first.clients = first.connections = 100;
    first.calls = options->keys;
    first.rate = 0;
    asked = crowd_of(&first, puts_of(&keys));
    crowd_init(&crowd, &asked);
    crowd_run(&crowd, now_ns() + fill_ns);
    need(crowd.failed == 0, "puts");
    return calls(options, ranges_of(&keys));
}
