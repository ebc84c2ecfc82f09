#include "gateway/discovery/routes.h"

#include <stdio.h>

#include "gateway/discovery/cache.h"
#include "gateway/discovery/description.h"
#include "gateway/discovery/neighbour.h"
#include "gateway/discovery/param_reader.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/trace.h"

enum { parameters_max = 2048 }; /* read at all: limit_parameters is the limit of the API */

// clang-format off
static const struct route routes[] = {
    /* path                    get    post   guarded serve */
    {"/discovery/fetch",       true,  false, true,  serve_fetch},
    {"/discovery/polls",       true,  true,  true,  serve_polls},
    {"/discovery/renew",       false, true,  false, serve_renew},
    {"/discovery/register",    false, true,  false, serve_register},
    {"/discovery/cancel",      false, true,  false, serve_cancel},
    {"/discovery/set",         false, true,  false, serve_set},
    {"/discovery/fetchs",      true,  true,  true,  serve_fetchs},
    {"/discovery/fetch/all",   true,  false, true,  serve_fetch_all},
    {"/discovery/poll",        true,  false, true,  serve_poll},
    {"/discovery/nodes",       true,  false, true,  serve_nodes},
    {"/discovery/stream",      true,  false, true,  serve_stream},
    {"/livez",                 true,  false, false, serve_livez},
    {"/readyz",                true,  false, false, serve_readyz},
    {"/metrics",               true,  false, false, serve_metrics},
    {"/sd/prometheus",         true,  false, true,  serve_targets},
    {"/ui",                    true,  false, false, serve_ui},
    {"/ui/",                   true,  false, false, serve_ui}, /* and all below it */
};
// clang-format on

/* A path that ends with a slash is that of all below it. */
static bool is_at(struct str where, struct str path)
{
    return where.data[where.len - 1] == '/' ? str_starts(path, where) : str_eq(path, where);
}

const struct route *route_find(struct str path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (is_at(str_from(routes[i].path), path)) {
            return &routes[i];
        }
    }
    return NULL;
}

const struct route *route_at(size_t i)
{
    return i < sizeof(routes) / sizeof(routes[0]) ? &routes[i] : NULL;
}

static void answer_plain(struct request *request, int status, struct str text)
{
    struct buf body = {0};

    buf_add_str(&body, text);
    answer_text(request, status, "text/plain", &body);
}

static const char *allowed(const struct route *route)
{
    return !route->get ? "POST" : route->post ? "GET, HEAD, POST" : "GET, HEAD";
}

static void answer_method(struct request *request, const struct route *route)
{
    struct response *response;
    struct buf body = {0};

    buf_add_str(&body, STR("Method Not Allowed"));
    response = response_new(405, "text/plain", &body);
    response_header(response, "Allow", allowed(route));
    request_answer(request, response);
    response_unref(&response);
}

static bool allows(const struct route *route, enum http_method method)
{
    return (method == HTTP_GET && route->get) || (method == HTTP_POST && route->post);
}

/* Init-protect: what is here may be less than what peers have (differences row 5). */
static bool refused_by_guard(struct gateway *self, struct request *request, const struct now *now)
{
    struct replica_protect protect = replica_protect(self->replica, now);
    int64_t left_s = (protect.left_ms + 999) / 1000;
    struct buf text = {0};

    if (!protect.on) {
        return false;
    }
    buf_printf(&text,
               "protected at start: %.*s; ends when in sync with a peer, in %lld s at most%c",
               STR_ARG(protect.reason), (long long)left_s, 0);
    answer_busy(request, ERR_PROTECTED, text.data, left_s);
    buf_fini(&text);
    return true;
}

/* Writes, heartbeats and probes need hardly any; what is read may need much. */
static bool refused_by_memory(const struct gateway *self, struct request *request)
{
    if (!http_is_full(self->http)) {
        return false;
    }
    answer_busy(request, ERR_FULL,
                "this gateway holds as much for its clients as gateway.memory_max lets it: try "
                "again, or another node",
                1);
    return true;
}

/* An appid and its latest_timestamp are one, so that the largest poll fits. */
static bool refused_by_count(struct request *request)
{
    const struct params *params = request_params(request);
    size_t count = params->count;
    char text[64];

    if (count > limit_parameters) {
        count -= params_count(params, STR("latest_timestamp"));
    }
    if (count <= limit_parameters) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "at most %d parameters are read, got %zu", limit_parameters,
                   count);
    answer_err(request, ERR_INVALID, text);
    return true;
}

/* What a browser asks for a page of another site. False: it is refused, and answered. */
static bool let_in(struct gateway *self, struct request *request, const struct route *route)
{
    struct str origin = {0};
    struct str site = {0};

    if (neighbour_asks(self->neighbour) &&
        !neighbour_may_ask(self->neighbour, request_header(request, HTTP_HEADER_HOST))) {
        answer_plain(request, 421,
                     STR("421 Misdirected Request: this Host is no name of this node; ask by "
                         "address or as localhost, or add the name to gateway.hosts\n"));
        return false;
    }
    if (route != NULL && !route->get) {
        origin = request_header(request, HTTP_HEADER_ORIGIN);
        site = request_header(request, HTTP_HEADER_SEC_FETCH_SITE);
    }
    if ((origin.len > 0 || site.len > 0) && /* no client but a browser sends them */
        !neighbour_may_write(self->neighbour, request_header(request, HTTP_HEADER_HOST), origin,
                             site)) {
        answer_plain(request, 403,
                     STR("403 Forbidden: a page of another site may not write here; if that site "
                         "is yours, add its host to gateway.hosts\n"));
        return false;
    }
    return true;
}

/* Takes it apart. False: that can't be done, and it is answered. */
static bool bind(struct request *request)
{
    struct response *response;
    struct buf why = {0};

    if (request_bind(request, parameters_max, &why)) {
        return true;
    }
    buf_add_char(&why, '\0');
    response = response_err(ERR_INVALID, why.data);
    request_refuse(request, response);
    response_unref(&response);
    buf_fini(&why);
    return false;
}

static void log_route(const struct gateway *self, const struct request *request)
{
    char client[64];

    if (!log_tells(self->log, LOG_DEBUG)) {
        return;
    }
    request_peer(request, client, sizeof(client));
    log_event(self->log, LOG_DEBUG, "route", NULL, log_str("method", request_verb(request)),
              log_str("path", request_path(request)), log_text("client", client),
              log_str("trace", trace_id(request_header(request, HEADER_TRACEPARENT))));
}

void route_serve(struct gateway *self, struct request *request, const struct now *now)
{
    const struct route *route = route_find(request_path(request));

    log_route(self, request);
    request_set_route(request, route != NULL ? route->path : NULL);
    if (!let_in(self, request, route)) {
        return;
    }
    if (route == NULL) {
        if (!description_serve(self, request, now)) {
            answer_plain(request, 404, STR("404 page not found"));
        }
    } else if (!allows(route, request_method(request))) {
        answer_method(request, route);
    } else if (bind(request) && !(route->guarded && refused_by_guard(self, request, now)) &&
               !(route->guarded && refused_by_memory(self, request)) &&
               !refused_by_count(request)) {
        uint64_t before = cache_rendered(replica_cache(self->replica));

        route->serve(self, request, now);
        request_cost(request, (cache_rendered(replica_cache(self->replica)) - before) / cost_bytes);
    }
}

struct response *route_refuse(struct gateway *self, int status, const char *text)
{
    struct buf body = {0};

    (void)self;
    if (status == 413) {
        return response_err(ERR_TOO_LARGE, text);
    }
    if (status == 503) {
        struct response *response = response_err(ERR_UNAVAILABLE, text);

        response_header(response, "Retry-After", "1");
        return response;
    }
    buf_printf(&body, "%d: %s\n", status, text);
    return response_new(status, "text/plain; charset=utf-8", &body);
}
