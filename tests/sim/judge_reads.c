#include "tests/sim/judge.h"

#include <inttypes.h>

static struct str app_name(unsigned app)
{
    static const char *const names[judge_apps] = {"cart", "shop", "search"};

    return str_from(names[app]);
}

/* ── what pollers see ───────────────────────────────────────────────────────*/

static void on_changed(void *state, uint64_t app_hash)
{
    struct judge_node *node = state;

    for (unsigned i = 0; i < judge_apps; i++) {
        if (app_hash_of(0, STR("dev"), app_name(i)) == app_hash) {
            node->apps[i].woken = true;
        }
    }
}

void judge_watch_replica(void *context, uint32_t node, struct replica *replica)
{
    struct judge *self = context;

    for (unsigned i = 0; i < judge_apps; i++) {
        self->nodes[node].apps[i].woken = true; /* who polls a new gateway asks anew */
    }
    replica_observe(replica, on_changed, &self->nodes[node]);
}

/* A sum over what a fetch of the app shows, but for heartbeats; 0: nothing. */
static uint64_t shown(const struct registry *registry, uint32_t app)
{
    struct app_info info;
    uint64_t sum = 0;

    registry_app(registry, app, &info);
    for (uint32_t zone = 0; zone < info.zone_count; zone++) {
        struct zone_info at;

        registry_zone(registry, app, zone, &at);
        for (uint32_t run = 0; run < at.run_count; run++) {
            struct order_run slots = registry_zone_run(registry, app, zone, run);

            for (uint32_t i = 0; i < slots.count; i++) {
                struct instance instance;

                registry_instance(registry, slots.slots[i], &instance);
                sum += instance_hash(&instance) | 1;
            }
        }
    }
    return sum;
}

static void look_at_app(struct judge *self, struct judge_node *node,
                        const struct registry *registry, unsigned app, bool woken)
{
    uint32_t number = registry_app_find(registry, STR("dev"), app_name(app));
    struct judge_app *seen = &node->apps[app];
    struct app_info info = {0};
    uint64_t now = 0;

    if (number != REGISTRY_NONE) {
        registry_app(registry, number, &info);
        now = shown(registry, number);
    }
    if (now != seen->shown && !woken) {
        judge_fail(self, "node%u changed what it shows of %.*s and woke nobody",
                   (unsigned)node->index + 1, STR_ARG(app_name(app)));
    }
    if (now != seen->shown && now != 0 && !self->plan->with.forms && !self->plan->with.reference &&
        info.latest_timestamp <= seen->latest) {
        judge_fail(self,
                   "node%u changed what it shows of %.*s; its latest_timestamp %" PRId64
                   " is not above %" PRId64 ": a poller misses it",
                   (unsigned)node->index + 1, STR_ARG(app_name(app)), info.latest_timestamp,
                   seen->latest);
    }
    seen->shown = now;
    seen->latest = info.latest_timestamp > seen->latest ? info.latest_timestamp : seen->latest;
}

static void look_at_apps(struct judge *self, struct judge_node *node,
                         const struct registry *registry)
{
    for (unsigned app = 0; app < judge_apps; app++) {
        bool woken = node->apps[app].woken;

        /* one that woke nobody is looked at now and then: it must not have changed */
        if (woken || self->checks % 16 == 0) {
            look_at_app(self, node, registry, app, woken);
            node->apps[app].woken = false;
        }
    }
}

/* ── own writes ─────────────────────────────────────────────────────────────*/

static void check_promise(struct judge *self, struct promise *promise)
{
    const struct replica *replica = site_replica(&self->sites[promise->node]);
    const struct host *host = &self->client->hosts[promise->host];
    const struct view *held = &self->nodes[promise->node].held[promise->host];
    struct state seen;

    if (replica == NULL || !replica_reached(replica, promise->epoch, promise->seq)) {
        return;
    }
    promise->open = false;
    seen = judge_state(replica_registry(replica), host->key);
    if (seen.dirty == -1 ? held->known : state_beats(&promise->state, &seen)) {
        judge_fail(self, "%s reads at node%u %s than its own write", host->name,
                   (unsigned)promise->node + 1, seen.dirty == -1 ? "less" : "something older");
    }
}

void judge_reads(struct judge *self)
{
    for (unsigned i = 0; i < client_promise_max; i++) {
        if (self->client->promises[i].open) {
            check_promise(self, &self->client->promises[i]);
        }
    }
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        const struct replica *replica = site_replica(&self->sites[i]);

        if (replica != NULL && replica_ready(replica)) {
            look_at_apps(self, &self->nodes[i], replica_registry(replica));
        }
    }
}

/* ── replica and registry ───────────────────────────────────────────────────*/

static bool same_entry(const struct registry *a, uint32_t slot_a, const struct registry *b)
{
    struct hash128 key = registry_slot_key(a, slot_a);
    struct state state_a = judge_state(a, key);
    struct state state_b = judge_state(b, key);
    uint32_t slot_b = registry_find(b, key);
    struct instance x;
    struct instance y;

    if (slot_b == REGISTRY_NONE || !judge_same(&state_a, &state_b) ||
        registry_slot_seq(a, slot_a) != registry_slot_seq(b, slot_b)) {
        return false;
    }
    registry_instance(a, slot_a, &x);
    registry_instance(b, slot_b, &y);
    return state_a.gone || x.latest_timestamp == y.latest_timestamp;
}

static void check_latest(struct judge *self, uint32_t node, const struct registry *truth,
                         const struct registry *copy)
{
    for (uint32_t app = 0; app < registry_app_count(truth); app++) {
        struct app_info info[2];
        uint32_t other;

        if (!registry_app_used(truth, app)) {
            continue;
        }
        registry_app(truth, app, &info[0]);
        other = registry_app_find(copy, info[0].env, info[0].appid);
        if (info[0].live_count == 0 || other == REGISTRY_NONE) {
            continue;
        }
        registry_app(copy, other, &info[1]);
        if (info[0].latest_timestamp != info[1].latest_timestamp) {
            judge_fail(self, "node%u's replica has another latest_timestamp of %.*s",
                       (unsigned)node + 1, STR_ARG(info[0].appid));
        }
    }
}

bool judge_told(const struct judge *self)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        const struct registry_actor *registry = site_registry(&self->sites[i]);
        const struct replica *replica = site_replica(&self->sites[i]);
        struct storage_position at = storage_position(registry->storage);

        if (!replica_reached(replica, at.epoch, at.seq)) {
            return false;
        }
    }
    return true;
}

void judge_replica_equals(struct judge *self, uint32_t node)
{
    const struct registry *truth = site_registry(&self->sites[node])->registry;
    const struct registry *copy = replica_registry(site_replica(&self->sites[node]));
    struct registry_counts counts[2];

    registry_counts(truth, &counts[0]);
    registry_counts(copy, &counts[1]);
    if (counts[0].live != counts[1].live || counts[0].tombstones != counts[1].tombstones) {
        judge_fail(self,
                   "node%u's replica holds %" PRIu64 "+%" PRIu64 " entries, its registry %" PRIu64
                   "+%" PRIu64,
                   (unsigned)node + 1, counts[1].live, counts[1].tombstones, counts[0].live,
                   counts[0].tombstones);
    }
    for (uint32_t slot = 0; slot < registry_slot_count(truth); slot++) {
        if (registry_slot_used(truth, slot) && !same_entry(truth, slot, copy)) {
            judge_fail(self, "node%u's replica differs from its registry in slot %u",
                       (unsigned)node + 1, (unsigned)slot);
        }
    }
    check_latest(self, node, truth, copy);
}
