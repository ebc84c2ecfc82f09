#include "tests/crashpoints/story.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/prng.h"
#include "tests/registry/node.h"
#include "tests/registry/storage/storage_rig.h"

enum { hosts = 40 };

struct story {
    const struct story_options *options;
    struct node node;
    struct model model;
    struct crash crash;
    struct prng prng;
    char sync[8];
    bool always;
};

static uint32_t below(struct story *self, uint32_t bound)
{
    return (uint32_t)prng_below(&self->prng, bound);
}

/* ── what a turn has said ───────────────────────────────────────────────────*/

static void hear(struct story *self, bool published)
{
    struct msg fact;
    struct str topic;
    size_t bytes;

    for (size_t cursor = 0;
         node_fact(&self->node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes);) {
        model_take(&self->model, fact.as_turn.records.bytes);
        if (published) {
            model_publish(&self->model, fact.as_turn.epoch, fact.as_turn.seq);
        }
    }
}

/* A synced turn is a promise. */
static void settle(struct story *self)
{
    bool ok = node_stat(&self->node, METRIC_REGISTRY_STORAGE_OK) == 1;

    crash_judge(&self->crash);
    if (ok && self->always) {
        self->model.acked = node_position(&self->node).seq;
    }
    if (ok) {
        model_publish(&self->model, node_position(&self->node).epoch,
                      node_position(&self->node).seq);
    }
    self->crash.epoch_goes_on = ok && self->always;
}

static void turn(struct story *self)
{
    do {
        node_turn(&self->node);
        hear(self, true);
        settle(self);
    } while (self->node.again);
}

/* ── commands ───────────────────────────────────────────────────────────────*/

static void give_one(struct story *self)
{
    static const char version[] =
        "a version long enough that a turn spans several sectors of a disk";
    struct node *node = &self->node;
    char name[16];
    struct msg command;

    (void)node_host_name(below(self, hosts), name);
    switch (below(self, 10)) {
    case 0:
        command = node_cancel(node, name);
        break;
    case 1:
        command = node_renew(node, name);
        break;
    case 2:
        command = node_set(node, below(self, hosts), 1 + below(self, 6), 1 + below(self, 2));
        break;
    default:
        command = node_register(node, name);
        command.as_register.version = (struct str){version, below(self, sizeof(version))};
        break;
    }
    node_give(node, &command);
}

static void give(struct story *self)
{
    uint32_t count = below(self, 4) == 0 ? 8 : 1 + below(self, 3);

    for (uint32_t i = 0; i < count; i++) {
        give_one(self);
    }
}

/* Long enough that files, tombstones and silent instances reach their age. */
static void pass(struct story *self, int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        clock_virtual_advance(&self->node.clock, 1000);
        turn(self);
    }
}

static void evict(struct story *self)
{
    struct msg command;

    pass(self, 95000);
    command = node_evict(&self->node, self->node.config.evictor_idle, 3);
    node_give(&self->node, &command);
    turn(self);
}

/* ── ends and starts ────────────────────────────────────────────────────────*/

static void start(struct story *self, bool machine_down)
{
    uint64_t seq;
    uint64_t print;
    bool known;

    if (machine_down) {
        self->node.machine_boot =
            strcmp(self->node.machine_boot, "machine-1") == 0 ? "machine-2" : "machine-1";
        self->crash.machine_boot = self->node.machine_boot;
    }
    node_start(&self->node);
    crash_judge(&self->crash);
    seq = node_position(&self->node).seq;
    print = rig_fingerprint(registry_actor_registry(self->node.actor));
    known = model_restart(&self->model, seq, print);
    if (!known) {
        self->crash.sums.failed++;
        printf("the start of turn seq %llu found a state that never was\n",
               (unsigned long long)seq);
    }
    settle(self);
}

static void end(struct story *self)
{
    static const enum disk_sim_keep keeps[] = {DISK_KEEP_NOTHING, DISK_KEEP_TORN, DISK_KEEP_RANDOM,
                                               DISK_KEEP_SECTORS, DISK_KEEP_ALL};
    uint32_t how = below(self, 4);
    enum disk_sim_keep keep = keeps[below(self, 5)];

    if (how == 0) {
        node_stop(&self->node);
        crash_judge(&self->crash);
        start(self, below(self, 2) == 0);
        return;
    }
    if (how == 1) {
        node_kill(&self->node);
        start(self, false);
        return;
    }
    if (how == 2) { /* in the midst of a turn: what it decided may be there or not */
        disk_sim_die_after(self->node.sim, below(self, 3));
        give(self);
        node_turn(&self->node);
        hear(self, false);
        crash_judge(&self->crash);
    }
    self->crash.epoch_goes_on =
        self->crash.epoch_goes_on && keep != DISK_KEEP_RANDOM && keep != DISK_KEEP_SECTORS;
    node_power_cut(&self->node, keep, 1 + below(self, 200));
    self->crash.epoch_goes_on = false;
    start(self, true);
}

/* Something fails for a while; the registry goes on in memory and heals. */
static void bad_disk(struct story *self)
{
    static const unsigned ops[] = {DISK_OP_SYNC, DISK_OP_WRITE, DISK_OP_CHANGES, DISK_OP_SYNC_DIR};

    self->crash.epoch_goes_on = false;
    disk_sim_fail(self->node.sim, ops[below(self, 4)], below(self, 4), 1 + below(self, 8), 5);
    for (uint32_t i = 0; i < 3; i++) {
        give(self);
        clock_virtual_advance(&self->node.clock, 1000);
        turn(self);
        self->crash.epoch_goes_on = false;
    }
    if (below(self, 3) == 0) {
        end(self);
    }
    disk_sim_fail(self->node.sim, 0, 0, 0, 5);
    pass(self, 25000);
}

/* ── the story ──────────────────────────────────────────────────────────────*/

static void story_init(struct story *self, const struct story_options *options,
                       const struct crash_sums *sums)
{
    *self =
        (struct story){.options = options, .always = strcmp(options->journal_sync, "always") == 0};
    node_init(&self->node, options->seed);
    (void)snprintf(self->sync, sizeof(self->sync), "%s", options->journal_sync);
    self->node.config.registry_journal_sync = self->sync;
    self->node.config.evictor_ceiling = 1000; /* tombstones live ten minutes longer */
    self->node.snapshot_bytes = 6000;
    self->node.allocate_bytes = 4096;
    model_init(&self->model);
    prng_init(&self->prng, options->seed);
    self->crash = (struct crash){.model = &self->model,
                                 .sim = self->node.sim,
                                 .all = options->all,
                                 .machine_boot = self->node.machine_boot,
                                 .number = options->seed << 32,
                                 .sums = *sums};
    disk_sim_watch(self->node.sim, crash_watch, &self->crash);
}

void story_tell(const struct story_options *options, struct crash_sums *sums)
{
    struct story self;

    story_init(&self, options, sums);
    start(&self, false);
    for (uint32_t i = 1; i <= options->turns; i++) {
        give(&self);
        clock_virtual_advance(&self.node.clock, 1000);
        turn(&self);
        if (options->flip_every != 0 && i % options->flip_every == 0) {
            crash_flip(&self.crash);
        }
        if (i % 13 == 0) {
            end(&self);
        }
        if (i % 29 == 0) {
            evict(&self);
        }
        if (i % 31 == 0) {
            bad_disk(&self);
        }
        if (i % 97 == 0) {
            pass(&self, 700000);
        }
    }
    disk_sim_watch(self.node.sim, NULL, NULL);
    *sums = self.crash.sums;
    crash_fini(&self.crash);
    model_fini(&self.model);
    node_fini(&self.node);
}
