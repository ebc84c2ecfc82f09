#include "tests/crashpoints/crash.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/journal/record.h"
#include "tests/registry/storage/storage_rig.h"

static const char *const op_names[crash_ops] = {"read", "create", "write",  "allocate", "truncate",
                                                "sync", "rename", "remove", "sync_dir"};
static const char *const keep_names[] = {"nothing", "torn",  "random",  "all",    "names",
                                         "data",    "sizes", "sectors", "garbage"};

struct crash_point {
    enum disk_sim_op op;
    enum disk_sim_keep keep;
    size_t bytes;
    size_t len;
    bool killed; /* the process only, not the machine */
    bool again;  /* in the start after a cut */
    struct promise promise;
    struct outcome outcome;
};

static unsigned bit_of(enum disk_sim_op op)
{
    unsigned bit = 0;

    while ((unsigned)op >> (bit + 1) != 0) {
        bit++;
    }
    return bit;
}

const char *crash_op_name(unsigned bit)
{
    return op_names[bit];
}

void crash_fini(struct crash *self)
{
    free(self->points);
    self->points = NULL;
}

/* ── a start on what is left ────────────────────────────────────────────────*/

static void rig_take(struct rig *rig, struct disk_sim *sim, uint64_t seed, const char *boot)
{
    rig_init(rig, seed);
    disk_sim_destroy(&rig->sim);
    rig->sim = sim;
    rig->forgetful = true;
    rig->options.disk = disk_sim_disk(sim);
    rig->options.machine_boot = str_from(boot);
    rig->options.snapshot_bytes = 6000;
}

/* One more change, a power cut that spares only what was synced, and a start. */
static bool goes_on(struct rig *rig, uint64_t epoch)
{
    uint64_t print;
    uint64_t seq;

    if (rig_register(rig, 999999) != ERR_OK) {
        return false;
    }
    seq = rig->seq;
    print = rig_fingerprint(rig->registry);
    rig_power_cut(rig, DISK_KEEP_NOTHING, 0);
    return rig_try_open(rig) == ERR_OK && rig_position(rig).seq == seq &&
           rig_position(rig).epoch == epoch && rig->restored.damage_count == 0 &&
           rig_fingerprint(rig->registry) == print;
}

/* Takes sim over. watch: of the start's own operations. */
static struct outcome look(struct disk_sim *sim, uint64_t seed, const char *boot,
                           disk_sim_watch_fn *watch, void *context)
{
    struct rig rig;
    struct outcome outcome = {0};

    rig_take(&rig, sim, seed << 8, boot);
    disk_sim_watch(sim, watch, context);
    outcome.opened = rig_try_open(&rig) == ERR_OK && rig_stats(&rig).ok;
    disk_sim_watch(sim, NULL, NULL);
    if (outcome.opened) {
        outcome.epoch = rig_position(&rig).epoch;
        outcome.seq = rig_position(&rig).seq;
        outcome.print = rig_fingerprint(rig.registry);
        outcome.damage_count = rig.restored.damage_count;
        outcome.stands = goes_on(&rig, outcome.epoch);
    }
    rig_fini(&rig);
    return outcome;
}

/* ── a cut ──────────────────────────────────────────────────────────────────*/

static void add_point(struct crash *self, struct crash_point *point)
{
    const struct model_epoch *known = model_epoch(self->model, point->outcome.epoch);

    point->promise.known = known != NULL;
    point->promise.published = known != NULL ? known->seq : 0;
    self->sums.epochs_kept += point->promise.epoch != 0 ? 1 : 0;
    self->sums.new_epochs += known == NULL ? 1 : 0;
    if (self->point_count == self->point_cap) {
        self->point_cap = self->point_cap == 0 ? 64 : 2 * self->point_cap;
        self->points = realloc(self->points, self->point_cap * sizeof(*point));
        assert(self->points != NULL);
    }
    self->points[self->point_count++] = *point;
    self->sums.points++;
    self->sums.in_recovery += point->again ? 1 : 0;
    self->sums.cuts[bit_of(point->op)]++;
}

struct again {
    struct crash *crash;
    const struct disk_sim *sim;
    struct promise promise;
};

static void on_again(void *context, enum disk_sim_op op, const void *data, size_t len)
{
    static const enum disk_sim_keep keeps[] = {DISK_KEEP_NOTHING, DISK_KEEP_ALL, DISK_KEEP_TORN,
                                               DISK_KEEP_RANDOM, DISK_KEEP_NAMES};
    struct again *self = context;
    struct crash *crash = self->crash;

    (void)data;
    for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
        struct crash_point point = {.op = op, .keep = keeps[i], .len = len, .again = true};
        struct disk_sim *sim = disk_sim_clone(self->sim, ++crash->number);

        point.bytes = len / 2;
        point.promise = self->promise;
        point.promise.epoch = 0;
        disk_sim_power_cut(sim, point.keep, point.bytes);
        point.outcome = look(sim, crash->number, "boot-2", NULL, NULL);
        add_point(crash, &point);
    }
}

/* Whether a write of which the first `bytes` remain lacks one byte of a frame, and no more: that
 * looks like a byte that has gone bad. */
static bool lacks_one_byte(const char *data, size_t len, size_t bytes)
{
    size_t begin = 0;

    while (begin + record_head_bytes < len) {
        const unsigned char *at = (const unsigned char *)data + begin;
        size_t end = begin + record_head_bytes +
                     ((size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3]);

        if (bytes < end) {
            size_t lacking = 0;

            for (size_t i = bytes; i < end; i++) {
                lacking += data[i] != 0 ? 1 : 0;
            }
            return lacking == 1;
        }
        begin = end;
    }
    return false;
}

static bool loses_nothing_synced(const struct crash_point *point, const void *data)
{
    switch (point->keep) {
    case DISK_KEEP_RANDOM:
    case DISK_KEEP_SECTORS:
    case DISK_KEEP_GARBAGE:
        return false; /* what is left of a write may look like anything: in doubt, a new epoch */
    case DISK_KEEP_TORN:
        return point->op != DISK_OP_WRITE || !lacks_one_byte(data, point->len, point->bytes);
    case DISK_KEEP_NOTHING:
    case DISK_KEEP_ALL:
    case DISK_KEEP_NAMES:
    case DISK_KEEP_DATA:
    case DISK_KEEP_SIZES:
        return true;
    }
    return true;
}

static void cut(struct crash *self, struct crash_point point, const void *data)
{
    struct disk_sim *sim = disk_sim_clone(self->sim, ++self->number);
    struct again again = {.crash = self, .sim = sim};
    bool twice = self->number % (self->all ? 64 : 256) == 0;

    point.promise.acked = self->model->acked;
    if (self->epoch_goes_on && loses_nothing_synced(&point, data)) {
        point.promise.epoch = self->model->epoch;
    }
    again.promise = point.promise;
    disk_sim_power_cut(sim, point.keep, point.bytes);
    point.outcome = look(sim, self->number, point.killed ? self->machine_boot : "boot-1",
                         twice ? on_again : NULL, &again);
    add_point(self, &point);
}

static void cut_write(struct crash *self, struct crash_point point, const void *data)
{
    size_t some[] = {0, 1, 7, 8, 9, point.len / 3, point.len / 2, point.len - 2, point.len - 1};
    size_t step = self->all ? 1 : 512;

    point.keep = DISK_KEEP_TORN;
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        point.bytes = some[i];
        if (point.bytes < point.len) {
            cut(self, point, data);
        }
    }
    for (point.bytes = step; point.bytes < point.len; point.bytes += step) {
        cut(self, point, data);
    }
    point.keep = DISK_KEEP_GARBAGE;
    for (size_t i = 0; i < 8; i += 3) {
        point.bytes = point.len * i / 8;
        cut(self, point, data);
    }
    for (size_t i = 0; i < point.len / 512 + 1; i++) {
        point.keep = DISK_KEEP_SECTORS;
        cut(self, point, data);
    }
}

void crash_watch(void *context, enum disk_sim_op op, const void *data, size_t len)
{
    static const enum disk_sim_keep keeps[] = {
        DISK_KEEP_NOTHING, DISK_KEEP_ALL,    DISK_KEEP_NAMES,  DISK_KEEP_DATA,
        DISK_KEEP_SIZES,   DISK_KEEP_RANDOM, DISK_KEEP_RANDOM, DISK_KEEP_RANDOM,
        DISK_KEEP_SECTORS, DISK_KEEP_SECTORS};
    struct crash *self = context;
    struct crash_point point = {.op = op, .len = len};

    for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
        point.keep = keeps[i];
        cut(self, point, data);
    }
    if (op == DISK_OP_WRITE) {
        cut_write(self, point, data);
    }
    point.keep = DISK_KEEP_ALL;
    point.killed = true;
    cut(self, point, data);
}

void crash_judge(struct crash *self)
{
    for (size_t i = 0; i < self->point_count; i++) {
        const struct crash_point *point = &self->points[i];
        const char *wrong = model_judge(self->model, &point->promise, &point->outcome);

        if (wrong != NULL && self->sums.failed++ < crash_failures_shown) {
            printf("cut after %s%s, %s, %s kept: %s: seq %" PRIu64 " of %" PRIu64
                   " synced, %" PRIu64 " decided; damage %" PRIu32 "; bytes %zu of %zu\n",
                   op_names[bit_of(point->op)], point->again ? " in a start" : "",
                   point->killed ? "kill" : "power", keep_names[point->keep], wrong,
                   point->outcome.seq, point->promise.acked, model_last(self->model),
                   point->outcome.damage_count, point->bytes, point->len);
        }
    }
    self->point_count = 0;
}
