#include "tests/store/sim/site.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/store_state.h"
#include "tests/store/sim/node_limits.h"

enum { site_cluster = 11, site_member = 22 };

static const size_t outbox_bytes = (size_t)16 << 20;

/* ── the backend: what is written outlives who has it open ── */

struct kept_backend {
    struct backend table; /* first */
    struct site *site;
};

static struct site *site_of(const struct backend *self)
{
    return ((const struct kept_backend *)self)->site;
}

static struct backend *of(const struct backend *self)
{
    return site_of(self)->durable;
}

static bool is_dead(const struct site *self)
{
    return disk_sim_changes(self->disk) >= self->dies_at;
}

static enum err kept_get(struct backend *self, enum backend_bucket bucket, struct str key,
                         struct str *value)
{
    return of(self)->get(of(self), bucket, key, value);
}

static enum err kept_seek(struct backend *self, enum backend_bucket bucket, struct str from,
                          struct backend_record *record)
{
    return of(self)->seek(of(self), bucket, from, record);
}

static enum err kept_step(struct backend *self, enum backend_bucket bucket,
                          struct backend_record *record)
{
    return of(self)->step(of(self), bucket, record);
}

static struct backend_mark kept_mark(const struct backend *self)
{
    return of(self)->mark(of(self));
}

static enum err kept_write(struct backend *self, const struct backend_batch *batch, char *text)
{
    struct site *site = site_of(self);
    enum err err;

    if (is_dead(site)) {
        return ERR_IO;
    }
    if (batch->index > disk_log_durable(site->log)) {
        judge_fail(site->judge, "entry %" PRIu64 " is flushed, the log is synced to %" PRIu64,
                   batch->index, disk_log_durable(site->log));
    }
    site->flushes++;
    err = of(self)->write(of(self), batch, text);
    if (site->flush_dies > 0 && --site->flush_dies == 0) {
        site_die_after(site, 0);
    }
    return err;
}

static struct backend_size kept_size(const struct backend *self)
{
    return of(self)->size(of(self));
}

static enum err kept_renew(struct backend *self)
{
    return of(self)->renew(of(self));
}

static void kept_settle(struct backend *self)
{
    of(self)->settle(of(self));
}

static const char *kept_text(const struct backend *self)
{
    return of(self)->text(of(self));
}

static void kept_close(struct backend *self)
{
    free(self);
}

static struct backend *keep(struct site *site)
{
    static const struct backend table = {.get = kept_get,
                                         .seek = kept_seek,
                                         .step = kept_step,
                                         .mark = kept_mark,
                                         .size = kept_size,
                                         .write = kept_write,
                                         .renew = kept_renew,
                                         .settle = kept_settle,
                                         .text = kept_text,
                                         .close = kept_close};
    struct kept_backend *kept = calloc(1, sizeof(*kept));

    assert(kept != NULL);
    (void)site->durable->renew(site->durable);
    kept->table = table;
    kept->site = site;
    return &kept->table;
}

/* ── what is applied, on its way to the state machine ── */

static bool spy_apply(struct machine *machine, uint64_t index, const struct machine_call *call,
                      struct buf *answer)
{
    struct keyspace *keyspace = (struct keyspace *)machine;
    struct site *self = site_of(keyspace->backend);
    struct buf own = {0};
    size_t at = answer != NULL ? answer->len : 0;
    struct buf *to = answer != NULL ? answer : &own;
    bool done;

    site_hear(self);
    self->within = true;
    done = self->machine.apply(machine, index, call, to);
    if (done) {
        judge_applied(self->judge, index, call, (struct str){to->data + at, to->len - at});
    }
    buf_fini(&own);
    return done;
}

static void spy_applied(struct machine *machine, uint64_t index, uint64_t term,
                        const struct raft_config *config)
{
    struct site *self = site_of(((struct keyspace *)machine)->backend);

    self->machine.applied(machine, index, term, config);
    self->within = false;
    judge_entry(self->judge, index);
}

/* ── its life ── */

void site_init(struct site *self, struct plan *plan, struct trace *trace, struct shell *shell,
               struct judge *judge)
{
    memset(self, 0, sizeof(*self));
    self->plan = plan;
    self->trace = trace;
    self->shell = shell;
    self->judge = judge;
    self->disk = disk_sim_new(plan->seed);
    self->durable = backend_memory_new();
    self->dies_at = UINT64_MAX;
    clock_virtual_init(&self->clock, 0, 0);
}

void site_fini(struct site *self)
{
    if (self->store != NULL) {
        site_kill(self, false);
    }
    backend_close(&self->durable);
    disk_sim_destroy(&self->disk);
}

static bool open_log(struct site *self, struct disk_log_found *found)
{
    const struct disk_log_options options = {.disk = disk_sim_disk(self->disk),
                                             .clock = &self->clock.clock,
                                             .dir = "/log",
                                             .cluster = site_cluster,
                                             .member = site_member,
                                             .segment_bytes = self->plan->segment_bytes,
                                             .seed = plan_below(self->plan, UINT64_MAX)};
    enum err err = disk_log_open(&options, &self->log, found);

    if (err == ERR_OK) {
        return true;
    }
    trace_add(self->trace, self->shell->now_ms, -1, "the log does not open: %s", err_text(err));
    if (!self->full || err != ERR_IO) {
        judge_fail(self->judge, "the log does not open: %s", err_text(err));
    }
    return false;
}

bool site_start(struct site *self)
{
    struct store_options options = {.cluster_id = site_cluster,
                                    .member_id = site_member,
                                    .member_name = "sim",
                                    .client_url = "http://127.0.0.1:2379",
                                    .version = "3.5.21",
                                    .boot = plan_below(self->plan, UINT64_MAX - 1) + 1,
                                    .election_ms = self->plan->election_ms,
                                    .heartbeat_ms = 100,
                                    .limits = self->plan->limits,
                                    .flush_ms = self->plan->flush_ms,
                                    .flush_bytes = self->plan->flush_bytes,
                                    .lease_checkpoint_ms = self->plan->checkpoint_ms,
                                    .prng = &self->prng};
    struct now now = shell_now(self->shell);
    struct disk_log_found found = {0};
    struct raft_node_status node;
    struct backend *backend;
    enum err err;

    prng_init(&self->prng, plan_below(self->plan, UINT64_MAX));
    if (!open_log(self, &found)) {
        return false;
    }
    backend = keep(self);
    err = store_new(&self->store, &options, &backend, &now);
    if (err == ERR_OK) {
        err = store_start(self->store, self->log, &found, &now);
    }
    if (err != ERR_OK) {
        if (!self->full) {
            judge_fail(self->judge, "the store does not start: %s", err_text(err));
        }
        store_destroy(&self->store);
        disk_log_close(&self->log);
        return false;
    }
    self->machine = self->store->keyspace.machine;
    self->store->keyspace.machine.apply = spy_apply;
    self->store->keyspace.machine.applied = spy_applied;
    node_limits(self->store->node, self->plan);
    memset(self->heard, 0, sizeof(self->heard));
    raft_node_status(self->store->node, &node);
    judge_started(self->judge, node.applied);
    self->out = outbox_new(outbox_bytes);
    trace_add(self->trace, self->shell->now_ms, -1, "the store starts behind entry %" PRIu64,
              node.applied);
    shell_start(self->shell, shell_store, &store_spec, self->store, self->out, NULL);
    return true;
}

void site_die_after(struct site *self, uint32_t changes)
{
    disk_sim_die_after(self->disk, changes);
    self->dies_at = changes == UINT32_MAX ? UINT64_MAX : disk_sim_changes(self->disk) + changes;
}

void site_die_flushed(struct site *self, unsigned flushes)
{
    self->flush_dies = flushes;
}

void site_die_within(struct site *self)
{
    self->within_dies = true;
}

static enum disk_sim_keep keep_of(struct plan *plan)
{
    static const enum disk_sim_keep all[] = {DISK_KEEP_NOTHING, DISK_KEEP_TORN,   DISK_KEEP_RANDOM,
                                             DISK_KEEP_NAMES,   DISK_KEEP_DATA,   DISK_KEEP_SIZES,
                                             DISK_KEEP_SECTORS, DISK_KEEP_GARBAGE};

    return all[plan_below(plan, sizeof(all) / sizeof(all[0]))];
}

void site_kill(struct site *self, bool power)
{
    enum disk_sim_keep kept = power ? keep_of(self->plan) : DISK_KEEP_ALL;

    trace_add(self->trace, self->shell->now_ms, -1, "the store is killed%s",
              power ? ", the power is cut" : "");
    if (!is_dead(self)) {
        site_die_after(self, 0); /* what it writes from now on is for nobody */
    }
    shell_gone(self->shell, shell_store);
    store_destroy(&self->store);
    disk_log_close(&self->log);
    outbox_destroy(&self->out);
    site_die_after(self, UINT32_MAX);
    self->flush_dies = 0;
    self->within = false;
    self->within_dies = false;
    disk_sim_kill(self->disk);
    disk_sim_power_cut(self->disk, kept, (size_t)plan_below(self->plan, 200));
}

void site_stop(struct site *self)
{
    shell_gone(self->shell, shell_store);
    store_destroy(&self->store);
    disk_log_close(&self->log);
    outbox_destroy(&self->out);
}

bool site_lives(struct site *self)
{
    if (is_dead(self) || (self->within && self->within_dies)) {
        site_kill(self, plan_one_in(self->plan, 2) && self->plan->faults.power);
        return false;
    }
    if (store_failed(self->store) != ERR_OK) {
        trace_add(self->trace, self->shell->now_ms, -1, "the store ends: %s",
                  err_text(store_failed(self->store)));
        if (!self->full) {
            judge_fail(self->judge, "the store ends: %s", err_text(store_failed(self->store)));
        }
        site_kill(self, false);
        return false;
    }
    return true;
}

void site_fill(struct site *self, bool full)
{
    bool writes = plan_one_in(self->plan, 3); /* in what is reserved too: the store ends */
    unsigned mask = DISK_OP_ALLOCATE | DISK_OP_CREATE | (writes ? DISK_OP_WRITE : 0);

    self->full = full;
    disk_sim_fail(self->disk, full ? mask : 0, (uint32_t)plan_below(self->plan, writes ? 20 : 3),
                  full ? UINT32_MAX / 2 : 0, ENOSPC);
}

void site_hear(struct site *self)
{
    for (int lane = 0; lane < OUTBOX_LANE_COUNT; lane++) {
        size_t seen[plan_gateways_max + 1] = {0};
        struct outbox_item item;
        size_t cursor = 0;

        while (outbox_next(self->out, (enum outbox_lane)lane, &cursor, &item)) {
            unsigned gateway = item.address.bytes[0];
            struct str rest = item.frame;
            uint32_t life;
            struct msg msg;

            if (item.kind != OUTBOX_REPLY) {
                continue;
            }
            memcpy(&life, item.address.bytes + 1, sizeof(life));
            while (rest.len > 0 && msg_decode(&rest, &msg) == ERR_OK) {
                if (++seen[gateway] <= self->heard[lane][gateway]) {
                    continue;
                }
                self->heard[lane][gateway]++;
                if (msg.type == MSG_TYPE_ANSWERED) {
                    judge_said(self->judge, gateway, life, &msg);
                }
            }
        }
    }
}
