#include "gateway/discovery/stream_events.h"

#include <assert.h>
#include <inttypes.h>

#include "common/base/json.h"

/* event:, and id: for where a client may resume. kind: of a change, else NULL. */
static void event_begin(struct stream *self, const char *event, const struct stream_app *app,
                        const char *kind, const struct position_at *id)
{
    struct buf *to = &self->text;

    self->streams->counts.events_total++;
    buf_printf(to, "event: %s\n", event);
    if (id != NULL) {
        buf_add_str(to, STR("id: "));
        position_print(to, *id);
        buf_add_char(to, '\n');
    }
    buf_add_str(to, STR("data: {"));
    if (kind != NULL) {
        buf_printf(to, "\"kind\":\"%s\",", kind);
    }
    buf_add_str(to, STR("\"appid\":"));
    json_quote(to, app->appid);
}

static void event_end(struct stream *self)
{
    buf_add_str(&self->text, STR("}\n\n"));
}

void stream_add_gone(struct stream *self, const struct stream_app *app,
                     const struct position_at *id)
{
    event_begin(self, "gone", app, NULL, id);
    event_end(self);
}

/* The app's schedule as it is now, without instances too. */
static void add_schedule(struct stream *self, const struct stream_app *app,
                         int64_t latest_timestamp, const struct position_at *id)
{
    const struct registry *registry = replica_registry(self->streams->replica);
    uint32_t number = registry_app_find(registry, self->query.env, app->appid);

    event_begin(self, "schedule", app, NULL, id);
    buf_add_str(&self->text, STR(",\"scheduler\":"));
    if (number == REGISTRY_NONE) {
        buf_add_str(&self->text, STR("null"));
    } else {
        cache_schedule(replica_cache(self->streams->replica), number, &self->text);
    }
    buf_printf(&self->text, ",\"latest_timestamp\":%" PRId64, latest_timestamp);
    event_end(self);
}

/* Of an app without instances: gone, and the schedule it may have nevertheless. */
static void add_absent(struct stream *self, const struct stream_app *app,
                       const struct position_at *id)
{
    const struct registry *registry = replica_registry(self->streams->replica);
    uint32_t number = registry_app_find(registry, self->query.env, app->appid);
    struct app_info info = {.schedule_slot = REGISTRY_NONE};

    if (number != REGISTRY_NONE) {
        registry_app(registry, number, &info);
    }
    if (info.schedule_slot == REGISTRY_NONE) {
        stream_add_gone(self, app, id);
    } else {
        stream_add_gone(self, app, NULL);
        add_schedule(self, app, info.latest_timestamp, id);
    }
}

void stream_cost(const struct stream *self, size_t looked_at)
{
    if (self->request != NULL) {
        request_cost(self->request, looked_at);
    }
}

void stream_add_full(struct stream *self)
{
    const struct gateway *gateway = self->streams->gateway;
    const struct stream_app *app = &self->apps[self->next_full++];
    const struct position_at *id = self->next_full == self->app_count ? &self->at : NULL;
    struct found found = app_query_find(gateway, &self->query, app->appid);
    struct cache *cache = replica_cache(self->streams->replica);
    const struct now *now = &self->streams->now;

    assert(self->next_full <= self->app_count && self->body == NULL);
    if (!found.known) {
        add_absent(self, app, id);
        return;
    }
    event_begin(self, "full", app, NULL, id);
    buf_add_char(&self->text, ',');
    if (found.own) {
        size_t brace = self->text.len;

        (void)app_query_write(gateway, &self->query, &found, now, &self->text);
        self->text.data[brace] = ' '; /* its own opening brace */
        buf_add_str(&self->text, STR("\n\n"));
    } else {
        uint64_t before = cache_rendered(cache);

        self->body = response_ref(cache_fetch(cache, found.app, &self->query.key, now));
        http_hold(gateway->http, self->body);
        stream_cost(self, (cache_rendered(cache) - before) / cost_bytes);
        self->slice = cache_app(cache, found.app, &self->query.key, now).json;
        self->slice.data++;
        self->slice.len--;
    }
}

/* Where the instance stands now if this is its last change, else false: a later one follows. */
static bool is_last(const struct stream *self, const struct stream_app *app,
                    const struct delta_item *item, uint32_t *slot)
{
    const struct registry *registry = replica_registry(self->streams->replica);
    struct identity id = {self->query.env, app->appid, item->zone, item->hostname};
    bool live = change_is_live(item->kind);

    *slot = registry_find(registry, identity_key(&id));
    if (*slot == REGISTRY_NONE) {
        return !live;
    }
    return registry_slot_seq(registry, *slot) == item->seq &&
           registry_is_live(registry, *slot) == live;
}

void stream_add_change(struct stream *self, const struct stream_app *app,
                       const struct delta_item *item)
{
    struct position_at id = {self->at.epoch, item->seq};
    struct buf *to = &self->text;
    uint32_t slot;

    if (!is_last(self, app, item, &slot)) {
        return;
    }
    if (delta_is_schedule(item)) {
        add_schedule(self, app, item->latest_timestamp, &id);
        return;
    }
    event_begin(self, "change", app, change_kind_name(item->kind), &id);
    buf_add_str(to, STR(",\"zone\":"));
    json_quote(to, item->zone);
    buf_add_str(to, STR(",\"hostname\":"));
    json_quote(to, item->hostname);
    buf_add_str(to, STR(",\"instance\":"));
    if (change_is_live(item->kind)) {
        cache_instance(replica_cache(self->streams->replica), slot, to);
    } else {
        buf_add_str(to, STR("null"));
    }
    buf_printf(to, ",\"latest_timestamp\":%" PRId64, item->latest_timestamp);
    event_end(self);
}
