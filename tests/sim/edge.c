#include "tests/sim/edge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bus/pending.h"
#include "gateway/discovery/command.h"
#include "gateway/discovery/form_origin.h"
#include "gateway/discovery/params.h"
#include "gateway/discovery/render.h"
#include "tests/sim/http.h"

#define reference_address "10.0.2.1"

enum { forms_max = 256, params_max = 1024 };

/* A form whose write is under way. */
struct asked {
    struct pending_command *write; /* NULL: free */
    struct edge_form form;
    struct identity id; /* borrows from store */
    struct buf store;
};

struct edge {
    struct site *site;
    struct replica *replica;
    struct pending *pending;
    struct form_origin *trust;
    struct asked asked[forms_max];
};

struct edge *edge_new(struct site *site, struct replica *replica, uint64_t seed)
{
    const struct pending_options options = {
        .to = ACTOR_REGISTRY, .gateway = seed, .deadline_ms = site->config.gateway_write_deadline};
    struct edge *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    self->site = site;
    self->replica = replica;
    self->pending = pending_new(&options);
    self->trust = form_origin_new(&site->config);
    return self;
}

void edge_destroy(struct edge **self)
{
    if (*self != NULL) {
        for (unsigned i = 0; i < forms_max; i++) {
            buf_fini(&(*self)->asked[i].store);
        }
        pending_destroy(&(*self)->pending);
        form_origin_destroy(&(*self)->trust);
        free(*self);
        *self = NULL;
    }
}

/* Names are looked up at once: each node's stands for one address, from some time on. */
static void look_up(struct edge *self, const struct now *now)
{
    struct str name;

    while (form_origin_wanted(self->trust, now->mono_ms, &name)) {
        struct buf host = {0};
        struct buf store = {0};
        struct strs found = {0};
        uint32_t node;

        buf_printf(&host, "%.*s:", STR_ARG(name));
        node = sim_node_at(self->site->sim, buf_str(&host));
        if (str_eq(name, STR("reference"))) {
            host.len = 0;
            strs_pack(&host, STR(reference_address));
            found = (struct strs){1, buf_str(&host)};
        } else if (node < self->site->plan->nodes &&
                   sim_ms(self->site->sim) >= self->site->plan->named_ms[node]) {
            buf_printf(&store, "10.0.0.%u", (unsigned)node + 1);
            host.len = 0;
            strs_pack(&host, buf_str(&store));
            found = (struct strs){1, buf_str(&host)};
        }
        form_origin_found(self->trust, name, &found, now->mono_ms);
        buf_fini(&host);
        buf_fini(&store);
    }
}

static bool believes(struct edge *self, uint32_t from, const struct now *now)
{
    const struct form_origin_source source = {
        .address = from < self->site->plan->nodes ? str_from(self->site->others[from].source)
                                                  : STR(reference_address)};
    size_t count = 0;
    const struct replica_node *nodes = replica_nodes(self->replica, &count);

    form_origin_follow(self->trust, nodes, count);
    look_up(self, now);
    if (!form_origin_believes(self->trust, &source)) {
        (void)form_origin_doubt(self->trust, &source, now->mono_ms);
        return false;
    }
    return true;
}

/* ── a form becomes a command ───────────────────────────────────────────────*/

static bool command_of(struct edge *self, const struct edge_form *from, struct param_reader *form,
                       const struct now *now, struct msg *command)
{
    struct sender sender =
        command_sender(form, command_claims_node(form) && believes(self, from->from, now));
    struct buf *first = pending_scratch(self->pending, 0);
    struct buf *second = pending_scratch(self->pending, 1);

    if (strcmp(from->path, "/discovery/register") == 0) {
        command_register(form, sender, first, second, command);
    } else if (strcmp(from->path, "/discovery/renew") == 0) {
        command_renew(form, sender, command);
    } else if (strcmp(from->path, "/discovery/cancel") == 0) {
        command_cancel(form, sender, command);
    } else {
        assert(strcmp(from->path, "/discovery/set") == 0);
        command_set(form, sender, first, second, command);
    }
    return param_ok(form);
}

static uint64_t registry_boot(const struct edge *self)
{
    struct follower_state state;

    replica_follower(self->replica, ACTOR_REGISTRY, &state);
    return state.boot;
}

static void answer(struct edge *self, const struct edge_form *form, int status, enum err err,
                   const struct buf *data)
{
    struct buf body = {0};
    int code = err_discovery_code(err);

    buf_printf(&body, "{\"code\":%d,\"message\":\"%d\",\"ttl\":1", code, code);
    if (data != NULL) {
        buf_add_str(&body, STR(",\"data\":"));
        buf_add_str(&body, buf_str(data));
    }
    buf_add_char(&body, '}');
    http_answer(self->site, form, status, buf_str(&body));
    buf_fini(&body);
}

static struct asked *free_place(struct edge *self)
{
    for (unsigned i = 0; i < forms_max; i++) {
        if (self->asked[i].write == NULL) {
            return &self->asked[i];
        }
    }
    return NULL;
}

static struct str keep(struct buf *store, struct str text)
{
    struct str kept = {store->data + store->len, text.len};

    buf_add_str(store, text); /* there is room for all: reserved */
    return kept;
}

static void ask(struct edge *self, const struct edge_form *from, struct param_reader *form,
                const struct now *now, struct outbox *out)
{
    struct msg command = {0};
    struct asked *asked = free_place(self);
    struct identity id = {
        params_get(form->params, STR("env")), params_get(form->params, STR("appid")),
        params_get(form->params, STR("zone")), params_get(form->params, STR("hostname"))};

    if (!command_of(self, from, form, now, &command)) {
        answer(self, from, 200, ERR_INVALID, NULL);
        return;
    }
    if (asked == NULL) {
        answer(self, from, 503, ERR_FULL, NULL);
        return;
    }
    asked->write = pending_send(self->pending, &command, registry_boot(self), now, out);
    if (asked->write == NULL) {
        answer(self, from, 503, ERR_FULL, NULL);
        return;
    }
    asked->write->request =
        (struct request *)(void *)asked; /* whoever waits: nobody looks into it */
    asked->form = *from;
    asked->store.len = 0;
    (void)buf_reserve(&asked->store, id.env.len + id.appid.len + id.zone.len + id.hostname.len);
    asked->id = (struct identity){keep(&asked->store, id.env), keep(&asked->store, id.appid),
                                  keep(&asked->store, id.zone), keep(&asked->store, id.hostname)};
}

void edge_take(void *context, void *state, struct str arg, const struct now *now,
               struct outbox *out)
{
    struct site *site = context;
    struct edge_form from;
    struct params params = {0};
    struct param_reader form;

    (void)state;
    memcpy(&from, arg.data, sizeof(from));
    if (site->edge == NULL || !replica_ready(site->replica)) {
        return; /* it does not listen yet */
    }
    (void)params_add_form(&params, (struct str){arg.data + sizeof(from), arg.len - sizeof(from)},
                          params_max);
    param_reader_init(&form, &params);
    ask(site->edge, &from, &form, now, out);
    param_reader_fini(&form);
    params_fini(&params);
}

/* ── its answer ─────────────────────────────────────────────────────────────*/

static bool reached(const void *context, uint64_t epoch, uint64_t seq)
{
    const struct edge *self = context;

    return replica_reached(self->replica, epoch, seq);
}

static void answer_renew(struct edge *self, const struct asked *asked, enum err err)
{
    const struct registry *registry = replica_registry(self->replica);
    uint32_t slot = registry_find(registry, identity_key(&asked->id));
    struct instance instance;
    struct buf data = {0};

    if (slot != REGISTRY_NONE && registry_is_live(registry, slot)) {
        registry_instance(registry, slot, &instance);
        render_instance(&data, &instance, instance.renew_timestamp, RENDER_METADATA_OBJECT);
    } else {
        buf_add_str(&data, STR("null"));
    }
    answer(self, &asked->form, 200, err, &data);
    buf_fini(&data);
}

void edge_answer(struct edge *self, const struct msg *msg, const struct now *now)
{
    if (msg->type == MSG_TYPE_RESULT) {
        (void)pending_result(self->pending, msg, now);
    }
}

void edge_turn(struct edge *self, const struct now *now, struct outbox *out)
{
    struct pending_command *write;
    bool expired;

    while ((write = pending_over(self->pending, reached, self, now, &expired)) != NULL) {
        struct asked *asked = (struct asked *)(void *)write->request;

        if (expired) {
            answer(self, &asked->form, 503, ERR_TIMEOUT, NULL);
        } else if (write->type == MSG_TYPE_RENEW) {
            answer_renew(self, asked, write->err);
        } else {
            answer(self, &asked->form, err_http_status(write->err), write->err, NULL);
        }
        asked->write = NULL;
        pending_drop(self->pending, write);
    }
    if (pending_stalled(self->pending, registry_boot(self), now)) {
        replica_hurry(self->replica);
    }
    if (pending_resend(self->pending, registry_boot(self), now, out)) {
        outbox_again(out);
    }
}

int64_t edge_due_ms(const struct edge *self)
{
    int64_t due_ms = pending_due_ms(self->pending);
    struct now now = sim_now(self->site->sim, self->site->index);

    return due_ms == INT64_MAX ? INT64_MAX : due_ms - now.mono_ms + sim_ms(self->site->sim);
}
