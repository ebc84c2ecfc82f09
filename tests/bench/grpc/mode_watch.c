#include <inttypes.h>
#include <stdio.h>

#include "tests/bench/grpc/deeds.h"
#include "tests/bench/grpc/modes.h"

static const int64_t quiet_ns = 60 * (int64_t)1000000000; /* then no more events come */
static const int64_t more_ns = 200 * (int64_t)1000000;    /* so long one too many is waited for */
enum { told_max = 1000 };

static void key_of(void *owner, size_t number, struct str *key, struct str *range_end)
{
    static char name[key_max];
    const struct keys *keys = owner;

    *key = (struct str){name, keys_name(keys, number, name)};
    *range_end = (struct str){0};
}

/* Until every event has come that must, and a while for one that must not. */
static void wait_for(struct options *options, const struct watches *watches, uint64_t count)
{
    int64_t until_ns;

    while (watches->events < count) {
        uint64_t before = watches->events;

        until_ns = now_ns() + quiet_ns;
        while (watches->events == before) {
            loop_turn(options->loop, until_ns);
            need(now_ns() < until_ns, "events are missing");
        }
    }
    for (until_ns = now_ns() + more_ns; now_ns() < until_ns;) {
        loop_turn(options->loop, until_ns);
    }
    need(watches->events == count, "events too many");
}

/* Keys are put on a connection apart; each event of it reaches `each` watches. */
static int run(struct options *options, struct keys *keys, uint64_t puts, uint64_t each)
{
    struct connection **connections =
        connections_open(options->loop, options->connections, wide_window_bytes);
    const struct watches_options watched = {.loop = options->loop,
                                            .connections = connections,
                                            .connection_count = options->connections,
                                            .count = options->watches,
                                            .range = key_of,
                                            .owner = keys,
                                            .stamps = true};
    struct options putter = *options;
    struct crowd_options asked;
    struct watches watches;
    struct crowd crowd;
    double cpu;
    double seconds;

    watches_open(&watches, &watched);
    ready(); /* which may take long; a server waits no longer than 10 s for a connection's greeting
              */
    putter.connections = 1;
    putter.calls = (uint32_t)puts;
    asked = crowd_of(&putter, puts_of(keys));
    crowd_init(&crowd, &asked);
    cpu = cpu_s();
    crowd_run(&crowd, now_ns() + quiet_ns * 10);
    need(crowd.calls == puts && crowd.failed == 0, "puts");
    wait_for(options, &watches, puts * each);
    seconds = (double)(watches.last_ns - crowd.began_ns) / 1e9;
    cpu = cpu_s() - cpu;
    (void)printf("{\"events\": %" PRIu64 ", \"puts\": %" PRIu64
                 ", \"per_s\": %.1f, \"puts_per_s\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
                 "\"cpu_s\": %.4f, \"seconds\": %.4f}\n",
                 watches.events, crowd.calls, (double)watches.events / seconds,
                 (double)puts * 1e9 / (double)(crowd.ended_ns - crowd.began_ns),
                 latencies_ms(&watches.latencies, 0.5), latencies_ms(&watches.latencies, 0.99), cpu,
                 seconds);
    return 0;
}

int mode_watch(struct options *options)
{
    struct keys keys;

    keys_init(&keys, 1, sizeof(int64_t));
    keys.stamps = true;
    return run(options, &keys, options->puts, options->watches);
}

int mode_idle(struct options *options)
{
    struct keys keys;

    keys_init(&keys, options->watches, sizeof(int64_t));
    keys.prefix = "idle";
    keys.stamps = true;
    return run(options, &keys, options->watches < told_max ? options->watches : told_max, 1);
}
