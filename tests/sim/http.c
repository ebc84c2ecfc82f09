#include "tests/sim/http.h"
#include "actors/replicator/posts.h"

#include <assert.h>
#include <string.h>

#include "gateway/discovery/render.h"
#include "tests/sim/edge.h"
#include "tests/sim/reference.h"

/* What travels in the simulator: the head of an answer, then its body. */
struct head {
    uint64_t id;
    int64_t date_ns;
    int32_t status;
    bool form; /* it is that of a form, which may come late or twice */
    uint32_t life;
};

static void add_zones(struct buf *to, const struct registry *registry, uint32_t app, bool lists)
{
    struct app_info info;
    const char *comma = "";

    registry_app(registry, app, &info);
    for (uint32_t zone = 0; zone < info.zone_count; zone++) {
        struct zone_info at;

        registry_zone(registry, app, zone, &at);
        if (lists) {
            buf_printf(to, "%s\"%.*s\":[", zone == 0 ? "" : ",", STR_ARG(at.zone));
            comma = "";
        }
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
        if (lists) {
            buf_add_char(to, ']');
        }
    }
}

/* As GET /discovery/fetch of infra.discovery: the instances of all zones. */
static void add_nodes(struct buf *to, const struct registry *registry, struct str env)
{
    uint32_t app = registry_app_find(registry, env, STR("infra.discovery"));
    struct app_info info = {0};

    buf_add_str(to, STR("{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{"));
    if (app != REGISTRY_NONE) {
        registry_app(registry, app, &info);
        add_zones(to, registry, app, true);
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

/* As GET /discovery/fetch/all. */
static void add_all(struct buf *to, const struct registry *registry)
{
    const char *comma = "";

    buf_add_str(to, STR("{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{"));
    for (uint32_t app = 0; app < registry_app_count(registry); app++) {
        struct app_info info;

        if (!registry_app_used(registry, app)) {
            continue;
        }
        registry_app(registry, app, &info);
        if (info.live_count > 0) {
            buf_printf(to, "%s\"%.*s\":[", comma, STR_ARG(info.appid));
            add_zones(to, registry, app, false);
            buf_add_char(to, ']');
            comma = ",";
        }
    }
    buf_add_str(to, STR("}}"));
}

static void make_answer(const struct site *site, struct str path, struct head *head,
                        struct buf *body)
{
    struct registry_actor *registry = site_registry(site);

    if (registry == NULL || site_replica(site) == NULL) {
        return; /* status 0: nobody answers */
    }
    head->date_ns = sim_now(site->sim, site->index).wall_ns / 1000000000 * 1000000000;
    head->status = registry->protection.on ? 503 : 200;
    if (registry->protection.on) {
        buf_add_str(body, STR("{\"code\":-500,\"message\":\"-500\",\"ttl\":1}"));
    } else if (str_starts(path, STR("/discovery/nodes?"))) {
        add_who(body, site);
    } else if (str_starts(path, STR("/discovery/fetch/all?"))) {
        add_all(body, registry_actor_registry(registry));
    } else {
        add_nodes(body, registry_actor_registry(registry), str_from(site->config.node_env));
    }
}

/* Whether the request is under way; it is not any more. */
static bool take_posted(struct site *self, uint64_t id)
{
    for (unsigned i = 0; i < sizeof(self->posted) / sizeof(self->posted[0]); i++) {
        if (self->posted[i] == id) {
            self->posted[i] = 0;
            return true;
        }
    }
    return false;
}

static void on_answer(void *context, void *state, struct str arg, const struct now *now,
                      struct outbox *out)
{
    struct site *site = context;
    struct posts *posts = replicator_posts(state);
    struct buf body = {0};
    struct head head;

    (void)out;
    memcpy(&head, arg.data, sizeof(head));
    if (head.form && (head.life != site->life || !take_posted(site, head.id))) {
        return;
    }
    buf_add(&body, arg.data + sizeof(head), arg.len - sizeof(head));
    posts_answer(posts, head.id, head.status, head.date_ns, &body, now);
    buf_fini(&body);
}

/* The node of http://host:port/path, and its path. */
static uint32_t asked_node(const struct site *self, struct str url, struct str *path)
{
    static const struct str scheme = {"http://", 7};
    size_t at = scheme.len;
    uint32_t node;

    assert(str_starts(url, scheme));
    while (at < url.len && url.data[at] != '/') {
        at++;
    }
    *path = (struct str){url.data + at, url.len - at};
    if (str_starts(url, STR("http://reference:")) && self->reference != NULL) {
        return self->plan->nodes;
    }
    node = sim_node_at(self->sim, (struct str){url.data + scheme.len, at - scheme.len});
    return node < self->plan->nodes && sim_ms(self->sim) < self->plan->named_ms[node] ? sim_no_node
                                                                                      : node;
}

/* False: it is lost. */
static bool send(struct sim *sim, uint32_t from, uint32_t to, int64_t *after_ms)
{
    struct network *network = sim_network(sim);
    int64_t now_ms = sim_ms(sim);
    struct fate fate = {0};

    if (!network_is_cut(network, from, to)) {
        fate = network_send(network, from, to, now_ms);
    }
    *after_ms = fate.due_ms[0] - now_ms;
    return fate.copies > 0;
}

static void come_back(struct site *self, const struct head *head, struct str body, int64_t after_ms)
{
    struct buf answer = {0};

    buf_add(&answer, head, sizeof(*head));
    buf_add_str(&answer, body);
    sim_later(self->sim, self->processes[ACTOR_REPLICATOR], after_ms, on_answer, self,
              buf_str(&answer));
    buf_fini(&answer);
}

/* ── forms ──────────────────────────────────────────────────────────────────*/

void http_answer(struct site *self, const struct edge_form *form, int status, struct str body)
{
    struct head head = {.id = form->id,
                        .status = status,
                        .form = true,
                        .life = form->life,
                        .date_ns =
                            sim_now(self->sim, self->index).wall_ns / 1000000000 * 1000000000};
    int64_t after_ms;

    if (form->from == self->plan->nodes) {
        struct buf answer = {0};

        buf_add(&answer, form, sizeof(*form));
        buf_add_str(&answer, body);
        if (send(self->sim, self->index, form->from, &after_ms)) {
            sim_later(self->sim, reference_process(self->reference), after_ms, reference_answered,
                      self->reference, buf_str(&answer));
        }
        buf_fini(&answer);
    } else if (send(self->sim, self->index, form->from, &after_ms)) {
        come_back(&self->others[form->from], &head, body, after_ms);
    }
}

static void carry_form(struct site *self, const struct post *post)
{
    struct edge_form form = {.id = post->id, .from = self->index, .life = self->life};
    struct head none = {.id = post->id, .form = true, .life = self->life};
    struct str path;
    uint32_t to = asked_node(self, str_from(post->url), &path);
    bool reference = to == self->plan->nodes && self->reference != NULL;
    struct site *other = &self->others[to < self->plan->nodes ? to : self->index];
    struct buf bytes = {0};
    int64_t after_ms;
    bool runs;

    self->posts++;
    for (unsigned i = 0; i < sizeof(self->posted) / sizeof(self->posted[0]); i++) {
        if (self->posted[i] == 0) {
            self->posted[i] = post->id;
            break;
        }
    }
    runs = reference ||
           (to < self->plan->nodes && sim_running(self->sim, other->processes[ACTOR_GATEWAY]));
    if (!runs) {
        come_back(self, &none, STR(""), 10); /* refused */
        return;
    }
    come_back(self, &none, STR(""), post->timeout_ms); /* unless something comes before */
    if (!send(self->sim, self->index, to, &after_ms)) {
        return;
    }
    assert(path.len < sizeof(form.path));
    memcpy(form.path, path.data, path.len);
    buf_add(&bytes, &form, sizeof(form));
    buf_add_str(&bytes, post->body);
    if (reference) {
        sim_later(self->sim, reference_process(self->reference), after_ms, reference_take,
                  self->reference, buf_str(&bytes));
    } else {
        sim_later(self->sim, other->processes[ACTOR_GATEWAY], after_ms, edge_take, other,
                  buf_str(&bytes));
    }
    buf_fini(&bytes);
}

void http_send(struct site *self, uint32_t from, struct str bytes)
{
    int64_t after_ms;

    if (sim_running(self->sim, self->processes[ACTOR_GATEWAY]) &&
        send(self->sim, from, self->index, &after_ms)) {
        sim_later(self->sim, self->processes[ACTOR_GATEWAY], after_ms, edge_take, self, bytes);
    }
}

void http_reference_answer(struct site *self, const struct edge_form *form, struct str body)
{
    struct head head = {.id = form->id,
                        .status = 200,
                        .form = true,
                        .life = form->life,
                        .date_ns =
                            sim_now(self->sim, sim_no_node).wall_ns / 1000000000 * 1000000000};
    int64_t after_ms;

    if (send(self->sim, self->plan->nodes, self->index, &after_ms)) {
        come_back(self, &head, body, after_ms);
    }
}

void http_get_all(const struct site *self, struct buf *body)
{
    struct head head = {0};

    make_answer(self, STR("/discovery/fetch/all?"), &head, body);
    body->len = head.status == 200 ? body->len : 0;
}

/* ── questions ──────────────────────────────────────────────────────────────*/

static int64_t carry(struct site *self, const struct post *post, struct head *head,
                     struct buf *body)
{
    struct network *network = sim_network(self->sim);
    struct str path;
    uint32_t to = asked_node(self, str_from(post->url), &path);
    struct fate way = {0};
    struct fate back = {0};
    int64_t now_ms = sim_ms(self->sim);

    if (to == self->plan->nodes && self->reference != NULL) {
        head->status = 200;
        head->date_ns = sim_now(self->sim, sim_no_node).wall_ns / 1000000000 * 1000000000;
        reference_get(self->reference, path, body);
        return 10;
    }
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
    make_answer(&self->others[to], path, head, body);
    return way.due_ms[0] + back.due_ms[0] - 2 * now_ms;
}

static void carry_question(struct site *self, const struct post *post)
{
    struct head head = {.id = post->id};
    struct buf body = {0};
    int64_t after_ms = carry(self, post, &head, &body);

    come_back(self, &head, buf_str(&body), after_ms);
    buf_fini(&body);
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
        self->requests++;
        if (post.body.data != NULL) {
            carry_form(self, &post);
        } else {
            carry_question(self, &post);
        }
    }
}
