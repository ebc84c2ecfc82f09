/* The power cut after every operation that changes the disk, in every way, and in starts too. What
 * a start finds is the log behind one of the writes, none before the last synced one: so nothing
 * acknowledged is lost, no entry is there twice, and term, vote, commit and mark never go back.
 * LOG_SEED=N runs that story, LOG_SEEDS=N the first N. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/prng.h"
#include "tests/store/log/log_rig.h"

enum { story_steps = 60 };

struct story {
    struct log_rig rig;
    struct prng prng;
    uint64_t number; /* of the clone */
    uint64_t points;
    uint64_t in_starts;
};

static uint64_t below(struct story *story, uint64_t bound)
{
    return prng_below(&story->prng, bound);
}

/* ── a start on what is left ── */

static enum err open_on(struct log_rig *rig, struct disk_sim *sim, struct disk_log **log,
                        struct disk_log_found *found)
{
    struct disk_log_options options = rig->options;

    options.disk = disk_sim_disk(sim);
    return disk_log_open(&options, log, found);
}

/* One more entry, and only what was synced is spared. */
static void goes_on(struct log_rig *rig, struct disk_sim *sim, struct disk_log **log,
                    const struct disk_log_found *first)
{
    uint64_t index = first->mark.index + first->count + 1;
    struct raft_entry entry = {.term = first->hard.term + 1, .index = index, .len = 1, .data = "x"};
    struct disk_log_write write = {.hard = {first->hard.term + 1, 1, first->hard.commit},
                                   .first = index,
                                   .entries = &entry,
                                   .count = 1,
                                   .sync = true};
    struct disk_log_found found;

    if (first->fresh) { /* the first write begins it */
        return;
    }
    assert_int_equal(disk_log_write(*log, &write), ERR_OK);
    disk_sim_die_after(sim, 0);
    disk_log_close(log);
    disk_sim_die_after(sim, UINT32_MAX);
    disk_sim_power_cut(sim, DISK_KEEP_NOTHING, 0);
    (void)log_rig_said(rig);
    if (open_on(rig, sim, log, &found) != ERR_OK) {
        fail_msg("the second start: %s", log_rig_said(rig));
    }
    assert_int_equal(found.mark.index + found.count, index);
    assert_int_equal(found.hard.term, first->hard.term + 1);
    assert_true(found.count > 0 && found.entries[found.count - 1].term == entry.term);
    log_rig_free(&found);
}

static void look(struct story *story, struct disk_sim *sim, const char *what)
{
    struct log_rig *rig = &story->rig;
    struct disk_log *log = NULL;
    struct disk_log_found found;
    enum err err = open_on(rig, sim, &log, &found);
    size_t at;

    story->points++;
    disk_sim_watch(sim, NULL, NULL);
    if (err != ERR_OK) {
        fail_msg("%s: point %" PRIu64 ": %s: %s", what, story->number, err_name(err),
                 log_rig_said(rig));
    }
    at = log_rig_find(rig, &found);
    if (at == SIZE_MAX || at < rig->synced) {
        fail_msg("%s: point %" PRIu64 ": state %zd of %zu, %zu synced: last %zu, term %" PRIu64,
                 what, story->number, at == SIZE_MAX ? -1 : (ssize_t)at, rig->state_count,
                 rig->synced, (size_t)found.mark.index + found.count, found.hard.term);
    }
    goes_on(rig, sim, &log, &found);
    log_rig_free(&found);
    disk_log_close(&log);
}

/* ── the cuts ── */

static const enum disk_sim_keep keeps[] = {DISK_KEEP_NOTHING, DISK_KEEP_ALL,    DISK_KEEP_NAMES,
                                           DISK_KEEP_DATA,    DISK_KEEP_SIZES,  DISK_KEEP_RANDOM,
                                           DISK_KEEP_RANDOM,  DISK_KEEP_SECTORS};
enum { keep_count = sizeof(keeps) / sizeof(keeps[0]) };

struct again {
    struct story *story;
    const struct disk_sim *sim;
};

static void on_start(void *context, enum disk_sim_op op, const void *data, size_t len)
{
    struct again *again = context;
    struct story *story = again->story;

    (void)op;
    (void)data;
    for (size_t i = 0; i < 4; i++) {
        struct disk_sim *sim = disk_sim_clone(again->sim, ++story->number);

        story->in_starts++;
        disk_sim_power_cut(sim, keeps[(i + story->number) % keep_count], len / 2);
        look(story, sim, "cut in a start");
        disk_sim_destroy(&sim);
    }
}

static void cut(struct story *story, enum disk_sim_keep keep, size_t bytes)
{
    struct disk_sim *sim = disk_sim_clone(story->rig.sim, ++story->number);
    struct again again = {story, sim};

    disk_sim_power_cut(sim, keep, bytes);
    if (story->number % 128 == 0) {
        disk_sim_watch(sim, on_start, &again);
    }
    look(story, sim, "cut");
    disk_sim_destroy(&sim);
}

static void on_change(void *context, enum disk_sim_op op, const void *data, size_t len)
{
    struct story *story = context;
    struct disk_sim *killed;

    (void)data;
    for (size_t i = 0; i < keep_count; i++) {
        cut(story, keeps[i], 0);
    }
    killed = disk_sim_clone(story->rig.sim, ++story->number); /* the process alone is gone */
    look(story, killed, "kill");
    disk_sim_destroy(&killed);
    if (op != DISK_OP_WRITE) {
        return;
    }
    for (size_t bytes = 0; bytes < len; bytes += 1 + len / 6) {
        cut(story, DISK_KEEP_TORN, bytes);
    }
    cut(story, DISK_KEEP_TORN, len - 1);
    cut(story, DISK_KEEP_GARBAGE, len / 3);
    cut(story, DISK_KEEP_GARBAGE, len - 1);
}

/* ── what is cut short ── */

static void write_some(struct story *story)
{
    struct log_rig *rig = &story->rig;
    uint64_t first = rig->last + 1;
    bool diverges = below(story, 4) == 0 && rig->last > rig->hard.commit;

    if (diverges) { /* another leader's, of a later term */
        first = rig->hard.commit + 1 + below(story, rig->last - rig->hard.commit);
        rig->hard.term++;
        rig->hard.vote = below(story, 3);
    }
    (void)log_rig_write(rig, first, 1 + (unsigned)below(story, 4),
                        (uint32_t)below(story, rig_data_max), below(story, 5) != 0);
}

static void restart(struct story *story)
{
    struct log_rig *rig = &story->rig;

    if (below(story, 2) == 0) {
        log_rig_close(rig);
    } else {
        log_rig_cut(rig, keeps[below(story, keep_count)], 0);
    }
    log_rig_open(rig);
}

static void step(struct story *story)
{
    struct log_rig *rig = &story->rig;
    uint64_t durable = disk_log_durable(rig->log);

    switch (below(story, 10)) {
    case 0:
        (void)log_rig_hard(rig, rig->hard.term + 1, 1 + below(story, 3), true);
        break;
    case 1:
        if (durable > rig->mark.index) {
            uint64_t to = durable < rig->hard.commit ? durable : rig->hard.commit;

            log_rig_cover(rig, to);
        }
        break;
    case 2:
        if (below(story, 4) == 0) {
            (void)log_rig_install(rig, rig->last + 1 + below(story, 20));
        }
        break;
    case 3:
        if (below(story, 2) == 0) {
            restart(story);
        }
        break;
    case 4:
    case 5:
        if (durable > rig->hard.commit) {
            log_rig_commit(rig, rig->hard.commit + 1 + below(story, durable - rig->hard.commit));
        }
        break;
    default:
        write_some(story);
        break;
    }
    if (below(story, 2) == 0) {
        log_rig_step(rig);
    }
}

static void tell(uint64_t seed, uint64_t *points, uint64_t *in_starts)
{
    static struct story story;

    memset(&story, 0, sizeof(story));
    prng_init(&story.prng, seed);
    log_rig_init(&story.rig, seed);
    disk_sim_watch(story.rig.sim, on_change, &story);
    log_rig_begin(&story.rig);
    for (int i = 0; i < story_steps; i++) {
        step(&story);
    }
    disk_sim_watch(story.rig.sim, NULL, NULL);
    log_rig_fini(&story.rig);
    *points += story.points;
    *in_starts += story.in_starts;
}

static void nothing_synced_is_lost_and_nothing_goes_back(void **state)
{
    const char *only = getenv("LOG_SEED");
    const char *more = getenv("LOG_SEEDS");
    uint64_t first = only != NULL ? strtoull(only, NULL, 10) : 1;
    uint64_t count = only != NULL ? 1 : more != NULL ? strtoull(more, NULL, 10) : 2;
    uint64_t points = 0;
    uint64_t in_starts = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        tell(seed, &points, &in_starts);
    }
    print_message("points=%" PRIu64 " in starts %" PRIu64 "\n", points, in_starts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_synced_is_lost_and_nothing_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
