#include "gateway/discovery/args.h"

#include <inttypes.h>
#include <stdlib.h>

struct binding {
    const struct params *params;
    struct buf why; /* what is wrong, "; " between */
};

static void refuse(struct binding *self)
{
    if (self->why.len > 0) {
        buf_add_str(&self->why, STR("; "));
    }
}

static bool check_name(struct binding *self, const char *name, struct str value)
{
    if (value.len > args_name_max) {
        refuse(self);
        buf_printf(&self->why, "%s may have at most %d bytes, got %zu", name, args_name_max,
                   value.len);
        return false;
    }
    return true;
}

static struct str get_name(struct binding *self, const char *name, bool required)
{
    struct str value = params_get(self->params, str_from(name));

    if (value.len == 0 && required) {
        refuse(self);
        buf_printf(&self->why, "%s is required", name);
    }
    (void)check_name(self, name, value);
    return value;
}

/* A value a person sent in, cut to what a message can bear. */
static struct str shown(struct str value)
{
    return (struct str){value.data, value.len < 64 ? value.len : 64};
}

static uint32_t get_status(struct binding *self)
{
    struct str text = params_get(self->params, STR("status"));
    uint32_t status = 0;

    if (str_to_u32(text, &status) != ERR_OK || status == 0) {
        refuse(self);
        buf_add_str(&self->why, STR("status must be 1 (up), 2 (waiting) or 3 (both)"));
        if (text.len > 0) {
            buf_printf(&self->why, ", got %.*s", STR_ARG(shown(text)));
        }
    }
    return status & (STATUS_UP | STATUS_WAITING);
}

/* Items of a repeated parameter; with commas also those within one value. */
static bool next_item(const struct params *params, struct str name, bool commas, size_t *at,
                      struct str *rest, struct str *item)
{
    for (;;) {
        size_t len = 0;

        if (rest->len == 0 && !params_each(params, name, at, rest)) {
            return false;
        }
        while (len < rest->len && !(commas && rest->data[len] == ',')) {
            len++;
        }
        *item = (struct str){rest->data, len};
        len += len < rest->len ? 1 : 0;
        *rest = (struct str){rest->data + len, rest->len - len};
        if (item->len > 0) {
            return true;
        }
    }
}

static bool has_comma(const struct params *params, struct str name)
{
    struct str value;
    size_t at = 0;

    while (params_each(params, name, &at, &value)) {
        for (size_t i = 0; i < value.len; i++) {
            if (value.data[i] == ',') {
                return true;
            }
        }
    }
    return false;
}

static void get_appids(struct binding *self, bool commas, struct args *args)
{
    struct str rest = {0};
    struct str appid;
    uint32_t cap = 0;
    size_t at = 0;

    while (next_item(self->params, STR("appid"), commas, &at, &rest, &appid)) {
        if (args->app_count == args_appid_max) {
            refuse(self);
            buf_printf(&self->why, "appid may be given at most %d times", args_appid_max);
            return;
        }
        if (args->app_count == cap) {
            cap = cap == 0 ? 4 : cap * 2;
            args->apps = realloc(args->apps, cap * sizeof(*args->apps));
            if (args->apps == NULL) {
                abort();
            }
        }
        if (!check_name(self, "appid", appid)) {
            return;
        }
        args->apps[args->app_count++] = (struct asked_app){.appid = appid};
    }
    if (args->app_count == 0) {
        refuse(self);
        buf_add_str(&self->why, STR("appid is required"));
    }
}

static void get_timestamps(struct binding *self, bool commas, bool required, struct args *args)
{
    struct str rest = {0};
    struct str text;
    uint32_t count = 0;
    size_t at = 0;
    int64_t given;

    while (next_item(self->params, STR("latest_timestamp"), commas, &at, &rest, &text)) {
        if (str_to_i64(text, &given) != ERR_OK) {
            refuse(self);
            buf_printf(&self->why, "latest_timestamp must be a number of nanoseconds, got %.*s",
                       STR_ARG(shown(text)));
            return;
        }
        if (count < args->app_count) {
            args->apps[count].given = given;
        }
        count++;
    }
    if (count == args->app_count) {
        return;
    }
    if (required && args->app_count > 0) {
        refuse(self);
        buf_printf(&self->why,
                   "latest_timestamp must be given once for each appid: %" PRIu32 " appid, %" PRIu32
                   " latest_timestamp",
                   args->app_count, count);
    }
    for (uint32_t i = 0; i < args->app_count; i++) {
        args->apps[i].given = 0;
    }
}

bool args_bind(const struct gateway *self, struct request *request, unsigned needs,
               struct args *args)
{
    struct binding binding = {.params = request_params(request)};
    bool commas = (needs & (ARGS_TIMESTAMPS | ARGS_TIMESTAMPS_MAY)) != 0 &&
                  !fault_on(self->config->faults, FAULT_REFERENCE_ROW_21) &&
                  has_comma(binding.params, STR("latest_timestamp"));

    *args = (struct args){0};
    args->query.env = get_name(&binding, "env", true);
    get_appids(&binding, commas, args);
    if ((needs & ARGS_HOSTNAME) != 0) {
        (void)get_name(&binding, "hostname", true);
    }
    args->query.key = (struct cache_key){
        .zone = get_name(&binding, "zone", false),
        .status = (needs & ARGS_STATUS) != 0 ? get_status(&binding) : STATUS_UP,
        .legacy = query_wants_legacy(self, request),
    };
    if ((needs & (ARGS_TIMESTAMPS | ARGS_TIMESTAMPS_MAY)) != 0) {
        get_timestamps(&binding, commas, (needs & ARGS_TIMESTAMPS) != 0, args);
    }
    if (binding.why.len > 0) {
        buf_add_char(&binding.why, '\0');
        answer_err(request, ERR_INVALID, binding.why.data);
        args_fini(args);
    }
    buf_fini(&binding.why);
    return args->apps != NULL;
}

void args_fini(struct args *args)
{
    free(args->apps);
    *args = (struct args){0};
}

static int by_appid(const void *a, const void *b)
{
    return str_cmp(((const struct asked_app *)a)->appid, ((const struct asked_app *)b)->appid);
}

void args_sort(struct args *args)
{
    qsort(args->apps, args->app_count, sizeof(*args->apps), by_appid);
}
