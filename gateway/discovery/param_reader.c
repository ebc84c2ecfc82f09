#include "gateway/discovery/param_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/naming/instance.h"
#include "common/naming/limits.h"
#include "gateway/discovery/bind.h"
#include "gateway/discovery/metadata.h"

void param_reader_init(struct param_reader *self, const struct params *params)
{
    *self = (struct param_reader){.params = params};
}

void param_reader_fini(struct param_reader *self)
{
    buf_fini(&self->why);
}

void param_wrong(struct param_reader *self, const char *name, const char *format, ...)
{
    va_list args;
    char text[512];

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_printf(&self->why, "%s%s %s", self->why.len > 0 ? "; " : "", name, text);
}

bool param_ok(const struct param_reader *self)
{
    return self->why.len == 0;
}

bool param_refused(struct param_reader *self, struct request *request)
{
    bool refused = !param_ok(self);

    if (refused) {
        request_add_passed_over(request, &self->why);
        buf_add_char(&self->why, '\0');
        answer_err(request, ERR_INVALID, self->why.data);
    }
    param_reader_fini(self);
    return refused;
}

/* A value as a message shows it: cut where it gets long. */
static struct str shown(struct str value)
{
    value.len = value.len > 64 ? 64 : value.len;
    return value;
}

bool param_is_text(struct param_reader *self, const char *name)
{
    const struct param *nested = params_nested(self->params, str_from(name));

    if (nested != NULL) {
        param_wrong(self, name, "must be a text, got %s",
                    nested->value.data[0] == '{' ? "an object" : "a list within a list");
    }
    return nested == NULL;
}

struct str param_text(struct param_reader *self, const char *name, size_t max)
{
    struct str value = params_get(self->params, str_from(name));

    if (!param_is_text(self, name)) {
        value.len = 0;
    } else if (value.len > max) {
        param_wrong(self, name, "may have at most %zu bytes, got %zu", max, value.len);
        value.len = 0;
    }
    return value;
}

struct str param_name(struct param_reader *self, const char *name, enum param_need need)
{
    struct str value = params_get(self->params, str_from(name));

    if (need == PARAM_REQUIRED && value.len == 0) {
        param_wrong(self, name, "is required");
        return value;
    }
    return param_text(self, name, limit_name_bytes);
}

int64_t param_timestamp(struct param_reader *self, const char *name)
{
    const struct param *param = params_find(self->params, str_from(name));
    int64_t value = 0;

    if (param == NULL) {
        return 0;
    }
    if (param->quoted || str_to_i64(param->value, &value) == ERR_MALFORMED) {
        param_wrong(self, name, "must be a number of nanoseconds, got %s%.*s%s",
                    param->quoted ? "\"" : "", STR_ARG(shown(param->value)),
                    param->quoted ? "\"" : "");
        return 0;
    }
    /* what is above timestamp_max may be a node's: the registry knows */
    if (str_to_i64(param->value, &value) != ERR_OK || value < 0 || value > timestamp_told_max) {
        param_wrong(self, name, "must be from 0 to %" PRId64 ", got %.*s", timestamp_max,
                    STR_ARG(shown(param->value)));
        return 0;
    }
    return value;
}

bool param_flag(const struct param_reader *self, const char *name)
{
    static const struct str yes[] = {{"1", 1},    {"t", 1},    {"T", 1},
                                     {"TRUE", 4}, {"true", 4}, {"True", 4}};
    struct str value = params_get(self->params, str_from(name));

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (str_eq(value, yes[i])) {
            return true;
        }
    }
    return false;
}

uint32_t param_status_of(struct param_reader *self, struct str text, bool quoted)
{
    const char *quote = quoted ? "\"" : "";
    uint32_t value = 0;

    if (!quoted && str_to_u32(text, &value) == ERR_OK &&
        (value == STATUS_UP || value == STATUS_WAITING)) {
        return value;
    }
    param_wrong(self, "status", "must be 1 (up) or 2 (waiting), got %s%.*s%s", quote,
                STR_ARG(shown(text)), quote);
    return 0;
}

uint32_t param_status(struct param_reader *self)
{
    const struct param *param = params_find(self->params, STR("status"));

    if (param == NULL) {
        param_wrong(self, "status", "is required: 1 (up) or 2 (waiting)");
        return 0;
    }
    return param_status_of(self, param->value, param->quoted);
}

static void add_addr(struct param_reader *self, struct str addr, struct buf *store,
                     struct strs *addrs)
{
    if (addr.len == 0) {
        return;
    }
    if (addr.len > limit_addr_bytes) {
        param_wrong(self, "addrs", "may have at most %d bytes each, got %zu", limit_addr_bytes,
                    addr.len);
        return;
    }
    strs_pack(store, addr);
    addrs->count++;
}

struct strs param_addrs(struct param_reader *self, bool split, struct buf *store)
{
    struct strs addrs = {0};
    struct str value;
    size_t from = store->len;
    size_t wrong = self->why.len;
    bool is_text = param_is_text(self, "addrs");
    size_t at = 0;

    buf_reserve(store, 1); /* an empty list has a place too */
    while (is_text && params_each(self->params, STR("addrs"), &at, &value)) {
        const char *comma;

        while (split && (comma = memchr(value.data, ',', value.len)) != NULL) {
            size_t len = (size_t)(comma - value.data);

            add_addr(self, (struct str){value.data, len}, store, &addrs);
            value.data += len + 1;
            value.len -= len + 1;
        }
        add_addr(self, value, store, &addrs);
    }
    if (addrs.count == 0 && self->why.len == wrong) {
        param_wrong(self, "addrs", "is required: at least one address");
    } else if (addrs.count > limit_addrs) {
        param_wrong(self, "addrs", "may be given at most %d times, got %" PRIu32, limit_addrs,
                    addrs.count);
    }
    addrs.bytes = (struct str){store->data + from, store->len - from};
    return addrs;
}

struct strs param_metadata(struct param_reader *self, struct str text, struct buf *store,
                           bool *is_null)
{
    struct strs metadata = {0};
    struct buf why = {0};
    enum err err = metadata_parse(text, store, &metadata, is_null, &why);

    if (err != ERR_OK) {
        param_wrong(self, "metadata", "%.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&why);
    return metadata;
}
