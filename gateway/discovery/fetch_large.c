#include "gateway/discovery/fetch_large.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/discovery/cache.h"
#include "gateway/discovery/produced.h"
#include "gateway/discovery/replica.h"

/* Produced at once; and as much as a run of instances has more. */
static const size_t piece_bytes = (size_t)64 << 10;

struct fetch_large {
    struct parked parked;          /* first: the request's user */
    const struct gateway *gateway; /* borrowed; outlives every request */
    struct request *request;       /* NULL: its client has gone, end() will follow */
    struct app_query query;        /* in text */
    struct str appid;              /* in text */
    struct buf text;
    int64_t latest_timestamp;
    uint64_t made;
    struct buf zone; /* given up to here */
    struct buf hostname;
    bool in_zone; /* its array is open */
    struct produced produced;
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
    bool more = !new_zone && self->produced.out.len > 0 &&
                self->produced.out.data[self->produced.out.len - 1] != '[';

    for (uint32_t i = 0; i < run.count; i++) {
        registry_instance(registry, run.slots[i], &instance);
        if (i == 0 && new_zone) {
            buf_add_str(&self->produced.out, self->in_zone ? STR("],") : STR(""));
            json_quote(&self->produced.out, instance.id.zone);
            buf_add_str(&self->produced.out, STR(":["));
            self->in_zone = true;
            more = false;
        }
        if ((instance.status & self->query.key.status) != 0) {
            buf_add_str(&self->produced.out, more ? STR(",") : STR(""));
            more = true;
            cache_instance(replica_cache(self->gateway->replica), run.slots[i],
                           &self->produced.out);
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

    buf_add_str(&self->produced.out, self->in_zone ? STR("]}") : STR("}"));
    if (app != REGISTRY_NONE) {
        registry_app(registry, app, &info);
    }
    if (info.schedule_slot != REGISTRY_NONE && self->in_zone) {
        buf_add_str(&self->produced.out, STR(",\"scheduler\":"));
        cache_schedule(replica_cache(self->gateway->replica), app, &self->produced.out);
    }
    buf_printf(&self->produced.out, ",\"latest_timestamp\":%" PRId64 "}}", self->latest_timestamp);
    self->produced.ended = true;
    if (app != REGISTRY_NONE && self->made + self->produced.out.len <= cache_large_bytes) {
        cache_note_small(replica_cache(self->gateway->replica), app);
    }
}

static void produce(void *context)
{
    struct fetch_large *self = context;
    const struct registry *registry = replica_registry(self->gateway->replica);
    uint32_t app = registry_app_find(registry, self->query.env, self->appid);
    /* a comma depends on what is last, which may have left: it is kept */
    char last =
        self->produced.out.len > 0 ? self->produced.out.data[self->produced.out.len - 1] : '\0';

    self->produced.out.len = 0;
    if (last != '\0') {
        buf_add_char(&self->produced.out, last);
    }
    self->produced.at = self->produced.out.len;
    while (self->produced.out.len < piece_bytes) {
        if (app == REGISTRY_NONE || !add_next(self, registry, app)) {
            add_tail(self, registry, app);
            break;
        }
    }
    self->made += self->produced.out.len;
    if (self->request != NULL) {
        request_cost(self->request, self->produced.out.len / cost_bytes);
        request_keeps(self->request, sizeof(*self) + self->produced.out.cap);
    }
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
    buf_fini(&self->produced.out);
    free(self);
}

void fetch_large(struct gateway *self, struct request *request, const struct read_params *args,
                 const struct found *found, const struct now *now)
{
    struct fetch_large *large = heap_new(sizeof(*large));
    size_t env_len = args->query.env.len;
    size_t zone_len = args->query.key.zone.len;

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
    large->produced = (struct produced){.next = produce, .end = end, .context = large};
    answer_open(&large->produced.out, ERR_OK);
    buf_add_str(&large->produced.out, STR("{\"instances\":{"));
    request_set_user(request, &large->parked);
    produced_answer(&large->produced, self, request, now);
}
