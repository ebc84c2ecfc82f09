/* GET /sd/prometheus: what is registered as targets of Prometheus' http_sd, one group an instance,
 * filtered by env, appid, zone and status. Made while the socket takes it, some instances at a
 * time: an app that changes meanwhile is given in part as it was. */
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/discovery/gateway.h"
#include "gateway/discovery/replica.h"

/* Made at once, and looked at for it; and as much as one instance has more. */
static const size_t piece_bytes = (size_t)16 << 10;
enum { looked_max = 512, looks_per_cost = 4 };

struct targets {
    const struct gateway *gateway; /* borrowed; outlives every request */
    struct request *request;
    struct buf filter; /* env, appid, zone, behind each other; empty: any */
    struct str env;
    struct str appid;
    struct str zone;
    uint32_t status;
    uint32_t app;        /* that is given now */
    struct buf name;     /* its env, NUL, appid: numbers are used again */
    struct buf at_zone;  /* it has been given up to here */
    struct buf hostname; /* … */
    bool more;           /* a group stands before */
    bool ended;
    struct buf out;
    size_t out_at;
};

static bool wants(struct str filter, struct str text)
{
    return filter.len == 0 || str_eq(filter, text);
}

/* ── one group ──────────────────────────────────────────────────────────────*/

/* host:port of scheme://host:port/…, which no address need be. */
static struct str address_of(struct str addr, struct str *scheme)
{
    struct str rest = addr;

    *scheme = (struct str){0};
    for (size_t i = 0; i + 2 < addr.len; i++) {
        if (memcmp(addr.data + i, "://", 3) == 0) {
            *scheme = (struct str){addr.data, i};
            rest = (struct str){addr.data + i + 3, addr.len - i - 3};
            break;
        }
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.data[i] == '/' || rest.data[i] == '?') {
            rest.len = i;
        }
    }
    return rest;
}

/* That of HTTP if there is one, else the first. */
static struct str pick_address(const struct instance *instance, struct str *scheme)
{
    struct str rest = instance->addrs.bytes;
    struct str addr;
    struct str found = {0};

    *scheme = (struct str){0};
    while (strs_next(&rest, &addr)) {
        struct str its;
        struct str address = address_of(addr, &its);

        if (str_eq(its, STR("http")) || str_eq(its, STR("https"))) {
            *scheme = its;
            return address;
        }
        if (found.len == 0) {
            found = address;
            *scheme = its;
        }
    }
    return found;
}

static void add_label(struct buf *to, const char *name, struct str value)
{
    buf_printf(to, ",\"__meta_muster_%s\":", name);
    json_quote(to, value);
}

/* A label's name has letters, digits and "_". */
static char folded(char c)
{
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

    return plain ? c : '_';
}

static bool are_one_label(struct str a, struct str b)
{
    for (size_t i = 0; i < a.len && a.len == b.len; i++) {
        if (folded(a.data[i]) != folded(b.data[i])) {
            return false;
        }
    }
    return a.len == b.len;
}

/* Whether another key after it makes the same label: of several the last counts, which is the one
 * that is spelled so, if one is ("_" stands behind "-" and ".", and keys are sorted). */
static bool comes_again(struct str rest, struct str label)
{
    struct str key;
    struct str value;

    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        if (are_one_label(key, label)) {
            return true;
        }
    }
    return false;
}

static void add_metadata(struct buf *to, const struct strs *metadata)
{
    struct str rest = metadata->bytes;
    struct str key;
    struct str value;

    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        if (comes_again(rest, key)) {
            continue;
        }
        buf_add_str(to, STR(",\"__meta_muster_metadata_"));
        for (size_t i = 0; i < key.len; i++) {
            buf_add_char(to, folded(key.data[i]));
        }
        buf_add_str(to, STR("\":"));
        json_quote(to, value);
    }
}

static void add_group(struct targets *self, const struct instance *instance)
{
    struct buf *to = &self->out;
    struct str scheme;
    struct str address = pick_address(instance, &scheme);

    if (address.len == 0) {
        return;
    }
    buf_add_str(to, self->more ? STR(",\n{\"targets\":[") : STR("\n{\"targets\":["));
    self->more = true;
    json_quote(to, address);
    buf_add_str(to, STR("],\"labels\":{\"__meta_muster_env\":"));
    json_quote(to, instance->id.env);
    add_label(to, "appid", instance->id.appid);
    add_label(to, "zone", instance->id.zone);
    add_label(to, "hostname", instance->id.hostname);
    add_label(to, "region", instance->region);
    add_label(to, "version", instance->version);
    add_label(to, "status", instance->status == STATUS_UP ? STR("1") : STR("2"));
    add_label(to, "scheme", scheme);
    add_metadata(to, &instance->metadata);
    buf_add_str(to, STR("}}"));
}

/* ── the walk ───────────────────────────────────────────────────────────────*/

static void begin_app(struct targets *self, const struct app_info *info)
{
    self->name.len = 0;
    buf_add_str(&self->name, info->env);
    buf_add_char(&self->name, '\0');
    buf_add_str(&self->name, info->appid);
    self->at_zone.len = 0;
    self->hostname.len = 0;
    buf_add_str(&self->at_zone, self->zone);
}

/* Whether the app in hand is still the one that was begun. */
static bool is_begun(const struct targets *self, const struct app_info *info)
{
    const struct buf *name = &self->name;

    return name->len == info->env.len + 1 + info->appid.len &&
           memcmp(name->data, info->env.data, info->env.len) == 0 &&
           name->data[info->env.len] == '\0' &&
           memcmp(name->data + info->env.len + 1, info->appid.data, info->appid.len) == 0;
}

static void go_to(struct targets *self, uint32_t app)
{
    self->app = app;
    self->name.len = 0;
}

/* Some more of the app in hand; looked: how many. False: that was all of it. */
static bool add_run(struct targets *self, const struct registry *registry, size_t *looked)
{
    struct order_run run =
        registry_run_after(registry, self->app, buf_str(&self->at_zone), buf_str(&self->hostname));
    struct instance instance;

    for (uint32_t i = 0; i < run.count; i++) {
        registry_instance(registry, run.slots[i], &instance);
        if (!wants(self->zone, instance.id.zone)) {
            return false;
        }
        ++*looked;
        if ((instance.status & self->status) != 0) {
            add_group(self, &instance);
        }
    }
    if (run.count > 0) {
        self->at_zone.len = 0;
        buf_add_str(&self->at_zone, instance.id.zone);
        self->hostname.len = 0;
        buf_add_str(&self->hostname, instance.id.hostname);
    }
    return run.count > 0;
}

/* The app in hand, or some of it; then the next is. */
static void add_app(struct targets *self, const struct registry *registry, size_t *looked)
{
    struct app_info info;

    ++*looked;
    if (!registry_app_used(registry, self->app)) {
        go_to(self, self->app + 1);
        return;
    }
    registry_app(registry, self->app, &info);
    if (info.live_count == 0 || !wants(self->env, info.env) || !wants(self->appid, info.appid) ||
        (self->zone.len > 0 &&
         registry_zone_find(registry, self->app, self->zone) == REGISTRY_NONE)) {
        go_to(self, self->app + 1);
        return;
    }
    if (!is_begun(self, &info)) {
        begin_app(self, &info);
    }
    while (add_run(self, registry, looked)) {
        if (self->out.len >= piece_bytes || *looked >= looked_max) {
            return;
        }
    }
    go_to(self, self->app + 1);
}

static void make_piece(struct targets *self)
{
    const struct registry *registry = replica_registry(self->gateway->replica);
    size_t looked = 0;

    self->out.len = 0;
    self->out_at = 0;
    while (self->out.len < piece_bytes && looked < looked_max &&
           self->app < registry_app_count(registry)) {
        add_app(self, registry, &looked);
    }
    if (self->app >= registry_app_count(registry)) {
        buf_add_str(&self->out, STR("\n]\n"));
        self->ended = true;
    }
    request_cost(self->request, looked / looks_per_cost);
}

static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct targets *self = context;
    size_t len;

    if (self->out_at == self->out.len) {
        if (self->ended) {
            return HTTP_STREAM_END;
        }
        make_piece(self);
        if (self->out.len == 0) { /* nothing that is wanted: who reads is told that it goes on */
            buf_add_char(&self->out, ' ');
        }
    }
    len = self->out.len - self->out_at;
    len = len < max ? len : max;
    memcpy(to, self->out.data + self->out_at, len);
    self->out_at += len;
    return (int64_t)len;
}

static void end(void *context)
{
    struct targets *self = context;

    buf_fini(&self->filter);
    buf_fini(&self->name);
    buf_fini(&self->at_zone);
    buf_fini(&self->hostname);
    buf_fini(&self->out);
    free(self);
}

/* ── the endpoint ───────────────────────────────────────────────────────────*/

static bool is_known(struct str name)
{
    return str_eq(name, STR("env")) || str_eq(name, STR("appid")) || str_eq(name, STR("zone")) ||
           str_eq(name, STR("status"));
}

/* Why the request is refused, in text; empty: it is not. */
static void check(const struct params *params, uint32_t *status, struct buf *text)
{
    struct str given = params_get(params, STR("status"));

    *status = STATUS_UP | STATUS_WAITING;
    if (given.len > 0 && (str_to_u32(given, status) != ERR_OK || *status < 1 || *status > 3)) {
        buf_printf(text, "status must be 1 (up), 2 (waiting) or 3 (both), got %.*s\n",
                   STR_ARG(given));
    }
    for (size_t i = 0; i < params->count && text->len == 0; i++) {
        if (!is_known(params->items[i].name)) {
            buf_printf(text, "there is no parameter %.*s: env, appid, zone and status are\n",
                       STR_ARG(params->items[i].name));
        }
    }
}

static void keep_filters(struct targets *self, const struct params *params)
{
    struct str env = params_get(params, STR("env"));
    struct str appid = params_get(params, STR("appid"));
    struct str zone = params_get(params, STR("zone"));

    buf_add_str(&self->filter, env);
    buf_add_str(&self->filter, appid);
    buf_add_str(&self->filter, zone);
    buf_add_char(&self->filter, '\0'); /* so that there is something to point to */
    self->env = (struct str){self->filter.data, env.len};
    self->appid = (struct str){self->filter.data + env.len, appid.len};
    self->zone = (struct str){self->filter.data + env.len + appid.len, zone.len};
}

void serve_targets(struct gateway *self, struct request *request, const struct now *now)
{
    const struct params *params = request_params(request);
    struct targets *targets;
    struct buf text = {0};
    uint32_t status;

    (void)now;
    check(params, &status, &text);
    if (text.len > 0) {
        answer_text(request, 400, "text/plain; charset=utf-8", &text);
        return;
    }
    targets = heap_new(sizeof(*targets));
    targets->gateway = self;
    targets->request = request;
    targets->status = status;
    keep_filters(targets, params);
    buf_add_char(&targets->out, '[');
    request_stream(request, 200, "application/json", next_bytes, end, targets);
    request_keeps(request, targets->filter.cap + 2 * piece_bytes);
}
