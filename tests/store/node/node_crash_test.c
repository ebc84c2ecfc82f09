/* One member whose disk ends after each of its operations in turn, and what is left of it: each
 * answered call is applied exactly once, whatever the cut has spared. */
#include "tests/store/node/cluster.h"

enum { rounds = 30 };

/* What a run does; it ends where the disk does. */
static void act(struct cluster *cluster)
{
    struct member *member = &cluster->members[1];

    for (int i = 0; i < rounds && !member->failed; i++) {
        for (uint64_t n = prng_below(&cluster->prng, 4); n > 0; n--) {
            (void)cluster_call(cluster, 1, (size_t)prng_below(&cluster->prng, 900));
        }
        (void)cluster_read(cluster, 1);
        cluster->now_ms += 20;
        cluster_turn(cluster, 1);
        if (prng_below(&cluster->prng, 3) == 0) {
            cluster_flush(cluster, 1);
        }
    }
}

/* Each seed has other limits. */
static void init(struct cluster *cluster, uint64_t seed)
{
    cluster_init(cluster, seed, 1);
    cluster->settings.apply_bytes = seed == 2 ? 200 : 0;
    cluster->members[1].list.slow = seed == 2 ? 3 : 0;
    cluster->settings.entry_bytes_max = seed == 3 ? 1 : 600;
    cluster->segment_bytes = seed == 3 ? 3000 : 8000;
}

static uint64_t changes_of(uint64_t seed)
{
    static struct cluster cluster;
    uint64_t changes;

    init(&cluster, seed);
    cluster_start(&cluster, 1);
    act(&cluster);
    changes = disk_sim_changes(cluster.members[1].sim);
    cluster_fini(&cluster);
    return changes;
}

static void die(uint64_t seed, uint32_t after, bool power, enum disk_sim_keep keep)
{
    static struct cluster cluster;

    init(&cluster, seed);
    disk_sim_die_after(cluster.members[1].sim, after);
    if (cluster_try_start(&cluster, 1) == ERR_OK) {
        act(&cluster);
    }
    cluster_kill(&cluster, 1, power, keep);
    cluster_start(&cluster, 1);
    act(&cluster);
    cluster_kill(&cluster, 1, true, DISK_KEEP_NOTHING);
    if (!cluster_heal(&cluster, 2000)) {
        fail_msg("not whole: seed %zu, after %u, power %d, keep %d", (size_t)seed, after, power,
                 (int)keep);
    }
    cluster_fini(&cluster);
}

static void an_answered_call_is_applied_exactly_once(void **state)
{
    static const enum disk_sim_keep keeps[] = {DISK_KEEP_NOTHING, DISK_KEEP_TORN, DISK_KEEP_RANDOM,
                                               DISK_KEEP_DATA, DISK_KEEP_NAMES};
    unsigned points = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint64_t changes = changes_of(seed);

        for (uint32_t after = 0; after < changes; after++) {
            die(seed, after, true, keeps[after % 5]);
            die(seed, after, after % 2 == 0, DISK_KEEP_ALL);
            points += 2;
        }
    }
    print_message("points=%u\n", points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answered_call_is_applied_exactly_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
