/* How fast a member alone takes calls: `bench_raft_log DIR [SECONDS [BYTES]]` on a real disk, one
 * sync a turn, the state machine a counter; and how long its next start takes. DIR is made, and may
 * be taken away afterwards. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/node/node.h"

struct counter {
    struct machine machine; /* first */
    struct machine_position at;
    uint64_t calls;
};

static bool apply(struct machine *machine, uint64_t index, const struct machine_call *call,
                  struct buf *answer)
{
    (void)index;
    (void)call;
    (void)answer;
    ((struct counter *)machine)->calls++;
    return true;
}

static void applied(struct machine *machine, uint64_t index, uint64_t term,
                    const struct raft_config *config)
{
    ((struct counter *)machine)->at = (struct machine_position){index, term, *config, false};
}

static void flushed(const struct machine *machine, struct machine_position *out)
{
    *out = ((const struct counter *)machine)->at;
}

static enum err install(struct machine *machine, const struct raft_snapshot *snapshot)
{
    (void)machine;
    (void)snapshot;
    return ERR_IO;
}

static int64_t now_ns(void)
{
    return clock_os.now(&clock_os).wall_ns;
}

struct sums {
    int64_t began_ns;
    uint64_t calls;
    uint64_t turns;
    int64_t turn_ns_max;
    int64_t turn_cpu_us_max;
    int64_t cpu_us;
};

/* One turn with so many calls, all answered at its end. */
static bool turn(struct raft_node *node, struct disk_log *log, unsigned count, struct str body,
                 uint64_t *number, struct sums *sums)
{
    struct raft_sink sink = {0};
    int64_t now_ms = clock_os.now(&clock_os).mono_ms;
    bool more = true;
    size_t answered = 0;

    for (unsigned i = 0; i < count; i++) {
        if (raft_node_call(node, ++*number, body, now_ms + 10000) != ERR_OK) {
            return false;
        }
    }
    while (answered < count) {
        int64_t began_ns = now_ns();
        int64_t cpu_us = clock_os.cpu_us(&clock_os);
        size_t some = 0;
        int64_t took_ns;

        if (raft_node_turn(node, now_ms, &sink, &more) != ERR_OK) {
            return false;
        }
        (void)disk_log_step(log, now_ms);
        (void)raft_node_answers(node, &some);
        answered += some;
        took_ns = now_ns() - began_ns;
        cpu_us = clock_os.cpu_us(&clock_os) - cpu_us;
        sums->turn_cpu_us_max = cpu_us > sums->turn_cpu_us_max ? cpu_us : sums->turn_cpu_us_max;
        sums->turn_ns_max = took_ns > sums->turn_ns_max ? took_ns : sums->turn_ns_max;
        sums->turns++;
    }
    sums->calls += count;
    return true;
}

static void print(unsigned batch, const struct sums *sums, const struct disk_log_stats *before,
                  const struct disk_log_stats *after)
{
    double seconds = (double)(now_ns() - sums->began_ns) / 1e9;
    uint64_t syncs = after->sync_count - before->sync_count;

    printf("batch=%u calls/s=%.0f turns/s=%.0f syncs/turn=%.2f cpu_us/call=%.2f turn_ms_max=%.1f "
           "turn_cpu_ms_max=%.1f sync_ms_mean=%.3f\n",
           batch, (double)sums->calls / seconds, (double)sums->turns / seconds,
           (double)syncs / (double)sums->turns, (double)sums->cpu_us / (double)sums->calls,
           (double)sums->turn_ns_max / 1e6, (double)sums->turn_cpu_us_max / 1e3,
           (double)(after->sync_ns_total - before->sync_ns_total) / 1e6 / (double)syncs);
}

static bool run(struct raft_node *node, struct disk_log *log, unsigned batch, struct str body,
                int64_t seconds, uint64_t *number)
{
    struct sums sums = {.began_ns = now_ns(), .cpu_us = -clock_os.cpu_us(&clock_os)};
    struct disk_log_stats before;
    struct disk_log_stats after;

    disk_log_stats(log, &before);
    while (now_ns() - sums.began_ns < seconds * 1000000000) {
        if (!turn(node, log, batch, body, number, &sums)) {
            return false;
        }
    }
    disk_log_stats(log, &after);
    sums.cpu_us += clock_os.cpu_us(&clock_os);
    print(batch, &sums, &before, &after);
    return true;
}

/* What a start costs: all segments are read, and their entries taken into memory. */
static bool start_again(const struct disk_log_options *options)
{
    int64_t began_ns = now_ns();
    struct disk_log *log = NULL;
    struct disk_log_found found;
    struct disk_log_stats stats;

    if (disk_log_open(options, &log, &found) != ERR_OK) {
        return false;
    }
    disk_log_stats(log, &stats);
    printf("start_ms=%.0f entries=%zu log_bytes=%" PRIu64 "\n", (double)(now_ns() - began_ns) / 1e6,
           found.count, stats.bytes);
    for (size_t i = 0; i < found.count; i++) {
        free(found.entries[i].data);
    }
    free(found.entries);
    disk_log_close(&log);
    return true;
}

int main(int argc, char **argv)
{
    static const unsigned batches[] = {1, 8, 64, 512};
    int64_t seconds = argc > 2 ? strtoll(argv[2], NULL, 10) : 3;
    size_t bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 256;
    struct prng prng;
    struct disk_log_options options = {.disk = disk_os(), .clock = &clock_os, .member = 1};
    struct raft_node_settings settings = {.member = 1,
                                          .boot = prng_seed_os() | 1,
                                          .election_ms = 1000,
                                          .heartbeat_ms = 100,
                                          .first = {.voters = {1, {1}}},
                                          .prng = &prng};
    struct counter counter = {.machine = {apply, applied, flushed, install}};
    struct disk_log_found found;
    struct disk_log *log = NULL;
    struct raft_node *node = NULL;
    char *body = calloc(bytes + 1, 1);
    uint64_t number = 0;
    bool ok;

    options.dir = argc > 1 ? argv[1] : "raft_log";
    options.seed = prng_seed_os();
    prng_init(&prng, options.seed);
    ok = body != NULL && disk_log_open(&options, &log, &found) == ERR_OK &&
         raft_node_new(&settings, log, &found, &counter.machine, clock_os.now(&clock_os).mono_ms,
                       &node) == ERR_OK;
    for (size_t i = 0; ok && i < sizeof(batches) / sizeof(batches[0]); i++) {
        ok = run(node, log, batches[i], (struct str){body, bytes}, seconds, &number);
    }
    raft_node_destroy(&node);
    disk_log_close(&log);
    ok = ok && start_again(&options);
    free(body);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
