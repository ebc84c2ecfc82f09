/* GET /muster/v1/apps/{env}/{appid}: its instances, page by page, how many there are of which kind,
 * its schedule, and who waits for news of it. */
#include <inttypes.h>
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
#include "gateway/operate/pollers.h"
#include "gateway/operate/schedule.h"
#include "gateway/operate/state.h"
#include "gateway/operate/zones.h"

enum { pollers_shown = 20 };

_Static_assert(zones_print_max + schedule_part_max + pollers_print_max + 12000 < page_rest_max,
               "beside: names and a remark that JSON makes six times longer, numbers, next");

static const size_t metadata_max_bytes = 32768; /* rendered; an instance that has more is told by
                                                   its size */

struct detail {
    struct job job; /* first */
    struct buf env;
    struct buf appid;
    struct buf zone; /* filters; empty: none */
    struct buf part;
    struct buf cursor;
    struct str after_zone; /* in cursor; both empty: from the first */
    struct str after_hostname;
    int64_t limit;
    struct census census;
    const struct now *now; /* of the step that runs */
    uint64_t matched;
    bool full; /* the page is, and more follow */
    struct buf last_zone;
    struct buf last_hostname;
    struct page page;
    struct buf row;
    struct near near; /* while the app is not known */
};

static struct detail *detail_of(struct job *job)
{
    return (struct detail *)(void *)job;
}

static void free_detail(struct job *job)
{
    struct detail *self = detail_of(job);
    struct buf *const texts[] = {&self->env,  &self->appid,        &self->zone,
                                 &self->part, &self->cursor,       &self->last_zone,
                                 &self->row,  &self->last_hostname};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf_fini(texts[i]);
    }
    census_fini(&self->census);
    page_fini(&self->page);
    free(self);
}

/* ── an instance ────────────────────────────────────────────────────────────*/

static void add_addrs(struct buf *to, struct strs addrs)
{
    struct str rest = addrs.bytes;
    struct str addr;
    size_t from = to->len;

    field_open(to, "addrs", '[');
    while (strs_next(&rest, &addr) && to->len - from < metadata_max_bytes) {
        field_item(to);
        json_quote(to, addr);
    }
    buf_add_char(to, ']');
}

static void add_metadata(struct buf *to, struct strs metadata)
{
    struct str rest = metadata.bytes;
    struct str key;
    struct str value;
    size_t from = to->len;

    if (rest.len > metadata_max_bytes) {
        field_null(to, "metadata");
        field_number(to, "metadata_bytes", (int64_t)rest.len);
        return;
    }
    field_open(to, "metadata", '{');
    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        field_item(to);
        json_quote(to, key);
        buf_add_char(to, ':');
        json_quote(to, value);
    }
    buf_add_char(to, '}');
    if (to->len - from > metadata_max_bytes) {
        to->len = from;
        field_null(to, "metadata");
    }
    field_number(to, "metadata_bytes", (int64_t)metadata.bytes.len);
}

static void add_instance(struct detail *self, const struct instance *instance)
{
    struct buf *to = &self->row;

    to->len = 0;
    buf_add_char(to, '{');
    field_text(to, "zone", instance->id.zone);
    field_text(to, "hostname", instance->id.hostname);
    field_text(to, "status", instance->status == STATUS_UP ? STR("up") : STR("waiting"));
    field_number(to, "age_ms", instance_age_ms(instance, self->now));
    field_number(to, "idle_ms", self->job.operate->view.config->evictor_idle);
    field_text(to, "region", instance->region);
    field_text(to, "version", instance->version);
    add_addrs(to, instance->addrs);
    add_metadata(to, instance->metadata);
    field_time(to, "registered", instance->reg_timestamp);
    field_time(to, "up_since", instance->up_timestamp);
    field_time(to, "renewed", instance->renew_timestamp);
    field_time(to, "changed", instance->latest_timestamp);
    field_key(to, "dirty_timestamp");
    buf_printf(to, "\"%" PRId64 "\"}", instance->dirty_timestamp);
}

static bool is_behind(const struct detail *self, const struct identity *id)
{
    int order = str_cmp(self->after_zone, id->zone);

    return order < 0 || (order == 0 && str_cmp(self->after_hostname, id->hostname) < 0);
}

static void keep(struct buf *to, struct str text)
{
    to->len = 0;
    buf_add_str(to, text);
}

static void on_instance(void *context, const struct instance *instance)
{
    struct detail *self = context;

    if ((self->zone.len > 0 && !str_eq(buf_str(&self->zone), instance->id.zone)) ||
        !str_holds(instance->id.hostname, buf_str(&self->part))) {
        return;
    }
    self->matched++;
    if (self->full || !is_behind(self, &instance->id)) {
        return;
    }
    if ((int64_t)self->page.count == self->limit) {
        self->full = true;
        return;
    }
    add_instance(self, instance);
    self->full = !page_add(&self->page, buf_str(&self->row));
    if (!self->full) {
        keep(&self->last_zone, instance->id.zone);
        keep(&self->last_hostname, instance->id.hostname);
    }
}

/* ── the answer ─────────────────────────────────────────────────────────────*/

static void set_next(struct detail *self)
{
    struct buf cursor = {0};

    cursor_add(&cursor, buf_str(&self->last_zone));
    cursor_add(&cursor, buf_str(&self->last_hostname));
    page_next(&self->page, buf_str(&cursor));
    buf_fini(&cursor);
}

static void finish(struct detail *self, uint32_t app)
{
    const struct operate *operate = self->job.operate;
    struct buf *to = page_close(&self->page);
    struct app_info info = {0};

    if (app != REGISTRY_NONE) {
        registry_app(operate->view.registry, app, &info);
    }
    field_text(to, "env", buf_str(&self->env));
    field_text(to, "appid", buf_str(&self->appid));
    field_number(to, "total", (int64_t)self->matched);
    field_number(to, "up", (int64_t)self->census.up);
    field_number(to, "waiting", (int64_t)self->census.waiting);
    field_number(to, "idle", (int64_t)self->census.idle);
    field_number(to, "idle_ms", operate->view.config->evictor_idle);
    field_number(
        to, "lost_10m",
        losses_of(operate->losses, buf_str(&self->env), buf_str(&self->appid), self->now->mono_ms));
    zones_print(to, operate->view.registry, app, &info);
    field_time(to, "changed", info.latest_timestamp);
    field_open(to, "schedule", '{');
    schedule_print(to, operate->view.registry, app, schedule_part_max);
    buf_add_char(to, '}');
    pollers_of_app(operate, to, buf_str(&self->env), buf_str(&self->appid), pollers_shown,
                   self->now);
    if (self->full) {
        set_next(self);
    }
    page_answer(&self->page, self->job.request);
}

static void refuse(struct detail *self)
{
    struct buf near = {0};
    struct buf text = {0};

    near_tell(&self->near, self->job.operate->view.registry, &near);
    buf_printf(&text, "no app %.*s in env %.*s", STR_ARG(buf_str(&self->appid)),
               STR_ARG(buf_str(&self->env)));
    operate_refuse(self->job.request, 404, buf_str(&text), STR(""), buf_str(&near));
    buf_fini(&near);
    buf_fini(&text);
}

/* Instances, a schedule, or somebody who has just gone or waits: there is something to tell. */
static bool is_known(const struct detail *self, uint32_t app, const struct now *now)
{
    const struct operate *operate = self->job.operate;
    struct app_info info = {.schedule_slot = REGISTRY_NONE};

    if (app != REGISTRY_NONE) {
        registry_app(operate->view.registry, app, &info);
    }
    return info.live_count > 0 || info.schedule_slot != REGISTRY_NONE ||
           losses_of(operate->losses, buf_str(&self->env), buf_str(&self->appid), now->mono_ms) >
               0 ||
           operate->view.poller_count(operate->view.state, buf_str(&self->env),
                                      buf_str(&self->appid)) > 0;
}

static bool step(struct job *job, const struct now *now, size_t *budget)
{
    struct detail *self = detail_of(job);
    const struct operate *operate = job->operate;
    uint32_t app =
        registry_app_find(operate->view.registry, buf_str(&self->env), buf_str(&self->appid));

    self->now = now;
    if (self->census.hostname.len == 0 && !is_known(self, app, now)) {
        if (!near_look(&self->near, operate->view.registry, buf_str(&self->env),
                       buf_str(&self->appid), budget)) {
            return false;
        }
        refuse(self);
        return true;
    }
    if (app != REGISTRY_NONE &&
        !census_go(&self->census, operate->view.registry, app, operate->view.config->evictor_idle,
                   now, budget, on_instance, self)) {
        return false;
    }
    finish(self, app);
    return true;
}

static bool read_after(struct detail *self, const struct operate_ask *ask)
{
    struct str rest;

    if (!page_after(ask, &self->cursor)) {
        return false;
    }
    rest = buf_str(&self->cursor);
    if (rest.len > 0 && (!cursor_part(&rest, &self->after_zone) ||
                         !cursor_part(&rest, &self->after_hostname) || rest.len > 0)) {
        page_refuse_after(ask);
        return false;
    }
    return true;
}

void operate_app(struct operate *operate, const struct operate_ask *ask)
{
    struct detail *self = heap_new(sizeof(*self));

    self->job.step = step;
    self->job.free = free_detail;
    self->limit = ask->args.number[OPERATE_LIMIT];
    buf_add_str(&self->env, ask->var[0]);
    buf_add_str(&self->appid, ask->var[1]);
    buf_add_str(&self->zone, ask->args.text[OPERATE_ZONE]);
    buf_add_str(&self->part, ask->args.text[OPERATE_Q]);
    page_begin(&self->page, "instances");
    if (read_after(self, ask)) {
        job_begin(&self->job, operate, ask);
    } else {
        free_detail(&self->job);
    }
}
