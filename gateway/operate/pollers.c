/* GET /muster/v1/pollers: who waits, the one that came first in front. */
#include "gateway/operate/pollers.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/page.h"

/* The first so many behind a number, as a heap with the last in front until they are sorted. */
struct first_polls {
    uint64_t after;
    size_t max;
    size_t count;
    uint64_t total;
    struct operate_poller *items; /* owns */
};

static int by_number(const void *a, const void *b)
{
    uint64_t left = ((const struct operate_poller *)a)->number;
    uint64_t right = ((const struct operate_poller *)b)->number;

    return (left > right) - (left < right);
}

/* Full: what is kept is sorted, and the later half thrown away. */
static void offer(void *context, const struct operate_poller *poller)
{
    struct first_polls *self = context;

    self->total++;
    if (poller->number <= self->after) {
        return;
    }
    if (self->count == 2 * self->max) {
        qsort(self->items, self->count, sizeof(*self->items), by_number);
        self->count = self->max;
    }
    self->items[self->count++] = *poller;
}

static struct first_polls collect(const struct operate *self, struct str env, struct str appid,
                                  uint64_t after, size_t max, const struct now *now)
{
    struct first_polls first = {
        .after = after, .max = max, .items = heap_array(2 * max, sizeof(*first.items))};

    self->view.pollers(self->view.state, env, appid, now, offer, &first);
    qsort(first.items, first.count, sizeof(*first.items), by_number);
    return first;
}

static void add_poller(struct buf *to, const struct operate_poller *poller, const struct now *now)
{
    buf_add_char(to, '{');
    field_text_or_null(to, "hostname", poller->hostname);
    field_text(to, "from", str_from(poller->from));
    field_time(to, "since", now->wall_ns - poller->waits_ms * 1000000);
    field_number(to, "left_ms", poller->left_ms);
    field_text(to, "env", poller->env);
    field_text_or_null(to, "zone", poller->zone);
    field_number(to, "apps", poller->app_count);
    field_text(to, "appid", poller->appid);
    buf_add_char(to, '}');
}

void pollers_of_app(const struct operate *self, struct buf *to, struct str env, struct str appid,
                    size_t max, const struct now *now)
{
    struct first_polls first = collect(self, env, appid, 0, max, now);

    size_t from = to->len;

    field_open(to, "pollers", '[');
    for (size_t i = 0; i < first.count && i < max; i++) {
        size_t whole = to->len;

        field_item(to);
        add_poller(to, &first.items[i], now);
        if (to->len - from > pollers_print_max) {
            to->len = whole;
            break;
        }
    }
    buf_add_char(to, ']');
    field_number(to, "pollers_total", self->view.poller_count(self->view.state, env, appid));
    free(first.items);
}

static void answer(const struct operate *self, const struct operate_ask *ask,
                   const struct first_polls *first, size_t limit)
{
    struct page page;
    struct buf one = {0};
    size_t at = 0;

    page_begin(&page, "pollers");
    for (; at < first->count && at < limit; at++) {
        one.len = 0;
        add_poller(&one, &first->items[at], ask->now);
        if (!page_add(&page, buf_str(&one))) {
            break;
        }
    }
    field_number(page_close(&page), "total",
                 self->view.poller_count(self->view.state, ask->args.text[OPERATE_ENV],
                                         ask->args.text[OPERATE_APPID]));
    if (at < first->count) {
        page_next_number(&page, first->items[at - 1].number);
    }
    page_answer(&page, ask->request);
    buf_fini(&one);
}

void operate_pollers(struct operate *self, const struct operate_ask *ask)
{
    size_t limit = (size_t)ask->args.number[OPERATE_LIMIT];
    struct first_polls first;
    uint64_t after = 0;

    if ((ask->args.text[OPERATE_ENV].len > 0) != (ask->args.text[OPERATE_APPID].len > 0)) {
        operate_refuse(ask->request, 400, STR("env and appid are given together, or neither"),
                       ask->args.text[OPERATE_ENV].len > 0 ? STR("appid") : STR("env"), STR(""));
        return;
    }
    if (!page_after_number(ask, &after)) {
        return;
    }
    first = collect(self, ask->args.text[OPERATE_ENV], ask->args.text[OPERATE_APPID], after, limit,
                    ask->now);
    request_cost(ask->request, first.total);
    answer(self, ask, &first, limit);
    free(first.items);
}
