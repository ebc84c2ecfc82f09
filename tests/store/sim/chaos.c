#include "tests/store/sim/chaos.h"

static const size_t gateway_outbox_bytes = (size_t)8 << 20;

/* ── processes ── */

static void start_gateway(struct world *self, unsigned process)
{
    struct now now = shell_now(&self->shell);
    struct upstream *edge = edge_new(&self->plan, &now);
    struct actor_link link = upstream_link(edge);

    trace_add(&self->trace, self->shell.now_ms, (int)process - 1, "gateway starts");
    shell_start(&self->shell, process, &edge_spec, edge, outbox_new(gateway_outbox_bytes), &link);
}

static void kill_gateway(struct world *self, unsigned process)
{
    struct process *it = &self->shell.processes[process];
    struct upstream *edge = it->state;

    trace_add(&self->trace, self->shell.now_ms, (int)process - 1, "gateway is killed");
    for (unsigned i = 0; i < self->plan.clients; i++) {
        if (self->clients[i].gateway == process) {
            client_disconnect(&self->clients[i], true);
            self->clients[i].port.state = NULL;
        }
    }
    shell_gone(&self->shell, process);
    edge_destroy(&edge);
    outbox_destroy(&it->out);
}

static int64_t down_ms(struct world *self)
{
    return plan_one_in(&self->plan, 6) ? plan_between(&self->plan, 3000, 9000)
                                       : plan_between(&self->plan, 20, 2000);
}

static void start(struct world *self, unsigned process)
{
    self->start_ms[process] = INT64_MAX;
    if (process != shell_store) {
        start_gateway(self, process);
    } else if (site_start(&self->site)) {
        self->starts++;
    } else {
        self->start_ms[process] = self->shell.now_ms + down_ms(self);
    }
}

void chaos_store_died(struct world *self)
{
    self->start_ms[shell_store] = self->shell.now_ms + (self->calm ? 100 : down_ms(self));
}

void chaos_begin(struct world *self)
{
    self->fault_ms = plan_between(&self->plan, 1000, 4000);
    self->delay_ends_ms = INT64_MAX;
    self->drop_ends_ms = INT64_MAX;
    self->full_ends_ms = INT64_MAX;
    self->sync_ends_ms = INT64_MAX;
    for (unsigned i = 0; i < shell_processes_max; i++) {
        self->start_ms[i] = INT64_MAX;
    }
    for (unsigned i = 0; i < self->shell.count; i++) {
        start(self, i);
    }
}

void chaos_fini(struct world *self)
{
    for (unsigned i = 1; i < self->shell.count; i++) {
        if (shell_is_up(&self->shell, i)) {
            kill_gateway(self, i);
        }
    }
}

/* ── faults ── */

static void kill_store(struct world *self, bool power)
{
    if (shell_is_up(&self->shell, shell_store)) {
        self->faults.kills += !power;
        self->faults.power_cuts += power;
        site_kill(&self->site, power);
        chaos_store_died(self);
    }
}

static void midway(struct world *self)
{
    if (shell_is_up(&self->shell, shell_store)) {
        self->faults.midway++;
        switch (plan_below(&self->plan, 3)) {
        case 0:
            site_die_after(&self->site, 1 + (uint32_t)plan_below(&self->plan, 8));
            break;
        case 1:
            site_die_flushed(&self->site, 1 + (unsigned)plan_below(&self->plan, 8));
            break;
        default:
            site_die_within(&self->site);
            break;
        }
    }
}

static unsigned any_gateway(struct world *self)
{
    return 1 + (unsigned)plan_below(&self->plan, self->plan.gateways);
}

static void pause(struct world *self, unsigned process)
{
    int64_t ms = plan_one_in(&self->plan, 6) ? plan_between(&self->plan, 2000, 20000)
                                             : plan_between(&self->plan, 200, 2000);

    trace_add(&self->trace, self->shell.now_ms, -1, "process %u stands still for %d ms", process,
              (int)ms);
    shell_pause(&self->shell, process, ms);
}

static int64_t period(struct world *self)
{
    return self->shell.now_ms + plan_between(&self->plan, 300, 5000);
}

static void fault(struct world *self)
{
    enum {
#define CHAOS_ENUM(name, of_ten) FAULT_##name,
        PLAN_FAULTS(CHAOS_ENUM)
#undef CHAOS_ENUM
            FAULT_COUNT
    };
    const struct plan_faults *may = &self->plan.faults;
    uint64_t kind = plan_below(&self->plan, FAULT_COUNT);
    unsigned gateway = any_gateway(self);

    if (kind == FAULT_kill && may->kill) {
        kill_store(self, false);
    } else if (kind == FAULT_midway && may->midway) {
        midway(self);
    } else if (kind == FAULT_power && may->power) {
        kill_store(self, true);
    } else if (kind == FAULT_pause && may->pause) {
        self->faults.pauses++;
        pause(self, shell_store);
    } else if (kind == FAULT_gateway_kill && may->gateway_kill &&
               shell_is_up(&self->shell, gateway)) {
        self->faults.gateway_kills++;
        kill_gateway(self, gateway);
        self->start_ms[gateway] = self->shell.now_ms + down_ms(self);
    } else if (kind == FAULT_gateway_pause && may->gateway_pause) {
        self->faults.gateway_pauses++;
        pause(self, gateway);
    } else if (kind == FAULT_lost_facts && may->lost_facts) {
        self->shell.drop = (unsigned)plan_between(&self->plan, 1, 90);
        self->drop_ends_ms = period(self);
    } else if (kind == FAULT_delay && may->delay) {
        self->faults.delays++;
        self->shell.delay_ms = plan_between(&self->plan, 5, 700);
        self->delay_ends_ms = period(self);
    } else if (kind == FAULT_full_disk && may->full_disk) {
        self->faults.full_disks++;
        site_fill(&self->site, true);
        self->full_ends_ms = self->shell.now_ms + plan_between(&self->plan, 500, 20000);
    } else if (kind == FAULT_slow_sync && may->slow_sync) {
        self->faults.slow_syncs++;
        self->shell.sync_ms = plan_between(&self->plan, 5, 400);
        self->sync_ends_ms = period(self);
    } else if (kind == FAULT_wall_jump && may->wall_jump) {
        self->faults.wall_jumps++;
        self->shell.wall_ns += plan_between(&self->plan, -100000, 100000) * 1000000000;
    }
}

/* ── time ── */

int64_t chaos_due_ms(const struct world *self)
{
    const int64_t dues[] = {self->fault_ms, self->delay_ends_ms, self->drop_ends_ms,
                            self->full_ends_ms, self->sync_ends_ms};
    int64_t due_ms = INT64_MAX;

    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
        due_ms = dues[i] < due_ms ? dues[i] : due_ms;
    }
    for (unsigned i = 0; i < self->shell.count; i++) {
        due_ms = self->start_ms[i] < due_ms ? self->start_ms[i] : due_ms;
    }
    return due_ms;
}

static bool over(int64_t *ends_ms, int64_t now_ms)
{
    if (*ends_ms > now_ms) {
        return false;
    }
    *ends_ms = INT64_MAX;
    return true;
}

void chaos_turn(struct world *self)
{
    int64_t now_ms = self->shell.now_ms;

    if (over(&self->delay_ends_ms, now_ms)) {
        self->shell.delay_ms = 0;
    }
    if (over(&self->drop_ends_ms, now_ms)) {
        self->shell.drop = 0;
    }
    if (over(&self->sync_ends_ms, now_ms)) {
        self->shell.sync_ms = 0;
    }
    if (over(&self->full_ends_ms, now_ms)) {
        site_fill(&self->site, false);
    }
    for (unsigned i = 0; i < self->shell.count && !self->judge.failed; i++) {
        if (self->start_ms[i] <= now_ms) {
            start(self, i);
        }
    }
    if (self->fault_ms <= now_ms && !self->judge.failed) {
        fault(self);
        self->fault_ms = now_ms + plan_between(&self->plan, 1, 2 * self->plan.fault_ms);
    }
}

void chaos_end(struct world *self)
{
    self->calm = true;
    self->fault_ms = INT64_MAX;
    self->delay_ends_ms = self->drop_ends_ms = self->full_ends_ms = self->sync_ends_ms =
        self->shell.now_ms;
    for (unsigned i = 0; i < self->shell.count; i++) {
        self->shell.processes[i].paused_until_ms = self->shell.now_ms;
        if (self->start_ms[i] != INT64_MAX) {
            self->start_ms[i] = self->shell.now_ms;
        }
    }
    for (unsigned i = 0; i < self->plan.clients; i++) {
        self->clients[i].reads_ms = 0;
    }
    self->plan.faults.deaf_client = false;
    if (self->site.store != NULL) {
        site_die_after(&self->site, UINT32_MAX);
        site_die_flushed(&self->site, 0);
        self->site.within_dies = false;
    }
    trace_add(&self->trace, self->shell.now_ms, -1, "calm");
    chaos_turn(self);
}

void chaos_restart(struct world *self)
{
    if (plan_one_in(&self->plan, 2)) {
        site_stop(&self->site);
    } else {
        site_kill(&self->site, true);
    }
    start(self, shell_store);
}
