#include "tests/sim/plan.h"

enum { hosts_usual_max = 40, reference_once_in = 8 };

static const uint64_t extras = 0x8f600000000; /* makes the other streams of a seed */

static const int64_t minute_ms = 60000;
static const int64_t real_ceiling_ms = 3600000;
static const int64_t tombstone_beyond_ms = 600000;

bool plan_chance(struct plan *self, uint32_t once_in)
{
    return prng_below(&self->prng, once_in) == 0;
}

int64_t plan_between(struct plan *self, int64_t from, int64_t to)
{
    return from + (int64_t)prng_below(&self->prng, (uint64_t)(to - from + 1));
}

bool plan_extra(struct plan *self, uint32_t once_in)
{
    return prng_below(&self->extra, once_in) == 0;
}

static int64_t extra_between(struct plan *self, int64_t from, int64_t to)
{
    return from + (int64_t)prng_below(&self->extra, (uint64_t)(to - from + 1));
}

static void draw_extras(struct plan *self, bool plain)
{
    struct prng features;
    bool renamed_anyhow = self->with.renamed;

    prng_init(&features, self->seed ^ extras);
    prng_init(&self->extra, self->seed + extras);
/* each draws, whether or not it was asked for */
#define DRAW_FEATURE(name, once_in)                                                                \
    self->with.name =                                                                              \
        (once_in != 0 && prng_below(&features, once_in) == 0 && !plain) || self->with.name;
    PLAN_FEATURES(DRAW_FEATURE)
#undef DRAW_FEATURE
    /* forms find out about another name late: when the old one is evicted */
    if (self->with.forms) {
        self->with.renamed = renamed_anyhow;
    }
    if (self->with.large) {
        self->hosts = (uint32_t)extra_between(self, 200, plan_hosts_max);
    }
    self->schedule_ms = extra_between(self, 5000, 60000);
    for (uint32_t i = 0; i < self->nodes; i++) {
        self->elsewhere[i] = prng_below(&features, 2) == 0 && self->with.elsewhere;
    }
    for (uint32_t i = 0; i < self->nodes; i++) {
        self->named_ms[i] = prng_below(&features, 2) == 0 && self->with.late
                                ? (int64_t)prng_below(&features, (uint64_t)(5 * minute_ms))
                                : 0;
    }
    /* after the others, which are drawn as they always were */
    self->with.reference =
        (prng_below(&features, reference_once_in) == 0 && !plain) || self->with.reference;
    self->entries = self->hosts + (self->with.schedules ? plan_apps : 0);
}

static void draw_clocks(struct plan *self)
{
    self->jumps = plan_chance(self, 2);
    for (uint32_t i = 0; i < self->nodes; i++) {
        /* machines booted up to weeks ago; clocks are right, seconds off, or hours */
        int64_t off_ms = plan_chance(self, 3) ? plan_between(self, -5000, 5000)
                         : plan_chance(self, 3)
                             ? plan_between(self, -120 * minute_ms, 120 * minute_ms)
                             : plan_between(self, -50, 50);

        self->mono_offset_ms[i] = plan_between(self, 1000, 1000000000);
        self->wall_offset_ns[i] = off_ms * 1000000;
    }
}

static void draw_network(struct plan *self)
{
    int64_t far_ms = plan_chance(self, 4) ? 150 : 10;

    self->loss = plan_chance(self, 2) ? PLAN_LOSS_STREAM : PLAN_LOSS_SCATTER;
    self->holds = plan_chance(self, 2);
    self->jitter_ms = plan_chance(self, 4) ? 40 : 3;
    self->lost_per_million = (uint32_t)(plan_chance(self, 3)   ? 0
                                        : plan_chance(self, 4) ? plan_between(self, 5000, 50000)
                                                               : plan_between(self, 100, 5000));
    self->doubled_per_million = plan_chance(self, 2) ? 0 : (uint32_t)plan_between(self, 100, 20000);
    self->facts_lost_per_mille = plan_chance(self, 2) ? 0 : (uint32_t)plan_between(self, 1, 60);
    for (uint32_t a = 0; a < self->nodes; a++) {
        for (uint32_t b = 0; b < self->nodes; b++) {
            self->delay_ms[a][b] =
                plan_between(self, 0, self->zone_of[a] == self->zone_of[b] ? 3 : far_ms);
        }
    }
}

void plan_draw(struct plan *self, uint64_t seed, const struct plan_options *options)
{
    *self = (struct plan){.seed = seed, .with = options->with, .scale = options->scale};
    prng_init(&self->prng, seed);
    /* large ones cost the square: rarer */
    self->nodes = plan_chance(self, 8) ? (uint32_t)plan_between(self, 5, plan_nodes_max)
                                       : (uint32_t)plan_between(self, 2, 4);
    self->zones = plan_chance(self, 2) ? 1 : (uint32_t)plan_between(self, 2, plan_zones_max);
    self->zones = self->zones > self->nodes ? self->nodes : self->zones;
    for (uint32_t i = 0; i < self->nodes; i++) {
        self->zone_of[i] = i < self->zones ? i : (uint32_t)plan_between(self, 0, self->zones - 1);
    }
    self->hosts = (uint32_t)plan_between(self, 8, hosts_usual_max);
    self->op_ms = plan_between(self, 1000, 15000);
    self->ceiling_ms = options->scale == 1 ? real_ceiling_ms : plan_between(self, 150000, 300000);
    self->life_ms = self->ceiling_ms + tombstone_beyond_ms;
    self->end_ms = 3 * self->life_ms;
    draw_clocks(self);
    draw_network(self);
    draw_extras(self, options->plain);
}
