#include "tests/sim/reference.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/replicator/forms.h"
#include "actors/replicator/http_answer.h"
#include "common/naming/change.h"
#include "gateway/discovery/command.h"
#include "gateway/discovery/params.h"
#include "gateway/discovery/render.h"
#include "tests/sim/http.h"

enum { entries_max = plan_hosts_max + 32, flights_max = 2048, params_max = 1024 };

static const int64_t heartbeat_ms = 30000;
static const int64_t minute_ms = 60000;
static const int64_t idle_ms = 90000;
static const int64_t timeout_ms = 3000;

/* An instance, as a PUT. */
struct entry {
    bool used;
    struct hash128 key;
    int64_t dirty;
    int64_t renew_ms;
    struct buf record;
};

enum work { WORK_REGISTER, WORK_RENEW, WORK_CANCEL };

struct flight {
    uint64_t id; /* 0: free */
    uint32_t to;
    enum work work;
    int64_t until_ms;
    struct buf record;
};

struct reference {
    struct plan *plan;
    struct sim *sim;
    struct site *sites;
    struct sim_process process;
    unsigned number;
    struct prng prng;
    char zone[16];
    bool begun;
    uint64_t last_id;
    uint64_t posts;
    uint64_t renews; /* since the last round */
    int64_t round_ms;
    int64_t renew_ms;
    int64_t silent_ms[reference_clients];
    char names[reference_clients][16];
    struct entry entries[entries_max];
    struct flight flights[flights_max];
};

/* ── its registry ───────────────────────────────────────────────────────────*/

static struct entry *entry_of(const struct reference *self, struct hash128 key)
{
    for (uint32_t i = 0; i < entries_max; i++) {
        if (self->entries[i].used && hash128_eq(self->entries[i].key, key)) {
            return (struct entry *)&self->entries[i];
        }
    }
    return NULL;
}

static struct msg read_record(const struct buf *record)
{
    struct str rest = buf_str(record);
    struct msg msg;
    enum err err = msg_decode(&rest, &msg);

    assert(err == ERR_OK);
    (void)err;
    return msg;
}

static struct identity put_id(const struct msg_put *put)
{
    return (struct identity){put->env, put->appid, put->zone, put->hostname};
}

/* The stored one stays if it is newer. */
static void store(struct reference *self, const struct msg *put)
{
    struct identity id = put_id(&put->as_put);
    struct hash128 key = identity_key(&id);
    struct entry *entry = entry_of(self, key);
    struct buf record = {0};

    if (entry != NULL && put->as_put.dirty_timestamp < entry->dirty) {
        return;
    }
    for (uint32_t i = 0; entry == NULL && i < entries_max; i++) {
        entry = self->entries[i].used ? NULL : &self->entries[i];
    }
    assert(entry != NULL);
    msg_encode(&record, put); /* put may borrow from what stands there */
    buf_fini(&entry->record);
    *entry = (struct entry){.used = true,
                            .key = key,
                            .dirty = put->as_put.dirty_timestamp,
                            .renew_ms = sim_ms(self->sim),
                            .record = record};
}

static void drop(struct entry *entry)
{
    buf_fini(&entry->record);
    entry->used = false;
}

bool reference_has(const struct reference *self, struct hash128 key)
{
    return entry_of(self, key) != NULL;
}

static void render(const struct reference *self, struct buf *to, const struct entry *entry)
{
    struct msg msg = read_record(&entry->record);
    const struct msg_put *put = &msg.as_put;
    int64_t now_ns = sim_now(self->sim, sim_no_node).wall_ns;
    int64_t renewed = now_ns - (sim_ms(self->sim) - entry->renew_ms) * 1000000;
    struct instance instance = {.id = put_id(put),
                                .region = put->region,
                                .version = put->version,
                                .addrs = put->addrs,
                                .metadata = put->metadata,
                                .metadata_null = put->metadata_null,
                                .status = put->status,
                                .reg_timestamp = put->reg_timestamp,
                                .up_timestamp = put->up_timestamp,
                                .renew_timestamp = renewed,
                                .dirty_timestamp = put->dirty_timestamp,
                                .latest_timestamp = put->latest_timestamp};

    render_instance(to, &instance, renewed, RENDER_METADATA_OBJECT);
}

/* ── what it posts ──────────────────────────────────────────────────────────*/

static void post(struct reference *self, uint32_t to, enum work work, struct str record,
                 enum forms_reach reach)
{
    static const char *const paths[] = {"/discovery/register", "/discovery/renew",
                                        "/discovery/cancel"};
    struct edge_form form = {.from = self->plan->nodes};
    struct msg_gone gone = {0};
    struct flight *flight = NULL;
    struct buf bytes = {0};
    struct msg msg;

    for (uint32_t i = 0; flight == NULL && i < flights_max; i++) {
        flight = self->flights[i].id == 0 ? &self->flights[i] : NULL;
    }
    if (flight == NULL) {
        return;
    }
    self->posts++;
    flight->id = ++self->last_id;
    flight->to = to;
    flight->work = work;
    flight->until_ms = sim_ms(self->sim) + timeout_ms;
    flight->record.len = 0;
    buf_add_str(&flight->record, record);
    msg = read_record(&flight->record);
    form.id = flight->id;
    (void)snprintf(form.path, sizeof(form.path), "%s", paths[work]);
    buf_add(&bytes, &form, sizeof(form));
    gone = (struct msg_gone){.env = msg.as_put.env,
                             .appid = msg.as_put.appid,
                             .zone = msg.as_put.zone,
                             .hostname = msg.as_put.hostname};
    if (work == WORK_CANCEL) {
        struct buf body = {0};

        forms_cancel(&body, &gone, reach);
        buf_add_str(&bytes, buf_str(&body));
        buf_fini(&body);
    } else {
        struct buf body = {0};

        (work == WORK_RENEW ? forms_renew : forms_register)(&body, &msg.as_put, reach);
        buf_add_str(&bytes, buf_str(&body));
        buf_fini(&body);
    }
    http_send(&self->sites[to], self->plan->nodes, buf_str(&bytes));
    buf_fini(&bytes);
}

/* To each node of its zone that its infra.discovery names, and what its own clients write to one of
 * each other zone. */
static void post_all(struct reference *self, enum work work, const struct buf *record, bool own)
{
    struct buf copy = {0};
    bool posted[plan_zones_max] = {false};

    buf_add_str(&copy, buf_str(record));
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        uint32_t zone = self->plan->zone_of[i];
        bool own_zone = zone == self->plan->zone_of[0];
        struct identity id = {STR("dev"), STR("infra.discovery"), str_from(self->sites[i].zone),
                              str_from(self->sites[i].name)};

        if ((own_zone || (own && !posted[zone])) && entry_of(self, identity_key(&id)) != NULL) {
            post(self, i, work, buf_str(&copy), own_zone ? FORMS_ZONE : FORMS_OTHER_ZONE);
            posted[zone] = true;
        }
    }
    buf_fini(&copy);
}

/* ── what it is posted ──────────────────────────────────────────────────────*/

static void put_of(struct reference *self, const struct msg_register *from, struct msg *put)
{
    int64_t now_ns = sim_now(self->sim, sim_no_node).wall_ns;

    *put = (struct msg){.type = MSG_TYPE_PUT};
    put->as_put = (struct msg_put){.kind = CHANGE_REGISTER,
                                   .env = from->env,
                                   .appid = from->appid,
                                   .zone = from->zone,
                                   .hostname = from->hostname,
                                   .region = from->region,
                                   .version = from->version,
                                   .addrs = from->addrs,
                                   .metadata = from->metadata,
                                   .metadata_null = from->metadata_null,
                                   .status = from->status,
                                   .reg_timestamp = now_ns,
                                   .up_timestamp = now_ns,
                                   .renew_timestamp = now_ns,
                                   .dirty_timestamp =
                                       from->dirty_timestamp != 0 ? from->dirty_timestamp : now_ns,
                                   .latest_timestamp = now_ns};
}

static int take_register(struct reference *self, struct param_reader *form, bool replication)
{
    const struct sender node = {.origin = ORIGIN_HTTP_PEER};
    struct buf addrs = {0};
    struct buf metadata = {0};
    struct msg command = {0};
    struct msg put;
    struct identity id;
    struct entry *entry;

    command_register(form, node, &addrs, &metadata, &command);
    put_of(self, &command.as_register, &put);
    store(self, &put);
    id = put_id(&put.as_put);
    entry = entry_of(self, identity_key(&id));
    if (!replication) {
        post_all(self, WORK_REGISTER, &entry->record, false);
    }
    buf_fini(&addrs);
    buf_fini(&metadata);
    return 0;
}

static int take_renew(struct reference *self, struct entry *entry, int64_t dirty, bool replication,
                      bool own)
{
    if (entry == NULL) {
        return -404;
    }
    entry->renew_ms = sim_ms(self->sim);
    self->renews++;
    if (!replication) {
        post_all(self, WORK_RENEW, &entry->record, own);
        return 0;
    }
    return dirty > entry->dirty ? -404 : dirty < entry->dirty ? -409 : 0;
}

static int take_cancel(struct reference *self, struct entry *entry, bool replication)
{
    if (entry == NULL) {
        return -404;
    }
    if (!replication) {
        post_all(self, WORK_CANCEL, &entry->record, false);
    }
    drop(entry);
    return 0;
}

void reference_take(void *context, void *state, struct str arg, const struct now *now,
                    struct outbox *out)
{
    struct reference *self = context;
    struct edge_form from;
    struct params params = {0};
    struct param_reader form;
    struct identity id;
    struct entry *entry;
    struct buf body = {0};
    bool replication;
    int code;

    (void)state;
    (void)now;
    (void)out;
    memcpy(&from, arg.data, sizeof(from));
    (void)params_add_form(&params, (struct str){arg.data + sizeof(from), arg.len - sizeof(from)},
                          params_max);
    param_reader_init(&form, &params);
    replication = param_flag(&form, "replication");
    id = (struct identity){params_get(&params, STR("env")), params_get(&params, STR("appid")),
                           params_get(&params, STR("zone")), params_get(&params, STR("hostname"))};
    entry = entry_of(self, identity_key(&id));
    if (strcmp(from.path, "/discovery/register") == 0) {
        code = take_register(self, &form, replication);
    } else if (strcmp(from.path, "/discovery/renew") == 0) {
        code =
            take_renew(self, entry, param_timestamp(&form, "dirty_timestamp"), replication, false);
    } else {
        code = take_cancel(self, entry, replication);
    }
    buf_printf(&body, "{\"code\":%d,\"message\":\"%d\",\"ttl\":1", code, code);
    if (code == -409) {
        buf_add_str(&body, STR(",\"data\":"));
        render(self, &body, entry);
    }
    buf_add_char(&body, '}');
    http_reference_answer(&self->sites[from.from], &from, buf_str(&body));
    buf_fini(&body);
    param_reader_fini(&form);
    params_fini(&params);
}

void reference_answered(void *context, void *state, struct str arg, const struct now *now,
                        struct outbox *out)
{
    struct reference *self = context;
    struct edge_form form;
    struct str body = {arg.data + sizeof(form), arg.len - sizeof(form)};
    struct flight *flight = NULL;
    int64_t code = answer_code(body);

    (void)state;
    (void)out;
    memcpy(&form, arg.data, sizeof(form));
    for (uint32_t i = 0; flight == NULL && i < flights_max; i++) {
        flight = self->flights[i].id == form.id ? &self->flights[i] : NULL;
    }
    if (flight == NULL) {
        return; /* too late */
    }
    flight->id = 0;
    if (flight->work == WORK_RENEW && code == -404) {
        struct buf record = {0};

        buf_add_str(&record, buf_str(&flight->record));
        post(self, flight->to, WORK_REGISTER, buf_str(&record),
             self->plan->zone_of[flight->to] == self->plan->zone_of[0] ? FORMS_ZONE
                                                                       : FORMS_OTHER_ZONE);
        buf_fini(&record);
    } else if (flight->work == WORK_RENEW && code == -409) {
        struct msg_list records = {0};
        struct buf bytes = {0};
        struct str rest;
        struct msg put;

        if (answer_instance(body, now->wall_ns, &records, &bytes)) {
            rest = records.bytes;
            while (msg_next(&rest, &put)) {
                store(self, &put);
            }
        }
        buf_fini(&bytes);
    }
}

/* ── what it is asked ───────────────────────────────────────────────────────*/

void reference_get(const struct reference *self, struct str path, struct buf *body)
{
    bool all = str_starts(path, STR("/discovery/fetch/all?"));
    bool nodes = str_starts(path, STR("/discovery/fetch?"));
    const char *comma = "";

    if (!all && !nodes) { /* it knows no identity */
        buf_add_str(body, STR("{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":[{\"addr\":"
                              "\"reference:7171\",\"status\":0,\"zone\":\"z0\"}]}"));
        return;
    }
    buf_add_str(body, STR("{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{"));
    if (nodes) {
        buf_printf(body, "\"instances\":{\"%s\":[", self->zone);
    } else {
        buf_add_str(body, STR("\"app\":["));
    }
    for (uint32_t i = 0; i < entries_max; i++) {
        struct msg msg;

        if (!self->entries[i].used) {
            continue;
        }
        msg = read_record(&self->entries[i].record);
        if (all || str_eq(msg.as_put.appid, STR("infra.discovery"))) {
            buf_add_str(body, str_from(comma));
            render(self, body, &self->entries[i]);
            comma = ",";
        }
    }
    buf_add_str(body, nodes ? STR("]},\"latest_timestamp\":1}}") : STR("]}}"));
}

/* ── its own time ───────────────────────────────────────────────────────────*/

struct identity reference_client(const struct reference *self, uint32_t client, int64_t *silent_ms)
{
    *silent_ms = self->silent_ms[client];
    return (struct identity){STR("dev"), STR("cart"), str_from(self->zone),
                             str_from(self->names[client])};
}

static void register_one(struct reference *self, struct identity id, struct str addr)
{
    struct msg_register command = {.env = id.env,
                                   .appid = id.appid,
                                   .zone = id.zone,
                                   .hostname = id.hostname,
                                   .region = STR("sh"),
                                   .metadata_null = true,
                                   .status = STATUS_UP};
    struct buf addrs = {0};
    struct msg put;
    struct entry *entry;

    strs_pack(&addrs, addr);
    command.addrs = (struct strs){1, buf_str(&addrs)};
    put_of(self, &command, &put);
    store(self, &put);
    entry = entry_of(self, identity_key(&id));
    post_all(self, WORK_REGISTER, &entry->record, true);
    buf_fini(&addrs);
}

static struct identity own_id(const struct reference *self)
{
    return (struct identity){STR("dev"), STR("infra.discovery"), str_from(self->zone),
                             STR("reference")};
}

/* What the others have, then itself. */
static void begin(struct reference *self)
{
    self->begun = true;
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        struct buf body = {0};
        struct answer_reader reader;
        struct msg_list records = {0};
        struct buf bytes = {0};
        struct str rest;
        struct msg put;

        http_get_all(&self->sites[i], &body);
        reader = (struct answer_reader){.list = ANSWER_FETCH_ALL,
                                        .text = buf_str(&body),
                                        .date_ns = sim_now(self->sim, sim_no_node).wall_ns};
        while (body.len > 0 && answer_next(&reader, &records, &bytes) <= ANSWER_PASSED) {
        }
        rest = records.bytes;
        while (msg_next(&rest, &put)) {
            store(self, &put);
        }
        buf_fini(&bytes);
        buf_fini(&body);
    }
    register_one(self, own_id(self), STR("http://reference:7171"));
}

static void renew_one(struct reference *self, struct identity id, struct str addr)
{
    if (take_renew(self, entry_of(self, identity_key(&id)), 0, false, true) == -404) {
        register_one(self, id, addr);
    }
}

static void evict(struct reference *self)
{
    uint32_t count = 0;
    uint32_t limit;
    bool protected;
    uint32_t gone = 0;

    for (uint32_t i = 0; i < entries_max; i++) {
        count += self->entries[i].used ? 1 : 0;
    }
    limit = count - (uint32_t)(0.85 * count);
    protected = self->renews < (uint64_t)(0.85 * 2 * count);
    self->renews = 0;
    for (uint32_t i = 0; i < entries_max && gone < limit; i++) {
        struct entry *entry = &self->entries[i];
        int64_t age_ms = sim_ms(self->sim) - entry->renew_ms;

        if (entry->used && age_ms > (protected ? self->plan->ceiling_ms : idle_ms)) {
            drop(entry);
            gone++;
        }
    }
}

static void tend(struct reference *self)
{
    int64_t now_ms = sim_ms(self->sim);

    for (uint32_t i = 0; i < flights_max; i++) {
        if (self->flights[i].id != 0 && now_ms >= self->flights[i].until_ms) {
            self->flights[i].id = 0; /* nothing is tried again: the next heartbeat repairs it */
        }
    }
    if (now_ms >= self->renew_ms) {
        self->renew_ms = now_ms + heartbeat_ms;
        renew_one(self, own_id(self), STR("http://reference:7171"));
        for (uint32_t i = 0; i < reference_clients; i++) {
            int64_t silent_ms;
            struct identity id = reference_client(self, i, &silent_ms);

            if (now_ms < silent_ms) {
                renew_one(self, id, STR("http://10.0.0.9:80"));
            }
        }
    }
    if (now_ms >= self->round_ms) {
        self->round_ms = now_ms + minute_ms;
        evict(self);
    }
}

static void on_turn(void *context, void *state, const struct now *now, struct outbox *out)
{
    struct reference *self = context;

    (void)state;
    (void)now;
    (void)out;
    if (!self->begun) {
        begin(self);
    }
    tend(self);
}

static int64_t due_ms(void *context)
{
    const struct reference *self = context;
    int64_t due = self->renew_ms < self->round_ms ? self->renew_ms : self->round_ms;
    int64_t second = sim_ms(self->sim) + 1000;

    return due < second ? due : second;
}

static void *on_start(void *context, const struct now *now)
{
    (void)now;
    return context;
}

static void on_end(void *context, void *state, bool killed)
{
    (void)context;
    (void)state;
    (void)killed;
}

struct reference *reference_new(struct plan *plan, struct sim *sim, struct site *sites)
{
    struct reference *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    *self = (struct reference){.plan = plan, .sim = sim, .sites = sites};
    prng_init(&self->prng, prng_next(&plan->extra));
    (void)snprintf(self->zone, sizeof(self->zone), "%s", sites[0].zone);
    self->round_ms = minute_ms;
    for (uint32_t i = 0; i < reference_clients; i++) {
        (void)snprintf(self->names[i], sizeof(self->names[i]), "old-%u", (unsigned)i);
        self->silent_ms[i] =
            i == 0 ? (int64_t)prng_below(&self->prng, (uint64_t)plan->end_ms / 2) : INT64_MAX;
    }
    self->process = (struct sim_process){.name = "reference",
                                         .node = sim_no_node,
                                         .actor = ACTOR_GATEWAY,
                                         .start = on_start,
                                         .end = on_end,
                                         .turn = on_turn,
                                         .due_ms = due_ms,
                                         .context = self};
    self->number = sim_add(sim, &self->process);
    for (uint32_t i = 0; i < plan->nodes; i++) {
        sites[i].reference = self;
    }
    sim_start(sim, self->number);
    return self;
}

void reference_destroy(struct reference **self)
{
    if (*self != NULL) {
        for (uint32_t i = 0; i < entries_max; i++) {
            buf_fini(&(*self)->entries[i].record);
        }
        for (uint32_t i = 0; i < flights_max; i++) {
            buf_fini(&(*self)->flights[i].record);
        }
        free(*self);
        *self = NULL;
    }
}

unsigned reference_process(const struct reference *self)
{
    return self->number;
}

uint64_t reference_posts(const struct reference *self)
{
    return self->posts;
}
