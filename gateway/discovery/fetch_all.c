/* fetch/all: every instance of every env and status, by appid, produced piece by
 * piece while the socket takes it: memory holds the names and a few instances, however
 * slowly it is read. An app that changes meanwhile is given in part as it was. */
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/discovery/app_query.h"
#include "gateway/discovery/produced.h"
#include "gateway/discovery/render.h"
#include "gateway/discovery/replica.h"

/* Produced at once; and as much as one instance has more. */
static const size_t piece_bytes = (size_t)16 << 10;

/* An app by name, since numbers are reused while the answer is under way. */
struct name {
    size_t at; /* in text: appid, then env */
    uint16_t appid_len;
    uint16_t env_len;
};

struct fetch_all {
    const struct gateway *gateway; /* borrowed; outlives every request */
    struct buf text;
    struct name *names; /* heap: least appid, then least env, first */
    size_t count;
    struct produced produced;
    struct str appid; /* whose array is open; in text */
    bool open;
    struct buf zone; /* the app in front has been given up to here; empty: nothing of it yet */
    struct buf hostname;
};

static struct str name_appid(const struct fetch_all *self, size_t i)
{
    return (struct str){self->text.data + self->names[i].at, self->names[i].appid_len};
}

static struct str name_env(const struct fetch_all *self, size_t i)
{
    const struct name *name = &self->names[i];

    return (struct str){self->text.data + name->at + name->appid_len, name->env_len};
}

static bool is_less(const struct fetch_all *self, size_t a, size_t b)
{
    int order = str_cmp(name_appid(self, a), name_appid(self, b));

    return order < 0 || (order == 0 && str_cmp(name_env(self, a), name_env(self, b)) < 0);
}

static void sift_down(struct fetch_all *self, size_t at)
{
    for (;;) {
        size_t least = at;
        struct name kept = self->names[at];

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < self->count; child++) {
            least = is_less(self, child, least) ? child : least;
        }
        if (least == at) {
            return;
        }
        self->names[at] = self->names[least];
        self->names[least] = kept;
        at = least;
    }
}

static void collect(struct fetch_all *self, const struct registry *registry)
{
    struct app_info info;

    self->names = heap_get((registry_app_count(registry) + (size_t)1) * sizeof(*self->names));
    for (uint32_t app = 0; app < registry_app_count(registry); app++) {
        if (!registry_app_used(registry, app)) {
            continue;
        }
        registry_app(registry, app, &info);
        if (info.live_count > 0) {
            self->names[self->count++] =
                (struct name){self->text.len, (uint16_t)info.appid.len, (uint16_t)info.env.len};
            buf_add_str(&self->text, info.appid);
            buf_add_str(&self->text, info.env);
        }
    }
    for (size_t i = self->count / 2; i-- > 0;) {
        sift_down(self, i);
    }
}

/* The run, until the piece is full; notes how far it got. */
static void add_run(struct fetch_all *self, const struct registry *registry, struct order_run run,
                    bool *more)
{
    struct instance instance = {0};

    for (uint32_t i = 0; i < run.count && self->produced.out.len < piece_bytes; i++) {
        if (*more) {
            buf_add_char(&self->produced.out, ',');
        }
        *more = true;
        registry_instance(registry, run.slots[i], &instance);
        render_instance(&self->produced.out, &instance, instance.renew_timestamp,
                        RENDER_METADATA_NULL);
    }
    self->zone.len = 0;
    buf_add_str(&self->zone, instance.id.zone);
    self->hostname.len = 0;
    buf_add_str(&self->hostname, instance.id.hostname);
}

/* False: it goes on in the next piece. */
static bool add_instances(struct fetch_all *self, const struct registry *registry, uint32_t app,
                          bool more)
{
    while (self->produced.out.len < piece_bytes) {
        struct order_run run =
            registry_run_after(registry, app, buf_str(&self->zone), buf_str(&self->hostname));

        if (run.count == 0) {
            return true;
        }
        add_run(self, registry, run, &more);
    }
    return false;
}

/* Instances of one app, after those of the same appid in other envs. False: not all yet. */
static bool add_app(struct fetch_all *self, const struct registry *registry, uint32_t app)
{
    struct app_info info;
    bool same = self->open && str_eq(self->appid, name_appid(self, 0));

    registry_app(registry, app, &info);
    if (info.live_count == 0) {
        return true;
    }
    if (!same) {
        buf_add_str(&self->produced.out, self->open ? STR("],") : STR(""));
        json_quote(&self->produced.out, info.appid);
        buf_add_str(&self->produced.out, STR(":["));
        self->appid = name_appid(self, 0);
        self->open = true;
    }
    return add_instances(self, registry, app, same);
}

/* The next piece, or the end. */
static void produce(void *context)
{
    struct fetch_all *self = context;
    const struct registry *registry = replica_registry(self->gateway->replica);
    uint32_t app;

    self->produced.out.len = 0;
    self->produced.at = 0;
    if (self->count == 0) {
        buf_add_str(&self->produced.out, self->open ? STR("]}}") : STR("}}"));
        self->produced.ended = true;
        return;
    }
    app = registry_app_find(registry, name_env(self, 0), name_appid(self, 0));
    if (app == REGISTRY_NONE || add_app(self, registry, app)) {
        self->zone.len = 0;
        self->hostname.len = 0;
        self->names[0] = self->names[--self->count];
        sift_down(self, 0);
    }
}

static void end(void *context)
{
    struct fetch_all *self = context;

    buf_fini(&self->text);
    buf_fini(&self->produced.out);
    buf_fini(&self->zone);
    buf_fini(&self->hostname);
    free(self->names);
    free(self);
}

void serve_fetch_all(struct gateway *self, struct request *request, const struct now *now)
{
    struct fetch_all *all = heap_new(sizeof(*all));

    all->gateway = self;
    all->produced = (struct produced){.next = produce, .end = end, .context = all};
    collect(all, replica_registry(self->replica));
    answer_open(&all->produced.out, ERR_OK);
    buf_add_char(&all->produced.out, '{');
    produced_answer(&all->produced, self, request, now);
    request_keeps(request, all->text.cap + all->count * sizeof(*all->names) + 2 * piece_bytes);
}
