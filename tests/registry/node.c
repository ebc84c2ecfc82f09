#include "tests/registry/node.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t wall0 = 1700000000000000000;

static char zone[] = "sh001";
static char env[] = "dev";
static char node_name[] = "node-1";
static char journal_sync[] = "always";

void node_init(struct node *self, uint64_t seed)
{
    *self = (struct node){.sim = disk_sim_new(seed), .out = outbox_new(64 << 20), .seed = seed};
    self->machine_boot = "machine-1";
    clock_virtual_init(&self->clock, 5000, wall0);
    self->config.node_zone = zone;
    self->config.node_env = env;
    self->config.node_name = node_name;
    self->config.registry_journal_sync = journal_sync;
    self->config.registry_protect_wait = 60000;
    self->config.gateway_write_deadline = 5000;
    self->config.evictor_interval = 60000;
    self->config.evictor_idle = 90000;
    self->config.evictor_ceiling = 3600000;
    self->config.evictor_share = 0.85;
}

static void forget_items(struct node *self)
{
    for (size_t i = 0; i < self->item_count; i++) {
        buf_fini(&self->items[i].topic);
        buf_fini(&self->items[i].frame);
    }
    self->item_count = 0;
}

void node_fini(struct node *self)
{
    registry_actor_destroy(&self->actor);
    outbox_destroy(&self->out);
    disk_sim_destroy(&self->sim);
    forget_items(self);
    free(self->items);
    buf_fini(&self->store);
}

void node_start(struct node *self)
{
    struct registry_options options = {.config = &self->config,
                                       .disk = disk_sim_disk(self->sim),
                                       .clock = &self->clock.clock,
                                       .dir = "data/registry",
                                       .machine_boot = self->machine_boot,
                                       .seed = ++self->seed,
                                       .snapshot_bytes = self->snapshot_bytes,
                                       .allocate_bytes = self->allocate_bytes};
    enum err err = registry_actor_new(&self->actor, &options, &self->clock.at);

    assert(err == ERR_OK);
    (void)err;
    turn_init(&self->turn, &registry_spec, self->actor, self->out, NULL, 0,
              self->clock.at.mono_ms + registry_spec.tick_ms);
}

void node_stop(struct node *self)
{
    registry_actor_destroy(&self->actor);
}

void node_kill(struct node *self)
{
    node_power_cut(self, DISK_KEEP_ALL, 0);
}

void node_power_cut(struct node *self, enum disk_sim_keep keep, size_t bytes)
{
    disk_sim_die_after(self->sim, 0); /* its orderly close reaches nothing */
    registry_actor_destroy(&self->actor);
    disk_sim_power_cut(self->sim, keep, bytes);
    outbox_clear(self->out, OUTBOX_NOW);
    outbox_clear(self->out, OUTBOX_SYNCED);
    self->in_turn = false;
}

/* ── a turn ── */

static void begin_turn(struct node *self)
{
    if (!self->in_turn) {
        forget_items(self);
        self->in_turn = true;
        turn_begin(&self->turn, &self->clock.at);
    }
}

static void take_lane(void *context, enum outbox_lane lane)
{
    struct node *self = context;
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(self->out, lane, &cursor, &item)) {
        struct node_item *kept;

        if (self->item_count == self->item_cap) {
            self->item_cap = self->item_cap == 0 ? 16 : self->item_cap * 2;
            self->items = realloc(self->items, self->item_cap * sizeof(self->items[0]));
            assert(self->items != NULL);
        }
        kept = &self->items[self->item_count++];
        *kept = (struct node_item){.lane = lane, .kind = item.kind, .address = item.address};
        buf_add_str(&kept->topic, item.topic);
        buf_add_str(&kept->frame, item.frame);
    }
    outbox_clear(self->out, lane);
}

void node_give_from(struct node *self, unsigned peer, const struct msg *command)
{
    struct address from = {.len = 2, .bytes = {'p', (uint8_t)peer}};
    struct buf frame = {0};
    struct str rest;
    struct msg msg;
    enum err err;

    begin_turn(self);
    msg_encode(&frame, command);
    rest = buf_str(&frame);
    err = msg_decode(&rest, &msg);
    assert(err == ERR_OK);
    (void)err;
    (void)turn_command(&self->turn, &from, &msg, &self->clock.at);
    buf_fini(&frame);
}

void node_give(struct node *self, const struct msg *command)
{
    node_give_from(self, 1, command);
}

void node_turn(struct node *self)
{
    begin_turn(self);
    turn_time(&self->turn, &self->clock.at);
    turn_end(&self->turn, &self->clock.at, take_lane, self);
    take_lane(self, OUTBOX_SYNCED);
    self->again = outbox_take_again(self->out);
    self->in_turn = false;
    self->store.len = 0;
}

void node_settle(struct node *self)
{
    while (self->again) {
        node_turn(self);
    }
}

void node_run(struct node *self, int64_t ms)
{
    while (ms > 0) {
        int64_t step = ms < registry_spec.tick_ms ? ms : registry_spec.tick_ms;

        clock_virtual_advance(&self->clock, step);
        ms -= step;
        node_turn(self);
        node_settle(self);
    }
}

void node_pause(struct node *self, int64_t ms)
{
    clock_virtual_advance(&self->clock, ms);
}

/* ── commands ── */

static const uint64_t gateway = 77;

static int64_t expires(const struct node *self)
{
    return self->clock.at.wall_ns + 5000000000;
}

struct msg node_register(struct node *self, const char *hostname)
{
    struct msg msg = {.type = MSG_TYPE_REGISTER};
    static const char addrs[] = "\xb0http://10.0.0.1:"; /* one msgpack string of 16 bytes */

    msg.as_register = (struct msg_register){
        .id = ++self->id,
        .gateway = gateway,
        .expires = expires(self),
        .env = STR("dev"),
        .appid = STR("app"),
        .zone = STR("sh001"),
        .hostname = str_from(hostname),
        .version = STR("1"),
        .addrs = {1, {addrs, sizeof(addrs) - 1}},
        .status = STATUS_UP,
    };
    return msg;
}

struct msg node_renew(struct node *self, const char *hostname)
{
    struct msg msg = {.type = MSG_TYPE_RENEW};

    msg.as_renew = (struct msg_renew){.id = ++self->id,
                                      .gateway = gateway,
                                      .expires = expires(self),
                                      .env = STR("dev"),
                                      .appid = STR("app"),
                                      .zone = STR("sh001"),
                                      .hostname = str_from(hostname)};
    return msg;
}

struct msg node_cancel(struct node *self, const char *hostname)
{
    struct msg msg = {.type = MSG_TYPE_CANCEL};

    msg.as_cancel = (struct msg_cancel){.id = ++self->id,
                                        .gateway = gateway,
                                        .expires = expires(self),
                                        .env = STR("dev"),
                                        .appid = STR("app"),
                                        .zone = STR("sh001"),
                                        .hostname = str_from(hostname)};
    return msg;
}

struct msg node_set(struct node *self, uint32_t first, uint32_t count, uint32_t status)
{
    struct msg msg = {.type = MSG_TYPE_SET};

    msg.as_set = (struct msg_set){.id = ++self->id,
                                  .gateway = gateway,
                                  .expires = expires(self),
                                  .env = STR("dev"),
                                  .appid = STR("app"),
                                  .zone = STR("sh001"),
                                  .statuses_given = true};
    self->store.len = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct msg host = {.type = MSG_TYPE_HOST};
        char name[16];

        host.as_host.hostname = str_from(node_host_name(first + i, name));
        host.as_host.status = status;
        msg_list_add(&msg.as_set.hosts, &self->store, &host);
    }
    return msg;
}

struct msg node_evict(struct node *self, int64_t idle_ms, uint32_t limit)
{
    struct position at = node_position(self);
    struct msg msg = {.type = MSG_TYPE_EVICT};

    msg.as_evict = (struct msg_evict){.id = ++self->id,
                                      .epoch = at.epoch,
                                      .boot = at.boot,
                                      .tick = UINT64_MAX / 2,
                                      .idle_ms = idle_ms,
                                      .limit = limit};
    return msg;
}

struct msg node_snapshot(struct node *self, uint64_t cursor)
{
    struct msg msg = {.type = MSG_TYPE_SNAPSHOT};

    msg.as_snapshot = (struct msg_snapshot){.id = ++self->id, .cursor = cursor};
    return msg;
}

struct msg node_facts(struct node *self, uint64_t epoch, uint64_t from)
{
    struct msg msg = {.type = MSG_TYPE_FACTS};

    msg.as_facts = (struct msg_facts){.id = ++self->id, .epoch = epoch, .from = from};
    return msg;
}

const char *node_host_name(uint32_t host, char name[16])
{
    (void)snprintf(name, 16, "host-%07u", (unsigned)host);
    return name;
}

void node_register_many(struct node *self, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        struct msg command = node_register(self, node_host_name(first + i, name));

        node_give(self, &command);
        if (i % 500 == 499) {
            node_turn(self);
        }
    }
    node_turn(self);
}

struct msg_result node_ask(struct node *self, const struct msg *command)
{
    struct msg answer = {0};
    enum outbox_lane lane;
    bool found;

    node_give(self, command);
    node_turn(self);
    found = node_answer(self, msg_id(command), &answer, &lane);
    assert(found && answer.type == MSG_TYPE_RESULT);
    (void)found;
    return answer.as_result;
}

/* ── what the last turn sent ── */

bool node_answer(const struct node *self, uint64_t id, struct msg *answer, enum outbox_lane *lane)
{
    for (size_t i = 0; i < self->item_count; i++) {
        struct str rest = buf_str(&self->items[i].frame);

        while (self->items[i].kind == OUTBOX_REPLY && rest.len > 0 &&
               msg_decode(&rest, answer) == ERR_OK) {
            if (msg_id(answer) == id) {
                *lane = self->items[i].lane;
                return true;
            }
        }
    }
    return false;
}

bool node_fact(const struct node *self, size_t *cursor, enum msg_type type, struct msg *fact,
               struct str *topic, size_t *bytes)
{
    while (*cursor < self->item_count) {
        const struct node_item *item = &self->items[(*cursor)++];
        struct str rest = buf_str(&item->frame);

        if (item->kind == OUTBOX_FACT && msg_decode(&rest, fact) == ERR_OK && fact->type == type) {
            *topic = buf_str(&item->topic);
            *bytes = item->frame.len;
            return true;
        }
    }
    return false;
}

uint32_t node_fact_count(const struct node *self, enum msg_type type)
{
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;
    uint32_t count = 0;

    while (node_fact(self, &cursor, type, &fact, &topic, &bytes)) {
        count++;
    }
    return count;
}

/* ── what it is now ── */

static int64_t stat_sum(struct node *self, enum metric metric, const char *label)
{
    struct msg_counters counters = {0};
    struct buf stores[2] = {{0}, {0}};
    const struct counting to = {&counters.counters, &stores[0], &counters.sizes, &stores[1]};
    struct metric_index index;
    struct reading reading;
    struct metric_series series;
    int64_t sum = 0;
    bool found = false;

    registry_spec.count(self->actor, &to);
    metric_index_init(&index);
    reading_init(&reading, &index, &counters);
    while (reading_next(&reading, &series)) {
        if (series.metric != metric || (label != NULL && !str_eq(series.labels, str_from(label)))) {
            continue;
        }
        found = true;
        sum += metric_row(metric)->kind == METRIC_KIND_HISTOGRAM
                   ? (int64_t)durations_count(&series.took)
                   : series.value;
    }
    buf_fini(&stores[0]);
    buf_fini(&stores[1]);
    assert(found);
    return sum;
}

int64_t node_stat(struct node *self, enum metric metric)
{
    return stat_sum(self, metric, NULL);
}

int64_t node_stat_of(struct node *self, enum metric metric, const char *label)
{
    return stat_sum(self, metric, label);
}

struct position node_position(struct node *self)
{
    return registry_spec.position(self->actor);
}

static uint32_t slot_of(const struct node *self, const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};

    return registry_find(registry_actor_registry(self->actor), identity_key(&id));
}

bool node_holds(const struct node *self, const char *hostname)
{
    return slot_of(self, hostname) != REGISTRY_NONE;
}

bool node_live(const struct node *self, const char *hostname)
{
    return node_holds(self, hostname) &&
           registry_is_live(registry_actor_registry(self->actor), slot_of(self, hostname));
}

int64_t node_app_latest(const struct node *self)
{
    const struct registry *registry = registry_actor_registry(self->actor);
    uint32_t app = registry_app_find(registry, STR("dev"), STR("app"));
    struct app_info info;

    if (app == REGISTRY_NONE) {
        return 0;
    }
    registry_app(registry, app, &info);
    return info.latest_timestamp;
}
