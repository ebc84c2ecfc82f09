/* Three members, each with its disk, under loss, delay, reorder, repeats, cuts of ways, kills and
 * power cuts: each answered call is applied exactly once and everywhere alike, and nothing is left
 * unanswered once all is whole. NODE_SEED=N runs that seed, NODE_SEEDS=N the first N. */
#include <stdlib.h>

#include "tests/store/node/cluster.h"

enum { steps = 900 };

static uint64_t below(struct cluster *cluster, uint64_t bound)
{
    return prng_below(&cluster->prng, bound);
}

static void draw_limits(struct cluster *cluster)
{
    struct raft_node_settings *settings = &cluster->settings;

    settings->election_ms = 100 + (int)below(cluster, 300);
    settings->heartbeat_ms = 30;
    settings->entry_bytes_max = below(cluster, 2) == 0 ? 1 : 600;
    settings->flight_bytes_max = below(cluster, 3) == 0 ? 700 : 100000;
    settings->compact_bytes = below(cluster, 2) == 0 ? 1500 : 20000;
    settings->trail_bytes = below(cluster, 2) == 0 ? 1 : 3000;
    settings->apply_bytes = below(cluster, 3) == 0 ? 1 : 100000;
    cluster->segment_bytes = 3000 + below(cluster, 8000);
    for (unsigned id = 1; id <= cluster->count; id++) {
        cluster->members[id].list.slow = below(cluster, 3) == 0 ? 3 : 0;
    }
}

static void hurt(struct cluster *cluster, uint64_t id)
{
    static const enum disk_sim_keep keeps[] = {DISK_KEEP_NOTHING, DISK_KEEP_TORN, DISK_KEEP_RANDOM,
                                               DISK_KEEP_ALL, DISK_KEEP_SECTORS};
    struct member *member = &cluster->members[id];

    switch (below(cluster, 6)) {
    case 0:
        if (member->node != NULL) {
            cluster_kill(cluster, id, below(cluster, 2) == 0, keeps[below(cluster, 5)]);
        }
        break;
    case 1:
        if (member->node != NULL) { /* within a write */
            disk_sim_die_after(member->sim, (uint32_t)below(cluster, 6));
        }
        break;
    case 2:
        cluster->cut[id][1 + below(cluster, cluster->count)] = true;
        break;
    case 3:
        for (unsigned other = 1; other <= cluster->count; other++) {
            cluster->cut[id][other] = true;
            cluster->cut[other][id] = true;
        }
        break;
    default:
        for (unsigned from = 1; from <= cluster->count; from++) {
            for (unsigned to = 1; to <= cluster->count; to++) {
                cluster->cut[from][to] = false;
            }
        }
        break;
    }
}

static void ask(struct cluster *cluster, uint64_t id)
{
    struct member *member = &cluster->members[id];

    if (member->node == NULL) {
        cluster_start(cluster, id);
        return;
    }
    if (member->failed) {
        cluster_kill(cluster, id, below(cluster, 2) == 0, DISK_KEEP_RANDOM);
        return;
    }
    switch (below(cluster, 8)) {
    case 0:
        (void)cluster_read(cluster, id);
        break;
    case 1:
        cluster_flush(cluster, id);
        break;
    case 2:
        if (below(cluster, 4) == 0) {
            raft_node_transfer(member->node, 1 + below(cluster, cluster->count));
        }
        break;
    case 3:
        raft_node_unreachable(member->node, 1 + below(cluster, cluster->count));
        break;
    default:
        for (uint64_t n = 1 + below(cluster, 5); n > 0; n--) {
            (void)cluster_call(cluster, id, (size_t)below(cluster, 200));
        }
        break;
    }
    cluster_turn(cluster, id);
}

static void repeat(struct cluster *cluster, size_t at)
{
    struct letter *letter = &cluster->letters[at];
    struct raft_node *to = cluster->members[letter->msg.to].node;

    if (letter->forwards && to != NULL && !cluster->members[letter->msg.to].failed) {
        (void)raft_node_forwarded(to, letter->msg.from, letter->msg.term, buf_str(&letter->calls));
        cluster_turn(cluster, letter->msg.to);
    }
}

static void pass_time(struct cluster *cluster)
{
    cluster->now_ms += (int64_t)below(cluster, 40);
    for (unsigned id = 1; id <= cluster->count; id++) {
        if (cluster->members[id].node != NULL && !cluster->members[id].failed &&
            below(cluster, 4) != 0) {
            cluster_turn(cluster, id);
        }
    }
}

static void deliver(struct cluster *cluster)
{
    size_t at = below(cluster, 3) == 0 ? (size_t)below(cluster, cluster->letter_count) : 0;

    if (cluster->members[cluster->letters[at].msg.to].failed) {
        cluster_lose(cluster, at);
        return;
    }
    if (below(cluster, 6) == 0) {
        repeat(cluster, at);
    }
    cluster_deliver(cluster, at);
}

static void step(struct cluster *cluster)
{
    uint64_t id = 1 + below(cluster, cluster->count);

    switch (below(cluster, 16)) {
    case 0:
    case 1:
        pass_time(cluster);
        break;
    case 2:
    case 3:
    case 4:
        ask(cluster, id);
        break;
    case 5:
        if (below(cluster, 4) == 0) {
            hurt(cluster, id);
        } else if (cluster->letter_count > 0 && below(cluster, 4) == 0) {
            cluster_lose(cluster, (size_t)below(cluster, cluster->letter_count));
        }
        break;
    default:
        for (uint64_t i = 0; i < 4 && cluster->letter_count > 0; i++) {
            deliver(cluster);
        }
        break;
    }
}

static size_t done(const struct cluster *cluster)
{
    size_t count = 0;

    for (size_t i = 0; i < cluster->asked_count; i++) {
        count += cluster->asked[i].state == ASKED_DONE;
    }
    return count;
}

/* Returns how many were answered with success. */
static size_t run(uint64_t seed)
{
    static struct cluster cluster;
    size_t answered;

    cluster_init(&cluster, seed, 3);
    draw_limits(&cluster);
    for (unsigned id = 1; id <= cluster.count; id++) {
        cluster_start(&cluster, id);
    }
    for (int i = 0; i < 30; i++) {
        pass_time(&cluster);
        while (cluster.letter_count > 0) {
            cluster_deliver(&cluster, 0);
        }
    }
    for (int i = 0; i < steps; i++) {
        step(&cluster);
    }
    for (unsigned id = 1; id <= cluster.count; id++) {
        if (cluster.members[id].failed) {
            cluster_kill(&cluster, id, true, DISK_KEEP_NOTHING);
        }
        disk_sim_die_after(cluster.members[id].sim, UINT32_MAX);
    }
    if (!cluster_heal(&cluster, 20000)) {
        fail_msg("seed %zu is not whole: %zu wait, %zu %zu %zu of %zu applied", (size_t)seed,
                 cluster_waiting(&cluster), cluster_applied(&cluster, 1),
                 cluster_applied(&cluster, 2), cluster_applied(&cluster, 3), cluster.all_count);
    }
    answered = done(&cluster);
    cluster_fini(&cluster);
    return answered;
}

static void an_answered_call_is_applied_exactly_once_everywhere(void **state)
{
    const char *only = getenv("NODE_SEED");
    const char *more = getenv("NODE_SEEDS");
    uint64_t first = only != NULL ? strtoull(only, NULL, 10) : 1;
    uint64_t count = only != NULL ? 1 : more != NULL ? strtoull(more, NULL, 10) : 60;
    size_t answered = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        answered += run(seed);
    }
    print_message("answered=%zu\n", answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answered_call_is_applied_exactly_once_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
