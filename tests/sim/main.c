/* Runs seeds of the simulator: sim --seeds A..B. A failing seed is run again with its trace on and
 * printed: the seed, what did not hold, the last events. Ends with one line of sums.
 *
 * --scale N   times of the cluster are the real ones / N: 60; 1 is a run with the real ceiling
 * --trace     print every event
 * --with X   every seed has feature X of plan.h, whatever it draws; may be given again
 * --plain    no seed has any other
 * --jobs N    processes over the seeds: 2
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/str.h"
#include "tests/sim/world.h"

struct run {
    uint64_t first;
    uint64_t last;
    uint32_t jobs;
    enum trace_mode mode;
    struct plan_options options;
};

static int usage(void)
{
    (void)fprintf(
        stderr,
        "usage: sim --seeds A..B [--scale N] [--trace] [--with FEATURE] [--plain] [--jobs N]\n"
        "Runs one simulated cluster for each seed from A to B.\n");
    return 2;
}

static bool read_number(const char *text, uint32_t *number)
{
    return text != NULL && str_to_u32(str_from(text), number) == ERR_OK && *number > 0;
}

static bool read_feature(const char *name, struct features *with)
{
#define READ_FEATURE(feature, once_in)                                                             \
    if (name != NULL && strcmp(name, #feature) == 0) {                                             \
        with->feature = true;                                                                      \
        return true;                                                                               \
    }
    PLAN_FEATURES(READ_FEATURE)
#undef READ_FEATURE
    return false;
}

static bool read_arguments(struct run *self, int argc, char **argv)
{
    bool seeds = false;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--trace") == 0) {
            self->mode = TRACE_ALL;
            continue;
        }
        if (strcmp(argv[i], "--plain") == 0) {
            self->options.plain = true;
            continue;
        }
        i++;
        if (strcmp(argv[i - 1], "--seeds") == 0 && value != NULL) {
            seeds = sscanf(value, "%" SCNu64 "..%" SCNu64, &self->first, &self->last) == 2 &&
                    self->first <= self->last;
        } else if (strcmp(argv[i - 1], "--scale") == 0) {
            seeds = read_number(value, &self->options.scale) && seeds;
        } else if (strcmp(argv[i - 1], "--jobs") == 0) {
            seeds = read_number(value, &self->jobs) && seeds;
        } else if (strcmp(argv[i - 1], "--with") == 0) {
            seeds = read_feature(value, &self->options.with) && seeds;
        } else {
            return false;
        }
    }
    return seeds;
}

static void add_up(struct world_result *sum, const struct world_result *result)
{
    sum->actor_ms += result->actor_ms;
    sum->messages += result->messages;
    sum->acknowledged += result->acknowledged;
    sum->evicted += result->evicted;
    sum->acks += result->acks;
    sum->calm_s += result->calm_s;
    sum->walks += result->walks;
#define ADD_FAULT(name) sum->faults.name += result->faults.name;
    WORLD_FAULTS(ADD_FAULT)
#undef ADD_FAULT
}

static void report(const struct run *self, const struct world_result *result)
{
    struct world_result again;

    printf("seed %" PRIu64 " failed at %.3f s (%.3f s for the actors): %s\n", result->seed,
           (double)result->failed_ms / 1000 / self->options.scale, (double)result->failed_ms / 1000,
           result->failure);
    if (self->mode != TRACE_ALL) {
        world_run(result->seed, &self->options, TRACE_LAST, &again);
        printf("again: tests/sim/run --seeds %" PRIu64 "..%" PRIu64 "%s", result->seed,
               result->seed, self->options.scale == 1 ? " --scale 1" : "");
#define PRINT_FEATURE(name, once_in) printf("%s", self->options.with.name ? " --with " #name : "");
        PLAN_FEATURES(PRINT_FEATURE)
#undef PRINT_FEATURE
        printf("%s\n", again.failed_ms == result->failed_ms
                           ? ""
                           : "   (it ended otherwise the second time)");
    }
    (void)fflush(stdout);
}

/* Every job-th seed, its results into the pipe. */
static void work(const struct run *self, uint32_t job, int to)
{
    for (uint64_t seed = self->first + job; seed <= self->last; seed += self->jobs) {
        struct world_result result;

        world_run(seed, &self->options, self->mode, &result);
        if (write(to, &result, sizeof(result)) != (ssize_t)sizeof(result)) {
            _exit(EXIT_FAILURE);
        }
    }
}

/* The jobs' results until all have ended. Returns how many failed. */
static uint64_t collect(const struct run *self, int from, struct world_result *sum, uint64_t *count)
{
    struct world_result result;
    uint64_t failed = 0;

    _Static_assert(sizeof(result) <= 4096, "a result is written to the pipe in one piece");
    while (read(from, &result, sizeof(result)) == (ssize_t)sizeof(result)) {
        (*count)++;
        add_up(sum, &result);
        if (!result.ok) {
            failed++;
            report(self, &result);
        }
    }
    return failed;
}

static uint64_t run_jobs(const struct run *self, struct world_result *sum)
{
    uint64_t failed;
    uint64_t count = 0;
    int ends[2];

    if (pipe(ends) != 0) {
        abort();
    }
    (void)fflush(stdout);
    for (uint32_t job = 0; job < self->jobs; job++) {
        pid_t child = fork();

        if (child < 0) {
            abort();
        }
        if (child == 0) {
            close(ends[0]);
            work(self, job, ends[1]);
            (void)fflush(stdout);
            _exit(EXIT_SUCCESS);
        }
    }
    close(ends[1]);
    failed = collect(self, ends[0], sum, &count);
    while (wait(NULL) > 0) {
    }
    if (count != self->last - self->first + 1) {
        printf("only %" PRIu64 " seeds came to an end: a job crashed\n", count);
        failed += self->last - self->first + 1 - count;
    }
    return failed;
}

int main(int argc, char **argv)
{
    struct run self = {.jobs = 2, .mode = TRACE_OFF, .options = {.scale = 60}};
    struct world_result sum = {0};
    uint64_t failed;
    const char *comma = "";

    if (!read_arguments(&self, argc, argv)) {
        return usage();
    }
    self.jobs = self.mode == TRACE_ALL ? 1 : self.jobs;
    failed = run_jobs(&self, &sum);
    printf("acknowledged=%" PRIu64 " evicted=%" PRIu64 " acks=%" PRIu64 " walks=%" PRIu64
           " calm_hours=%.1f actor_hours=%.1f\n",
           sum.acknowledged, sum.evicted, sum.acks, sum.walks,
           (double)sum.calm_s / 3600 / self.options.scale, (double)sum.actor_ms / 3600000);
    printf("seeds=%" PRIu64 " failed=%" PRIu64 " hours=%.1f faults=", self.last - self.first + 1,
           failed, (double)sum.actor_ms / 3600000 / self.options.scale);
#define PRINT_FAULT(name)                                                                          \
    printf("%s" #name ":%" PRIu64, comma, sum.faults.name);                                        \
    comma = ",";
    WORLD_FAULTS(PRINT_FAULT)
#undef PRINT_FAULT
    printf(" messages=%" PRIu64 "\n", sum.messages);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
