#include <string.h>
#include <strings.h>

#include "gateway/http/server.h"

/* The media type of a Content-Type header, without its parameters, in any case. */
static bool type_is(struct str header, struct str type)
{
    return header.len >= type.len && strncasecmp(header.data, type.data, type.len) == 0 &&
           (header.len == type.len || strchr("; \t", header.data[type.len]) != NULL);
}

void request_bind(struct request *self, struct buf *why)
{
    const struct http_options *options = &self->http->options;
    struct str body = buf_str(&self->body);
    enum err err = ERR_OK;

    if (self->method == HTTP_POST && body.len > 0) {
        struct str type = request_header(self, HTTP_HEADER_CONTENT_TYPE);

        if (type_is(type, STR("application/x-www-form-urlencoded"))) {
            err = params_add_form(&self->params, body, options->param_max);
        } else if (type_is(type, STR("application/json"))) {
            err = params_add_json(&self->params, body, options->param_max, why);
        } else if (type_is(type, STR("multipart/form-data")) ||
                   type_is(type, STR("application/xml")) || type_is(type, STR("text/xml"))) {
            buf_printf(why,
                       "a body of Content-Type %.*s is not read: send "
                       "application/x-www-form-urlencoded or application/json",
                       (int)strcspn(type.data, "; \t"), type.data);
        } /* any other, or none: an empty form, as in the reference */
    }
    if (err == ERR_OK &&
        !(self->method == HTTP_POST && fault_on(options->faults, FAULT_REFERENCE_ROW_19))) {
        err = params_add_form(&self->params, self->query, options->param_max);
    }
    if (err == ERR_TOO_LARGE) {
        why->len = 0;
        buf_printf(why, "more than %zu parameters", options->param_max);
    }
}
