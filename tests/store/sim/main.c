/* Runs seeds of the store's simulator: store_sim --seeds A..B [--jobs N] [--trace]. A failing seed
 * is run again with its trace on and printed: the seed, what did not hold, the last events. Ends
 * with one line of sums. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/store/sim/world.h"

enum { jobs_max = 64 };

struct run {
    uint64_t first;
    uint64_t last;
    uint32_t jobs;
    enum trace_mode mode;
};

static bool read_arguments(struct run *self, int argc, char **argv)
{
    bool seeds = false;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--trace") == 0) {
            self->mode = TRACE_ALL;
            continue;
        }
        i++;
        if (strcmp(argv[i - 1], "--seeds") == 0) {
            seeds = sscanf(value, "%" SCNu64 "..%" SCNu64, &self->first, &self->last) == 2 &&
                    self->first <= self->last;
        } else if (strcmp(argv[i - 1], "--jobs") != 0 ||
                   str_to_u32(str_from(value), &self->jobs) != ERR_OK || self->jobs == 0 ||
                   self->jobs > jobs_max) {
            return false;
        }
    }
    return seeds;
}

static void add_up(struct world_result *sum, const struct world_result *result)
{
    sum->ms += result->ms;
    sum->ops += result->ops;
    sum->linearizable += result->linearizable;
    sum->unknown += result->unknown;
    sum->watch_events += result->watch_events;
    sum->starts += result->starts;
    sum->flushes += result->flushes;
    sum->messages += result->messages;
#define ADD_FAULT(name) sum->faults.name += result->faults.name;
    WORLD_FAULTS(ADD_FAULT)
#undef ADD_FAULT
}

static void report(const struct run *self, const struct world_result *result)
{
    struct world_result again;

    printf("seed %" PRIu64 " failed at %.3f s: %s\n", result->seed,
           (double)result->failed_ms / 1000, result->failure);
    if (self->mode != TRACE_ALL) {
        world_run(result->seed, TRACE_LAST, &again);
        printf("again: tests/sim/store --seeds %" PRIu64 "..%" PRIu64 "%s\n", result->seed,
               result->seed,
               again.failed_ms == result->failed_ms ? ""
                                                    : "   (it ended otherwise the second time)");
    }
    (void)fflush(stdout);
}

/* Every so many-th seed from `from` on, its results into the pipe. */
static void work(const struct run *self, uint64_t from, int to)
{
    for (uint64_t seed = from; seed <= self->last; seed += self->jobs) {
        struct world_result result;

        world_run(seed, self->mode, &result);
        if (write(to, &result, sizeof(result)) != (ssize_t)sizeof(result)) {
            _exit(EXIT_FAILURE);
        }
    }
}

static void begin_jobs(const struct run *self, const uint64_t *next, int to)
{
    (void)fflush(stdout);
    for (uint32_t job = 0; job < self->jobs; job++) {
        pid_t child = next[job] <= self->last ? fork() : 1;

        if (child < 0) {
            abort();
        }
        if (child == 0) {
            work(self, next[job], to);
            (void)fflush(stdout);
            _exit(EXIT_SUCCESS);
        }
    }
}

/* The jobs' results until all have ended. Returns how many failed. */
static uint64_t collect(const struct run *self, uint64_t *next, int from, struct world_result *sum)
{
    struct world_result result;
    uint64_t failed = 0;

    assert(self->jobs > 0);
    _Static_assert(sizeof(result) <= 4096, "a result is written to the pipe in one piece");
    while (read(from, &result, sizeof(result)) == (ssize_t)sizeof(result)) {
        next[(result.seed - self->first) % self->jobs] = result.seed + self->jobs;
        add_up(sum, &result);
        if (!result.ok) {
            failed++;
            report(self, &result);
        }
    }
    while (wait(NULL) > 0) {
    }
    return failed;
}

/* Those that have not come to their end were killed by the seed they were at. */
static uint64_t crashed(const struct run *self, uint64_t *next)
{
    uint64_t count = 0;

    for (uint32_t job = 0; job < self->jobs; job++) {
        if (next[job] <= self->last) {
            printf("seed %" PRIu64 " failed: it has ended the process\n", next[job]);
            next[job] += self->jobs;
            count++;
        }
    }
    return count;
}

static uint64_t run_jobs(const struct run *self, struct world_result *sum)
{
    uint64_t next[jobs_max];
    uint64_t failed = 0;
    bool more = true;

    for (uint32_t job = 0; job < self->jobs; job++) {
        next[job] = self->first + job;
    }
    while (more) {
        uint64_t ended;
        int ends[2];

        if (pipe(ends) != 0) {
            abort();
        }
        begin_jobs(self, next, ends[1]);
        close(ends[1]);
        failed += collect(self, next, ends[0], sum);
        close(ends[0]);
        ended = crashed(self, next);
        failed += ended;
        more = ended > 0;
    }
    return failed;
}

int main(int argc, char **argv)
{
    struct run self = {.jobs = 2, .mode = TRACE_OFF};
    struct world_result sum = {0};
    uint64_t failed;
    const char *comma = "";

    if (!read_arguments(&self, argc, argv)) {
        (void)fprintf(stderr, "usage: store_sim --seeds A..B [--jobs N] [--trace]\n");
        return 2;
    }
    self.jobs = self.mode == TRACE_ALL ? 1 : self.jobs;
    failed = run_jobs(&self, &sum);
    printf("unknown=%" PRIu64 " watch_events=%" PRIu64 " starts=%" PRIu64 " flushes=%" PRIu64
           " messages=%" PRIu64 "\n",
           sum.unknown, sum.watch_events, sum.starts, sum.flushes, sum.messages);
    printf("seeds=%" PRIu64 " failed=%" PRIu64 " hours=%.1f ops=%" PRIu64 " linearizable=%" PRIu64
           " faults=",
           self.last - self.first + 1, failed, (double)sum.ms / 3600000, sum.ops, sum.linearizable);
#define PRINT_FAULT(name)                                                                          \
    printf("%s" #name ":%" PRIu64, comma, sum.faults.name);                                        \
    comma = ",";
    WORLD_FAULTS(PRINT_FAULT)
#undef PRINT_FAULT
    printf("\n");
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
