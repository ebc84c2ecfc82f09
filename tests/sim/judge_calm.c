#include "tests/sim/judge.h"

#include <stdio.h>

static const int64_t fresh_settles_ms = 15000;
static const int64_t rounding_ms = 5000;
static const int64_t heartbeat_ms = 30000;
static const int64_t overruled_ms = 3 * heartbeat_ms + rounding_ms; /* 8 */

/* It may take in what is of unknown age. And it is told nothing: who asks it who is there is
 * answered 503, so until it has met somebody the ways to it are not good. */
static void note_fresh(const struct judge *self, struct site *site)
{
    const struct registry_actor *registry = site_registry(site);
    int64_t now_ms = sim_ms(site->sim);

    if (registry != NULL && registry->protection.on) {
        site->fresh_ms = now_ms;
        network_disturb_node(self->network, site->index, now_ms, now_ms + network_start_settles_ms);
    }
}

/* Calm since then; INT64_MAX: it is not. */
static int64_t calm_since(const struct judge *self)
{
    int64_t calm_ms = network_calm_since(self->network);

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        struct site *site = &self->sites[i];
        int64_t copied_ms = self->nodes[i].copied_ms;
        int64_t fresh_ms;

        note_fresh(self, site);
        fresh_ms = copied_ms > site->fresh_ms ? copied_ms : site->fresh_ms;
        fresh_ms += judge_idle_ms + fresh_settles_ms;
        calm_ms = fresh_ms > calm_ms ? fresh_ms : calm_ms;
        if (site_registry(site) == NULL || site_replicator(site) == NULL ||
            (self->plan->with.forms && site_replica(site) == NULL)) {
            calm_ms = INT64_MAX;
        }
    }
    return calm_ms > sim_ms(self->sim) ? INT64_MAX : calm_ms;
}

/* ── 7: nodes agree ─────────────────────────────────────────────────────────*/

static bool views_differ(const struct judge *self, uint32_t at)
{
    const struct view *first = &self->nodes[0].held[at];

    for (uint32_t i = 1; i < self->plan->nodes; i++) {
        const struct view *held = &self->nodes[i].held[at];

        if (held->known != first->known ||
            (held->known && !judge_same(&held->state, &first->state))) {
            return true;
        }
    }
    return false;
}

static bool is_in_digest(const struct judge *self, uint32_t node, struct hash128 key)
{
    const struct registry_actor *registry = site_registry(&self->sites[node]);
    uint32_t slot = registry_find(registry->registry, key);

    return slot != REGISTRY_NONE && digest_holds(registry->digest, slot);
}

/* What node a answers for in its digests, b must hold too, or something that wins over it. What
 * ends by itself, idle ones and old tombstones, ends at each node in its own time. */
static bool lacks(const struct judge *self, uint32_t at, uint32_t a, uint32_t b)
{
    const struct view *mine = &self->nodes[b].held[at];
    const struct view *theirs = &self->nodes[a].held[at];
    struct hash128 key = self->client->hosts[at].key;

    if (a == b || !theirs->known || !is_in_digest(self, a, key) ||
        (mine->known && judge_same(&mine->state, &theirs->state))) {
        return false;
    }
    return !mine->known || state_beats(&theirs->state, &mine->state) || is_in_digest(self, b, key);
}

/* Somewhere stands what wins over another node's entry and is in no digest any more, idle or an old
 * tombstone: it is told to nobody, and what it wins over does not pass. Its end is near. */
static bool hides_winner(const struct judge *self, uint32_t at)
{
    struct hash128 key = self->client->hosts[at].key;

    for (uint32_t a = 0; a < self->plan->nodes; a++) {
        for (uint32_t b = 0; b < self->plan->nodes; b++) {
            const struct view *entry = &self->nodes[a].held[at];
            const struct view *winner = &self->nodes[b].held[at];

            if (entry->known && winner->known && state_beats(&winner->state, &entry->state) &&
                is_in_digest(self, a, key) && !is_in_digest(self, b, key)) {
                return true;
            }
        }
    }
    return false;
}

/* Of anything that is held, also of nodes' own instances: a clock may have been set back. */
static bool hides_any_winner(const struct judge *self)
{
    for (uint32_t a = 0; a < self->plan->nodes; a++) {
        const struct registry_actor *one = site_registry(&self->sites[a]);

        for (uint32_t slot = 0; slot < registry_slot_count(one->registry); slot++) {
            struct hash128 key;
            struct state state;

            if (!registry_slot_used(one->registry, slot) || !digest_holds(one->digest, slot)) {
                continue;
            }
            key = registry_slot_key(one->registry, slot);
            state = judge_state(one->registry, key);
            for (uint32_t b = 0; b < self->plan->nodes; b++) {
                struct state other = judge_state(site_registry(&self->sites[b])->registry, key);

                if (other.dirty != -1 && state_beats(&other, &state) &&
                    !is_in_digest(self, b, key)) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* An old tombstone may win over it for now (8). */
static bool may_be_overruled(const struct judge *self, uint32_t at, int64_t calm_ms)
{
    int64_t kept_ms = self->client->hosts[at].kept_since_ms;

    return sim_ms(self->sim) - (kept_ms > calm_ms ? kept_ms : calm_ms) < overruled_ms;
}

/* Whether the node gets the forms that are sent for the heartbeats of the host, with their
 * incarnation. Those to other zones, and those of a node that is not believed, are heartbeats only.
 */
static bool gets_forms(const struct judge *self, uint32_t at, uint32_t node)
{
    uint32_t from = self->client->hosts[at].node;

    return self->plan->zone_of[from] == self->plan->zone_of[node] && !self->plan->with.elsewhere;
}

/* … for long enough: since the host came to this zone, whose nodes had its heartbeats only, and
 * those not at all while an old tombstone at the one node that they were posted to stopped what it
 * would have passed on; and since a tombstone that stopped them has gone. */
static bool is_sent_forms(const struct judge *self, uint32_t at, uint32_t node)
{
    int64_t gone_ms = self->nodes[node].held[at].since_ms;
    int64_t zone_ms = self->client->hosts[at].zone_ms;

    return gets_forms(self, at, node) &&
           sim_ms(self->sim) - (gone_ms > zone_ms ? gone_ms : zone_ms) > judge_agree_ms(self);
}

/* Where nodes speak HTTP: a kept instance that stands nowhere as cancelled is not of the same
 * incarnation everywhere. */
static bool incarnations_differ(const struct judge *self, uint32_t at)
{
    const struct view *first = NULL;
    bool differ = false;

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        const struct view *held = &self->nodes[i].held[at];

        if (!gets_forms(self, at, i)) {
            continue;
        }
        if (held->known && held->state.gone) {
            return false;
        }
        first = first == NULL ? held : first;
        differ = differ || held->known != first->known ||
                 (held->known && held->state.dirty != first->state.dirty);
    }
    return differ && client_keeps(self->client, at);
}

static bool differs(const struct judge *self, uint32_t at, int64_t calm_ms)
{
    if (self->plan->with.forms) {
        return incarnations_differ(self, at);
    }
    if (!views_differ(self, at)) {
        return false;
    }
    if (client_keeps(self->client, at)) {
        return !hides_winner(self, at) || !may_be_overruled(self, at, calm_ms);
    }
    if (hides_winner(self, at)) {
        return false;
    }
    for (uint32_t a = 0; a < self->plan->nodes; a++) {
        for (uint32_t b = 0; b < self->plan->nodes; b++) {
            if (lacks(self, at, a, b)) {
                return true;
            }
        }
    }
    return false;
}

static const char *view_text(const struct view *view)
{
    return !view->known ? "unknown" : view->state.gone ? "gone" : "live";
}

static void fail_host(struct judge *self, uint32_t at, int64_t for_ms)
{
    char text[200] = "";
    size_t len = 0;

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        const struct view *view = &self->nodes[i].held[at];

        len += (size_t)snprintf(text + len, sizeof(text) - len, " node%u=%s", (unsigned)i + 1,
                                view_text(view));
        if (view->known) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "(%lld,%04x)",
                                    (long long)(view->state.dirty % 1000000000),
                                    (unsigned)(view->state.hash & 0xffff));
        }
    }
    judge_fail(self, "nodes differ over %s for %.1f s of calm:%s", self->client->hosts[at].name,
               (double)for_ms / 1000, text);
}

static void check_agreement(struct judge *self, int64_t calm_ms)
{
    int64_t now_ms = sim_ms(self->sim);

    for (uint32_t at = 0; at < self->plan->entries; at++) {
        int64_t *since_ms = &self->differs_ms[at];

        if (!differs(self, at, calm_ms)) {
            *since_ms = INT64_MAX;
            continue;
        }
        *since_ms = *since_ms == INT64_MAX ? now_ms : *since_ms;
        *since_ms = *since_ms < calm_ms ? calm_ms : *since_ms;
        if (now_ms - *since_ms > judge_agree_ms(self)) {
            fail_host(self, at, now_ms - *since_ms);
        }
    }
}

static bool roots_differ(const struct judge *self)
{
    struct hash128 first = digest_root(site_registry(&self->sites[0])->digest);

    for (uint32_t i = 1; i < self->plan->nodes; i++) {
        struct hash128 root = digest_root(site_registry(&self->sites[i])->digest);

        if (root.hi != first.hi || root.lo != first.lo) {
            return true;
        }
    }
    return false;
}

/* An entry of node 0's digests that is not the same in another's, or of another's. */
static void describe_difference(const struct judge *self, struct buf *words)
{
    for (uint32_t a = 0; a < self->plan->nodes; a++) {
        const struct registry_actor *one = site_registry(&self->sites[a]);

        for (uint32_t slot = 0; slot < registry_slot_count(one->registry); slot++) {
            struct hash128 key;
            struct state state;
            struct instance instance;

            if (!registry_slot_used(one->registry, slot) || !digest_holds(one->digest, slot)) {
                continue;
            }
            key = registry_slot_key(one->registry, slot);
            state = judge_state(one->registry, key);
            registry_instance(one->registry, slot, &instance);
            for (uint32_t b = 0; b < self->plan->nodes; b++) {
                struct state other = judge_state(site_registry(&self->sites[b])->registry, key);

                if (!judge_same(&state, &other) || !is_in_digest(self, b, key)) {
                    buf_printf(words, " node%u has %.*s %s (%lld), node%u %s (%lld)%s;",
                               (unsigned)a + 1, STR_ARG(instance.id.hostname),
                               state.gone ? "gone" : "live",
                               (long long)(state.dirty % 1000000000000), (unsigned)b + 1,
                               other.dirty == -1 ? "nothing"
                               : other.gone      ? "gone"
                                                 : "live",
                               (long long)(other.dirty % 1000000000000),
                               is_in_digest(self, b, key) ? "" : " not in its digest");
                    return;
                }
            }
        }
    }
}

static void check_roots(struct judge *self, int64_t calm_ms)
{
    int64_t now_ms = sim_ms(self->sim);
    int64_t *since_ms = &self->roots_differ_ms;

    if (self->plan->with.forms || !roots_differ(self) || hides_any_winner(self)) {
        *since_ms = INT64_MAX;
        return;
    }
    *since_ms = *since_ms == INT64_MAX ? now_ms : *since_ms;
    *since_ms = *since_ms < calm_ms ? calm_ms : *since_ms;
    if (now_ms - *since_ms > judge_agree_ms(self)) {
        struct buf words = {0};

        describe_difference(self, &words);
        judge_fail(self, "the roots of the digests differ for %.1f s of calm:%.*s",
                   (double)(now_ms - *since_ms) / 1000, STR_ARG(buf_str(&words)));
        buf_fini(&words);
    }
}

/* ── 8, 9, 10: who must be there, and who must not ──────────────────────────*/

static bool is_live(const struct judge_node *node, uint32_t at)
{
    return node->held[at].known && !node->held[at].state.gone;
}

/* An old tombstone wins over it, and the client may not know yet. */
static bool was_overruled(const struct judge *self, const struct judge_node *node, uint32_t at,
                          int64_t calm_ms)
{
    const struct view *held = &node->held[at];
    int64_t since_ms = held->since_ms > calm_ms ? held->since_ms : calm_ms;

    if (held->forgotten) {
        return sim_ms(self->sim) - since_ms < judge_agree_ms(self);
    }
    return held->known && held->state.gone &&
           (self->plan->with.forms || may_be_overruled(self, at, since_ms));
}

static void check_kept(struct judge *self, int64_t calm_ms)
{
    int64_t now_ms = sim_ms(self->sim);

    for (uint32_t at = 0; at < self->plan->hosts; at++) {
        const struct host *host = &self->client->hosts[at];
        int64_t since_ms = host->kept_since_ms > calm_ms ? host->kept_since_ms : calm_ms;

        for (uint32_t i = 0; i < self->plan->nodes; i++) {
            if (client_keeps(self->client, at) && !host->busy &&
                (!self->plan->with.forms || is_sent_forms(self, at, i)) &&
                now_ms - since_ms > judge_agree_ms(self) && !is_live(&self->nodes[i], at) &&
                !was_overruled(self, &self->nodes[i], at, calm_ms)) {
                judge_fail(self, "%s is missing at node%u, it was kept alive for %.1f s of calm",
                           host->name, (unsigned)i + 1, (double)(now_ms - since_ms) / 1000);
            }
        }
    }
}

/* Its tombstone is in some node's digests. */
static bool is_told(const struct judge *self, uint32_t at)
{
    const struct host *host = &self->client->hosts[at];

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        const struct view *held = &self->nodes[i].held[at];

        if (held->known && judge_same(&held->state, &host->best) &&
            is_in_digest(self, i, host->key)) {
            return true;
        }
    }
    return false;
}

static void check_dead(struct judge *self, struct judge_node *node, uint32_t at, int64_t calm_ms,
                       uint32_t live)
{
    const struct host *host = &self->client->hosts[at];
    int64_t now_ms = sim_ms(self->sim);
    int64_t since_ms = host->last_sign_ms > calm_ms ? host->last_sign_ms : calm_ms;
    uint32_t limit = judge_round_limit(self, live);
    int64_t rounds_ms = (int64_t)(2 + (node->dead_max + limit - 1) / limit) * judge_interval_ms;
    bool protected = node->unprotected_ms > since_ms;
    int64_t bound_ms =
        (protected ? self->plan->ceiling_ms : judge_idle_ms) + rounds_ms + rounding_ms;

    if (now_ms - since_ms > bound_ms) {
        judge_fail(self,
                   "%s is still at node%u, silent for %.1f s, %.1f s of them calm; %u dead of %u "
                   "must be gone after %.1f s (%s)",
                   host->name, (unsigned)node->index + 1,
                   (double)(now_ms - host->last_sign_ms) / 1000, (double)(now_ms - calm_ms) / 1000,
                   (unsigned)node->dead_max, (unsigned)live, (double)bound_ms / 1000,
                   protected ? "self-protected" : "not protected");
    }
    if (!self->plan->with.forms && host->best.gone &&
        state_beats(&host->best, &node->held[at].state) &&
        now_ms - calm_ms > judge_agree_ms(self) && now_ms - host->best_ms > judge_agree_ms(self) &&
        is_told(self, at)) {
        judge_fail(self, "%s was cancelled %.1f s ago, its tombstone wins, and node%u has it live",
                   host->name, (double)(now_ms - host->best_ms) / 1000, (unsigned)node->index + 1);
    }
}

/* What clients give a node is posted to one node of each other zone, and that passes it on to its
 * own. Of a sender it does not believe it passes nothing on, or nodes that do not know each other's
 * addresses would send a form round for ever: what is kept alive there is silent here, and to stay
 * self-protected is right. */
static bool hears_of_all(const struct judge *self, uint32_t node)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        if (self->plan->with.forms && self->plan->elsewhere[i] &&
            self->plan->zone_of[i] != self->plan->zone_of[node]) {
            return false;
        }
    }
    return true;
}

/* 11 */
static void check_protection(struct judge *self, struct judge_node *node, uint32_t dead,
                             int64_t calm_ms)
{
    int64_t now_ms = sim_ms(self->sim);

    if (dead > 0 || !self->client->quiet || !hears_of_all(self, node->index)) {
        node->whole_ms = INT64_MAX;
        return;
    }
    node->whole_ms = node->whole_ms == INT64_MAX ? now_ms : node->whole_ms;
    node->whole_ms = node->whole_ms < calm_ms ? calm_ms : node->whole_ms;
    if (node->unprotected_ms == INT64_MAX &&
        now_ms - node->whole_ms > 3 * judge_interval_ms + rounding_ms) {
        judge_fail(self,
                   "node%u is self-protected, though nobody has been dead there for %.1f s of calm",
                   (unsigned)node->index + 1, (double)(now_ms - node->whole_ms) / 1000);
    }
}

static void check_node_dead(struct judge *self, struct judge_node *node, int64_t calm_ms)
{
    uint32_t dead = 0;
    uint32_t live = 0;

    for (uint32_t at = 0; at < self->plan->hosts; at++) {
        dead += is_live(node, at) && !client_keeps(self->client, at) ? 1 : 0;
        live += is_live(node, at) ? 1 : 0;
    }
    node->dead_max = dead > node->dead_max ? dead : dead == 0 ? 0 : node->dead_max;
    check_protection(self, node, dead + judge_former_nodes(self, node->index), calm_ms);
    for (uint32_t at = 0; at < self->plan->hosts; at++) {
        if (is_live(node, at) && !client_keeps(self->client, at) && !self->client->hosts[at].busy) {
            check_dead(self, node, at, calm_ms, live);
        }
    }
}

void judge_calm(struct judge *self)
{
    int64_t calm_ms = calm_since(self);

    if (calm_ms == INT64_MAX) {
        self->calm_ms = INT64_MAX;
        for (uint32_t at = 0; at < self->plan->entries; at++) {
            self->differs_ms[at] = INT64_MAX;
        }
        self->roots_differ_ms = INT64_MAX;
        return;
    }
    if (self->calm_ms == INT64_MAX) {
        trace_add(self->trace, sim_ms(self->sim), -1, "calm, since %.1f s", (double)calm_ms / 1000);
    }
    self->calm_ms = calm_ms;
    check_agreement(self, calm_ms);
    check_roots(self, calm_ms);
    check_kept(self, calm_ms);
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        check_node_dead(self, &self->nodes[i], calm_ms);
    }
}

void judge_quiet(struct judge *self)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        judge_replica_equals(self, i);
        for (uint32_t at = 0; at < self->plan->entries; at++) {
            const struct host *host = &self->client->hosts[at];
            struct state state = judge_state(site_registry(&self->sites[i])->registry, host->key);
            const struct view *held = &self->nodes[i].held[at];

            if (held->known ? !judge_same(&state, &held->state) : state.dirty != -1) {
                judge_fail(self, "node%u's registry holds other than its facts say of %s",
                           (unsigned)i + 1, host->name);
            }
            if ((client_keeps(self->client, at) || client_is_schedule(self->client, at)) &&
                !self->plan->with.forms && state_beats(&host->acked, &state) && !host->acked.gone) {
                judge_fail(self, "node%u holds an older state of %s than was acknowledged",
                           (unsigned)i + 1, host->name);
            }
        }
    }
}
