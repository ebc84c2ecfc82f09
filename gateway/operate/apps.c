/* GET /muster/v1/apps and …/schedules: apps by name, by what they have lost, or by size.
 *
 *   look at every app, in slices ─► the first of those behind `after` ─► count their instances
 */
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/census.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/jobs.h"
#include "gateway/operate/losses.h"
#include "gateway/operate/near.h"
#include "gateway/operate/page.h"
#include "gateway/operate/schedule.h"
#include "gateway/operate/selection.h"
#include "gateway/operate/state.h"
#include "gateway/operate/zones.h"

enum sort { SORT_NAME, SORT_LOST, SORT_COUNT }; /* in the order of OPERATE_SORT */

enum { envs_max = 64, envs_print_max = 32000 };

_Static_assert(envs_print_max + 4000 < page_rest_max, "beside: total and next");

struct env_count {
    struct buf name;
    uint64_t apps;
};

enum phase { PHASE_APPS, PHASE_LOSERS, PHASE_ROWS };

struct listing {
    struct job job; /* first */
    bool schedules; /* of the apps that have one */
    enum sort sort;
    struct buf env; /* filters; empty: none */
    struct buf part;
    struct buf cursor;
    struct selected after; /* in cursor; env and appid empty: from the first */
    enum phase phase;
    uint32_t at; /* number of the app or loser that is next; then of the row */
    struct selection selection;
    uint64_t total;
    struct env_count envs[envs_max];
    size_t env_count;
    struct census census; /* of the row that is next */
    struct page page;
    struct buf row;
};

static struct listing *listing_of(struct job *job)
{
    return (struct listing *)(void *)job;
}

static void free_listing(struct job *job)
{
    struct listing *self = listing_of(job);

    for (size_t i = 0; i < self->env_count; i++) {
        buf_fini(&self->envs[i].name);
    }
    selection_fini(&self->selection);
    census_fini(&self->census);
    page_fini(&self->page);
    buf_fini(&self->env);
    buf_fini(&self->part);
    buf_fini(&self->cursor);
    buf_fini(&self->row);
    free(self);
}

/* ── choosing ───────────────────────────────────────────────────────────────*/

static void count_env(struct listing *self, struct str env)
{
    size_t at = 0;

    while (at < self->env_count && !str_eq(buf_str(&self->envs[at].name), env)) {
        at++;
    }
    if (at == envs_max) {
        return;
    }
    if (at == self->env_count) {
        self->env_count++;
        buf_add_str(&self->envs[at].name, env);
    }
    self->envs[at].apps++;
}

static uint64_t rank_of(const struct listing *self, struct str env, struct str appid,
                        uint32_t live_count, const struct now *now)
{
    if (self->sort == SORT_NAME) {
        return 0;
    }
    return UINT64_MAX - (self->sort == SORT_COUNT
                             ? live_count
                             : losses_of(self->job.operate->losses, env, appid, now->mono_ms));
}

static void offer(struct listing *self, struct str env, struct str appid, uint32_t live_count,
                  const struct now *now)
{
    struct selected item = {.env = env, .appid = appid};

    count_env(self, env);
    if ((self->env.len > 0 && !str_eq(buf_str(&self->env), env)) ||
        !str_holds(appid, buf_str(&self->part))) {
        return;
    }
    self->total++;
    item.rank = rank_of(self, env, appid, live_count, now);
    if (self->after.appid.len == 0 || selected_cmp(&self->after, &item) < 0) {
        selection_offer(&self->selection, &item);
    }
}

static bool is_shown(const struct listing *self, const struct app_info *info)
{
    return self->schedules ? info->schedule_slot != REGISTRY_NONE : info->live_count > 0;
}

/* True: all were looked at. */
static bool look_at_apps(struct listing *self, const struct now *now, size_t *budget)
{
    const struct registry *registry = self->job.operate->view.registry;
    struct app_info info;

    for (; self->at < registry_app_count(registry); self->at++) {
        if (*budget == 0) {
            return false;
        }
        --*budget;
        if (registry_app_used(registry, self->at)) {
            registry_app(registry, self->at, &info);
            if (is_shown(self, &info)) {
                offer(self, info.env, info.appid, info.live_count, now);
            }
        }
    }
    return true;
}

/* Those that have lost their last instance. */
static bool look_at_losers(struct listing *self, const struct now *now, size_t *budget)
{
    const struct operate *operate = self->job.operate;
    struct app_info info = {0};

    for (; !self->schedules && self->at < losses_count(operate->losses); self->at++) {
        struct str env;
        struct str appid;
        uint32_t app;

        if (*budget == 0) {
            return false;
        }
        --*budget;
        if (!losses_at(operate->losses, self->at, &env, &appid) ||
            losses_of(operate->losses, env, appid, now->mono_ms) == 0) {
            continue;
        }
        app = registry_app_find(operate->view.registry, env, appid);
        info.live_count = 0;
        if (app != REGISTRY_NONE) {
            registry_app(operate->view.registry, app, &info);
        }
        if (info.live_count == 0) {
            offer(self, env, appid, 0, now);
        }
    }
    return true;
}

/* ── rows ───────────────────────────────────────────────────────────────────*/

static void add_app(struct listing *self, const struct selected *item, uint32_t app,
                    const struct now *now)
{
    const struct operate *operate = self->job.operate;
    struct app_info info = {.schedule_slot = REGISTRY_NONE};
    struct buf *to = &self->row;

    if (app != REGISTRY_NONE) {
        registry_app(operate->view.registry, app, &info);
    }
    field_number(to, "up", (int64_t)self->census.up);
    field_number(to, "waiting", (int64_t)self->census.waiting);
    field_number(to, "idle", (int64_t)self->census.idle);
    zones_print(to, operate->view.registry, app, &info);
    field_time(to, "changed", info.latest_timestamp);
    field_number(to, "lost_10m", losses_of(operate->losses, item->env, item->appid, now->mono_ms));
    field_number(to, "pollers",
                 operate->view.poller_count(operate->view.state, item->env, item->appid));
    field_flag(to, "schedule", info.schedule_slot != REGISTRY_NONE);
}

/* False: its instances are not all counted yet. */
static bool make_row(struct listing *self, const struct selected *item, const struct now *now,
                     size_t *budget)
{
    const struct operate *operate = self->job.operate;
    const struct registry *registry = operate->view.registry;
    uint32_t app = registry_app_find(registry, item->env, item->appid);

    if (*budget == 0) {
        return false;
    }
    --*budget;
    if (!self->schedules && app != REGISTRY_NONE &&
        !census_go(&self->census, registry, app, operate->view.config->evictor_idle, now, budget,
                   NULL, NULL)) {
        return false;
    }
    self->row.len = 0;
    buf_add_char(&self->row, '{');
    field_text(&self->row, "env", item->env);
    field_text(&self->row, "appid", item->appid);
    if (self->schedules) {
        schedule_print(&self->row, registry, app, schedule_print_max);
    } else {
        add_app(self, item, app, now);
    }
    buf_add_char(&self->row, '}');
    census_begin(&self->census);
    return true;
}

static void set_next(struct listing *self, const struct selected *last)
{
    struct buf cursor = {0};

    cursor_add_number(&cursor, last->rank);
    cursor_add(&cursor, last->env);
    cursor_add(&cursor, last->appid);
    page_next(&self->page, buf_str(&cursor));
    buf_fini(&cursor);
}

static void finish(struct listing *self)
{
    struct buf *body = page_close(&self->page);
    size_t from = body->len;

    field_number(body, "total", (int64_t)self->total);
    field_open(body, "envs", '[');
    for (size_t i = 0; i < self->env_count; i++) {
        size_t whole = body->len;

        field_item(body);
        buf_add_char(body, '{');
        field_text(body, "env", buf_str(&self->envs[i].name));
        field_number(body, "apps", (int64_t)self->envs[i].apps);
        buf_add_char(body, '}');
        if (body->len - from > envs_print_max) {
            body->len = whole;
            break;
        }
    }
    buf_add_char(body, ']');
    page_answer(&self->page, self->job.request);
}

/* True: the page is done, and answered. */
static bool add_rows(struct listing *self, const struct now *now, size_t *budget)
{
    bool more = self->selection.count == self->selection.max;
    size_t rows =
        more ? self->selection.count - 1 : self->selection.count; /* one is a look ahead */

    for (; self->at < rows; self->at++) {
        const struct selected *item = &self->selection.items[self->at];

        if (!make_row(self, item, now, budget)) {
            return false;
        }
        if (!page_add(&self->page, buf_str(&self->row))) {
            more = true;
            break;
        }
    }
    if (more) {
        set_next(self, &self->selection.items[self->at - 1]);
    }
    finish(self);
    return true;
}

static bool step(struct job *job, const struct now *now, size_t *budget)
{
    struct listing *self = listing_of(job);

    if (self->phase == PHASE_APPS && look_at_apps(self, now, budget)) {
        self->phase = PHASE_LOSERS;
        self->at = 0;
    }
    if (self->phase == PHASE_LOSERS && look_at_losers(self, now, budget)) {
        self->phase = PHASE_ROWS;
        self->at = 0;
        selection_sort(&self->selection);
    }
    return self->phase == PHASE_ROWS && add_rows(self, now, budget);
}

/* ── a new one ──────────────────────────────────────────────────────────────*/

static bool read_after(struct listing *self, const struct operate_ask *ask)
{
    struct str rest;

    if (!page_after(ask, &self->cursor)) {
        return false;
    }
    rest = buf_str(&self->cursor);
    if (rest.len > 0 &&
        (!cursor_part_number(&rest, &self->after.rank) || !cursor_part(&rest, &self->after.env) ||
         !cursor_part(&rest, &self->after.appid) || self->after.appid.len == 0 || rest.len > 0)) {
        page_refuse_after(ask);
        return false;
    }
    return true;
}

static void begin(struct operate *operate, const struct operate_ask *ask, bool schedules)
{
    struct listing *self = heap_new(sizeof(*self));

    self->job.step = step;
    self->job.free = free_listing;
    self->schedules = schedules;
    self->sort = (enum sort)ask->args.number[OPERATE_SORT];
    buf_add_str(&self->env, ask->args.text[OPERATE_ENV]);
    buf_add_str(&self->part, ask->args.text[OPERATE_Q]);
    selection_init(&self->selection, (size_t)ask->args.number[OPERATE_LIMIT] + 1);
    page_begin(&self->page, schedules ? "schedules" : "apps");
    if (read_after(self, ask)) {
        job_begin(&self->job, operate, ask);
    } else {
        free_listing(&self->job);
    }
}

void operate_apps(struct operate *self, const struct operate_ask *ask)
{
    begin(self, ask, false);
}

void operate_schedules(struct operate *self, const struct operate_ask *ask)
{
    begin(self, ask, true);
}
