#include "tests/sim/client.h"

#include <stdio.h>
#include <string.h>

#include "actors/registry/registry.h"
#include "tests/sim/sim.h"

static const int64_t heartbeat_ms = 30000;
static const int64_t resend_ms = 1000;
static const int64_t deadline_ms = 5000;

bool state_beats(const struct state *a, const struct state *b)
{
    if (a->dirty != b->dirty) {
        return a->dirty > b->dirty;
    }
    if (a->gone != b->gone) {
        return a->gone;
    }
    return !a->gone && a->hash > b->hash;
}

static const char *const apps[plan_apps] = {"cart", "shop", "search"};

static void add_slot(struct client *self, uint32_t host)
{
    uint32_t at = (uint32_t)(self->hosts[host].key.lo % client_slots);

    while (self->slots[at] != 0) {
        at = (at + 1) % client_slots;
    }
    self->slots[at] = (uint16_t)(host + 1);
}

void client_init(struct client *self, struct plan *plan, struct sim *sim, struct trace *trace)
{
    *self = (struct client){.plan = plan, .sim = sim, .trace = trace};
    prng_init(&self->prng, prng_next(&plan->prng));
    prng_init(&self->extra, prng_next(&plan->extra));
    self->gateway = (prng_next(&self->prng) | 1) >> 8 << 8;
    self->weights_ms = plan->with.schedules ? 0 : INT64_MAX;
    for (uint32_t i = 0; i < plan->entries; i++) {
        struct host *host = &self->hosts[i];
        struct identity id;

        if (i < plan->hosts) {
            (void)snprintf(host->name, sizeof(host->name), "host-%u", (unsigned)i);
        } else {
            assert(i - plan->hosts < sizeof(apps) / sizeof(apps[0]));
            (void)snprintf(host->name, sizeof(host->name), "schedule of %s", apps[i - plan->hosts]);
        }
        id = client_identity(self, i);
        host->key = identity_key(&id);
        add_slot(self, i);
        host->state = HOST_GONE;
        host->kept_since_ms = INT64_MAX;
        host->last_sign_ms = INT64_MIN / 2;
        host->best.dirty = -1;
        host->acked.dirty = -1;
        host->node =
            (uint32_t)prng_below(i < plan->hosts ? &self->prng : &self->extra, plan->nodes);
    }
}

bool client_is_schedule(const struct client *self, uint32_t host)
{
    return host >= self->plan->hosts;
}

struct identity client_identity(const struct client *self, uint32_t host)
{
    static const char *const zones[] = {"z0", "z1", "z2"};

    if (client_is_schedule(self, host)) {
        return (struct identity){.env = STR("dev"),
                                 .appid = str_from(apps[host - self->plan->hosts])};
    }
    return (struct identity){STR("dev"), str_from(apps[host % 3]), str_from(zones[host % 2]),
                             str_from(self->hosts[host].name)};
}

uint32_t client_host_of(const struct client *self, struct hash128 key)
{
    uint32_t at = (uint32_t)(key.lo % client_slots);

    while (self->slots[at] != 0 && !hash128_eq(self->hosts[self->slots[at] - 1].key, key)) {
        at = (at + 1) % client_slots;
    }
    return self->slots[at] == 0 ? UINT32_MAX : (uint32_t)(self->slots[at] - 1);
}

bool client_keeps(const struct client *self, uint32_t host)
{
    const struct host *at = &self->hosts[host];

    return at->state == HOST_LIVE && !at->silent && at->kept_since_ms != INT64_MAX;
}

/* ── sending ────────────────────────────────────────────────────────────────*/

static void fill_register(struct msg *msg, const struct flight *flight, struct buf *store)
{
    char version[16];

    (void)snprintf(version, sizeof(version), "%u", (unsigned)flight->version);
    strs_pack(store, STR("http://10.0.0.1:80"));
    strs_pack(store, str_from(version));
    msg->as_register.addrs = (struct strs){2, buf_str(store)};
    msg->as_register.version = STR("1");
    msg->as_register.status = STATUS_UP;
}

static void fill_set(struct msg *msg, const struct client *self, const struct flight *flight,
                     struct buf *store)
{
    struct msg host = {.type = MSG_TYPE_HOST};

    host.as_host.hostname = str_from(self->hosts[flight->host].name);
    host.as_host.status = flight->version % 2 == 0 ? STATUS_UP : STATUS_WAITING;
    msg->as_set.statuses_given = true;
    msg_list_add(&msg->as_set.hosts, store, &host);
}

/* Mostly other weights; now and then the app has none any more. */
static void fill_schedule(struct msg_schedule *to, uint32_t version, struct buf *store)
{
    static const char *const zones[] = {"z0", "z1"};

    to->remove = version % 5 == 0;
    for (uint32_t i = 0; i < 2 && !to->remove; i++) {
        struct msg weight = {.type = MSG_TYPE_WEIGHT};

        weight.as_weight.client = STR("z0");
        weight.as_weight.zone = str_from(zones[i]);
        weight.as_weight.weight = i == 0 ? version % 10 : 10;
        msg_list_add(&to->weights, store, &weight);
    }
}

static void send_flight(struct client *self, struct flight *flight, const struct now *now,
                        struct outbox *out)
{
    struct identity id = client_identity(self, flight->host);
    uint64_t gateway = self->gateway + flight->node;
    struct msg msg = {.type = flight->type};
    struct buf store = {0};

    flight->sent_ms = now->mono_ms;
/* the fields all writes begin with */
#define NAME(as)                                                                                   \
    msg.as.id = flight->id;                                                                        \
    msg.as.gateway = gateway;                                                                      \
    msg.as.expires = flight->expires;                                                              \
    msg.as.env = id.env;                                                                           \
    msg.as.appid = id.appid;                                                                       \
    msg.as.zone = id.zone
    if (flight->type == MSG_TYPE_REGISTER) {
        NAME(as_register);
        msg.as_register.hostname = id.hostname;
        fill_register(&msg, flight, &store);
    } else if (flight->type == MSG_TYPE_SET) {
        NAME(as_set);
        fill_set(&msg, self, flight, &store);
    } else if (flight->type == MSG_TYPE_SCHEDULE) {
        msg.as_schedule.id = flight->id;
        msg.as_schedule.gateway = gateway;
        msg.as_schedule.expires = flight->expires;
        msg.as_schedule.env = id.env;
        msg.as_schedule.appid = id.appid;
        fill_schedule(&msg.as_schedule, flight->version, &store);
    } else if (flight->type == MSG_TYPE_CANCEL) {
        NAME(as_cancel);
        msg.as_cancel.hostname = id.hostname;
    } else {
        NAME(as_renew);
        msg.as_renew.hostname = id.hostname;
    }
#undef NAME
    (void)outbox_command(out, ACTOR_REGISTRY, flight->node, &msg);
    buf_fini(&store);
}

static void launch(struct client *self, enum msg_type type, uint32_t at, const struct now *now,
                   struct outbox *out)
{
    struct host *host = &self->hosts[at];

    for (unsigned i = 0; i < client_flight_max; i++) {
        struct flight *flight = &self->flights[i];

        if (flight->id != 0) {
            continue;
        }
        *flight = (struct flight){.id = ++self->last_id,
                                  .type = type,
                                  .host = at,
                                  .node = host->node,
                                  .begun_ms = now->mono_ms,
                                  .expires = sim_now(self->sim, host->node).wall_ns +
                                             deadline_ms * 1000000,
                                  .state = {.dirty = -1}};
        if (type != MSG_TYPE_RENEW) {
            host->busy = true;
            flight->version = ++self->last_version;
            if (type == MSG_TYPE_CANCEL || type == MSG_TYPE_SCHEDULE) {
                host->cancels++;
                host->sign_count = 0;
            }
            trace_add(self->trace, now->mono_ms, (int)host->node, "%s: %s (%u)", host->name,
                      msg_type_name(type), (unsigned)flight->version);
        }
        send_flight(self, flight, now, out);
        return;
    }
}

/* As an SDK: this node does not answer, so another one. */
static void move(struct client *self, struct host *host, const struct now *now)
{
    uint32_t zone = self->plan->zone_of[host->node];

    host->node = (uint32_t)prng_below(&self->prng, self->plan->nodes);
    if (self->plan->zone_of[host->node] != zone) {
        host->zone_ms = now->mono_ms;
    }
    host->renew_ms = now->mono_ms + 1000;
    self->moves++;
}

static void give_up(struct client *self, struct flight *flight, const struct now *now)
{
    struct host *host = &self->hosts[flight->host];

    flight->id = 0;
    if (flight->type != MSG_TYPE_RENEW) {
        host->busy = false;
        host->state = HOST_UNKNOWN;
        host->kept_since_ms = INT64_MAX;
        trace_add(self->trace, now->mono_ms, (int)flight->node, "%s gives up %s (%u)", host->name,
                  msg_type_name(flight->type), (unsigned)flight->version);
    }
    if (flight->type != MSG_TYPE_SCHEDULE) {
        move(self, host, now);
    }
}

static void tend_flights(struct client *self, const struct now *now, struct outbox *out)
{
    for (unsigned i = 0; i < client_flight_max; i++) {
        struct flight *flight = &self->flights[i];

        if (flight->id == 0) {
            continue;
        }
        if (now->mono_ms >= flight->begun_ms + deadline_ms) {
            give_up(self, flight, now);
        } else if (now->mono_ms >= flight->sent_ms + resend_ms) {
            send_flight(self, flight, now, out);
        }
    }
}

static void do_something(struct client *self, const struct now *now, struct outbox *out)
{
    uint32_t at = (uint32_t)prng_below(&self->prng, self->plan->hosts);
    struct host *host = &self->hosts[at];
    uint64_t choice = prng_below(&self->prng, 10);

    if (host->busy) {
        return;
    }
    if (host->state != HOST_LIVE || choice == 0) {
        launch(self, MSG_TYPE_REGISTER, at, now, out);
    } else if (choice <= 3) {
        launch(self, MSG_TYPE_CANCEL, at, now, out);
    } else if (host->silent) {
        return;
    } else if (choice <= 6) {
        launch(self, MSG_TYPE_SET, at, now, out);
    } else if (choice <= 8) {
        move(self, host, now);
        trace_add(self->trace, now->mono_ms, (int)host->node, "%s moves here", host->name);
    } else if (at % 4 == 0 && !host->silent) {
        host->silent = true; /* some die without a word now and then */
        host->kept_since_ms = INT64_MAX;
        trace_add(self->trace, now->mono_ms, (int)host->node, "%s falls silent", host->name);
    }
}

/* What a file of weights says now: it reaches the registry as a command does, and nobody is told
 * what became of it. */
static void file_changes(void *context, void *state, struct str arg, const struct now *now,
                         struct outbox *out)
{
    struct client *self = context;
    struct msg_schedule command = {0};
    struct buf store = {0};
    struct buf why = {0};
    struct identity id;
    uint32_t what[2];

    memcpy(what, arg.data, sizeof(what));
    id = client_identity(self, what[0]);
    command.env = id.env;
    command.appid = id.appid;
    fill_schedule(&command, what[1], &store);
    (void)registry_actor_schedule(state, &command, now, out, &why);
    buf_fini(&store);
    buf_fini(&why);
}

/* Other weights for some app, at some node. */
static void change_weights(struct client *self, const struct now *now, struct outbox *out)
{
    uint32_t at = self->plan->hosts + (uint32_t)prng_below(&self->extra, plan_apps);
    struct host *host = &self->hosts[at];

    self->weights_ms =
        now->mono_ms + (int64_t)prng_below(&self->extra, 2 * (uint64_t)self->plan->schedule_ms);
    if (host->busy) {
        return;
    }
    host->node = (uint32_t)prng_below(&self->extra, self->plan->nodes);
    if (prng_below(&self->extra, 3) != 0) {
        launch(self, MSG_TYPE_SCHEDULE, at, now, out);
    } else if (self->registry_of != NULL) {
        uint32_t what[2] = {at, ++self->last_version};

        host->cancels++;
        trace_add(self->trace, now->mono_ms, (int)host->node, "%s: its file changes (%u)",
                  host->name, (unsigned)what[1]);
        sim_later(self->sim, self->registry_of(self->context, host->node), 0, file_changes, self,
                  (struct str){(const char *)what, sizeof(what)});
    }
}

void client_turn(void *context, void *state, const struct now *now, struct outbox *out)
{
    struct client *self = state;

    (void)context;
    tend_flights(self, now, out);
    for (uint32_t i = 0; i < self->plan->hosts; i++) {
        struct host *host = &self->hosts[i];

        if (host->state == HOST_LIVE && !host->silent && now->mono_ms >= host->renew_ms) {
            host->renew_ms = now->mono_ms + heartbeat_ms;
            launch(self, MSG_TYPE_RENEW, i, now, out);
        }
    }
    if (!self->quiet && now->mono_ms >= self->next_ms) {
        self->next_ms =
            now->mono_ms + (int64_t)prng_below(&self->prng, 2 * (uint64_t)self->plan->op_ms);
        do_something(self, now, out);
    }
    if (!self->quiet && now->mono_ms >= self->weights_ms) {
        change_weights(self, now, out);
    }
}

int64_t client_due_ms(void *context)
{
    const struct client *self = context;
    int64_t due = self->quiet                        ? INT64_MAX
                  : self->weights_ms < self->next_ms ? self->weights_ms
                                                     : self->next_ms;

    for (unsigned i = 0; i < client_flight_max; i++) {
        const struct flight *flight = &self->flights[i];

        if (flight->id != 0) {
            int64_t resend = flight->sent_ms + resend_ms;
            int64_t end = flight->begun_ms + deadline_ms;

            due = resend < due ? resend : due;
            due = end < due ? end : due;
        }
    }
    for (uint32_t i = 0; i < self->plan->hosts; i++) {
        const struct host *host = &self->hosts[i];

        if (host->state == HOST_LIVE && !host->silent && host->renew_ms < due) {
            due = host->renew_ms;
        }
    }
    return due;
}

/* ── answers ────────────────────────────────────────────────────────────────*/

static void promise(struct client *self, const struct flight *flight,
                    const struct msg_result *result)
{
    struct promise *promise = &self->promises[self->promised++ % client_promise_max];

    *promise = (struct promise){.open = true,
                                .node = flight->node,
                                .host = flight->host,
                                .epoch = result->epoch,
                                .seq = result->seq,
                                .state = flight->state};
}

static void on_done(struct client *self, const struct flight *flight,
                    const struct msg_result *result, const struct now *now)
{
    struct host *host = &self->hosts[flight->host];
    bool live = flight->type != MSG_TYPE_CANCEL && flight->type != MSG_TYPE_SCHEDULE;

    self->acknowledged++;
    host->state = live ? HOST_LIVE : HOST_GONE;
    if (flight->type == MSG_TYPE_REGISTER || flight->type == MSG_TYPE_RENEW) {
        host->signs[host->sign_count++ % host_signs] =
            (struct sign){flight->node, flight->begun_ms, now->mono_ms};
    }
    if (flight->type == MSG_TYPE_RENEW) {
        return;
    }
    if (flight->type != MSG_TYPE_SET && flight->type != MSG_TYPE_SCHEDULE) {
        host->version = flight->version;
        host->silent = false;
        host->renew_ms = now->mono_ms + heartbeat_ms;
        host->kept_since_ms = live ? now->mono_ms : INT64_MAX;
    }
    if (flight->state.dirty >= 0) {
        promise(self, flight, result);
        if (state_beats(&flight->state, &host->acked)) {
            host->acked = flight->state;
        }
    }
}

static void on_failed(struct client *self, const struct flight *flight, enum err err,
                      const struct now *now, struct outbox *out)
{
    struct host *host = &self->hosts[flight->host];

    if (flight->type == MSG_TYPE_SCHEDULE) {
        return; /* there was none to remove */
    }
    /* a cancel: this node did not know it; another one may */
    if (err != ERR_NOT_FOUND || flight->type == MSG_TYPE_CANCEL) {
        host->state = HOST_UNKNOWN;
        host->kept_since_ms = INT64_MAX;
    } else if (!host->silent && !host->busy && host->state == HOST_LIVE) {
        if (flight->type == MSG_TYPE_RENEW && self->missed != NULL) {
            self->missed(self->context, flight->host, flight);
        }
        launch(self, MSG_TYPE_REGISTER, flight->host, now, out);
    }
}

void client_answer(void *state, enum actor_name from, uint32_t node, const struct msg *msg,
                   const struct now *now, struct outbox *out)
{
    struct client *self = state;

    (void)from;
    (void)node;
    for (unsigned i = 0; i < client_flight_max && msg->type == MSG_TYPE_RESULT; i++) {
        struct flight flight = self->flights[i];

        if (flight.id == 0 || flight.id != msg->as_result.id) {
            continue;
        }
        self->flights[i].id = 0;
        if (flight.type != MSG_TYPE_RENEW) {
            self->hosts[flight.host].busy = false;
        }
        if (msg->as_result.err == ERR_OK) {
            on_done(self, &flight, &msg->as_result, now);
        } else {
            on_failed(self, &flight, (enum err)msg->as_result.err, now, out);
        }
        return;
    }
}

void client_decided(struct client *self, uint64_t gateway, uint64_t number, uint32_t host,
                    const struct state *state, int64_t now_ms)
{
    if (gateway >> 8 << 8 != self->gateway) {
        return;
    }
    for (unsigned i = 0; i < client_flight_max; i++) {
        if (self->flights[i].id == number) {
            self->flights[i].state = *state;
        }
    }
    /* Also the same one again: a tombstone that was lost with its disk, or that one node alone
     * holds and tells no more, is made anew where the instance lives, and only then on its way. */
    if (!state_beats(&self->hosts[host].best, state)) {
        self->hosts[host].best = *state;
        self->hosts[host].best_ms = now_ms;
    }
}
