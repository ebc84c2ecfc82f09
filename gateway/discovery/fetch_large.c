#include "gateway/discovery/fetch_large.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "gateway/discovery/cache.h"
#include "gateway/discovery/replica.h"

/* Produced at once; and as much as a run of instances has more. */
static const size_t piece_bytes = (size_t)64 << 10;

struct fetch_large {
    struct parked parked;          /* first: the request's user */
    const struct gateway *gateway; /* borrowed; outlives every request */
    struct request *request;       /* NULL: its client has gone, end() will follow */
    struct query query;            /* in text */
    struct str appid;              /* in text */
    struct buf text;
    int64_t latest_timestamp;
    uint64_t made;
    struct buf zone; /* given up to here */
    struct buf hostname;
    bool in_zone; /* its array is open */
    bool ended;
    struct buf out; /* produced, not taken yet from out_at on */
    size_t out_at;
};

static void set(struct buf *to, struct str text)
{
    to->len = 0;
    buf_add_str(to, text);
}

/* The run's instances; a run is of one zone. */
static void add_run(struct fetch_large *self, const struct registry *registry, struct order_run run,
                    bool new_zone)
{
    struct instance instance = {0};
    bool more = !new_zone && self->out.len > 0 && self->out.data[self->out.len - 1] != '[';

    for (uint32_t i = 0; i < run.count; i++) {
        registry_instance(registry, run.slots[i], &instance);
        if (i == 0 && new_zone) {
            buf_add_str(&self->out, self->in_zone ? STR("],") : STR(""));
            json_quote(&self->out, instance.id.zone);
            buf_add_str(&self->out, STR(":["));
            self->in_zone = true;
            more = false;
        }
        if ((instance.status & self->query.key.status) != 0) {
            buf_add_str(&self->out, more ? STR(",") : STR(""));
            more = true;
            cache_instance(replica_cache(self->gateway->replica), run.slots[i], &self->out);
        }
    }
    set(&self->zone, instance.id.zone);
    set(&self->hostname, instance.id.hostname);
}

/* False: there are no more. */
static bool add_next(struct fetch_large *self, const struct registry *registry, uint32_t app)
{
    struct order_run run =
        registry_run_after(registry, app, buf_str(&self->zone), buf_str(&self->hostname));
    struct instance first;

    if (run.count == 0) {
        return false;
    }
    registry_instance(registry, run.slots[0], &first);
    if (self->query.key.zone.len > 0 && !str_eq(first.id.zone, self->query.key.zone)) {
        return false;
    }
    add_run(self, registry, run, !self->in_zone || !str_eq(first.id.zone, buf_str(&self->zone)));
    return true;
}

static void add_tail(struct fetch_large *self, const struct registry *registry, uint32_t app)
{
    struct app_info info = {.schedule_slot = REGISTRY_NONE};

    buf_add_str(&self->out, self->in_zone ? STR("]}") : STR("}"));
    if (app != REGISTRY_NONE) {
        registry_app(registry, app, &info);
    }
    if (info.schedule_slot != REGISTRY_NONE && self->in_zone) {
        buf_add_str(&self->out, STR(",\"scheduler\":"));
        cache_schedule(replica_cache(self->gateway->replica), app, &self->out);
    }
    buf_printf(&self->out, ",\"latest_timestamp\":%" PRId64 "}}", self->latest_timestamp);
    self->ended = true;
    if (app != REGISTRY_NONE && self->made + self->out.len <= cache_large_bytes) {
        cache_note_small(replica_cache(self->gateway->replica), app);
    }
}

static void produce(struct fetch_large *self)
{
    const struct registry *registry = replica_registry(self->gateway->replica);
    uint32_t app = registry_app_find(registry, self->query.env, self->appid);
    /* a comma depends on what is last, which may have left: it is kept */
    char last = self->out.len > 0 ? self->out.data[self->out.len - 1] : '\0';

    self->out.len = 0;
    if (last != '\0') {
        buf_add_char(&self->out, last);
    }
    self->out_at = self->out.len;
    while (self->out.len < piece_bytes) {
        if (app == REGISTRY_NONE || !add_next(self, registry, app)) {
            add_tail(self, registry, app);
            break;
        }
    }
    self->made += self->out.len;
    if (self->request != NULL) {
        request_cost(self->request, self->out.len / cost_bytes);
        request_keeps(self->request, sizeof(*self) + self->out.cap);
    }
}

static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct fetch_large *self = context;
    size_t len;

    if (self->out_at == self->out.len && !self->ended) {
        produce(self);
    }
    len = self->out.len - self->out_at;
    len = len < max ? len : max;
    if (len == 0) {
        return HTTP_STREAM_END;
    }
    memcpy(to, self->out.data + self->out_at, len);
    self->out_at += len;
    return (int64_t)len;
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    (void)gateway;
    ((struct fetch_large *)(void *)parked)->request = NULL;
}

static void end(void *context)
{
    struct fetch_large *self = context;

    buf_fini(&self->text);
    buf_fini(&self->zone);
    buf_fini(&self->hostname);
    buf_fini(&self->out);
    free(self);
}

void fetch_large(struct gateway *self, struct request *request, const struct args *args,
                 const struct found *found, const struct now *now)
{
    struct fetch_large *large = calloc(1, sizeof(*large));
    size_t env_len = args->query.env.len;
    size_t zone_len = args->query.key.zone.len;
    char stale[24];

    if (large == NULL) {
        abort();
    }
    large->parked.gone = on_gone;
    large->gateway = self;
    large->request = request;
    large->query = args->query;
    large->latest_timestamp = found->latest_timestamp;
    buf_add_str(&large->text, args->query.env);
    buf_add_str(&large->text, args->query.key.zone);
    buf_add_str(&large->text, args->apps[0].appid);
    large->query.env = (struct str){large->text.data, env_len};
    large->query.key.zone = (struct str){large->text.data + env_len, zone_len};
    large->appid = (struct str){large->text.data + env_len + zone_len, args->apps[0].appid.len};
    set(&large->zone, large->query.key.zone);
    answer_open(&large->out, ERR_OK);
    buf_add_str(&large->out, STR("{\"instances\":{"));
    request_set_user(request, &large->parked);
    request_stream(request, 200, "application/json; charset=utf-8", next_bytes, end, large);
    request_stream_header(request, "Kratos-Status-Code", "0");
    if (query_stale_text(self, now, stale, sizeof(stale))) {
        request_stream_header(request, "Muster-Stale-Ms", stale);
    }
}
