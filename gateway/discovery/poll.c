#include "gateway/discovery/poll.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "gateway/discovery/param_reader.h"
#include "gateway/discovery/poll_memo.h"
#include "gateway/discovery/poll_repeats.h"
#include "gateway/discovery/poll_waiter.h"
#include "gateway/discovery/read_params.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/trace.h"

/* Polls looked at in one turn: sending to them takes up to 10 ms, however small the work here. */
enum { slice_max = 512 };

/* Beside that: what may be looked at for them, as of request_cost. A poll looks at each of its apps
 * three times: for news, for what is answered to all who ask the same, and for the answer. */
enum { work_max = 8192, looks = 3 };

/* A client ahead of us for longer than a tick has its timestamps from another node. */
static const int64_t ahead_ms = 1100;
/* By more than that it is no clock's doing. */
static const int64_t ahead_max_ns = 10000000000;
/* What the replicator says of the others is up to a tick old, of a digest that is up to a tick
 * older, and was heard up to a tick before: of a change that is younger it says nothing. */
static const int64_t calm_ms = 3000;
/* What a client's own timeout leaves for the answer's way back, as the reference has it. */
static const int64_t answer_way_ms = 20;

struct polls {
    struct replica *replica;      /* borrowed */
    struct watches *watches;      /* owns */
    struct poll_repeats *repeats; /* owns */
    struct deadlines deadlines;
    struct polls_counts counts;
    int64_t pushing_ns;            /* wall, of the change that pushes began with; 0: none are due */
    struct response *not_modified; /* shared by all */
    struct response *spared;       /* the same, and its connection is closed */
    struct poll_memo memo;
};

static void on_changed(void *state, uint64_t app_hash)
{
    struct polls *self = state;

    watches_wake(self->watches, app_hash);
    if (self->pushing_ns == 0 && watches_due(self->watches) && replica_current(self->replica)) {
        self->pushing_ns = replica_last_change_ns(self->replica);
    }
}

static struct response *not_modified(void)
{
    struct buf body = {0};

    buf_add_str(&body, STR("{\"code\":-304,\"message\":\"-304\",\"ttl\":1}"));
    return response_json(200, -304, &body);
}

struct polls *polls_new(struct replica *replica, uint64_t seed)
{
    struct polls *self = heap_new(sizeof(*self));

    self->replica = replica;
    self->watches = watches_new();
    self->repeats = poll_repeats_new(seed);
    self->not_modified = not_modified();
    self->spared = not_modified();
    response_header(self->spared, "Connection", "close");
    replica_observe(replica, on_changed, self);
    return self;
}

static void waiter_free(struct polls *self, struct waiter *waiter)
{
    for (uint32_t i = 0; i < waiter->asked.app_count; i++) {
        watches_remove(self->watches, &waiter->nodes[i]);
    }
    watches_forget(self->watches, &waiter->watcher);
    deadlines_remove(&self->deadlines, &waiter->deadline);
    free(waiter);
    assert(self->counts.parked > 0);
    self->counts.parked--;
}

void polls_destroy(struct polls **self)
{
    struct deadline *deadline;

    if (*self == NULL) {
        return;
    }
    while ((deadline = deadlines_first(&(*self)->deadlines)) != NULL) {
        waiter_free(*self, waiter_of_deadline(deadline));
    }
    replica_unobserve((*self)->replica, *self);
    watches_destroy(&(*self)->watches);
    poll_repeats_destroy(&(*self)->repeats);
    deadlines_fini(&(*self)->deadlines);
    response_unref(&(*self)->not_modified);
    response_unref(&(*self)->spared);
    poll_memo_fini(&(*self)->memo);
    free(*self);
    *self = NULL;
}

/* ── answers ────────────────────────────────────────────────────────────────*/

static void answer_news(const struct gateway *self, struct request *request,
                        const struct updates_asked *asked, bool full, const struct now *now)
{
    struct poll_memo *memo = &self->polls->memo;

    poll_memo_compose(memo, self, asked, full, now);
    app_query_answer(self, request, memo->response, memo->answer.code, now);
}

/* 503 instead of an answer that is too old, so that SDKs switch nodes. */
static bool is_too_stale(const struct gateway *self, const struct now *now)
{
    return replica_stale_ms(self->replica, now) > self->config->gateway_stale_limit;
}

static void answer_stale(const struct gateway *self, struct request *request, const struct now *now)
{
    struct buf text = {0};

    buf_printf(&text,
               "the registry of this node has been silent for %" PRId64
               " s, longer than gateway.stale_limit: poll another node",
               replica_stale_ms(self->replica, now) / 1000);
    buf_add_char(&text, '\0');
    answer_busy(request, ERR_UNAVAILABLE, text.data, 1);
    buf_fini(&text);
}

static void answer_end(const struct gateway *self, struct request *request, const struct now *now)
{
    if (is_too_stale(self, now)) {
        answer_stale(self, request, now);
    } else {
        app_query_answer(self, request, self->polls->not_modified, -304, now);
    }
}

/* ── waiting ────────────────────────────────────────────────────────────────*/

static void on_gone(struct gateway *self, struct parked *parked)
{
    self->polls->counts.gone_total++;
    waiter_free(self->polls, (struct waiter *)(void *)parked);
}

/* Whether nothing is behind this node's lesser timestamp that whoever made the greater one may not
 * have known: then what the client has seen there and is not here yet will be told, above what it
 * holds, and until then there is no news (differences row 26). */
static bool may_wait(const struct gateway *self, const struct updates_asked *asked,
                     const struct now *now)
{
    if (asked->form == UPDATES_DELTA || !replica_current(self->replica) ||
        !replica_in_step(self->replica)) {
        return false;
    }
    for (uint32_t i = 0; i < asked->app_count; i++) {
        int64_t ahead_ns = updates_app_ahead(self, asked, &asked->apps[i]);
        struct found found;

        if (ahead_ns == 0) {
            continue;
        }
        found = app_query_find(self, &asked->query, asked->apps[i].appid);
        if (ahead_ns > ahead_max_ns ||
            (!found.own && !replica_is_alone(self->replica) &&
             now->mono_ms - replica_changed_ms(self->replica, found.app) < calm_ms)) {
            return false;
        }
    }
    return true;
}

/* Looks again at a client that is ahead, and may have missed something, once it has been so for
 * more than a tick. */
static void set_deadline(const struct gateway *self, struct waiter *waiter, const struct now *now)
{
    int64_t due_ms = waiter->ends_ms;

    if (now->mono_ms + ahead_ms < due_ms && updates_ahead(self, &waiter->asked) &&
        !may_wait(self, &waiter->asked, now)) {
        due_ms = now->mono_ms + ahead_ms;
    }
    deadlines_set(&self->polls->deadlines, &waiter->deadline, due_ms);
}

static void park(const struct gateway *self, struct request *request,
                 const struct updates_asked *asked, struct str hostname, int64_t wait_ms,
                 const struct now *now)
{
    struct polls *polls = self->polls;
    size_t bytes = 0;
    struct waiter *waiter = waiter_new(asked, hostname, &bytes);

    assert(wait_ms >= 0 && asked->app_count > 0);
    waiter->parked.gone = on_gone;
    waiter->request = request;
    waiter->number = polls->counts.parked_total + 1;
    waiter->began_ms = now->mono_ms;
    waiter->ends_ms = now->mono_ms + wait_ms;
    for (uint32_t i = 0; i < asked->app_count; i++) {
        watches_add(polls->watches, asked->apps[i].app_hash, &waiter->watcher, &waiter->nodes[i]);
    }
    set_deadline(self, waiter, now);
    polls->counts.parked++;
    polls->counts.parked_total++;
    request_set_user(request, &waiter->parked);
    request_park(request);
    request_keeps(request, bytes + (size_t)asked->app_count * watch_bytes);
}

static void wake(const struct gateway *self, struct waiter *waiter, bool full,
                 const struct now *now)
{
    self->polls->counts.woken_total++;
    log_event(self->log, LOG_DEBUG, "poll_woken", NULL, log_uint("apps", waiter->asked.app_count),
              log_flag("full", full),
              log_str("trace", trace_id(request_header(waiter->request, HEADER_TRACEPARENT))));
    answer_news(self, waiter->request, &waiter->asked, full, now);
    waiter_free(self->polls, waiter);
}

/* It is ahead still; in full, but once. */
static bool is_told_all(const struct gateway *self, const struct updates_asked *asked,
                        const struct now *now)
{
    struct poll_repeats *repeats = self->polls->repeats;
    bool had;

    if (!replica_current(self->replica) || !updates_ahead(self, asked)) {
        return false;
    }
    if (asked->form == UPDATES_DELTA) { /* its position is taken from the answer */
        return true;
    }
    had = poll_repeats_had_all(repeats, self, asked, now);
    poll_repeats_has_all(repeats, self, asked, now);
    return !had;
}

static void on_due(const struct gateway *self, struct waiter *waiter, const struct now *now)
{
    bool full;

    if (now->mono_ms >= waiter->ends_ms) {
        self->polls->counts.expired_total++;
        poll_repeats_expired(self->polls->repeats, &waiter->asked, now);
        answer_end(self, waiter->request, now);
        waiter_free(self->polls, waiter);
        return;
    }
    full = is_told_all(self, &waiter->asked, now);
    if (updates_any(self, &waiter->asked, full)) {
        wake(self, waiter, full, now);
    } else if (replica_current(self->replica)) {
        deadlines_set(&self->polls->deadlines, &waiter->deadline, waiter->ends_ms);
    } else {
        set_deadline(self, waiter, now);
    }
}

struct work {
    size_t looked;
    uint64_t rendered; /* when it began */
};

/* Bytes made for answers, ever. */
static uint64_t rendered(const struct gateway *self)
{
    return cache_rendered(replica_cache(self->replica)) + self->polls->memo.composed_bytes;
}

static bool is_spent(const struct gateway *self, const struct work *work)
{
    return work->looked + (rendered(self) - work->rendered) / cost_bytes >= work_max;
}

static void note_pushed(struct polls *self, const struct now *now)
{
    int64_t took_ns = now->wall_ns - self->pushing_ns;

    if (self->pushing_ns != 0 && !watches_due(self->watches)) {
        durations_add(&self->counts.pushes, took_ns > 0 ? took_ns / 1000 : 0);
        self->pushing_ns = 0;
    }
}

void polls_turn(struct gateway *self, const struct now *now)
{
    struct polls *polls = self->polls;
    struct watcher *watcher;
    struct deadline *deadline;
    uint32_t looked = 0;
    struct work work = {.rendered = rendered(self)};

    while (looked < slice_max && !is_spent(self, &work) &&
           (watcher = watches_take(polls->watches)) != NULL) {
        struct waiter *waiter = waiter_of_watcher(watcher);

        looked++;
        work.looked += (size_t)looks * waiter->asked.app_count;
        if (updates_any(self, &waiter->asked, false)) {
            wake(self, waiter, false, now);
        } else if (waiter->deadline.due_ms == waiter->ends_ms) {
            set_deadline(self, waiter, now); /* may have got ahead; who is keeps its time */
        }
    }
    note_pushed(polls, now);
    while (looked < slice_max && !is_spent(self, &work) &&
           (deadline = deadlines_first(&polls->deadlines)) != NULL &&
           deadline->due_ms <= now->mono_ms) {
        looked++;
        work.looked += (size_t)looks * waiter_of_deadline(deadline)->asked.app_count;
        on_due(self, waiter_of_deadline(deadline), now);
    }
    if (looked == slice_max || is_spent(self, &work)) {
        outbox_again(self->out);
    }
}

bool polls_spare(struct gateway *self, const struct now *now)
{
    struct polls *polls = self->polls;
    struct deadline *first = deadlines_first(&polls->deadlines);
    struct waiter *waiter;

    if (first == NULL) {
        return false;
    }
    waiter = waiter_of_deadline(first);
    polls->counts.spared_total++;
    if (is_too_stale(self, now)) {
        answer_stale(self, waiter->request, now);
    } else {
        request_answer(waiter->request, polls->spared);
    }
    waiter_free(polls, waiter);
    return true;
}

int64_t polls_due_ms(const struct polls *self)
{
    const struct deadline *first = deadlines_first(&self->deadlines);

    if (watches_due(self->watches)) {
        return 0;
    }
    return first == NULL ? INT64_MAX : first->due_ms;
}

void polls_counts(const struct polls *self, struct polls_counts *counts)
{
    *counts = self->counts;
    counts->apps = watches_count(self->watches);
}

/* ── requests ───────────────────────────────────────────────────────────────*/

static int64_t wait_ms(const struct gateway *self, const struct request *request)
{
    int64_t longest = self->config->gateway_poll_wait;
    int64_t asked = 0;

    if (str_to_i64(request_header(request, HEADER_BMSPY_TIMEOUT), &asked) != ERR_OK || asked <= 0) {
        return longest;
    }
    asked -= asked > answer_way_ms ? answer_way_ms : 0;
    return asked < longest ? asked : longest;
}

static void fill(const struct gateway *self, const struct read_params *args,
                 struct updates_asked *asked)
{
    for (uint32_t i = 0; i < args->app_count; i++) {
        asked->apps[i] = (struct updates_app){
            .appid = args->apps[i].appid,
            .app_hash = replica_app_hash(self->replica, args->query.env, args->apps[i].appid),
            .given = args->apps[i].given,
            .claimed = args->apps[i].given,
        };
    }
    asked->query = args->query;
    asked->query.key.legacy = asked->query.key.legacy && asked->form != UPDATES_DELTA;
    asked->app_count = args->app_count;
    updates_begin(self, asked);
}

static void serve(struct gateway *self, struct request *request, struct updates_asked *asked,
                  const struct read_params *args, const struct now *now)
{
    asked->apps = heap_get(args->app_count * sizeof(*asked->apps));
    fill(self, args, asked);
    request_cost(request, looks * (size_t)args->app_count);
    poll_repeats_begin(self->polls->repeats, args->hostname, asked, now);
    if (is_too_stale(self, now)) {
        answer_stale(self, request, now);
    } else if (updates_any(self, asked, false)) {
        uint64_t before = self->polls->memo.composed_bytes;

        answer_news(self, request, asked, false, now);
        request_cost(request, (self->polls->memo.composed_bytes - before) / cost_bytes);
        if (asked->form ==
            UPDATES_POLLS) { /* at once: what was waited for may be asked for again */
            poll_repeats_answer(self->polls->repeats, asked, &self->polls->memo.answer, now);
        }
    } else {
        park(self, request, asked, args->hostname, wait_ms(self, request), now);
    }
    free(asked->apps);
}

void serve_poll(struct gateway *self, struct request *request, const struct now *now)
{
    struct updates_asked asked = {.form = UPDATES_POLL};
    struct read_params args;

    if (read_params_bind(request, READ_HOSTNAME | READ_TIMESTAMPS_MAY, &args)) {
        serve(self, request, &asked, &args, now);
        read_params_fini(&args);
    }
}

void serve_polls(struct gateway *self, struct request *request, const struct now *now)
{
    struct param_reader form;
    bool delta;
    struct updates_asked asked;
    struct read_params args;

    param_reader_init(&form, request_params(request));
    delta = param_flag(&form, "delta");
    param_reader_fini(&form);
    asked = (struct updates_asked){.form = delta ? UPDATES_DELTA : UPDATES_POLLS};
    if (delta) { /* one that can't be read is as good as none: the answer is full */
        (void)position_parse(params_get(request_params(request), STR("position")), &asked.since);
    }
    if (read_params_bind(request, READ_HOSTNAME | (delta ? READ_TIMESTAMPS_MAY : READ_TIMESTAMPS),
                         &args)) {
        serve(self, request, &asked, &args, now);
        read_params_fini(&args);
    }
}

/* ── who waits ──────────────────────────────────────────────────────────────*/

uint32_t polls_waiting(const struct polls *self, struct str env, struct str appid)
{
    if (appid.len == 0) {
        return (uint32_t)self->counts.parked;
    }
    return watches_waiting(self->watches, replica_app_hash(self->replica, env, appid));
}

void polls_each(const struct polls *self, struct str env, struct str appid, const struct now *now,
                operate_poller_fn *each, void *context)
{
    const struct watch_node *node = NULL;
    size_t count = self->deadlines.count < polls_each_max ? self->deadlines.count : polls_each_max;

    for (size_t i = 0; appid.len == 0 && i < count; i++) {
        struct operate_poller poller =
            waiter_poller(waiter_of_deadline(self->deadlines.items[i]), now);

        each(context, &poller);
    }
    if (appid.len > 0) {
        node = watches_first(self->watches, replica_app_hash(self->replica, env, appid));
    }
    for (size_t i = 0; node != NULL && i < polls_each_max; i++, node = node->next) {
        struct operate_poller poller = waiter_poller(waiter_of_watcher(node->watcher), now);

        each(context, &poller);
    }
}
