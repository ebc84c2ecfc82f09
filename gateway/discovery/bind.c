#include "gateway/discovery/bind.h"

#include <string.h>
#include <strings.h>

enum { kept_bytes_max = 16384, kept_count_max = 128 };

/* ── with the request ───────────────────────────────────────────────────────*/

static void own_clear(void *own)
{
    struct params *params = own;

    if (params->store.cap > kept_bytes_max || params->cap > kept_count_max) {
        params_fini(params);
    }
    params_clear(params);
}

static void own_fini(void *own)
{
    params_fini(own);
}

static size_t own_weight(const void *own)
{
    const struct params *params = own;

    return params->store.cap + params->cap * sizeof(*params->items);
}

const struct http_own bind_own = {
    .bytes = sizeof(struct params), .clear = own_clear, .fini = own_fini, .weight = own_weight};

const struct params *request_params(const struct request *self)
{
    return request_own(self);
}

/* ── binding ────────────────────────────────────────────────────────────────*/

/* The media type of a Content-Type header, without its parameters, in any case. */
static bool type_is(struct str header, struct str type)
{
    return header.len >= type.len && strncasecmp(header.data, type.data, type.len) == 0 &&
           (header.len == type.len || strchr("; \t", header.data[type.len]) != NULL);
}

static bool is_read(struct str type)
{
    return type_is(type, STR("application/x-www-form-urlencoded")) ||
           type_is(type, STR("application/json"));
}

static void add_unread(struct str type, struct buf *why)
{
    if (type.len > 0) {
        buf_printf(why, "a body of Content-Type %.*s is not read", (int)strcspn(type.data, "; \t"),
                   type.data);
    } else {
        buf_add_str(why, STR("a body without Content-Type is not read"));
    }
    buf_add_str(why, STR(": send application/x-www-form-urlencoded or application/json"));
}

void request_add_passed_over(const struct request *self, struct buf *why)
{
    struct str type = request_header(self, HTTP_HEADER_CONTENT_TYPE);

    if (request_method(self) == HTTP_POST && request_body(self).len > 0 && !is_read(type)) {
        buf_add_str(why, STR("; "));
        add_unread(type, why);
    }
}

static bool bound(struct request *self, size_t max, enum err err, struct buf *why)
{
    const struct params *params = request_params(self);

    if (err == ERR_TOO_LARGE) {
        why->len = 0;
        buf_printf(why, "more than %zu parameters", max);
    }
    request_cost(self, params->count);
    request_weigh(self);
    return why->len == 0;
}

bool request_bind_query(struct request *self, size_t max, struct buf *why)
{
    return bound(self, max, params_add_form(request_own(self), request_query(self), max), why);
}

bool request_bind(struct request *self, size_t max, struct buf *why)
{
    struct params *params = request_own(self);
    struct str body = request_body(self);
    bool post = request_method(self) == HTTP_POST;
    enum err err = ERR_OK;

    if (post && body.len > 0) {
        struct str type = request_header(self, HTTP_HEADER_CONTENT_TYPE);

        if (type_is(type, STR("application/x-www-form-urlencoded"))) {
            err = params_add_form(params, body, max);
        } else if (type_is(type, STR("application/json"))) {
            err = params_add_json(params, body, max, why);
        } else if (type_is(type, STR("multipart/form-data")) ||
                   type_is(type, STR("application/xml")) || type_is(type, STR("text/xml"))) {
            add_unread(type, why);
        } /* any other, or none: an empty form, as in the reference */
    }
    if (err == ERR_OK) {
        err = params_add_form(params, request_query(self), max);
    }
    return bound(self, max, err, why);
}
