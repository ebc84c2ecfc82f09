#include "tests/sim/chaos.h"

static const int64_t second_ms = 1000;
static const int64_t minute_ms = 60000;

void chaos_init(struct chaos *self, struct plan *plan, struct sim *sim, struct network *network,
                struct trace *trace, struct site *sites, struct judge *judge, unsigned client)
{
    *self = (struct chaos){.plan = plan,
                           .sim = sim,
                           .network = network,
                           .trace = trace,
                           .sites = sites,
                           .judge = judge,
                           .client = client};
}

static void note(struct chaos *self, uint32_t node, const char *what, enum actor_name actor)
{
    trace_add(self->trace, sim_ms(self->sim), (int)node, "%s %s", what, actor_name_text(actor));
}

/* NULL: too much is broken already. */
static struct repair *repair_later(struct chaos *self, int64_t ms)
{
    for (unsigned i = 0; i < chaos_repairs_max; i++) {
        struct repair *repair = &self->repairs[i];

        if (!repair->open) {
            *repair = (struct repair){
                .open = true, .begun_ms = sim_ms(self->sim), .at_ms = sim_ms(self->sim) + ms};
            return repair;
        }
    }
    return NULL;
}

static void come_back(struct chaos *self, const struct repair *repair)
{
    struct site *site = &self->sites[repair->a];

    site_end(site); /* it has not come to that, or somebody has started part of it */
    trace_add(self->trace, sim_ms(self->sim), (int)repair->a, "comes back");
    for (unsigned actor = 0; actor < site_actors; actor++) {
        site_start(site, (enum actor_name)actor);
    }
    network_disturb_node(self->network, repair->a, repair->begun_ms,
                         sim_ms(self->sim) + network_start_settles_ms);
}

/* Whether some other node is not where it is configured: it must find one that is. */
static bool has_moved(const struct chaos *self, uint32_t node)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        if (i != node && network_address(self->network, i) != 0) {
            return true;
        }
    }
    return false;
}

static void rename_node(struct chaos *self, uint32_t node)
{
    struct site *site = &self->sites[node];
    bool moves = plan_extra(self->plan, 2) && !has_moved(self, node);

    if (moves) {
        site_move(site);
    } else {
        site_rename(site);
    }
    trace_add(self->trace, sim_ms(self->sim), (int)node, "is now %s at %s", site->name,
              site->advertise);
    self->renames++;
}

static void undo(struct chaos *self, struct repair *repair)
{
    int64_t now_ms = sim_ms(self->sim);

    repair->open = false;
    if (repair->cut) {
        network_cut(self->network, repair->a, repair->b, false, now_ms);
        trace_add(self->trace, now_ms, (int)repair->a, "reaches node%u again",
                  (unsigned)repair->b + 1);
        return;
    }
    if (repair->renamed) {
        site_end(&self->sites[repair->a]); /* somebody has started part of it */
        rename_node(self, repair->a);
    }
    if (repair->left || repair->renamed) {
        come_back(self, repair);
        return;
    }
    note(self, repair->a, "starts", repair->actor);
    site_start(&self->sites[repair->a], repair->actor);
    network_disturb_node(self->network, repair->a, repair->begun_ms,
                         now_ms + network_start_settles_ms);
}

/* ── what is done ───────────────────────────────────────────────────────────*/

static bool is_cut_already(const struct chaos *self, uint32_t a, uint32_t b)
{
    return a == b || network_is_cut(self->network, a, b);
}

static void cut(struct chaos *self, uint32_t a, uint32_t b, int64_t ms)
{
    struct repair *repair = is_cut_already(self, a, b) ? NULL : repair_later(self, ms);

    if (repair != NULL) {
        repair->cut = true;
        repair->a = a;
        repair->b = b;
        network_cut(self->network, a, b, true, sim_ms(self->sim));
        trace_add(self->trace, sim_ms(self->sim), (int)a, "no longer reaches node%u",
                  (unsigned)b + 1);
    }
}

static void split(struct chaos *self, int64_t ms)
{
    uint64_t side = 1 + prng_below(&self->plan->prng, (1ULL << self->plan->nodes) - 2);
    bool one_way = plan_chance(self->plan, 4);

    for (uint32_t a = 0; a < self->plan->nodes; a++) {
        for (uint32_t b = 0; b < self->plan->nodes; b++) {
            bool from = (side >> a & 1) != 0;
            bool to = (side >> b & 1) != 0;

            if (from != to && (from || !one_way)) {
                cut(self, a, b, ms);
            }
        }
    }
}

void chaos_split(struct chaos *self)
{
    split(self, INT64_MAX / 2);
}

void chaos_gap(struct chaos *self)
{
    uint32_t a = (uint32_t)prng_below(&self->plan->prng, self->plan->nodes);
    uint32_t b = (uint32_t)prng_below(&self->plan->prng, self->plan->nodes);

    cut(self, a, b, INT64_MAX / 2);
    if (!plan_chance(self->plan, 3)) {
        cut(self, b, a, INT64_MAX / 2);
    }
}

static void kill_one(struct chaos *self, uint32_t node, enum actor_name actor, int64_t ms)
{
    struct site *site = &self->sites[node];
    struct repair *repair =
        sim_running(self->sim, site->processes[actor]) ? repair_later(self, ms) : NULL;

    if (repair != NULL) {
        repair->a = node;
        repair->actor = actor;
        note(self, node, "killed:", actor);
        site_kill(site, actor);
        network_disturb_node(self->network, node, sim_ms(self->sim),
                             sim_ms(self->sim) + ms + network_start_settles_ms);
    }
}

static void cut_power(struct chaos *self, uint32_t node, int64_t ms)
{
    struct site *site = &self->sites[node];

    if (site_registry(site) == NULL) {
        return;
    }
    trace_add(self->trace, sim_ms(self->sim), (int)node, "has no power");
    for (unsigned actor = 0; actor < site_actors; actor++) {
        struct repair *repair =
            sim_running(self->sim, site->processes[actor]) ? repair_later(self, ms) : NULL;

        if (repair != NULL) {
            repair->a = node;
            repair->actor = (enum actor_name)actor;
        }
    }
    site_cut_power(site);
    self->power_cuts++;
    network_disturb_node(self->network, node, sim_ms(self->sim),
                         sim_ms(self->sim) + ms + network_start_settles_ms);
    if (plan_chance(self->plan, 4) && site_damage(site)) {
        trace_add(self->trace, sim_ms(self->sim), (int)node, "its disk is damaged");
        self->damages++;
        self->judge->nodes[node].damaged = true;
    }
}

static void pause_one(struct chaos *self, uint32_t node, enum actor_name actor, int64_t ms)
{
    struct site *site = &self->sites[node];

    if (!sim_running(self->sim, site->processes[actor]) ||
        sim_paused(self->sim, site->processes[actor])) {
        return;
    }
    note(self, node, "stopped:", actor);
    sim_pause(self->sim, site->processes[actor], ms);
    network_disturb_node(self->network, node, sim_ms(self->sim),
                         sim_ms(self->sim) + ms + network_start_settles_ms);
    if (actor == ACTOR_REGISTRY) {
        site->fresh_ms = sim_ms(self->sim) + ms;
    }
}

static void leave(struct chaos *self, uint32_t node, int64_t ms)
{
    struct site *site = &self->sites[node];
    struct repair *repair;

    for (unsigned actor = 0; actor < site_actors; actor++) {
        if (!sim_running(self->sim, site->processes[actor])) {
            return;
        }
    }
    repair = site->leaving ? NULL : repair_later(self, ms);
    if (repair != NULL) {
        repair->left = true;
        repair->a = node;
        trace_add(self->trace, sim_ms(self->sim), (int)node, "is told to leave");
        judge_leaves(self->judge, node);
        site_leave(site, self->client);
        network_disturb_node(self->network, node, sim_ms(self->sim),
                             sim_ms(self->sim) + ms + network_start_settles_ms);
        self->leaves++;
    }
}

/* It ends in good order, or dies, and comes back as somebody else in name or place. */
static void replace(struct chaos *self, uint32_t node, int64_t ms)
{
    struct site *site = &self->sites[node];
    struct repair *repair = site->leaving ? NULL : repair_later(self, ms);

    if (repair != NULL) {
        repair->renamed = true;
        repair->a = node;
        for (unsigned actor = 0; actor < site_actors; actor++) {
            if (plan_extra(self->plan, 2)) {
                sim_end(self->sim, site->processes[actor]);
            } else {
                site_kill(site, (enum actor_name)actor);
            }
        }
        trace_add(self->trace, sim_ms(self->sim), (int)node, "ends, to come back otherwise");
        network_disturb_node(self->network, node, sim_ms(self->sim),
                             sim_ms(self->sim) + ms + network_start_settles_ms);
    }
}

/* Mostly short; now and then longer than a heartbeat may be late. */
static int64_t some_time(struct chaos *self)
{
    return plan_chance(self->plan, 5) ? plan_between(self->plan, minute_ms, 3 * minute_ms)
                                      : plan_between(self->plan, 100, 15 * second_ms);
}

static void hurt(struct chaos *self)
{
    uint32_t node = (uint32_t)prng_below(&self->plan->prng, self->plan->nodes);
    uint32_t other = (uint32_t)prng_below(&self->plan->prng, self->plan->nodes);
    enum actor_name actor = (enum actor_name)prng_below(&self->plan->prng, site_actors);
    int64_t ms = some_time(self);

    if (self->plan->with.leaves && plan_extra(self->plan, 8)) {
        leave(self, node, ms);
        return;
    }
    if (self->plan->with.renamed && plan_extra(self->plan, 8)) {
        replace(self, node, ms);
        return;
    }
    switch (prng_below(&self->plan->prng, self->plan->jumps ? 8 : 7)) {
    case 0:
    case 1:
        kill_one(self, node, actor, ms);
        break;
    case 2:
        pause_one(self, node, actor, ms);
        break;
    case 3:
        cut_power(self, node, ms);
        break;
    case 4:
        cut(self, node, other, ms);
        cut(self, other, node, ms);
        break;
    case 5:
        cut(self, node, other, ms);
        break;
    case 6:
        split(self, ms);
        break;
    default:
        sim_jump_wall(self->sim, node,
                      plan_between(self->plan, -60 * minute_ms, 60 * minute_ms) * 1000000);
        self->judge->nodes[node].jumped = true;
        trace_add(self->trace, sim_ms(self->sim), (int)node, "its wall clock jumps");
        break;
    }
}

void chaos_begin(struct chaos *self)
{
    self->on = true;
    self->every_ms = plan_between(self->plan, 3 * second_ms, 60 * second_ms);
    self->next_ms = sim_ms(self->sim);
    network_chaos(self->network, true);
    sim_drop_facts(self->sim, self->plan->facts_lost_per_mille);
    trace_add(self->trace, sim_ms(self->sim), -1, "chaos");
}

void chaos_end(struct chaos *self)
{
    self->on = false;
    network_chaos(self->network, false);
    sim_drop_facts(self->sim, 0);
    for (unsigned i = 0; i < chaos_repairs_max; i++) {
        if (self->repairs[i].open) {
            undo(self, &self->repairs[i]);
        }
    }
    trace_add(self->trace, sim_ms(self->sim), -1, "healed");
}

void chaos_second(struct chaos *self)
{
    int64_t now_ms = sim_ms(self->sim);

    for (unsigned i = 0; i < chaos_repairs_max; i++) {
        if (self->repairs[i].open && self->repairs[i].at_ms <= now_ms) {
            undo(self, &self->repairs[i]);
        }
    }
    if (self->on && now_ms >= self->next_ms) {
        self->next_ms = now_ms + plan_between(self->plan, second_ms, 2 * self->every_ms);
        hurt(self);
    }
}
