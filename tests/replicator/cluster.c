#include "tests/replicator/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { replicator_client = 9 };

enum parcel_kind { TO_REGISTRY, FROM_REGISTRY, FACT, TO_DOOR, FROM_DOOR };

struct parcel {
    enum parcel_kind kind;
    unsigned from;
    unsigned to;
    uint32_t way; /* of the one who asked */
    uint64_t life;
    int64_t due_ms;
    struct buf frame;
};

static const int64_t base_ms = 5000;

static char env[] = "dev";
static char region[] = "sh";

static int64_t time_ms(const struct cluster *self)
{
    return self->members[0].clock.at.mono_ms;
}

static void post(struct cluster *self, struct parcel parcel, struct str frame, int64_t delay_ms)
{
    if (self->parcel_count == self->parcel_cap) {
        self->parcel_cap = self->parcel_cap == 0 ? 64 : 2 * self->parcel_cap;
        self->parcels = realloc(self->parcels, self->parcel_cap * sizeof(*self->parcels));
        assert_non_null(self->parcels);
    }
    parcel.due_ms = time_ms(self) + 1 + delay_ms;
    buf_add_str(&parcel.frame, frame);
    self->parcels[self->parcel_count++] = parcel;
}

/* ── nodes ── */

static void fill_config(struct cluster *self, const char *zones, unsigned i)
{
    struct member *member = &self->members[i];
    struct config *config = &member->config;
    uint32_t near = 0;
    uint32_t far = 0;

    config->node_zone = member->zone;
    config->node_region = region;
    config->node_env = env;
    config->node_name = member->name;
    config->gateway_advertise = member->advertise;
    config->security_insecure = true;
    config->gateway_listen = member->advertise;
    config->gateway_write_deadline = 5000;
    config->evictor_idle = 90000;
    config->peers_nodes.items = member->nodes;
    config->peers_zones.items = member->zones;
    for (unsigned j = 0; j < self->count; j++) {
        if (j == i) {
            continue;
        }
        if (zones[j] == zones[i]) {
            snprintf(member->seeds[j], sizeof(member->seeds[j]), "127.0.0.1:%u", 7170 + j);
            member->nodes[near++] = member->seeds[j];
        } else {
            snprintf(member->seeds[j], sizeof(member->seeds[j]), "zone%c=127.0.0.1:%u", zones[j],
                     7170 + j);
            member->zones[far++] = member->seeds[j];
        }
    }
    config->peers_nodes.count = near;
    config->peers_zones.count = far;
}

struct cluster *cluster_new(const char *zones, uint64_t seed)
{
    struct cluster *self = calloc(1, sizeof(*self));

    assert_non_null(self);
    self->count = (unsigned)strlen(zones);
    self->seed = seed;
    for (unsigned i = 0; i < self->count; i++) {
        struct member *member = &self->members[i];
        struct now now = {base_ms + (int64_t)i * 1000000,
                          1700000000000000000 + (int64_t)i * 3000000000};

        snprintf(member->zone, sizeof(member->zone), "zone%c", zones[i]);
        snprintf(member->name, sizeof(member->name), "n%u", i);
        snprintf(member->advertise, sizeof(member->advertise), "127.0.0.1:%u", 7170 + i);
        snprintf(member->node_id, sizeof(member->node_id), "%032x", i + 1);
        snprintf(member->door, sizeof(member->door), "127.0.0.1:%u", 8170 + i);
        clock_virtual_init(&member->clock, now.mono_ms, now.wall_ns);
        node_init(&member->registry, seed * 100 + i);
        member->registry.clock.at = now;
        member->registry.config.node_zone = member->zone;
        member->registry.config.node_name = member->name;
        fill_config(self, zones, i);
    }
    return self;
}

void cluster_kill_replicator(struct cluster *self, unsigned i)
{
    struct member *member = &self->members[i];

    if (member->up) {
        replicator_destroy(&member->replicator);
        outbox_destroy(&member->out);
        memset(member->ways, 0, sizeof(member->ways));
        member->up = false;
        member->hung = false;
    }
}

void cluster_destroy(struct cluster **self)
{
    for (unsigned i = 0; i < (*self)->count; i++) {
        cluster_kill_replicator(*self, i);
        node_fini(&(*self)->members[i].registry);
        buf_fini(&(*self)->members[i].posted);
    }
    for (size_t i = 0; i < (*self)->parcel_count; i++) {
        buf_fini(&(*self)->parcels[i].frame);
    }
    buf_fini(&(*self)->last_sent);
    free((*self)->parcels);
    free(*self);
    *self = NULL;
}

void cluster_start_replicator(struct cluster *self, unsigned i)
{
    struct member *member = &self->members[i];

    assert_false(member->up);
    member->lives++;
    member->out = outbox_new((size_t)64 << 20);
    member->replicator = replicator_new(
        &(struct replicator_options){.config = &member->config,
                                     .epoch = self->seed * 1000 + (uint64_t)i * 10 + member->lives,
                                     .node_id = member->node_id,
                                     .seed = self->seed + i,
                                     .door = member->no_door ? NULL : member->door,
                                     .door_waits = member->door_waits},
        &member->clock.at);
    member->link =
        (struct actor_link){.to = ACTOR_REGISTRY, .follower = member->replicator->registry};
    turn_init(&member->turn, &replicator_spec, member->replicator, member->out, &member->link, 1,
              member->clock.at.mono_ms);
    member->due = true;
    member->up = true;
}

void cluster_start(struct cluster *self, unsigned i)
{
    node_start(&self->members[i].registry);
    cluster_start_replicator(self, i);
}

void cluster_restart_registry(struct cluster *self, unsigned i, bool empty)
{
    struct node *node = &self->members[i].registry;

    node_stop(node);
    if (empty) {
        struct node fresh;

        node_init(&fresh, node->seed + 77);
        fresh.clock = node->clock;
        fresh.config = node->config;
        node_fini(node);
        *node = fresh;
    }
    node_start(node);
}

void cluster_cut(struct cluster *self, unsigned a, unsigned b, bool cut)
{
    self->cut[a][b] = cut;
    self->cut[b][a] = cut;
}

/* ── what leaves ── */

static unsigned member_at(const struct cluster *self, struct str endpoint)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (str_eq(endpoint, str_from(self->members[i].door))) {
            return i;
        }
    }
    fail_msg("nobody is at %.*s", STR_ARG(endpoint));
    return 0;
}

static void note_sent(struct cluster *self, unsigned from, struct str frame)
{
    struct str rest = frame;
    struct msg msg;

    self->frame_max = frame.len > self->frame_max ? frame.len : self->frame_max;
    while (rest.len > 0) {
        struct str whole = rest;

        assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
        self->sent[from][msg.type & 0xff]++;
        if (msg.type == self->watched_type) {
            whole.len -= rest.len;
            self->last_sent.len = 0;
            buf_add_str(&self->last_sent, whole);
        }
    }
}

static void send_replicators(struct cluster *self, unsigned i, enum outbox_lane lane)
{
    struct member *member = &self->members[i];
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(member->out, lane, &cursor, &item)) {
        struct parcel parcel = {.from = i, .to = i, .life = member->lives, .way = item.index};

        if (item.kind == OUTBOX_COMMAND) {
            parcel.kind = TO_REGISTRY;
            post(self, parcel, item.frame, 0);
        } else if (item.kind == OUTBOX_PEER_OPEN) {
            member->ways[item.index] = member_at(self, item.topic) + 1;
        } else if (item.kind == OUTBOX_PEER_CLOSE) {
            member->ways[item.index] = 0;
        } else if (item.kind == OUTBOX_PEER) {
            assert_true(member->ways[item.index] > 0);
            parcel.kind = TO_DOOR;
            parcel.to = member->ways[item.index] - 1;
            note_sent(self, i, item.frame);
            if (!self->cut[i][parcel.to]) {
                post(self, parcel, item.frame, self->delay_ms[i][parcel.to]);
            }
        } else if (item.kind == OUTBOX_REPLY && item.address.door) {
            parcel.kind = FROM_DOOR;
            parcel.to = item.address.bytes[1];
            parcel.way = item.address.bytes[2];
            parcel.life = item.address.bytes[3];
            note_sent(self, i, item.frame);
            if (!self->cut[i][parcel.to]) {
                post(self, parcel, item.frame, self->delay_ms[i][parcel.to]);
            }
        }
    }
    outbox_clear(member->out, lane);
}

static void send_registrys(struct cluster *self, unsigned i)
{
    struct node *node = &self->members[i].registry;

    for (size_t k = 0; k < node->item_count; k++) {
        struct node_item *item = &node->items[k];
        struct parcel parcel = {.from = i, .to = i, .life = self->members[i].lives};

        if (item->kind == OUTBOX_REPLY && item->address.bytes[1] == replicator_client) {
            parcel.kind = FROM_REGISTRY;
            post(self, parcel, buf_str(&item->frame), 0);
        } else if (item->kind == OUTBOX_FACT && !self->members[i].deaf && self->members[i].up &&
                   turn_follows(&self->members[i].turn, 0, buf_str(&item->topic))) {
            parcel.kind = FACT;
            post(self, parcel, buf_str(&item->frame), 0);
        }
        buf_fini(&item->topic);
        buf_fini(&item->frame);
    }
    node->item_count = 0;
}

/* ── what arrives ── */

static void knock(struct cluster *self, unsigned to, unsigned from, uint32_t way,
                  const struct msg *msg)
{
    struct member *member = &self->members[to];
    struct address address = {
        .len = 4,
        .door = true,
        .bytes = {'d', (uint8_t)from, (uint8_t)way, (uint8_t)self->members[from].lives}};

    turn_begin(&member->turn, &member->clock.at);
    (void)turn_command(&member->turn, &address, msg, &member->clock.at);
    member->due = true;
}

void cluster_knock(struct cluster *self, unsigned member, unsigned from, const struct msg *msg)
{
    struct buf frame = {0};
    struct str rest;
    struct msg copy;

    msg_encode(&frame, msg);
    rest = buf_str(&frame);
    assert_int_equal(msg_decode(&rest, &copy), ERR_OK);
    knock(self, member, from, 0, &copy);
    buf_fini(&frame);
}

static void hand_over(struct cluster *self, struct parcel *parcel)
{
    struct member *member = &self->members[parcel->to];
    struct str rest = buf_str(&parcel->frame);
    struct msg msg;

    if (parcel->kind == FACT) {
        turn_begin(&member->turn, &member->clock.at);
        turn_fact(&member->turn, 0, rest, &member->clock.at);
        member->due = true;
        return;
    }
    while (rest.len > 0) {
        assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
        switch (parcel->kind) {
        case TO_REGISTRY:
            if (member->registry.actor != NULL) {
                node_give_from(&member->registry, replicator_client, &msg);
            }
            break;
        case FROM_REGISTRY:
            turn_begin(&member->turn, &member->clock.at);
            (void)turn_answer(&member->turn, 0, &msg, &member->clock.at);
            member->due = true;
            break;
        case TO_DOOR:
            knock(self, parcel->to, parcel->from, parcel->way, &msg);
            break;
        case FROM_DOOR:
            if (member->ways[parcel->way] == parcel->from + 1) {
                turn_begin(&member->turn, &member->clock.at);
                turn_peer_answer(&member->turn, parcel->way, &msg, &member->clock.at);
            }
            member->due = true;
            break;
        case FACT:
            break;
        }
    }
}

static bool is_lost(const struct cluster *self, const struct parcel *parcel)
{
    const struct member *to = &self->members[parcel->to];

    if ((!to->up && parcel->kind != TO_REGISTRY) || (to->untold && parcel->kind == FACT)) {
        return true;
    }
    return (parcel->kind == TO_DOOR ? self->members[parcel->from].lives : to->lives) !=
           parcel->life;
}

static bool waits(const struct cluster *self, const struct parcel *parcel)
{
    const struct member *to = &self->members[parcel->to];

    return parcel->due_ms > time_ms(self) ||
           (parcel->kind == TO_REGISTRY ? to->deaf : to->up && to->hung);
}

static void deliver(struct cluster *self)
{
    size_t count = self->parcel_count;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct parcel parcel = self->parcels[i];

        if (waits(self, &parcel)) {
            self->parcels[kept++] = parcel;
            continue;
        }
        if (!is_lost(self, &parcel)) {
            hand_over(self, &parcel);
        }
        buf_fini(&parcel.frame);
    }
    assert_int_equal(count, self->parcel_count); /* nothing leaves before the turns end */
    self->parcel_count = kept;
}

/* ── HTTP ── */

static void add_text(struct buf *to, struct str text)
{
    buf_printf(to, "\"%.*s\"", STR_ARG(text));
}

static void add_instance(struct buf *json, const struct msg_put *put)
{
    struct str rest = put->addrs.bytes;
    struct str item;
    const char *comma = "";

    buf_printf(json,
               "{\"region\":\"sh\",\"zone\":\"%.*s\",\"env\":\"dev\",\"appid\":\"%.*s\","
               "\"hostname\":\"%.*s\",\"addrs\":[",
               STR_ARG(put->zone), STR_ARG(put->appid), STR_ARG(put->hostname));
    for (; strs_next(&rest, &item); comma = ",") {
        buf_printf(json, "%s\"%.*s\"", comma, STR_ARG(item));
    }
    buf_printf(json, "],\"version\":\"%.*s\",\"metadata\":{", STR_ARG(put->version));
    rest = put->metadata.bytes;
    for (comma = ""; strs_next(&rest, &item); comma = ",") {
        buf_add_str(json, str_from(comma));
        add_text(json, item);
        buf_add_char(json, ':');
        strs_next(&rest, &item);
        add_text(json, item);
    }
    buf_printf(json,
               "},\"status\":%u,\"reg_timestamp\":%lld,\"up_timestamp\":%lld,"
               "\"renew_timestamp\":%lld,\"dirty_timestamp\":%lld,\"latest_timestamp\":%lld}",
               put->status, (long long)put->reg_timestamp, (long long)put->up_timestamp,
               (long long)put->renew_timestamp, (long long)put->dirty_timestamp,
               (long long)put->latest_timestamp);
}

static void add_fetched(struct member *member, struct buf *json)
{
    struct msg app = {.type = MSG_TYPE_APP};
    struct msg answer;
    enum outbox_lane lane;
    struct str rest;
    struct msg record;
    const char *comma = "";

    app.as_app = (struct msg_app){.id = 4711, .env = STR("dev"), .appid = STR("infra.discovery")};
    node_give(&member->registry, &app);
    node_turn(&member->registry);
    assert_true(node_answer(&member->registry, 4711, &answer, &lane));
    buf_printf(json, "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"z\":[");
    rest = answer.as_found.records.bytes;
    while (msg_next(&rest, &record)) {
        buf_add_str(json, str_from(comma));
        add_instance(json, &record.as_put);
        comma = ",";
    }
    buf_printf(json, "]},\"latest_timestamp\":1}}");
}

static void add_who(const struct member *member, struct buf *json)
{
    buf_printf(json,
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":[{\"addr\":\"%s\",\"status\":0,"
               "\"zone\":\"%s\"",
               member->advertise, member->zone);
    if (!member->reference) {
        buf_printf(json, ",\"name\":\"%s\",\"node\":\"%s\"", member->name, member->node_id);
    }
    buf_printf(json, "}]}");
}

static struct member *http_member(struct cluster *self, const char *url)
{
    for (unsigned i = 0; i < self->count; i++) {
        const struct member *member = &self->members[i];

        if (strstr(url, member->advertise) != NULL ||
            (member->other_address[0] != '\0' && strstr(url, member->other_address) != NULL)) {
            return &self->members[i];
        }
    }
    return NULL;
}

static void answer_post(struct cluster *self, unsigned from, const struct post *post)
{
    struct member *asker = &self->members[from];
    struct member *member = http_member(self, post->url);
    struct buf json = {0};
    int status = 0;
    int64_t date_ns = 0;
    uint64_t id = post->id;

    if (member != NULL && member->registry.actor != NULL && !member->http_dead &&
        !self->cut[from][member - self->members]) {
        status = 200;
        date_ns = member->clock.at.wall_ns / 1000000000 * 1000000000;
        if (post->body.data == NULL && member->registry.actor->protection.on) {
            buf_printf(&json, "{\"code\":-500,\"message\":\"-500\",\"ttl\":1}");
        } else if (strstr(post->url, "/discovery/nodes?") != NULL) {
            add_who(member, &json);
        } else if (post->body.data == NULL) {
            add_fetched(member, &json);
            send_registrys(self, (unsigned)(member - self->members));
        } else {
            buf_printf(&member->posted, "%s %.*s\n", post->url, STR_ARG(post->body));
            buf_printf(&json, "{\"code\":%d,\"message\":\"0\",\"ttl\":1}",
                       member->lacks && strstr(post->url, "/renew") != NULL ? -404 : 0);
        }
    }
    posts_answer(asker->replicator->posts, id, status, date_ns, &json, &asker->clock.at);
    buf_fini(&json);
}

/* ── turns ── */

static void run_registry(struct cluster *self, unsigned i)
{
    struct node *node = &self->members[i].registry;

    if (node->actor == NULL ||
        !(node->in_turn || node->again || node->clock.at.mono_ms >= node->turn.tick_due_ms)) {
        return;
    }
    node_turn(node);
    send_registrys(self, i);
}

struct lane_of {
    struct cluster *cluster;
    unsigned member;
};

static void send_lane(void *context, enum outbox_lane lane)
{
    const struct lane_of *of = context;

    send_replicators(of->cluster, of->member, lane);
}

static void run_replicator(struct cluster *self, unsigned i)
{
    struct member *member = &self->members[i];
    const struct now *now = &member->clock.at;
    struct post post;

    if (!member->up || member->hung) {
        return;
    }
    while (posts_next(member->replicator->posts, now, &post)) {
        answer_post(self, i, &post);
        member->due = true;
    }
    while (posts_step(member->replicator->posts, now)) {
    }
    if (!member->due && now->mono_ms < turn_due_ms(&member->turn, now)) {
        return;
    }
    turn_begin(&member->turn, now);
    turn_time(&member->turn, now);
    turn_end(&member->turn, now, send_lane, &(struct lane_of){self, i});
    send_replicators(self, i, OUTBOX_SYNCED);
    member->due = outbox_take_again(member->out);
}

void cluster_run(struct cluster *self, int64_t ms)
{
    for (; ms > 0; ms--) {
        for (unsigned i = 0; i < self->count; i++) {
            clock_virtual_advance(&self->members[i].clock, 1);
            clock_virtual_advance(&self->members[i].registry.clock, 1);
        }
        deliver(self);
        for (unsigned i = 0; i < self->count; i++) {
            run_registry(self, i);
            run_replicator(self, i);
        }
    }
}

struct cluster *cluster_linked(const char *zones, uint64_t seed)
{
    struct cluster *self = cluster_new(zones, seed);

    for (unsigned i = 0; i < self->count; i++) {
        cluster_start(self, i);
    }
    cluster_run(self, 8000);
    return self;
}

/* ── clients ── */

static struct msg_result ask(struct cluster *self, unsigned i, struct msg msg)
{
    struct msg_result result = node_ask(&self->members[i].registry, &msg);

    send_registrys(self, i);
    return result;
}

/* node.c's instances stand in its own zone: each member's in its. */
static struct msg placed(struct cluster *self, unsigned i, struct msg msg)
{
    struct str zone = str_from(self->members[i].zone);

    if (msg.type == MSG_TYPE_REGISTER) {
        msg.as_register.zone = zone;
    } else if (msg.type == MSG_TYPE_RENEW) {
        msg.as_renew.zone = zone;
    } else {
        msg.as_cancel.zone = zone;
    }
    return msg;
}

struct msg_result cluster_register(struct cluster *self, unsigned i, const char *hostname)
{
    return ask(self, i, placed(self, i, node_register(&self->members[i].registry, hostname)));
}

struct msg_result cluster_renew(struct cluster *self, unsigned i, const char *hostname)
{
    return ask(self, i, placed(self, i, node_renew(&self->members[i].registry, hostname)));
}

struct msg_result cluster_cancel(struct cluster *self, unsigned i, const char *hostname)
{
    return ask(self, i, placed(self, i, node_cancel(&self->members[i].registry, hostname)));
}

/* ── what they hold ── */

bool cluster_live(const struct cluster *self, unsigned i, const char *hostname)
{
    const struct registry *registry = self->members[i].registry.actor->registry;
    struct msg like = node_register((struct node *)(uintptr_t)&self->members[i].registry, hostname);

    for (unsigned j = 0; j < self->count; j++) {
        struct identity id = {.env = like.as_register.env,
                              .appid = like.as_register.appid,
                              .zone = str_from(self->members[j].zone),
                              .hostname = str_from(hostname)};
        uint32_t slot = registry_find(registry, identity_key(&id));

        if (slot != REGISTRY_NONE && registry_is_live(registry, slot)) {
            return true;
        }
    }
    return false;
}

bool cluster_equal(const struct cluster *self)
{
    struct hash128 first = digest_root(self->members[0].registry.actor->digest);

    for (unsigned i = 1; i < self->count; i++) {
        if (!hash128_eq(first, digest_root(self->members[i].registry.actor->digest))) {
            return false;
        }
    }
    return true;
}

uint32_t cluster_live_count(struct cluster *self, unsigned i)
{
    const struct registry *registry = self->members[i].registry.actor->registry;
    uint32_t count = 0;

    for (uint32_t slot = 0; slot < registry_slot_count(registry); slot++) {
        count += registry_slot_used(registry, slot) && registry_is_live(registry, slot);
    }
    return count;
}

struct peer *cluster_peer(struct cluster *self, unsigned i, unsigned of)
{
    struct replicator *replicator = self->members[i].replicator;

    for (struct peer *peer = NULL; (peer = peers_next(replicator, peer)) != NULL;) {
        if (str_eq(buf_str(&peer->addr), str_from(self->members[of].advertise))) {
            return peer;
        }
    }
    return NULL;
}

bool cluster_up(struct cluster *self, unsigned i, unsigned of)
{
    struct peer *peer = cluster_peer(self, i, of);

    return peer != NULL && peer->link.state == LINK_UP;
}
