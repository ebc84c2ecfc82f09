#include "tests/store/sim/plan.h"

static bool of_ten(struct plan *self, uint64_t n)
{
    return plan_below(self, 10) < n;
}

void plan_draw(struct plan *self, uint64_t seed)
{
    *self = (struct plan){.seed = seed};
    prng_init(&self->prng, seed);
#define PLAN_DRAW(name, n) self->faults.name = of_ten(self, n);
    PLAN_FAULTS(PLAN_DRAW)
#undef PLAN_DRAW
    self->gateways = 1 + (unsigned)plan_below(self, plan_gateways_max);
    self->clients = 3 + (unsigned)plan_below(self, plan_clients_max - 2);
    self->ops_max = (unsigned)plan_between(self, 200, 2500);
    self->chaos_ms = plan_between(self, 20000, 60000);
    self->pace_ms = plan_between(self, 20, 700);
    self->fault_ms = plan_between(self, 200, 3000);
    self->election_ms = plan_one_in(self, 4) ? 300 : 1000;
    self->flush_ms = plan_between(self, 10, 3000);
    self->flush_bytes =
        plan_one_in(self, 3) ? (size_t)plan_between(self, 1, 1000) : (size_t)1 << 20;
    self->checkpoint_ms = plan_one_in(self, 3) ? 0 : plan_between(self, 1000, 6000);
    self->segment_bytes = (uint64_t)(plan_one_in(self, 2) ? plan_between(self, 1000, 4000)
                                                          : plan_between(self, 20000, 100000));
    self->compact_bytes = plan_one_in(self, 2) ? (uint64_t)plan_between(self, 500, 20000) : 0;
    self->entry_bytes_max = plan_one_in(self, 3) ? (uint64_t)plan_between(self, 100, 2000) : 0;
    self->apply_bytes = plan_one_in(self, 2) ? (uint64_t)plan_between(self, 1, 100) : 0;
    self->limits = (struct shape_limits){.request_bytes_max = 1572864, .txn_ops_max = 128};
    if (plan_one_in(self, 5)) {
        self->limits.request_bytes_max = (size_t)plan_between(self, 30, 200);
    }
    self->batch_max = plan_one_in(self, 3) ? 1 + (unsigned)plan_below(self, 4) : 256;
    self->calls_max = plan_one_in(self, 5) ? 8 + (unsigned)plan_below(self, 10) : 1000;
    self->kept_max = plan_one_in(self, 5) ? 200 + (size_t)plan_below(self, 1000) : (size_t)1 << 20;
    self->unread_scale = plan_one_in(self, 4) ? 1 : (size_t)plan_between(self, 500, 100000);
    self->watchers_max = plan_one_in(self, 5) ? 1 + (uint32_t)plan_below(self, 20) : 1000;
    self->watch_waiting_max = plan_one_in(self, 5) ? 1 + (uint32_t)plan_below(self, 10) : 1000;
    self->fragment_bytes = plan_one_in(self, 2) ? 1 + (uint32_t)plan_below(self, 400) : 1572864;
    self->progress_ms = plan_between(self, 500, 10000);
    self->open_max = 1 + (unsigned)plan_below(self, 40);
    self->burst_max = plan_one_in(self, 2) ? 1 : 2 + (unsigned)plan_below(self, 20);
}
