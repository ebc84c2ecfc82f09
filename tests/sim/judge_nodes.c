/* Who is a node, at each node. */
#include "actors/replicator/peers.h"
#include "tests/sim/judge.h"
#include "tests/sim/reference.h"

static const int64_t leave_ms = 10000;
static const int64_t reference_rounds_ms = 360000;

/* Whether node holds a live infra.discovery instance of the other one. */
static bool lists(const struct judge *self, uint32_t node, uint32_t other)
{
    const struct site *site = &self->sites[other];
    const struct registry *registry = site_registry(&self->sites[node])->registry;
    struct identity id = {.env = STR("dev"),
                          .appid = STR("infra.discovery"),
                          .zone = str_from(site->zone),
                          .hostname = str_from(site->name)};
    uint32_t slot = registry_find(registry, identity_key(&id));

    return slot != REGISTRY_NONE && registry_is_live(registry, slot);
}

/* ── 12: who leaves is gone ─────────────────────────────────────────────────*/

void judge_leaves(struct judge *self, uint32_t node)
{
    self->nodes[node].leave = (struct judge_leave){.told_ms = sim_ms(self->sim)};
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        self->nodes[node].leave.knows[i] =
            i != node && !self->plan->with.forms &&
            self->plan->zone_of[i] == self->plan->zone_of[node] &&
            network_was_good(self->network, node, i, sim_ms(self->sim) - 10000, sim_ms(self->sim));
    }
}

/* Who may not have been told, because the way was not good until the end. Its own end is no
 * disturbance of the way. */
static void settle(struct judge *self, uint32_t node)
{
    struct judge_leave *leave = &self->nodes[node].leave;

    leave->settled = true;
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        leave->knows[i] =
            leave->knows[i] &&
            network_way_was_good(self->network, node, i, leave->told_ms, sim_ms(self->sim));
    }
}

static void check_left(struct judge *self, uint32_t node)
{
    struct judge_leave *leave = &self->nodes[node].leave;
    int64_t now_ms = sim_ms(self->sim);
    int64_t left_ms = self->sites[node].left_ms;

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        leave->knows[i] = leave->knows[i] &&
                          network_was_good(self->network, i, i, leave->told_ms, now_ms) &&
                          site_registry(&self->sites[i]) != NULL;
        if (leave->knows[i] && now_ms - left_ms > leave_ms && lists(self, i, node)) {
            judge_fail(self, "node%u left %.1f s ago, and node%u has it still", (unsigned)node + 1,
                       (double)(now_ms - left_ms) / 1000, (unsigned)i + 1);
        }
    }
}

/* ── 15: each node is a node once ───────────────────────────────────────────*/

static uint32_t times_listed(struct replicator *replicator, const struct site *other, bool *now)
{
    uint32_t times = 0;

    for (struct peer *peer = NULL; (peer = peers_next(replicator, peer)) != NULL;) {
        if (peer->listed && str_eq(buf_str(&peer->id), str_from(other->node_id))) {
            *now = str_eq(buf_str(&peer->addr), str_from(other->advertise)) &&
                   str_eq(buf_str(&peer->name), str_from(other->name));
            times++;
        }
    }
    return times;
}

static void check_lists(struct judge *self)
{
    int64_t now_ms = sim_ms(self->sim);

    if (self->plan->with.forms || self->calm_ms == INT64_MAX ||
        now_ms - self->calm_ms < judge_agree_ms(self)) {
        return;
    }
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        for (uint32_t j = 0; j < self->plan->nodes; j++) {
            bool now = false;
            uint32_t times =
                i == j ? 1 : times_listed(site_replicator(&self->sites[i]), &self->sites[j], &now);

            if (i != j && (times != 1 || !now)) {
                judge_fail(self, "node%u has node%u %u times among its nodes%s", (unsigned)i + 1,
                           (unsigned)j + 1, (unsigned)times,
                           times == 1 ? ", as it was called or where it stood before" : "");
            }
        }
    }
}

/* ── 16: the reference node ─────────────────────────────────────────────────*/

static bool is_live_at(const struct judge *self, uint32_t node, const struct identity *id)
{
    const struct registry *registry = site_registry(&self->sites[node])->registry;
    uint32_t slot = registry_find(registry, identity_key(id));

    return slot != REGISTRY_NONE && registry_is_live(registry, slot);
}

static void check_its_clients(struct judge *self, int64_t calm_ms)
{
    const struct reference *reference = self->sites[0].reference;
    int64_t now_ms = sim_ms(self->sim);

    for (uint32_t client = 0; client < reference_clients; client++) {
        int64_t silent_ms;
        struct identity id = reference_client(reference, client, &silent_ms);
        int64_t dead_ms = now_ms - (silent_ms > calm_ms ? silent_ms : calm_ms);

        for (uint32_t i = 0; i < self->plan->nodes; i++) {
            bool live = is_live_at(self, i, &id);

            if (self->plan->zone_of[i] != self->plan->zone_of[0]) {
                continue;
            }
            if (silent_ms > now_ms && now_ms - calm_ms > judge_forms_agree_ms && !live) {
                judge_fail(self, "%.*s of the reference node is missing at node%u",
                           STR_ARG(id.hostname), (unsigned)i + 1);
            }
            if (live && dead_ms > self->plan->ceiling_ms + reference_rounds_ms) {
                judge_fail(self, "%.*s of the reference node is still at node%u, dead for %.1f s",
                           STR_ARG(id.hostname), (unsigned)i + 1, (double)dead_ms / 1000);
            }
        }
    }
}

static void check_ours(struct judge *self, int64_t calm_ms)
{
    const struct reference *reference = self->sites[0].reference;
    int64_t now_ms = sim_ms(self->sim);

    for (uint32_t at = 0; at < self->plan->hosts; at++) {
        const struct host *host = &self->client->hosts[at];
        bool has = reference_has(reference, host->key);
        int64_t since_ms = host->kept_since_ms > calm_ms ? host->kept_since_ms : calm_ms;
        int64_t kept_ms = host->zone_ms > since_ms ? host->zone_ms : since_ms;
        int64_t dead_ms = now_ms - (host->last_sign_ms > calm_ms ? host->last_sign_ms : calm_ms);

        if (self->plan->zone_of[host->node] == self->plan->zone_of[0] && !has && !host->busy &&
            client_keeps(self->client, at) && now_ms - kept_ms > judge_forms_agree_ms) {
            judge_fail(self, "%s is missing at the reference node", host->name);
        }
        if (has && !client_keeps(self->client, at) &&
            dead_ms > self->plan->ceiling_ms + reference_rounds_ms) {
            judge_fail(self, "%s is still at the reference node, dead for %.1f s", host->name,
                       (double)dead_ms / 1000);
        }
    }
}

static bool is_called(const struct judge *self, const struct identity *id)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        if (str_eq(id->hostname, str_from(self->sites[i].name)) &&
            str_eq(id->zone, str_from(self->sites[i].zone))) {
            return true;
        }
    }
    return false;
}

uint32_t judge_former_nodes(const struct judge *self, uint32_t node)
{
    const struct registry_actor *actor = site_registry(&self->sites[node]);
    uint32_t count = 0;

    for (uint32_t slot = 0; slot < registry_slot_count(actor->registry); slot++) {
        struct instance instance;

        if (!registry_slot_used(actor->registry, slot) ||
            !registry_is_live(actor->registry, slot) || !ages_is_old(actor->heartbeats, slot)) {
            continue;
        }
        registry_instance(actor->registry, slot, &instance);
        count +=
            str_eq(instance.id.appid, STR("infra.discovery")) && !is_called(self, &instance.id);
    }
    return count;
}

void judge_nodes(struct judge *self)
{
    if (self->sites[0].reference != NULL && self->calm_ms != INT64_MAX) {
        check_its_clients(self, self->calm_ms);
        check_ours(self, self->calm_ms);
    }
    check_lists(self);
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        struct judge_leave *leave = &self->nodes[i].leave;

        if (self->sites[i].left_ms == INT64_MAX) {
            if (!self->sites[i].leaving) {
                leave->told_ms = INT64_MAX; /* it was killed meanwhile, or is back */
            }
        } else if (leave->told_ms != INT64_MAX) {
            if (!leave->settled) {
                settle(self, i);
            }
            check_left(self, i);
        }
    }
}
