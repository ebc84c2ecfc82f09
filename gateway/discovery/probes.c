/* livez, readyz with the parts that this gateway stands on, metrics. */
#include <inttypes.h>

#include "gateway/bus/health.h"
#include "gateway/bus/scrape.h"
#include "gateway/discovery/gateway.h"
#include "gateway/discovery/openness.h"
#include "gateway/discovery/replica.h"

static void note_registry(struct gateway *self, struct health *health, const struct now *now)
{
    struct replica_protect protect = replica_protect(self->replica, now);
    struct replica_storage storage = replica_storage(self->replica);
    int64_t stale_ms = replica_stale_ms(self->replica, now);
    struct buf why = {0};

    health_note(health, "replica", replica_ready(self->replica), true, STR("not caught up yet"));
    buf_printf(&why, "stale: %lld s", (long long)(stale_ms / 1000));
    health_note(health, "registry", stale_ms == 0, stale_ms > self->config->gateway_stale_limit,
                buf_str(&why));
    why.len = 0;
    buf_printf(&why, "%.*s; ends in %lld s at most", STR_ARG(protect.reason),
               (long long)((protect.left_ms + 999) / 1000));
    health_note(health, "protect", !protect.on, true, buf_str(&why));
    if (protect.syncing) {
        health_note(
            health, "sync", false, false,
            STR("this node started with nothing and has not taken over what its peers hold yet: "
                "heartbeats and fetches of what is unknown wait for it, 2 s at most"));
    }
    why.len = 0;
    buf_printf(&why, "changes are in memory only: %.*s", STR_ARG(storage.reason));
    health_note(health, "storage", storage.ok, false, buf_str(&why));
    if (storage.damaged) {
        why.len = 0;
        buf_printf(&why, "%.*s; musterctl storage --acknowledge: it is known",
                   STR_ARG(storage.damage));
        health_note(health, "damage", false, false, buf_str(&why));
    }
    buf_fini(&why);
}

static void note_followers(struct gateway *self, struct health *health)
{
    static const enum actor_name others[] = {ACTOR_REPLICATOR, ACTOR_EVICTOR};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct follower_state state;

        replica_follower(self->replica, others[i], &state);
        health_note(health, actor_name_text(others[i]), state.current, false, STR("not heard"));
    }
}

/* Nodes that are there and of no use, each with the reason and the remedy. */
static void note_nodes(struct gateway *self, struct health *health)
{
    size_t count;
    const struct replica_node *nodes = replica_nodes(self->replica, &count);

    for (size_t i = 0; i < count; i++) {
        if (nodes[i].trouble.len > 0) {
            health_note(health, "nodes", false, false, nodes[i].trouble);
        }
    }
}

/* What was chosen, and lets strangers do more than they should: said, and no reason to be unready.
 */
static void note_open(struct gateway *self, struct health *health)
{
    for (enum openness at = 0; at < OPEN_COUNT; at++) {
        if (gateway_is_open(self->config, at)) {
            health_say(health, openness_name(at), openness_text(at));
        }
    }
}

/* Why nobody is evicted, in words: the first thing asked when a dead instance stays listed. */
static void note_eviction(struct gateway *self, struct health *health, const struct now *now)
{
    struct replica_protection protection = replica_protection(self->replica, now);
    struct buf why = {0};

    if (!protection.known) {
        return;
    }
    buf_printf(&why,
               "protected, %.*s: %" PRIu64 " of %" PRIu64 " expected heartbeats heard, %" PRIu64
               " needed; judged again in %" PRId64 " s",
               STR_ARG(protection.reason), protection.heard, protection.expected,
               protection.threshold, (protection.next_round_ms + 999) / 1000);
    health_note(health, "eviction", !protection.on, false, buf_str(&why));
    buf_fini(&why);
}

static bool is_verbose(const struct request *request)
{
    return params_has(request_params(request), STR("verbose"));
}

void serve_livez(struct gateway *self, struct request *request, const struct now *now)
{
    (void)self;
    (void)now;
    health_answer_live(request, is_verbose(request));
}

void serve_readyz(struct gateway *self, struct request *request, const struct now *now)
{
    struct health health;

    health_init(&health);
    note_registry(self, &health, now);
    note_followers(self, &health);
    note_nodes(self, &health);
    note_eviction(self, &health, now);
    note_open(self, &health);
    health_answer(&health, request, is_verbose(request));
}

void serve_metrics(struct gateway *self, struct request *request, const struct now *now)
{
    scrape_ask(self->scrape, request, now, self->out);
}
