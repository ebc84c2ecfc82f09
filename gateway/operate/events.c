#include "gateway/operate/events.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/event_change.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/tails.h"

enum { nodes_max = 256, reason_max = 512 };

struct known_node {
    struct buf address;
    bool lost;
    bool seen; /* in the list that is read */
};

struct known_actor {
    bool known;
    bool heard;
    uint64_t boot;
};

/* What was told last of what is no history, to tell what changed. */
struct events {
    struct ring ring;
    struct tails *tails;
    struct buf data; /* of the event that is made */

    bool protection_known;
    bool protection_on;
    struct buf protection_reason;
    bool protect_known;
    bool protect_on;
    bool storage_known;
    bool storage_ok;
    bool storage_damaged;
    bool nodes_known;
    struct known_node nodes[nodes_max];
    size_t node_count;
    struct known_actor actors[ACTOR_COUNT];
};

static const char *const event_names[] = {
#define EVENT_NAME(NAME, name, registry) name,
    EVENT_TABLE(EVENT_NAME)
#undef EVENT_NAME
};

static const bool is_of_registry[] = {
#define EVENT_REGISTRY(NAME, name, registry) registry,
    EVENT_TABLE(EVENT_REGISTRY)
#undef EVENT_REGISTRY
};

/* Names of kinds and actors need no escape. */
static void begin(struct buf *to, enum event_kind kind, enum actor_name actor, int64_t wall_ns)
{
    buf_add_str(to, STR("{\"time\":\""));
    time_print(to, wall_ns > 0 ? wall_ns : 0);
    buf_add_str(to, STR("\",\"kind\":\""));
    buf_add_str(to, str_from(event_names[kind]));
    buf_add_str(to, STR("\",\"actor\":\""));
    buf_add_str(to, str_from(actor_name_text(actor)));
    buf_add_char(to, '"');
}

/* Changes of the registry stand in the ring as they came, all else as text. */
static void print(struct buf *to, const struct ring_item *item)
{
    if (!is_of_registry[item->kind]) {
        buf_add_str(to, item->data);
        return;
    }
    begin(to, (enum event_kind)item->kind, ACTOR_REGISTRY, item->wall_ns);
    field_text(to, "env", item->key[0]);
    field_text(to, "appid", item->key[1]);
    event_change_print(to, item->data);
    buf_add_char(to, '}');
}

struct events *events_new(void)
{
    struct events *self = heap_new(sizeof(*self));

    self->tails = tails_new(&self->ring, print);
    return self;
}

void events_destroy(struct events **self)
{
    struct events *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    tails_destroy(&it->tails);
    ring_fini(&it->ring);
    buf_fini(&it->data);
    buf_fini(&it->protection_reason);
    for (size_t i = 0; i < nodes_max; i++) {
        buf_fini(&it->nodes[i].address);
    }
    free(it);
}

struct tails *events_tails(const struct events *self)
{
    return self->tails;
}

/* ── changes of the registry ────────────────────────────────────────────────*/

static enum event_kind kind_of(const struct change *change, const struct instance *before)
{
    if (identity_is_schedule(&change->instance.id)) {
        return EVENT_SCHEDULE;
    }
    switch (change->kind) {
    case CHANGE_REGISTER:
        return before != NULL ? EVENT_RE_REGISTER : EVENT_REGISTER;
    case CHANGE_SET:
        return EVENT_SET;
    case CHANGE_CANCEL:
        return EVENT_CANCEL;
    default:
        break;
    }
    return EVENT_EVICT;
}

void events_change(struct events *self, const struct change *change, const struct instance *before,
                   uint64_t epoch, const struct now *now)
{
    const struct identity *id = &change->instance.id;
    struct ring_item item = {.kind = kind_of(change, before),
                             .epoch = epoch,
                             .seq = change->seq,
                             .wall_ns = change->at > 0 ? change->at : now->wall_ns,
                             .key = {id->env, id->appid}};

    if (change->kind == CHANGE_FORGET) {
        return;
    }
    self->data.len = 0;
    event_change_pack(&self->data, change, before);
    item.event = event_names[item.kind];
    item.data = buf_str(&self->data);
    ring_add(&self->ring, &item);
}

/* ── other facts ────────────────────────────────────────────────────────────*/

static struct buf *begin_other(struct events *self, enum event_kind kind, enum actor_name actor,
                               const struct now *now)
{
    self->data.len = 0;
    begin(&self->data, kind, actor, now->wall_ns);
    return &self->data;
}

static void finish_other(struct events *self, enum event_kind kind, struct str reason,
                         const struct now *now)
{
    field_text(&self->data, "reason", field_cut(reason, reason_max));
    buf_add_char(&self->data, '}');
    ring_add(&self->ring, &(struct ring_item){.event = event_names[kind],
                                              .kind = kind,
                                              .wall_ns = now->wall_ns,
                                              .data = buf_str(&self->data)});
}

static void on_round(struct events *self, const struct msg_round *fact, const struct now *now)
{
    struct buf *to = begin_other(self, EVENT_ROUND, ACTOR_EVICTOR, now);

    field_null(to, "before");
    field_open(to, "after", '{');
    field_number(to, "idle_ms", fact->idle_ms);
    field_number(to, "limit", fact->limit);
    field_flag(to, "ok", fact->err == ERR_OK);
    buf_add_char(to, '}');
    finish_other(self, EVENT_ROUND, fact->text, now);
}

static void add_on(struct buf *to, const char *key, bool known, bool on)
{
    if (!known) {
        field_null(to, key);
        return;
    }
    field_open(to, key, '{');
    field_flag(to, "on", on);
    buf_add_char(to, '}');
}

static void on_protection(struct events *self, const struct msg_protection *fact,
                          const struct now *now)
{
    struct buf *to;

    if (self->protection_known && self->protection_on == fact->on &&
        str_eq(buf_str(&self->protection_reason), fact->reason)) {
        return;
    }
    if (self->protection_known || fact->on) { /* that it is off is no news to who begins */
        to = begin_other(self, EVENT_PROTECTION, ACTOR_EVICTOR, now);
        add_on(to, "before", self->protection_known, self->protection_on);
        field_open(to, "after", '{');
        field_flag(to, "on", fact->on);
        field_number(to, "heard", (int64_t)fact->heard);
        field_number(to, "expected", (int64_t)fact->expected);
        field_number(to, "threshold", (int64_t)fact->threshold);
        buf_add_char(to, '}');
        finish_other(self, EVENT_PROTECTION, fact->reason, now);
    }
    self->protection_known = true;
    self->protection_on = fact->on;
    self->protection_reason.len = 0;
    buf_add_str(&self->protection_reason, fact->reason);
}

static void on_protect(struct events *self, const struct msg_protect *fact, const struct now *now)
{
    bool is_news = self->protect_known ? self->protect_on != fact->on : fact->on;

    if (is_news) {
        (void)begin_other(self, EVENT_PROTECTION, ACTOR_REGISTRY, now);
        add_on(&self->data, "before", self->protect_known, self->protect_on);
        add_on(&self->data, "after", true, fact->on);
        finish_other(self, EVENT_PROTECTION, fact->reason, now);
    }
    self->protect_known = true;
    self->protect_on = fact->on;
}

static void add_storage(struct buf *to, const char *key, bool ok, bool damaged)
{
    field_open(to, key, '{');
    field_flag(to, "ok", ok);
    field_flag(to, "damaged", damaged);
    buf_add_char(to, '}');
}

static void on_storage(struct events *self, const struct msg_storage *fact, const struct now *now)
{
    bool is_news = self->storage_known
                       ? self->storage_ok != fact->ok || self->storage_damaged != fact->damaged
                       : !fact->ok || fact->damaged;

    if (is_news) {
        (void)begin_other(self, EVENT_STORAGE, ACTOR_REGISTRY, now);
        if (self->storage_known) {
            add_storage(&self->data, "before", self->storage_ok, self->storage_damaged);
        } else {
            field_null(&self->data, "before");
        }
        add_storage(&self->data, "after", fact->ok, fact->damaged);
        finish_other(self, EVENT_STORAGE, fact->ok ? fact->damage : fact->reason, now);
    }
    self->storage_known = true;
    self->storage_ok = fact->ok;
    self->storage_damaged = fact->damaged;
}

/* ── nodes ──────────────────────────────────────────────────────────────────*/

static void add_node_state(struct buf *to, const char *key, const char *state)
{
    if (state == NULL) {
        field_null(to, key);
        return;
    }
    field_open(to, key, '{');
    field_text(to, "status", str_from(state));
    buf_add_char(to, '}');
}

/* before, after: up, lost; NULL: it is not known then. */
static void tell_node(struct events *self, struct str address, const char *before,
                      const char *after, struct str reason, const struct now *now)
{
    (void)begin_other(self, EVENT_NODE, ACTOR_REPLICATOR, now);
    field_text(&self->data, "node", address);
    add_node_state(&self->data, "before", before);
    add_node_state(&self->data, "after", after);
    finish_other(self, EVENT_NODE, reason, now);
}

static const char *node_state(bool lost)
{
    return lost ? "lost" : "up";
}

static void take_node(struct events *self, const struct msg_node *node, const struct now *now)
{
    bool lost = node->status != 0;
    size_t at = 0;

    while (at < self->node_count && !str_eq(buf_str(&self->nodes[at].address), node->addr)) {
        at++;
    }
    if (at == nodes_max) {
        return;
    }
    if (at == self->node_count) {
        self->node_count++;
        self->nodes[at].address.len = 0;
        buf_add_str(&self->nodes[at].address, node->addr);
        if (self->nodes_known) {
            tell_node(self, node->addr, NULL, node_state(lost), node->trouble, now);
        }
    } else if (self->nodes[at].lost != lost) {
        tell_node(self, node->addr, node_state(self->nodes[at].lost), node_state(lost),
                  node->trouble, now);
    }
    self->nodes[at].lost = lost;
    self->nodes[at].seen = true;
}

static void drop_gone_nodes(struct events *self, const struct now *now)
{
    size_t at = 0;

    while (at < self->node_count) {
        struct known_node *node = &self->nodes[at];

        if (node->seen) {
            node->seen = false;
            at++;
        } else {
            struct known_node gone = *node;

            tell_node(self, buf_str(&gone.address), node_state(gone.lost), NULL, STR(""), now);
            *node = self->nodes[--self->node_count];
            self->nodes[self->node_count] = gone; /* its memory stays */
        }
    }
}

static void on_nodes(struct events *self, const struct msg_nodes *fact, const struct now *now)
{
    struct str rest = fact->nodes.bytes;
    struct msg msg;

    while (msg_next(&rest, &msg)) {
        if (msg.type == MSG_TYPE_NODE && !msg.as_node.self) {
            take_node(self, &msg.as_node, now);
        }
    }
    drop_gone_nodes(self, now);
    self->nodes_known = true;
}

void events_fact(struct events *self, const struct msg *fact, const struct now *now)
{
    switch (fact->type) {
    case MSG_TYPE_ROUND:
        on_round(self, &fact->as_round, now);
        break;
    case MSG_TYPE_PROTECTION:
        on_protection(self, &fact->as_protection, now);
        break;
    case MSG_TYPE_PROTECT:
        on_protect(self, &fact->as_protect, now);
        break;
    case MSG_TYPE_STORAGE:
        on_storage(self, &fact->as_storage, now);
        break;
    case MSG_TYPE_NODES:
        on_nodes(self, &fact->as_nodes, now);
        break;
    default:
        break; /* heartbeats, and what newer actors tell */
    }
}

/* ── actors ─────────────────────────────────────────────────────────────────*/

static void add_actor_state(struct buf *to, const char *key, bool heard)
{
    field_open(to, key, '{');
    field_text(to, "state", heard ? STR("up") : STR("silent"));
    buf_add_char(to, '}');
}

void events_actor(struct events *self, enum actor_name actor, bool heard, uint64_t boot,
                  const struct now *now)
{
    struct known_actor *known = &self->actors[actor];
    bool again = heard && known->known && known->boot != boot && known->boot != 0;

    if (known->known && (known->heard != heard || again)) {
        (void)begin_other(self, EVENT_ACTOR, actor, now);
        add_actor_state(&self->data, "before", known->heard);
        add_actor_state(&self->data, "after", heard);
        finish_other(self, EVENT_ACTOR, again ? STR("started again") : STR(""), now);
    }
    known->known = known->known || heard; /* before it was heard once nothing is new */
    known->heard = heard;
    known->boot = boot;
}

/* ── GET /muster/v1/events ──────────────────────────────────────────────────*/

/* "<16 hex>-<decimal>". */
static bool read_id(struct str text, uint64_t *epoch, uint64_t *seq)
{
    enum { digits = 16 };
    int64_t number = 0;

    *epoch = 0;
    if (text.len < digits + 2 || text.data[digits] != '-') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        char c = text.data[i];
        int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (value < 0) {
            return false;
        }
        *epoch = *epoch << 4 | (unsigned)value;
    }
    if (str_to_i64((struct str){text.data + digits + 1, text.len - digits - 1}, &number) !=
            ERR_OK ||
        number < 0) {
        return false;
    }
    *seq = (uint64_t)number;
    return true;
}

static struct tail_start start_of(const struct events *self, const struct operate_ask *ask,
                                  const struct ring_filter *filter)
{
    struct str last = request_header(ask->request, HTTP_HEADER_LAST_EVENT_ID);
    struct tail_start start = {.at = self->ring.next, .resume = self->ring.next};
    uint64_t epoch;
    uint64_t seq;

    if (last.len == 0) {
        start.at = tails_back(self->tails, filter, ask->args.number[OPERATE_LAST]);
        start.resume = 0;
    } else if (!read_id(last, &epoch, &seq) || !ring_behind(&self->ring, epoch, seq, &start.at)) {
        start.at = self->ring.first;
        start.lost = true;
    }
    return start;
}

void operate_events(struct operate *operate, const struct operate_ask *ask)
{
    const struct events *self = operate->events;
    const struct ring_filter filter = {
        .kinds = ask->args.list[OPERATE_KINDS],
        .key = {ask->args.text[OPERATE_ENV], ask->args.text[OPERATE_APPID]}};
    struct tail_start start;

    if (tails_count(self->tails) == tails_max) {
        operate_refuse_busy(ask->request, STR("many listen already: end one of the streams"));
        return;
    }
    start = start_of(self, ask, &filter);
    tails_begin(self->tails, ask, &filter, &start);
}
