#include "gateway/discovery/read_params.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/heap.h"
#include "common/naming/limits.h"
#include "gateway/discovery/param_reader.h"

/* A value a person sent in, cut to what a message can bear. */
static struct str shown(struct str value)
{
    return (struct str){value.data, value.len < 64 ? value.len : 64};
}

static uint32_t get_status(struct param_reader *form)
{
    struct str text = params_get(form->params, STR("status"));
    uint32_t status = 0;

    if (text.len == 0) {
        param_wrong(form, "status", "is required: 1 (up), 2 (waiting) or 3 (both)");
    } else if (str_to_u32(text, &status) != ERR_OK || status == 0) {
        param_wrong(form, "status", "must be 1 (up), 2 (waiting) or 3 (both), got %.*s",
                    STR_ARG(shown(text)));
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

static void get_appids(struct param_reader *form, bool commas, struct read_params *args)
{
    struct str rest = {0};
    struct str appid;
    size_t cap = 0;
    size_t at = 0;

    if (!param_is_text(form, "appid")) {
        return;
    }
    while (next_item(form->params, STR("appid"), commas, &at, &rest, &appid)) {
        if (args->app_count == limit_appids) {
            param_wrong(form, "appid", "may be given at most %d times", limit_appids);
            return;
        }
        if (appid.len > limit_name_bytes) {
            param_wrong(form, "appid", "may have at most %d bytes, got %zu", limit_name_bytes,
                        appid.len);
            return;
        }
        ARRAY_ROOM(args->apps, args->app_count, cap, 4);
        args->apps[args->app_count++] = (struct asked_app){.appid = appid};
    }
    if (args->app_count == 0) {
        param_wrong(form, "appid", "is required");
    }
}

static void get_timestamps(struct param_reader *form, bool commas, bool required,
                           struct read_params *args)
{
    static const char name[] = "latest_timestamp";
    struct str rest = {0};
    struct str text;
    uint32_t count = 0;
    size_t at = 0;
    int64_t given;

    while (next_item(form->params, STR("latest_timestamp"), commas, &at, &rest, &text)) {
        enum err err = str_to_i64(text, &given);

        if (err != ERR_OK) {
            param_wrong(form, name, "must be a number of nanoseconds%s, got %.*s",
                        err == ERR_TOO_LARGE ? " below 2^63" : "", STR_ARG(shown(text)));
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
        param_wrong(form, name,
                    "must be given once for each of the %" PRIu32 " appid, got %" PRIu32,
                    args->app_count, count);
    }
    for (uint32_t i = 0; i < args->app_count; i++) {
        args->apps[i].given = 0;
    }
}

struct ranked {
    struct str appid;
    uint32_t at;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    int order = str_cmp(left->appid, right->appid);

    return order != 0 ? order : (left->at > right->at) - (left->at < right->at);
}

/* A name that is repeated counts once, at its first place, as the client that has least of it: what
 * is answered is the same, and to look at it a thousand times would cost as much as a thousand. */
static void drop_repeated(struct read_params *args)
{
    struct ranked *ranked;
    uint32_t kept = 0;

    if (args->app_count < 2) {
        return;
    }
    ranked = heap_get(args->app_count * sizeof(*ranked));
    for (uint32_t i = 0; i < args->app_count; i++) {
        ranked[i] = (struct ranked){args->apps[i].appid, i};
    }
    qsort(ranked, args->app_count, sizeof(*ranked), by_rank);
    for (uint32_t i = 1, first = ranked[0].at; i < args->app_count; i++) {
        struct asked_app *app = &args->apps[ranked[i].at];

        if (!str_eq(ranked[i].appid, ranked[i - 1].appid)) {
            first = ranked[i].at;
            continue;
        }
        if (app->given < args->apps[first].given) {
            args->apps[first].given = app->given;
        }
        app->appid.len = 0; /* no name has none */
    }
    for (uint32_t i = 0; i < args->app_count; i++) {
        if (args->apps[i].appid.len > 0) {
            args->apps[kept++] = args->apps[i];
        }
    }
    args->app_count = kept;
    free(ranked);
}

bool read_params_bind(struct request *request, unsigned needs, struct read_params *args)
{
    struct param_reader form;
    bool timestamps = (needs & (READ_TIMESTAMPS | READ_TIMESTAMPS_MAY)) != 0;
    bool commas;

    param_reader_init(&form, request_params(request));
    commas = timestamps && has_comma(form.params, STR("latest_timestamp"));
    *args = (struct read_params){0};
    args->query.env = param_name(&form, "env", PARAM_REQUIRED);
    get_appids(&form, commas, args);
    if ((needs & READ_HOSTNAME) != 0) {
        args->hostname = param_name(&form, "hostname", PARAM_REQUIRED);
    }
    args->query.key = (struct cache_key){
        .zone = param_name(&form, "zone", PARAM_OPTIONAL),
        .status = (needs & READ_STATUS) != 0 ? get_status(&form) : STATUS_UP,
        .legacy = app_query_wants_legacy(request),
    };
    if (timestamps) {
        get_timestamps(&form, commas, (needs & READ_TIMESTAMPS) != 0, args);
    }
    if (param_refused(&form, request)) {
        read_params_fini(args);
        return false;
    }
    drop_repeated(args);
    request_cost(request, args->app_count);
    return true;
}

void read_params_fini(struct read_params *args)
{
    free(args->apps);
    *args = (struct read_params){0};
}

static int by_appid(const void *a, const void *b)
{
    return str_cmp(((const struct asked_app *)a)->appid, ((const struct asked_app *)b)->appid);
}

void read_params_sort(struct read_params *args)
{
    qsort(args->apps, args->app_count, sizeof(*args->apps), by_appid);
}
