/* GET /muster/v1/cluster: one row a node. The replicator is asked for them (PEERS); while it is
 * silent, the rows are what it told last, without what only it knows. */
#include "gateway/operate/roster.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/bus/parked.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/page.h"

enum { nodes_max = 1024, text_max = 512 }; /* bytes of what others tell */

static const int64_t wait_ms = 500;
static const int64_t forget_ms = 600000; /* what was seen of a node that is listed no more */

struct waiter {
    struct parked parked; /* first: the request's user */
    struct roster *roster;
    struct request *request;
    struct waiter *before;
    struct waiter *next;
    uint64_t after;
    int64_t limit;
};

/* Since when a node has been as it is, as far as this gateway has looked. */
struct sight {
    struct buf address;
    bool lost;
    int64_t since; /* wall ns */
    bool differs;
    int64_t differs_ms; /* mono, since when */
    int64_t seen_ms;
};

struct roster {
    struct waiter *waiters;
    uint64_t asked; /* id of the question that is under way; 0: none */
    uint64_t questions;
    int64_t deadline_ms;  /* of it */
    struct sight *sights; /* owns */
    size_t sight_count;
};

/* A row, wherever it is from. */
struct row {
    struct str name;
    struct str address;
    struct str zone;
    struct str link; /* empty: not known */
    struct str reason;
    struct str digest;
    bool self;
    bool lost;
    uint64_t queue_bytes;
};

struct roster *roster_new(void)
{
    struct roster *self = heap_new(sizeof(*self));

    self->sights = heap_array(nodes_max, sizeof(*self->sights));
    return self;
}

void roster_destroy(struct roster **self)
{
    struct roster *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    while (it->waiters != NULL) {
        struct waiter *waiter = it->waiters;

        it->waiters = waiter->next;
        free(waiter);
    }
    for (size_t i = 0; i < nodes_max; i++) {
        buf_fini(&it->sights[i].address);
    }
    free(it->sights);
    free(it);
}

int64_t roster_due_ms(const struct roster *self)
{
    return self->asked != 0 ? self->deadline_ms : INT64_MAX;
}

/* ── since when ─────────────────────────────────────────────────────────────*/

/* Makes room by forgetting one that was not seen for long; NULL: there is none. */
static struct sight *sight_free(struct roster *self, const struct now *now)
{
    if (self->sight_count < nodes_max) {
        return &self->sights[self->sight_count++];
    }
    for (size_t i = 0; i < self->sight_count; i++) {
        if (now->mono_ms - self->sights[i].seen_ms > forget_ms) {
            return &self->sights[i];
        }
    }
    return NULL;
}

static struct sight *sight_of(struct roster *self, const struct row *row, const struct now *now)
{
    struct sight *sight;
    struct buf address;

    for (size_t i = 0; i < self->sight_count; i++) {
        if (str_eq(buf_str(&self->sights[i].address), row->address)) {
            return &self->sights[i];
        }
    }
    sight = sight_free(self, now);
    if (sight != NULL) {
        address = sight->address;
        address.len = 0;
        buf_add_str(&address, row->address);
        *sight = (struct sight){.address = address, .lost = row->lost, .since = now->wall_ns};
    }
    return sight;
}

static void look(struct sight *sight, const struct row *row, bool differs, const struct now *now)
{
    if (sight->lost != row->lost) {
        sight->lost = row->lost;
        sight->since = now->wall_ns;
    }
    if (differs && !sight->differs) {
        sight->differs_ms = now->mono_ms;
    }
    sight->differs = differs;
    sight->seen_ms = now->mono_ms;
}

/* ── rows ───────────────────────────────────────────────────────────────────*/

static void add_digest(struct buf *to, struct str digest)
{
    if (digest.len == 0) {
        field_null(to, "digest");
        return;
    }
    field_key(to, "digest");
    buf_add_char(to, '"');
    for (size_t i = 0; i < digest.len; i++) {
        buf_printf(to, "%02x", (unsigned)(unsigned char)digest.data[i]);
    }
    buf_add_char(to, '"');
}

/* own: this node's digest; empty: not known. */
static void add_row(struct roster *self, struct buf *to, const struct row *row, struct str own,
                    const struct now *now)
{
    bool comparable = own.len > 0 && row->digest.len > 0;
    bool differs = comparable && !str_eq(own, row->digest);
    struct sight *sight = sight_of(self, row, now);

    if (sight != NULL) {
        look(sight, row, differs, now);
    }
    buf_add_char(to, '{');
    field_text_or_null(to, "node", field_cut(row->name, text_max));
    field_text(to, "address", field_cut(row->address, text_max));
    field_text(to, "zone", field_cut(row->zone, text_max));
    field_text_or_null(to, "version", row->self ? STR(MUSTER_VERSION) : STR(""));
    field_flag(to, "self", row->self);
    field_text_or_null(to, "link", field_cut(row->link, text_max));
    field_text(to, "status", row->lost ? STR("lost") : STR("up"));
    field_time(to, "since", sight != NULL ? sight->since : 0);
    field_text(to, "reason", field_cut(row->reason, text_max));
    add_digest(to, field_cut(row->digest, text_max));
    if (comparable) {
        field_flag(to, "same", !differs);
    } else {
        field_null(to, "same");
    }
    if (differs && sight != NULL) {
        field_number(to, "differs_for_s", (now->mono_ms - sight->differs_ms + 999) / 1000);
    } else {
        field_null(to, "differs_for_s");
    }
    if (row->link.len > 0) {
        field_number(to, "queue_bytes", (int64_t)row->queue_bytes);
    } else {
        field_null(to, "queue_bytes");
    }
    buf_add_char(to, '}');
}

static void reply(struct roster *self, struct waiter *waiter, const struct row *rows, size_t count,
                  struct str own, const struct now *now)
{
    size_t at = waiter->after < count ? (size_t)waiter->after : count;
    struct buf one = {0};
    struct page page;

    page_begin(&page, "nodes");
    for (; at < count && (int64_t)page.count < waiter->limit; at++) {
        one.len = 0;
        add_row(self, &one, &rows[at], own, now);
        if (!page_add(&page, buf_str(&one))) {
            break;
        }
    }
    field_number(page_close(&page), "total", (int64_t)count);
    if (at < count) {
        page_next_number(&page, at);
    }
    page_answer(&page, waiter->request);
    buf_fini(&one);
}

static void reply_all(struct roster *self, const struct row *rows, size_t count,
                      const struct now *now)
{
    struct str own = {0};

    for (size_t i = 0; i < count; i++) {
        own = rows[i].self ? rows[i].digest : own;
    }
    while (self->waiters != NULL) {
        struct waiter *waiter = self->waiters;

        self->waiters = waiter->next;
        if (waiter->next != NULL) {
            waiter->next->before = NULL;
        }
        reply(self, waiter, rows, count, own, now);
        free(waiter);
    }
    self->asked = 0;
}

/* In the list of the node itself "self" is no link. */
static struct row row_of(const struct msg_node *node)
{
    return (struct row){
        .name = node->name,
        .address = node->addr,
        .zone = node->zone,
        .link = str_eq(node->link, STR("self")) ? STR("none") : node->link,
        .reason = node->trouble,
        .digest = node->digest,
        .self = node->self,
        .lost = node->status != 0,
        .queue_bytes = node->queue_bytes,
    };
}

void roster_answer(struct operate *operate, const struct msg_node_list *list, const struct now *now)
{
    struct roster *self = operate->roster;
    struct str rest = list->nodes.bytes;
    struct row *rows;
    struct msg msg;
    size_t count = 0;

    if (self->asked == 0 || list->id != self->asked) {
        return;
    }
    rows = heap_array(nodes_max, sizeof(*rows));
    while (count < nodes_max && msg_next(&rest, &msg)) {
        if (msg.type == MSG_TYPE_NODE) {
            rows[count++] = row_of(&msg.as_node);
        }
    }
    reply_all(self, rows, count, now);
    free(rows);
}

/* ── while the replicator is silent ─────────────────────────────────────────*/

static size_t known_rows(const struct operate *operate, const struct now *now, struct row *rows)
{
    const struct config *config = operate->view.config;
    struct operate_standing standing;
    size_t count = 0;

    operate->view.standing(operate->view.state, now, &standing);
    for (size_t i = 0; i < standing.node_count && count < nodes_max; i++) {
        struct operate_node node;

        operate->view.node(operate->view.state, i, &node);
        rows[count++] = (struct row){.name = node.self ? str_from(config->node_name) : STR(""),
                                     .address = node.address,
                                     .zone = node.zone,
                                     .reason = node.trouble,
                                     .self = node.self,
                                     .lost = node.lost};
    }
    if (count == 0) { /* it was never heard: this node alone is known */
        rows[count++] = (struct row){.name = str_from(config->node_name),
                                     .address = str_from(config->gateway_advertise),
                                     .zone = str_from(config->node_zone),
                                     .self = true};
    }
    return count;
}

void roster_turn(struct operate *operate, const struct now *now)
{
    struct roster *self = operate->roster;
    struct row *rows;
    size_t count;

    if (self->asked == 0 || now->mono_ms < self->deadline_ms) {
        return;
    }
    rows = heap_array(nodes_max, sizeof(*rows));
    count = known_rows(operate, now, rows);
    reply_all(self, rows, count, now);
    free(rows);
}

/* ── a request ──────────────────────────────────────────────────────────────*/

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    struct waiter *waiter = (struct waiter *)(void *)parked;

    (void)gateway;
    *(waiter->before != NULL ? &waiter->before->next : &waiter->roster->waiters) = waiter->next;
    if (waiter->next != NULL) {
        waiter->next->before = waiter->before;
    }
    free(waiter);
}

void operate_cluster(struct operate *operate, const struct operate_ask *ask)
{
    struct roster *self = operate->roster;
    struct msg peers = {.type = MSG_TYPE_PEERS};
    struct waiter *waiter;
    uint64_t after = 0;

    if (!page_after_number(ask, &after)) {
        return;
    }
    waiter = heap_new(sizeof(*waiter));
    waiter->parked.gone = on_gone;
    waiter->roster = self;
    waiter->request = ask->request;
    waiter->after = after;
    waiter->limit = ask->args.number[OPERATE_LIMIT];
    waiter->next = self->waiters;
    if (waiter->next != NULL) {
        waiter->next->before = waiter;
    }
    self->waiters = waiter;
    request_set_user(ask->request, waiter);
    request_park(ask->request);
    if (self->asked == 0) {
        self->asked = ++self->questions;
        self->deadline_ms = ask->now->mono_ms + wait_ms;
        peers.as_peers.id = self->asked;
        (void)outbox_command(ask->out, ACTOR_REPLICATOR, 0, &peers);
    }
}
