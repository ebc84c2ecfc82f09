#include "tests/sim/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/chaos.h"
#include "tests/sim/judge.h"
#include "tests/sim/reference.h"

struct world {
    struct plan plan;
    struct network *network;
    struct sim *sim;
    struct trace trace;
    struct site sites[plan_nodes_max];
    struct client client;
    struct sim_process client_process;
    unsigned client_number;
    struct judge judge;
    struct reference *reference; /* NULL: there is none */
    struct chaos chaos;
    struct world_result *result;
};

static const int64_t minute_ms = 60000;
static const int64_t named_settles_ms = 40000;

/* ── the clients' process ───────────────────────────────────────────────────*/

static void *client_start(void *context, const struct now *now)
{
    (void)now;
    return context;
}

static void client_end(void *context, void *state, bool killed)
{
    (void)context;
    (void)state;
    (void)killed;
}

static const struct actor_link *client_links(void *context, void *state, size_t *count)
{
    static const struct actor_link link = {.to = ACTOR_REGISTRY};

    (void)context;
    (void)state;
    *count = 1;
    return &link;
}

static void add_client(struct world *self)
{
    client_init(&self->client, &self->plan, self->sim, &self->trace);
    self->client_process = (struct sim_process){.name = "client",
                                                .node = sim_no_node,
                                                .actor = ACTOR_GATEWAY,
                                                .start = client_start,
                                                .end = client_end,
                                                .links = client_links,
                                                .answer = client_answer,
                                                .turn = client_turn,
                                                .due_ms = client_due_ms,
                                                .context = &self->client};
    self->client_number = sim_add(self->sim, &self->client_process);
    sim_start(self->sim, self->client_number);
}

/* ── a run ──────────────────────────────────────────────────────────────────*/

static bool goes_on(const struct world *self)
{
    return !self->judge.failed;
}

static void run(struct world *self, int64_t ms)
{
    int64_t end_ms = sim_ms(self->sim) + ms;

    while (sim_ms(self->sim) < end_ms && goes_on(self)) {
        int64_t left_ms = end_ms - sim_ms(self->sim);

        sim_run(self->sim, left_ms < 1000 ? left_ms : 1000);
        chaos_second(&self->chaos);
        judge_second(&self->judge);
        self->result->calm_s += self->judge.calm_ms != INT64_MAX ? 1 : 0;
    }
}

static void start_all(struct world *self)
{
    bool staggered = plan_chance(&self->plan, 2);

    for (uint32_t i = 0; i < self->plan.nodes; i++) {
        for (unsigned actor = 0; actor < site_actors; actor++) {
            site_start(&self->sites[i], (enum actor_name)actor);
        }
        /* nor was it told anything before it was there */
        network_disturb_node(self->network, i, 0, sim_ms(self->sim) + network_start_settles_ms);
        if (staggered) {
            run(self, plan_between(&self->plan, 0, 20000));
        }
    }
}

static void hurt(struct world *self)
{
    if (plan_chance(&self->plan, 5)) {
        /* long enough for heartbeats to be missed, but for those that come another way */
        self->client.quiet = true;
        chaos_gap(&self->chaos);
        run(self, plan_between(&self->plan, 4 * minute_ms, 6 * minute_ms));
        self->client.quiet = false;
        return;
    }
    chaos_begin(&self->chaos);
    if (plan_chance(&self->plan, 4)) {
        /* longer than any tombstone */
        chaos_split(&self->chaos);
        run(self, self->plan.life_ms + plan_between(&self->plan, minute_ms, 2 * minute_ms));
    } else {
        run(self, plan_between(&self->plan, minute_ms, 6 * minute_ms));
    }
}

/* Hurt, heal, and some calm in which the clients go on or only heartbeat. */
static void episode(struct world *self)
{
    hurt(self);
    chaos_end(&self->chaos);
    self->client.quiet = plan_chance(&self->plan, 3);
    run(self, plan_between(&self->plan, minute_ms, 5 * minute_ms));
    self->client.quiet = false;
}

/* Nobody finds a node whose name stands for nothing yet; then it is looked up again after a while.
 */
static void note_late_names(struct world *self)
{
    for (uint32_t i = 0; i < self->plan.nodes; i++) {
        if (self->plan.named_ms[i] > 0) {
            network_disturb_node(self->network, i, 0, self->plan.named_ms[i] + named_settles_ms);
        }
    }
}

static void whole_run(struct world *self)
{
    /* long enough for all that fell silent in chaos to be gone by the bound */
    int64_t calm_ms = self->plan.ceiling_ms + 8 * minute_ms;

    note_late_names(self);
    start_all(self);
    run(self, plan_between(&self->plan, minute_ms, 3 * minute_ms));
    while (sim_ms(self->sim) < self->plan.end_ms - calm_ms && goes_on(self)) {
        episode(self);
    }
    run(self, calm_ms);
    self->client.quiet = true;
    run(self, 5 * minute_ms);
    /* Even then tombstones are forgotten, and a fact of that may just be on its way. */
    for (int64_t ms = 0; ms < 1000 && goes_on(self) && !judge_told(&self->judge); ms += 50) {
        run(self, 50);
    }
    if (goes_on(self)) {
        judge_quiet(&self->judge);
    }
}

static void sum_up(struct world *self)
{
    struct world_result *result = self->result;
    struct sim_counts counts = sim_counts(self->sim);
    struct network_counts network = network_counts(self->network);

    result->ok = !self->judge.failed;
    memcpy(result->failure, self->judge.failure, sizeof(result->failure));
    result->failed_ms = self->judge.failed_ms;
    result->actor_ms = sim_ms(self->sim);
    result->messages = counts.messages;
    result->acknowledged = self->client.acknowledged;
    result->evicted = self->judge.evicted;
    result->acks = self->judge.acks;
    result->faults.kill = counts.kills;
    result->faults.pause = counts.pauses;
    result->faults.power_cut = self->chaos.power_cuts;
    result->faults.leave = self->chaos.leaves;
    result->faults.rename = self->chaos.renames;
    result->faults.damage = self->chaos.damages;
    result->faults.wall_jump = counts.jumps;
    result->faults.dropped_fact = counts.dropped_facts;
    result->faults.partition = network.partitions;
    result->faults.drop = network.lost;
    result->faults.broken = network.broken;
    result->faults.held = network.held;
    result->faults.duplicate = network.doubled;
    result->faults.reorder = network.late;
    for (uint32_t i = 0; i < self->plan.nodes; i++) {
        const struct replicator *replicator = site_replicator(&self->sites[i]);

        result->walks += replicator != NULL ? replicator->counters.walks : 0;
    }
}

void world_run(uint64_t seed, const struct plan_options *options, enum trace_mode mode,
               struct world_result *result)
{
    struct world *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    *result = (struct world_result){.seed = seed};
    self->result = result;
    plan_draw(&self->plan, seed, options);
    trace_init(&self->trace, mode, self->plan.scale);
    self->network = network_new(&self->plan);
    self->sim = sim_new(&self->plan, self->network, &self->trace);
    for (uint32_t i = 0; i < self->plan.nodes; i++) {
        site_init(&self->sites[i], &self->plan, self->sim, i, self->sites);
    }
    add_client(self);
    self->reference =
        self->plan.with.reference ? reference_new(&self->plan, self->sim, self->sites) : NULL;
    judge_init(&self->judge, &self->plan, self->sim, self->network, &self->trace, self->sites,
               &self->client);
    chaos_init(&self->chaos, &self->plan, self->sim, self->network, &self->trace, self->sites,
               &self->judge, self->client_number);
    whole_run(self);
    sum_up(self);
    if (!result->ok && mode == TRACE_LAST) {
        trace_print(&self->trace, stdout);
    }
    sim_destroy(&self->sim);
    reference_destroy(&self->reference);
    for (uint32_t i = 0; i < self->plan.nodes; i++) {
        site_fini(&self->sites[i]);
    }
    network_destroy(&self->network);
    free(self);
}
