#include "actors/replicator/posts.h"

#include <stdlib.h>

#include "actors/replicator/forms.h"
#include "actors/replicator/http_answer.h"
#include "actors/replicator/queue.h"
#include "common/naming/change.h"
#include "common/runtime/outbox.h"

// clang-format off
/*  name      path                     answer_max          timeout_ms */
#define WORK_TABLE(X)                                                      \
    X(REGISTER, "/discovery/register",  65536,             3000)           \
    X(RENEW,    "/discovery/renew",     1048576,           3000)           \
    X(CANCEL,   "/discovery/cancel",    65536,             3000)           \
    X(PROBE,    "/discovery/fetch?",    4194304,           3000)           \
    X(NODES,    "/discovery/fetch?",    4194304,           3000)           \
    X(ALL,      "/discovery/fetch/all?", 268435456,        30000)          \
    X(WHO,      "/discovery/nodes?identity=1", 262144,     1000)
// clang-format on

enum work {
#define WORK_ENUM(NAME, path, answer_max, timeout_ms) WORK_##NAME,
    WORK_TABLE(WORK_ENUM)
#undef WORK_ENUM
};

static const struct {
    const char *path;
    size_t answer_max;
    int64_t timeout_ms;
} works[] = {
#define WORK_ROW(NAME, path, answer_max, timeout_ms) {path, answer_max, timeout_ms},
    WORK_TABLE(WORK_ROW)
#undef WORK_ROW
};

enum { slice_bytes_max = 512 * 1024, looked_at_max = 64, no_peer = outbox_peers_max };

enum ask_state { ASK_NONE, ASK_WAITS, ASK_UNDER_WAY, ASK_READ };

struct ask {
    enum ask_state state;
    struct buf body; /* of the answer */
    struct answer_reader reader;
};

enum { ask_count = 3 };

struct peer {
    bool open;
    bool configured;
    bool failing;        /* the last exchange failed */
    uint64_t generation; /* counts how often it was opened and closed */
    enum forms_reach reach;
    struct buf addr;
    struct queue changes;
    struct queue renews;
    uint32_t under_way;
    int64_t not_before_ms; /* of one that fails */
    int64_t last_ms;       /* something was sent or answered; -1: not since it was opened */
    struct ask asks[ask_count];
};

struct flight {
    uint64_t id; /* 0: free */
    uint32_t peer;
    enum work work;
    struct queued *entry; /* owned; NULL: no post, or the peer was closed */
};

struct posts {
    const struct config *config;
    const struct posts_owner *owner;
    void *state;
    struct now now; /* heard last */
    uint64_t last_id;
    uint64_t last_order;
    uint32_t turn;       /* the peer that is served next */
    uint32_t peer_count; /* open ones have a number below it */
    uint32_t asks_waiting;
    uint32_t reads;       /* answers that are not read to their end */
    int64_t quiet_due_ms; /* no peer is to be probed earlier */
    struct posts_counts counts;
    struct buf url;
    struct buf body;
    struct flight flights[posts_under_way_max];
    struct peer peers[outbox_peers_max];
};

/* ── queues ─────────────────────────────────────────────────────────────────*/

static uint32_t peer_waiting(const struct peer *peer)
{
    return peer->changes.count + peer->renews.count;
}

static void drop_first(struct posts *self, struct queue *queue)
{
    struct queued *entry = queue_take(queue, &queue->first);

    self->counts.waiting--;
    self->counts.dropped++;
    free(entry);
}

static void drop_all(struct posts *self, struct queue *queue)
{
    while (queue->count > 0) {
        drop_first(self, queue);
    }
}

/* False: all had to go. */
static bool make_room(struct posts *self, struct peer *peer, size_t bytes)
{
    while (peer_waiting(peer) >= posts_waiting_max ||
           peer->changes.bytes + peer->renews.bytes + bytes > posts_bytes_max) {
        if (peer->renews.count == 0) {
            drop_all(self, &peer->changes);
            return false;
        }
        drop_first(self, &peer->renews);
    }
    return true;
}

static void add(struct posts *self, uint32_t number, enum work work, const struct msg *record,
                const struct identity *id)
{
    struct peer *peer = &self->peers[number];
    struct queued *entry = queued_new(work, ++self->last_order, self->now.mono_ms, record, id);
    bool had_room = make_room(self, peer, entry->len);

    self->counts.waiting++;
    queue_add(work == WORK_RENEW ? &peer->renews : &peer->changes, entry);
    if (!had_room) {
        self->owner->exchanged(self->state, number, false, &self->now);
    }
}

static bool is_open(const struct posts *self, uint32_t peer)
{
    assert(peer < outbox_peers_max);
    return self->peers[peer].open;
}

static bool put_identity(const struct msg *record, struct identity *id)
{
    const struct msg_put *put = &record->as_put;

    *id = (struct identity){put->env, put->appid, put->zone, put->hostname};
    return record->type == MSG_TYPE_PUT && put->zone.len > 0 && put->hostname.len > 0;
}

static bool gone_identity(const struct msg *record, struct identity *id)
{
    const struct msg_gone *gone = &record->as_gone;

    *id = (struct identity){gone->env, gone->appid, gone->zone, gone->hostname};
    return record->type == MSG_TYPE_GONE && gone->kind == CHANGE_CANCEL && gone->zone.len > 0 &&
           gone->hostname.len > 0;
}

void posts_change(struct posts *self, uint32_t peer, const struct msg *record)
{
    struct identity id;

    if (!is_open(self, peer)) {
        return;
    }
    if (put_identity(record, &id)) {
        add(self, peer, WORK_REGISTER, record, &id);
    } else if (gone_identity(record, &id)) {
        add(self, peer, WORK_CANCEL, record, &id);
    }
}

void posts_renew(struct posts *self, uint32_t peer, const struct msg *record)
{
    struct identity id;

    if (is_open(self, peer) && put_identity(record, &id)) {
        add(self, peer, WORK_RENEW, record, &id);
    }
}

uint32_t posts_waiting(const struct posts *self, uint32_t peer)
{
    assert(peer < outbox_peers_max);
    return peer_waiting(&self->peers[peer]);
}

/* ── peers ──────────────────────────────────────────────────────────────────*/

struct posts *posts_new(const struct config *config, const struct posts_owner *owner, void *state)
{
    struct posts *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        abort();
    }
    self->config = config;
    self->owner = owner;
    self->state = state;
    self->now.mono_ms = INT64_MAX / 2; /* nothing is old before the first turn */
    for (uint32_t i = 0; i < outbox_peers_max; i++) {
        queue_init(&self->peers[i].changes);
        queue_init(&self->peers[i].renews);
    }
    return self;
}

static void turn_ask(struct posts *self, struct ask *question, enum ask_state state)
{
    self->asks_waiting += (uint32_t)(state == ASK_WAITS) - (question->state == ASK_WAITS);
    self->reads += (uint32_t)(state == ASK_READ) - (question->state == ASK_READ);
    question->state = state;
    if (state != ASK_READ) {
        buf_fini(&question->body);
    }
}

void posts_open(struct posts *self, uint32_t number, struct str addr, bool own_zone,
                bool configured)
{
    struct peer *peer = &self->peers[number];

    assert(number < outbox_peers_max);
    posts_close(self, number);
    peer->open = true;
    peer->configured = configured;
    peer->last_ms = -1;
    self->quiet_due_ms = 0;
    peer->generation++;
    self->peer_count = number >= self->peer_count ? number + 1 : self->peer_count;
    peer->reach = own_zone ? FORMS_ZONE : FORMS_OTHER_ZONE;
    buf_add_str(&peer->addr, addr);
}

void posts_close(struct posts *self, uint32_t number)
{
    struct peer *peer = &self->peers[number];
    uint64_t generation = peer->generation + 1;

    assert(number < outbox_peers_max);
    drop_all(self, &peer->changes);
    drop_all(self, &peer->renews);
    buf_fini(&peer->addr);
    for (size_t i = 0; i < ask_count; i++) {
        turn_ask(self, &peer->asks[i], ASK_NONE);
    }
    for (size_t i = 0; i < posts_under_way_max; i++) {
        struct flight *flight = &self->flights[i];

        if (flight->id != 0 && flight->peer == number) {
            free(flight->entry);
            flight->entry = NULL;
            flight->peer = no_peer;
        }
    }
    *peer = (struct peer){.generation = generation};
    queue_init(&peer->changes);
    queue_init(&peer->renews);
}

void posts_destroy(struct posts **self)
{
    if (*self != NULL) {
        for (uint32_t i = 0; i < outbox_peers_max; i++) {
            posts_close(*self, i);
        }
        buf_fini(&(*self)->url);
        buf_fini(&(*self)->body);
        free(*self);
        *self = NULL;
    }
}

static void ask(struct posts *self, uint32_t peer, enum work work)
{
    if (is_open(self, peer)) {
        struct ask *question = &self->peers[peer].asks[work - WORK_NODES];

        if (question->state == ASK_NONE) {
            turn_ask(self, question, ASK_WAITS);
        }
    }
}

void posts_ask_nodes(struct posts *self, uint32_t peer)
{
    ask(self, peer, WORK_NODES);
}

void posts_ask_who(struct posts *self, uint32_t peer)
{
    ask(self, peer, WORK_WHO);
}

void posts_ask_all(struct posts *self, uint32_t peer)
{
    ask(self, peer, WORK_ALL);
}

/* ── what goes next ─────────────────────────────────────────────────────────*/

static bool is_under_way(const struct posts *self, uint32_t peer, struct hash128 key)
{
    for (size_t i = 0; i < posts_under_way_max; i++) {
        const struct flight *flight = &self->flights[i];

        if (flight->id != 0 && flight->peer == peer && flight->entry != NULL &&
            hash128_eq(flight->entry->key, key)) {
            return true;
        }
    }
    return false;
}

/* The oldest of an instance of which nothing is under way; NULL: none among the first. */
static struct queued *take_entry(struct posts *self, uint32_t number)
{
    struct peer *peer = &self->peers[number];
    struct queued **changes = &peer->changes.first;
    struct queued **renews = &peer->renews.first;

    for (unsigned i = 0; i < looked_at_max && (*changes != NULL || *renews != NULL); i++) {
        bool change = *renews == NULL || (*changes != NULL && (*changes)->order < (*renews)->order);
        struct queued **at = change ? changes : renews;

        assert(*at != NULL);
        if (!is_under_way(self, number, (*at)->key)) {
            self->counts.waiting--;
            return queue_take(change ? &peer->changes : &peer->renews, at);
        }
        *(change ? &changes : &renews) = &(*at)->next;
    }
    return NULL;
}

/* The same, without cancels that have waited too long. */
static struct queued *take_valid(struct posts *self, uint32_t number)
{
    struct queued *entry = take_entry(self, number);

    while (entry != NULL && entry->work == WORK_CANCEL &&
           self->now.mono_ms - entry->since_ms > posts_cancel_ms) {
        free(entry);
        self->counts.dropped++;
        entry = take_entry(self, number);
    }
    return entry;
}

static bool may_post(const struct posts *self, const struct peer *peer)
{
    return peer->failing ? peer->under_way == 0 && self->now.mono_ms >= peer->not_before_ms
                         : peer->under_way < posts_at_once;
}

/* Whether nothing was heard of it for so long that it is asked. Notes when that will be. */
static bool is_quiet(struct posts *self, struct peer *peer)
{
    int64_t due_ms;

    if (peer->last_ms < 0) {
        peer->last_ms = self->now.mono_ms;
    }
    due_ms = peer->last_ms + posts_quiet_ms;
    if (self->now.mono_ms >= due_ms && may_post(self, peer) && peer->under_way == 0) {
        return true;
    }
    self->quiet_due_ms = due_ms < self->quiet_due_ms ? due_ms : self->quiet_due_ms;
    return false;
}

static bool take_next(struct posts *self, uint32_t number, struct flight *flight)
{
    struct peer *peer = &self->peers[number];

    for (unsigned i = 0; i < ask_count; i++) {
        if (peer->asks[i].state == ASK_WAITS) {
            turn_ask(self, &peer->asks[i], ASK_UNDER_WAY);
            *flight = (struct flight){.peer = number, .work = WORK_NODES + i};
            return true;
        }
    }
    if (peer_waiting(peer) > 0 && may_post(self, peer)) {
        struct queued *entry = take_valid(self, number);

        if (entry != NULL) {
            *flight = (struct flight){.peer = number, .work = entry->work, .entry = entry};
            peer->under_way++;
            return true;
        }
    }
    if (is_quiet(self, peer)) {
        *flight = (struct flight){.peer = number, .work = WORK_PROBE};
        peer->under_way++;
        return true;
    }
    return false;
}

static void build_body(struct buf *to, const struct queued *entry, enum forms_reach reach)
{
    struct str rest = {entry->record, entry->len};
    struct msg record;
    enum err err = msg_decode(&rest, &record);

    assert(err == ERR_OK);
    (void)err;
    if (entry->work == WORK_REGISTER) {
        forms_register(to, &record.as_put, reach);
    } else if (entry->work == WORK_RENEW) {
        forms_renew(to, &record.as_put, reach);
    } else {
        forms_cancel(to, &record.as_gone, reach);
    }
}

static void build(struct posts *self, const struct flight *flight, struct post *post)
{
    const struct peer *peer = &self->peers[flight->peer];

    self->url.len = 0;
    self->body.len = 0;
    if (flight->work == WORK_NODES ||
        flight->work == WORK_PROBE) { /* sorted as the keys of a post are */
        forms_text(&self->body, "appid", STR("infra.discovery"));
        forms_text(&self->body, "env", str_from(self->config->node_env));
        forms_text(&self->body, "status", STR("3"));
    }
    buf_printf(&self->url, "http://%.*s%s%.*s", STR_ARG(peer->addr), works[flight->work].path,
               STR_ARG(self->body));
    buf_add_char(&self->url, '\0');
    self->body.len = 0;
    if (flight->entry != NULL) {
        build_body(&self->body, flight->entry, peer->reach);
    }
    *post = (struct post){
        .id = flight->id,
        .peer = flight->peer,
        .url = self->url.data,
        .body = flight->entry != NULL ? buf_str(&self->body) : (struct str){0},
        .configured = peer->configured,
        .timeout_ms = works[flight->work].timeout_ms,
        .answer_max = works[flight->work].answer_max,
    };
}

static struct flight *free_flight(struct posts *self)
{
    for (size_t i = 0; i < posts_under_way_max; i++) {
        if (self->flights[i].id == 0) {
            return &self->flights[i];
        }
    }
    return NULL;
}

bool posts_next(struct posts *self, const struct now *now, struct post *post)
{
    bool any =
        self->counts.waiting > 0 || self->asks_waiting > 0 || now->mono_ms >= self->quiet_due_ms;
    struct flight *flight = any ? free_flight(self) : NULL;

    self->now = *now;
    if (flight != NULL) {
        self->quiet_due_ms = INT64_MAX;
    }
    for (uint32_t i = 0; flight != NULL && i < self->peer_count; i++) {
        uint32_t number = (self->turn + i) % self->peer_count;

        if (self->peers[number].open && take_next(self, number, flight)) {
            self->turn = number + 1;
            self->quiet_due_ms = 0; /* not all were looked at */
            self->peers[number].last_ms = now->mono_ms;
            flight->id = ++self->last_id * posts_under_way_max + (uint64_t)(flight - self->flights);
            self->counts.sent++;
            self->counts.under_way++;
            build(self, flight, post);
            return true;
        }
    }
    return false;
}

/* ── what comes back ────────────────────────────────────────────────────────*/

/* Of an exchange with a peer that is still open; the owner may close it here. */
static void finish(struct posts *self, uint32_t number, bool good)
{
    struct peer *peer = &self->peers[number];

    peer->failing = !good;
    if (!good) {
        peer->not_before_ms = self->now.mono_ms + posts_pause_ms;
        drop_all(self, &peer->renews);
    }
    self->owner->exchanged(self->state, number, good, &self->now);
}

static void on_conflict(struct posts *self, uint32_t number, int64_t date_ns, struct str body)
{
    struct msg_list records = {0};
    struct buf store = {0};

    if (answer_instance(body, date_ns, &records, &store)) {
        self->owner->records(self->state, number, POSTS_CONFLICT, &records, &self->now);
    } else {
        self->counts.passed++;
    }
    buf_fini(&store);
}

static void say_fate(struct posts *self, const struct flight *flight, int64_t code)
{
    bool renewed = flight->work == WORK_RENEW;
    bool lacked = renewed && code == -404;

    if (self->owner->posted != NULL && flight->work != WORK_CANCEL && (code == 0 || lacked)) {
        self->owner->posted(self->state, flight->peer, flight->entry->key,
                            lacked    ? POSTS_LACKED
                            : renewed ? POSTS_HELD
                                      : POSTS_TAKEN,
                            &self->now);
    }
}

static void on_posted(struct posts *self, struct flight *flight, int status, int64_t date_ns,
                      struct str body)
{
    struct peer *peer = &self->peers[flight->peer];
    int64_t code = status == 200 ? answer_code(body) : answer_codeless;
    uint64_t generation = peer->generation;
    bool renewed = flight->work == WORK_RENEW;

    peer->under_way--;
    self->counts.failed += code != 0 && !(renewed && (code == -404 || code == -409));
    say_fate(self, flight, code);
    if (renewed && code == -404 && peer->generation == generation) {
        flight->entry->work = WORK_REGISTER;
        self->counts.waiting++;
        queue_add_first(&peer->changes, flight->entry);
        flight->entry = NULL;
    } else if (renewed && code == -409) {
        on_conflict(self, flight->peer, date_ns, body);
    }
    free(flight->entry);
    if (peer->generation == generation) {
        finish(self, flight->peer, code != answer_codeless && code != -500);
    }
}

static enum posts_source source_of(enum work work)
{
    return work == WORK_NODES ? POSTS_NODES : POSTS_ALL;
}

/* The code of an answer to a question; muster's init-protect is a 503. */
static int64_t code_of(int status, struct str body)
{
    return status == 200 || status == 503 ? answer_code(body) : answer_codeless;
}

static void on_probed(struct posts *self, const struct flight *flight, int status, struct str body)
{
    int64_t code = code_of(status, body);
    bool good = code == 0 || code == -404 || code == -500;

    self->peers[flight->peer].under_way--;
    self->counts.failed += !good;
    finish(self, flight->peer, good);
}

static enum err err_of(bool good, bool protected)
{
    return good ? ERR_OK : protected ? ERR_PROTECTED : ERR_UNAVAILABLE;
}

static void on_who(struct posts *self, const struct flight *flight, int status, struct str body)
{
    struct peer *peer = &self->peers[flight->peer];
    uint64_t generation = peer->generation;
    int64_t code = code_of(status, body);
    struct answer_who who = {0};
    struct buf store = {0};
    bool good = status == 200 && code == 0 && answer_who(body, &who, &store);
    bool protected = code == -500;

    self->counts.failed += !good && !protected;
    turn_ask(self, &peer->asks[WORK_WHO - WORK_NODES], ASK_NONE);
    self->owner->who(self->state, flight->peer, err_of(good, protected), &who, &self->now);
    buf_fini(&store);
    if (peer->generation == generation) {
        finish(self, flight->peer, good || protected);
    }
}

static void on_answered(struct posts *self, const struct flight *flight, int status,
                        int64_t date_ns, struct buf *body)
{
    struct peer *peer = &self->peers[flight->peer];
    struct ask *question = &peer->asks[flight->work - WORK_NODES];
    int64_t code = code_of(status, buf_str(body));
    bool protected = code == -500;
    bool good = status == 200 && (code == 0 || code == -404);
    uint64_t generation = peer->generation;

    self->counts.failed += !good && !protected;
    if (good && code == 0) {
        turn_ask(self, question, ASK_READ);
        question->body = *body;
        *body = (struct buf){0};
        question->reader = (struct answer_reader){
            .list = flight->work == WORK_NODES ? ANSWER_FETCH : ANSWER_FETCH_ALL,
            .text = buf_str(&question->body),
            .date_ns = date_ns};
    } else {
        turn_ask(self, question, ASK_NONE);
        self->owner->answered(self->state, flight->peer, source_of(flight->work),
                              err_of(good, protected), &self->now);
    }
    if (peer->generation == generation) {
        finish(self, flight->peer, good || protected);
    }
}

void posts_answer(struct posts *self, uint64_t id, int status, int64_t date_ns, struct str body,
                  const struct now *now)
{
    struct buf copy = {0};

    buf_add_str(&copy, body);
    posts_answer_taken(self, id, status, date_ns, &copy, now);
    buf_fini(&copy);
}

void posts_answer_taken(struct posts *self, uint64_t id, int status, int64_t date_ns,
                        struct buf *body, const struct now *now)
{
    struct flight *slot = &self->flights[id % posts_under_way_max];
    struct flight flight = *slot;

    assert(id != 0 && slot->id == id);
    self->now = *now;
    self->counts.under_way--;
    *slot = (struct flight){0};
    if (flight.peer == no_peer) {
        return;
    }
    self->peers[flight.peer].last_ms = now->mono_ms;
    if (status == posts_forbidden) {
        status = 0;
        if (self->owner->forbidden != NULL) {
            self->owner->forbidden(self->state, flight.peer, now);
        }
    }
    if (flight.work == WORK_PROBE) {
        on_probed(self, &flight, status, buf_str(body));
    } else if (flight.work == WORK_WHO) {
        on_who(self, &flight, status, buf_str(body));
    } else if (flight.entry != NULL) {
        on_posted(self, &flight, status, date_ns, buf_str(body));
    } else {
        on_answered(self, &flight, status, date_ns, body);
    }
}

/* ── long answers ───────────────────────────────────────────────────────────*/

static void read_slice(struct posts *self, uint32_t number, unsigned i)
{
    struct peer *peer = &self->peers[number];
    struct ask *question = &peer->asks[i];
    uint64_t generation = peer->generation;
    uint64_t passed = question->reader.passed;
    enum posts_source source = source_of(WORK_NODES + i);
    enum answer_step step = ANSWER_RECORD;
    struct msg_list records = {0};
    struct buf store = {0};
    bool ended;

    for (unsigned n = 0; n < posts_slice_max && store.len < slice_bytes_max &&
                         (step == ANSWER_RECORD || step == ANSWER_PASSED);
         n++) {
        step = answer_next(&question->reader, &records, &store);
    }
    self->counts.passed += question->reader.passed - passed;
    ended = step == ANSWER_END || step == ANSWER_BROKEN;
    if (ended) {
        turn_ask(self, question, ASK_NONE);
    }
    if (records.count > 0) {
        self->owner->records(self->state, number, source, &records, &self->now);
    }
    buf_fini(&store);
    if (ended && peer->generation == generation) {
        self->owner->answered(self->state, number, source,
                              step == ANSWER_END ? ERR_OK : ERR_UNAVAILABLE, &self->now);
    }
}

bool posts_step(struct posts *self, const struct now *now)
{
    self->now = *now;
    for (uint32_t i = 0; self->reads > 0 && i < self->peer_count * ask_count; i++) {
        if (self->peers[i / ask_count].asks[i % ask_count].state == ASK_READ) {
            read_slice(self, i / ask_count, i % ask_count);
            return true;
        }
    }
    return false;
}

struct posts_counts posts_counts(const struct posts *self)
{
    return self->counts;
}
