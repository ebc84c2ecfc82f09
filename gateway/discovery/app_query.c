#include "gateway/discovery/app_query.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/json.h"
#include "gateway/discovery/render.h"
#include "gateway/discovery/replica.h"

/* This node's own infra.discovery instance: as registered, else as its
 * configuration says; addrs keeps the bytes of the latter. */
static void own_instance(const struct gateway *self, struct str env, struct buf *addrs,
                         struct instance *out)
{
    const struct registry *registry = replica_registry(self->replica);
    struct identity id = {str_from(self->config->node_env), node_appid,
                          str_from(self->config->node_zone), str_from(self->config->node_name)};
    uint32_t slot = registry_find(registry, identity_key(&id));
    int64_t since = replica_since(self->replica);
    struct buf addr = {0};

    if (slot != REGISTRY_NONE && registry_is_live(registry, slot)) {
        registry_instance(registry, slot, out);
    } else {
        buf_printf(&addr, "http://%s", self->config->gateway_advertise);
        strs_pack(addrs, buf_str(&addr));
        buf_fini(&addr);
        *out = (struct instance){.id = id,
                                 .region = str_from(self->config->node_region),
                                 .addrs = {1, buf_str(addrs)},
                                 .metadata_null = true,
                                 .status = STATUS_UP,
                                 .reg_timestamp = since,
                                 .up_timestamp = since,
                                 .renew_timestamp = since,
                                 .dirty_timestamp = since,
                                 .latest_timestamp = since};
    }
    out->id.env = env;
}

static struct found find_own(const struct gateway *self, const struct app_query *query)
{
    struct found found = {.known = true, .own = true, .app = REGISTRY_NONE};
    struct instance instance;
    struct buf addrs = {0};

    own_instance(self, query->env, &addrs, &instance);
    found.zone_known = query->key.zone.len == 0 || str_eq(instance.id.zone, query->key.zone);
    found.latest_timestamp = instance.latest_timestamp;
    buf_fini(&addrs);
    return found;
}

struct found app_query_find(const struct gateway *self, const struct app_query *query,
                            struct str appid)
{
    const struct registry *registry = replica_registry(self->replica);
    struct found found = {.app = registry_app_find(registry, query->env, appid)};
    struct app_info info = {0};

    if (found.app != REGISTRY_NONE) {
        registry_app(registry, found.app, &info);
    }
    if (info.live_count > 0) {
        found.known = true;
        found.zone_known =
            query->key.zone.len == 0 ||
            registry_zone_find(registry, found.app, query->key.zone) != REGISTRY_NONE;
        found.latest_timestamp = info.latest_timestamp;
    } else if (str_eq(appid, node_appid)) {
        found = find_own(self, query);
    }
    return found;
}

static uint32_t write_own(const struct gateway *self, const struct app_query *query, struct buf *to)
{
    struct instance instance;
    struct buf addrs = {0};
    struct buf json = {0};
    bool shown;

    own_instance(self, query->env, &addrs, &instance);
    shown = (instance.status & query->key.status) != 0;
    if (shown) {
        render_instance(&json, &instance, instance.renew_timestamp, RENDER_METADATA_OBJECT);
    }
    buf_add_str(to, STR("{\"instances\":"));
    if (query->key.legacy) {
        buf_printf(to, "[%.*s],\"zone_instances\":", STR_ARG(buf_str(&json)));
    }
    buf_add_char(to, '{');
    if (query->key.zone.len == 0 || str_eq(query->key.zone, instance.id.zone)) {
        json_quote(to, instance.id.zone);
        buf_printf(to, ":[%.*s]", STR_ARG(buf_str(&json)));
    }
    buf_printf(to, "},\"latest_timestamp\":%" PRId64 "}", instance.latest_timestamp);
    buf_fini(&addrs);
    buf_fini(&json);
    return shown;
}

uint32_t app_query_write(const struct gateway *self, const struct app_query *query,
                         const struct found *found, const struct now *now, struct buf *to)
{
    struct cache_document document;

    if (found->own) {
        return write_own(self, query, to);
    }
    document = cache_app(replica_cache(self->replica), found->app, &query->key, now);
    buf_add_str(to, document.json);
    return document.instance_count;
}

bool app_query_wants_legacy(const struct request *request)
{
    bool is_brpc = str_eq(request_path(request), STR("/discovery/fetchs")) &&
                   str_starts(request_header(request, HTTP_HEADER_USER_AGENT), STR("brpc/"));

    return is_brpc || str_eq(params_get(request_params(request), STR("format")), STR("legacy"));
}

void app_query_answer(const struct gateway *self, struct request *request,
                      struct response *response, int code, const struct now *now)
{
    struct buf copy = {0};

    if (replica_stale_ms(self->replica, now) == 0) {
        request_answer(request, response);
        return;
    }
    /* A shared answer can't carry the mark: a silent registry costs a copy of each body. */
    buf_add_str(&copy, response_body(response));
    app_query_answer_body(self, request, code, &copy, now);
}

bool app_query_stale_text(const struct gateway *self, const struct now *now, char *text,
                          size_t size)
{
    int64_t stale_ms = replica_stale_ms(self->replica, now);

    (void)snprintf(text, size, "%" PRId64, stale_ms);
    return stale_ms > 0;
}

void app_query_answer_body(const struct gateway *self, struct request *request, int code,
                           struct buf *body, const struct now *now)
{
    struct response *response;
    char text[24];

    request_cost(request, body->len / cost_bytes);
    response = request_json(request, code, body);

    if (app_query_stale_text(self, now, text, sizeof(text))) {
        response_header(response, "Muster-Stale-Ms", text);
    }
    request_answer(request, response);
    response_unref(&response);
}
