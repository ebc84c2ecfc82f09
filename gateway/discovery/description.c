#include "gateway/discovery/description.h"

#include "gateway/discovery/openness.h"
#include "gateway/discovery/poll.h"
#include "gateway/discovery/replica.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/operate.h"

#define READ_APPS "env! appid!+ zone hostname! format"
#define WRITE_ONE "zone! env! appid! hostname!"

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain";
static const char event_type[] = "text/event-stream";

// clang-format off
static const struct operate_foreign rows[] = {
    {"/discovery/register", false, true, WRITE_ONE " addrs!+ status! region version metadata dirty_timestamp latest_timestamp replication from_zone",
     "an instance is there", json_type},
    {"/discovery/renew", false, true, WRITE_ONE " dirty_timestamp replication from_zone",
     "it still is: a heartbeat, every 30 s", json_type},
    {"/discovery/cancel", false, true, WRITE_ONE " latest_timestamp replication from_zone",
     "it goes", json_type},
    {"/discovery/set", false, true, "zone! env! appid! hostname!+ status+ metadata+ set_timestamp replication from_zone",
     "status or metadata of instances", json_type},
    {"/discovery/fetch", true, false, "env! appid! zone status! format",
     "instances of an app", json_type},
    {"/discovery/fetchs", true, true, "env! appid!+ zone status! format",
     "of several", json_type},
    {"/discovery/fetch/all", true, false, "",
     "every instance of every env", json_type},
    {"/discovery/poll", true, false, READ_APPS " latest_timestamp+",
     "waits for news of one app", json_type},
    {"/discovery/polls", true, true, READ_APPS " latest_timestamp!+ delta position",
     "waits for news of any of them", json_type},
    {"/discovery/nodes", true, false, "identity",
     "the nodes of this zone", json_type},
    {"/discovery/stream", true, false, "env! appid!+ zone",
     "changes as Server-Sent Events", event_type},
    {"/livez", true, false, "verbose", "this process answers", text_type},
    {"/readyz", true, false, "verbose", "it can serve; 503 and why if not", text_type},
    {"/metrics", true, false, "", "of every actor, for Prometheus", text_type},
    {"/sd/prometheus", true, false, "env appid zone status",
     "what is registered, as targets of Prometheus' http_sd", json_type},
    {"/ui", true, false, "", "leads to the dashboard", NULL},
    {"/ui/", true, false, "", "the dashboard, and the files it is made of", "text/html"},
};
// clang-format on

enum { pairs_max = 16 };

static const int64_t silence_ms = 3000; /* ticks are a second apart */

/* ── how the node is ────────────────────────────────────────────────────────*/

static void fill_heard(const struct gateway *self, const struct now *now,
                       struct operate_standing *out)
{
    static const enum actor_name actors[operate_heard_count] = {ACTOR_REGISTRY, ACTOR_REPLICATOR,
                                                                ACTOR_EVICTOR};

    for (unsigned i = 0; i < operate_heard_count; i++) {
        struct follower_state state;

        replica_follower(self->replica, actors[i], &state);
        out->heard_of[i] = (struct operate_heard){
            .actor = actors[i],
            .heard = state.heard_ms >= 0 && now->mono_ms - state.heard_ms <= silence_ms,
            .boot = state.boot};
    }
}

/* What lets more people in than those of this host, in words. */
static void add_open(const struct config *config, struct buf *to)
{
    for (enum openness i = 0; i < OPEN_COUNT; i++) {
        if (gateway_is_open(config, i)) {
            buf_printf(to, "%s%s %s", to->len > 0 ? "; " : "", openness_name(i), openness_text(i));
        }
    }
}

static void fill_facts(const struct replica *replica, const struct now *now,
                       struct operate_standing *out)
{
    struct replica_protect protect = replica_protect(replica, now);
    struct replica_storage storage = replica_storage(replica);
    struct replica_protection protection = replica_protection(replica, now);

    out->protect_on = protect.on;
    out->syncing = protect.syncing;
    out->protect_left_ms = protect.left_ms;
    out->protect_reason = protect.reason;
    out->storage_ok = storage.ok;
    out->storage_reason = storage.reason;
    out->damaged = storage.damaged;
    out->damage = storage.damage;
    out->protection_known = protection.known;
    out->protection_on = protection.on;
    out->protection_reason = protection.reason;
    out->heard = protection.heard;
    out->expected = protection.expected;
    out->threshold = protection.threshold;
    out->next_round_ms = protection.next_round_ms;
}

static void standing(void *state, const struct now *now, struct operate_standing *out)
{
    const struct gateway *self = state;
    struct follower_state registry;

    replica_follower(self->replica, ACTOR_REGISTRY, &registry);
    *out = (struct operate_standing){
        .caught_up = replica_ready(self->replica),
        .stale_ms = replica_stale_ms(self->replica, now),
        .epoch = registry.epoch,
        .in_step = replica_in_step(self->replica),
    };
    fill_facts(self->replica, now, out);
    fill_heard(self, now, out);
    (void)replica_nodes(self->replica, &out->node_count);
}

static void node_at(void *state, size_t i, struct operate_node *out)
{
    const struct gateway *self = state;
    size_t count;
    const struct replica_node *node = &replica_nodes(self->replica, &count)[i];

    assert(i < count);
    *out = (struct operate_node){.address = node->addr,
                                 .zone = node->zone,
                                 .trouble = node->trouble,
                                 .self = node->self,
                                 .lost = node->status != 0};
}

static uint32_t poller_count(void *state, struct str env, struct str appid)
{
    const struct gateway *self = state;

    return polls_waiting(self->polls, env, appid);
}

static void pollers(void *state, struct str env, struct str appid, const struct now *now,
                    operate_poller_fn *each, void *context)
{
    const struct gateway *self = state;

    polls_each(self->polls, env, appid, now, each, context);
}

/* ── what is told ───────────────────────────────────────────────────────────*/

static void on_change(void *state, const struct change *change, const struct instance *before,
                      uint64_t epoch, const struct now *now)
{
    operate_change(state, change, before, epoch, now);
}

static void on_fact(void *state, const struct msg *fact, const struct now *now)
{
    operate_fact(state, fact, now);
}

/* ── making and serving it ──────────────────────────────────────────────────*/

struct operate *description_new(struct gateway *gateway)
{
    struct buf open = {0};
    struct operate_view view = {
        .config = gateway->config,
        .http = gateway->http,
        .registry = replica_registry(gateway->replica),
        .round = gateway->round,
        .targets = gateway->links,
        .target_count = gateway->link_count,
        .seed = gateway->id,
        .state = gateway,
        .standing = standing,
        .node = node_at,
        .poller_count = poller_count,
        .pollers = pollers,
        .foreign = rows,
        .foreign_count = sizeof(rows) / sizeof(rows[0]),
    };
    struct operate *operate;

    add_open(gateway->config, &open);
    view.open = buf_str(&open);
    operate = operate_new(&view);
    buf_fini(&open);
    replica_witness(gateway->replica, &(struct replica_witness){on_change, on_fact, operate});
    return operate;
}

bool description_serve(struct gateway *self, struct request *request, const struct now *now)
{
    const struct params *params = request_params(request);
    struct operate_pair pairs[pairs_max];
    struct buf why = {0};

    if (!operate_owns(request_path(request))) {
        return false;
    }
    if (!request_bind_query(request, pairs_max, &why)) {
        operate_refuse(request, 400, buf_str(&why), STR(""), STR(""));
        buf_fini(&why);
        return true;
    }
    for (size_t i = 0; i < params->count; i++) {
        pairs[i] = (struct operate_pair){params->items[i].name, params->items[i].value};
    }
    operate_serve(self->operate, request, pairs, params->count, now, self->out);
    return true;
}
