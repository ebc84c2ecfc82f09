#include "tests/sim/http.h"

#include <assert.h>
#include <string.h>

#include "gateway/discovery/render.h"

/* What travels in the simulator: the head of an answer, then its body. */
struct head {
    uint64_t id;
    int64_t date_ns;
    int32_t status;
};

/* As GET /discovery/fetch of infra.discovery: the instances of all zones. */
static void add_nodes(struct buf *to, const struct registry *registry, struct str env)
{
    uint32_t app = registry_app_find(registry, env, STR("infra.discovery"));
    struct app_info info = {0};

    if (app != REGISTRY_NONE) {
        registry_app(registry, app, &info);
    }
    buf_add_str(to, STR("{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{"));
    for (uint32_t zone = 0; zone < info.zone_count; zone++) {
        struct zone_info at;
        const char *comma = "";

        registry_zone(registry, app, zone, &at);
        buf_printf(to, "%s\"%.*s\":[", zone == 0 ? "" : ",", STR_ARG(at.zone));
        for (uint32_t run = 0; run < at.run_count; run++) {
            struct order_run slots = registry_zone_run(registry, app, zone, run);

            for (uint32_t i = 0; i < slots.count; i++) {
                struct instance instance;

                registry_instance(registry, slots.slots[i], &instance);
                buf_add_str(to, str_from(comma));
                render_instance(to, &instance, instance.renew_timestamp, RENDER_METADATA_OBJECT);
                comma = ",";
            }
        }
        buf_add_char(to, ']');
    }
    buf_printf(to, "},\"latest_timestamp\":%lld}}", (long long)info.latest_timestamp);
}

/* As GET /discovery/nodes?identity=1, without the others. */
static void add_who(struct buf *to, const struct site *site)
{
    buf_printf(to,
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":[{\"addr\":\"%s\",\"status\":0,"
               "\"zone\":\"%s\",\"name\":\"%s\",\"node\":\"%s\"}]}",
               site->config.gateway_advertise, site->config.node_zone, site->config.node_name,
               site->node_id);
}

static void make_answer(const struct site *site, const char *url, struct head *head,
                        struct buf *body)
{
    struct registry_actor *registry = site_registry(site);

    if (registry == NULL || site_replica(site) == NULL) {
        return; /* status 0: nobody answers */
    }
    head->date_ns = sim_now(site->sim, site->index).wall_ns / 1000000000 * 1000000000;
    head->status = registry->protect.on ? 503 : 200;
    if (registry->protect.on) {
        buf_add_str(body, STR("{\"code\":-500,\"message\":\"-500\",\"ttl\":1}"));
    } else if (strstr(url, "/discovery/nodes?") != NULL) {
        add_who(body, site);
    } else {
        add_nodes(body, registry_actor_registry(registry), str_from(site->config.node_env));
    }
}

static void on_answer(void *context, void *state, struct str arg, const struct now *now,
                      struct outbox *out)
{
    struct posts *posts = replicator_posts(state);
    struct head head;

    (void)context;
    (void)out;
    memcpy(&head, arg.data, sizeof(head));
    posts_answer(posts, head.id, head.status, head.date_ns,
                 (struct str){arg.data + sizeof(head), arg.len - sizeof(head)}, now);
}

static uint32_t asked_node(struct str url)
{
    static const struct str scheme = {"http://", 7};

    assert(str_starts(url, scheme));
    return sim_node_of((struct str){url.data + scheme.len, url.len - scheme.len});
}

static int64_t carry(struct site *self, const struct post *post, struct head *head,
                     struct buf *body)
{
    struct network *network = sim_network(self->sim);
    uint32_t to = asked_node(str_from(post->url));
    struct fate way = {0};
    struct fate back = {0};
    int64_t now_ms = sim_ms(self->sim);

    if (to >= self->plan->nodes) {
        return 10;
    }
    if (!network_is_cut(network, self->index, to) && !network_is_cut(network, to, self->index)) {
        way = network_send(network, self->index, to, now_ms);
        back = network_send(network, to, self->index, now_ms);
    }
    if (way.copies == 0 || back.copies == 0) {
        return post->timeout_ms; /* on its way for ever */
    }
    make_answer(&self->others[to], post->url, head, body);
    return way.due_ms[0] + back.due_ms[0] - 2 * now_ms;
}

void http_carry(struct site *self, struct replicator *replicator, const struct now *now,
                struct outbox *out)
{
    struct posts *posts = replicator_posts(replicator);
    struct post post;

    if (posts_step(posts, now)) {
        outbox_again(out);
    }
    while (posts_next(posts, now, &post)) {
        struct head head = {.id = post.id};
        struct buf answer = {0};
        struct buf body = {0};
        int64_t after_ms = carry(self, &post, &head, &body);

        self->requests++;
        buf_add(&answer, &head, sizeof(head));
        buf_add_str(&answer, buf_str(&body));
        sim_later(self->sim, self->processes[ACTOR_REPLICATOR], after_ms, on_answer, self,
                  buf_str(&answer));
        buf_fini(&answer);
        buf_fini(&body);
    }
}
