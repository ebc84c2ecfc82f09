/* Runs seeds of the simulator: sim --seeds A..B. A failing seed is printed with
 * what did not hold and reproduces exactly. Ends with one line of sums. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

static int usage(void)
{
    (void)fprintf(stderr, "usage: sim --seeds A..B\n"
                          "Runs one simulated node for each seed from A to B.\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct world_result sum = {0};
    uint64_t first;
    uint64_t last;
    uint64_t failed = 0;

    if (argc != 3 || strcmp(argv[1], "--seeds") != 0 ||
        sscanf(argv[2], "%" SCNu64 "..%" SCNu64, &first, &last) != 2 || first > last) {
        return usage();
    }
    for (uint64_t seed = first; seed <= last; seed++) {
        struct world_result result;

        world_run(seed, WORLD_NONE, &result);
        if (!result.ok) {
            failed++;
            printf("seed %" PRIu64 " at %" PRId64 " ms: %s\n", seed, result.virtual_ms,
                   result.failure);
        }
        sum.virtual_ms += result.virtual_ms;
        sum.messages += result.messages;
        sum.dropped_facts += result.dropped_facts;
        sum.kills += result.kills;
        sum.pauses += result.pauses;
        sum.power_cuts += result.power_cuts;
        sum.acknowledged += result.acknowledged;
        sum.evicted += result.evicted;
        sum.snapshots += result.snapshots;
    }
    printf("acknowledged=%" PRIu64 " evicted=%" PRIu64 " snapshots=%" PRIu64 "\n", sum.acknowledged,
           sum.evicted, sum.snapshots);
    printf("seeds=%" PRIu64 " failed=%" PRIu64 " hours=%.1f faults=kill:%" PRIu64 ",pause:%" PRIu64
           ",power_cut:%" PRIu64 ",dropped_fact:%" PRIu64 " messages=%" PRIu64 "\n",
           last - first + 1, failed, (double)sum.virtual_ms / 3600000, sum.kills, sum.pauses,
           sum.power_cuts, sum.dropped_facts, sum.messages);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
