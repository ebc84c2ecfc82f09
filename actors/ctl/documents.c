/* fetch, nodes: the reads of the discovery API, and their tables. */
#include "actors/ctl/documents.h"

#include <string.h>

#include "actors/ctl/http.h"
#include "actors/ctl/near.h"
#include "actors/ctl/verbs.h"

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return (struct str){json_string_value(value), json_string_length(value)};
}

static const char *status_text(json_int_t status)
{
    return status == 1 ? "up" : status == 2 ? "waiting" : "?";
}

static void add_addrs(struct rows *rows, const json_t *addrs)
{
    struct buf text = {0};
    json_t *addr;
    size_t i;

    json_array_foreach(addrs, i, addr)
    {
        buf_printf(&text, "%s%s", i > 0 ? "," : "",
                   json_is_string(addr) ? json_string_value(addr) : "?");
    }
    rows_text(rows, buf_str(&text));
    buf_fini(&text);
}

static void add_metadata(struct rows *rows, json_t *metadata)
{
    struct buf text = {0};
    const char *key;
    json_t *value;

    json_object_foreach(metadata, key, value)
    {
        buf_printf(&text, "%s%s=%s", text.len > 0 ? "," : "", key,
                   json_is_string(value) ? json_string_value(value) : "?");
    }
    rows_text(rows, buf_str(&text));
    buf_fini(&text);
}

/* ns since 1970, or 0: never */
static void add_time(struct rows *rows, const json_t *instance, const char *name)
{
    json_int_t wall_ns = json_integer_value(json_object_get(instance, name));
    struct buf local = {0};
    struct buf utc = {0};

    if (wall_ns <= 0) {
        rows_none(rows);
        return;
    }
    ctl_time_print_local(wall_ns, &local);
    ctl_time_print(wall_ns, &utc);
    rows_both(rows, buf_str(&local), buf_str(&utc));
    buf_fini(&local);
    buf_fini(&utc);
}

static void add_instance(struct rows *rows, const json_t *instance,
                         const struct document_filter *filter, int64_t wall_ns)
{
    int64_t renewed = json_integer_value(json_object_get(instance, "renew_timestamp"));
    const char *env = json_string_value(json_object_get(instance, "env"));
    const char *zone = json_string_value(json_object_get(instance, "zone"));
    json_int_t status = json_integer_value(json_object_get(instance, "status"));

    if (!json_is_object(instance) ||
        (filter->env != NULL && (env == NULL || strcmp(env, filter->env) != 0)) ||
        (filter->zone != NULL && (zone == NULL || strcmp(zone, filter->zone) != 0))) {
        return;
    }
    rows_text(rows, text_of(instance, "appid"));
    rows_text(rows, str_from(env));
    rows_text(rows, str_from(zone));
    rows_text(rows, text_of(instance, "hostname"));
    rows_text(rows, str_from(status_text(status)));
    if (renewed > 0 && renewed <= wall_ns) {
        rows_age(rows, (wall_ns - renewed) / 1000000);
    } else {
        rows_none(rows);
    }
    add_addrs(rows, json_object_get(instance, "addrs"));
    rows_text(rows, text_of(instance, "version"));
    add_metadata(rows, json_object_get(instance, "metadata"));
    rows_text(rows, text_of(instance, "region"));
    add_time(rows, instance, "reg_timestamp");
    add_time(rows, instance, "up_timestamp");
    add_time(rows, instance, "dirty_timestamp");
}

/* A list of instances, lists by zone or app, or an object with "instances". Three levels at most:
 * app, instances, zone. */
static void add_instances(struct rows *rows, const json_t *data,
                          const struct document_filter *filter, int64_t wall_ns, int levels)
{
    const json_t *inner = json_object_get(data, "instances");
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_array(data)) {
        json_array_foreach(data, i, item)
        {
            add_instance(rows, item, filter, wall_ns);
        }
    } else if (inner != NULL && levels > 0) {
        add_instances(rows, inner, filter, wall_ns, levels - 1);
    } else if (levels > 0) {
        json_object_foreach((json_t *)(uintptr_t)data, key, item)
        {
            add_instances(rows, item, filter, wall_ns, levels - 1);
        }
    }
}

const struct column document_instance_columns[] = {
    {"APPID", "appid", COLUMN_KEY},
    {"ENV", "env", COLUMN_HEAD},
    {"ZONE", "zone", COLUMN_KEY},
    {"HOSTNAME", "hostname", COLUMN_KEY},
    {"STATUS", "status", COLUMN_SHOWN},
    {"RENEWED", "renewed_ms_ago", COLUMN_SHOWN},
    {"ADDRS", "addrs", COLUMN_SHOWN},
    {"VERSION", "version", COLUMN_SHOWN},
    {"METADATA", "metadata", COLUMN_SHOWN},
    {"REGION", "region", COLUMN_WIDE},
    {"REGISTERED", "registered", COLUMN_WIDE},
    {"UP SINCE", "up_since", COLUMN_WIDE},
    {"CHANGED", "changed", COLUMN_WIDE},
    {NULL, NULL, COLUMN_SHOWN},
};

void document_instances(const json_t *data, const struct document_filter *filter, int64_t wall_ns,
                        struct rows *rows)
{
    add_instances(rows, data, filter, wall_ns, 3);
}

const struct column document_node_columns[] = {
    {"ADDR", "addr", COLUMN_KEY},
    {"ZONE", "zone", COLUMN_SHOWN},
    {"STATUS", "status", COLUMN_SHOWN},
    {NULL, NULL, COLUMN_SHOWN},
};

void document_node_list(const json_t *data, struct rows *rows)
{
    json_t *node;
    size_t i;

    json_array_foreach(data, i, node)
    {
        rows_text(rows, text_of(node, "addr"));
        rows_text(rows, text_of(node, "zone"));
        rows_text(rows, json_integer_value(json_object_get(node, "status")) == 0 ? STR("up")
                                                                                 : STR("lost"));
    }
}

enum ctl_exit document_fetch(struct ctl *ctl)
{
    enum { query_max = 4096 }; /* of a GET: a node reads the rest as a form */
    const struct options *options = &ctl->options;
    const char *appid = options_text(options, OPTION_APPID, NULL);
    size_t count = options->argument_count + (appid != NULL ? 1 : 0);
    struct document_filter filter = {options_text(options, OPTION_ENV, NULL),
                                     options_text(options, OPTION_ZONE, NULL)};
    const char *path = count == 0   ? "/discovery/fetch/all"
                       : count == 1 ? "/discovery/fetch"
                                    : "/discovery/fetchs";
    struct near_wanted wanted = {
        .env = options_text(options, OPTION_ENV, ctl->config.node_env),
        .appid = appid != NULL ? appid : options->arguments[0],
        .zone = filter.zone,
    };
    struct http_reply reply;
    struct buf query = {0};
    json_t *root = NULL;
    enum ctl_exit outcome;
    char status[16];
    int code;

    (void)snprintf(status, sizeof(status), "%u", options_status(options, 3));
    form_add(&query, "env", wanted.env);
    form_add(&query, "status", status);
    if (filter.zone != NULL) {
        form_add(&query, "zone", filter.zone);
    }
    if (appid != NULL) {
        form_add(&query, "appid", appid);
    }
    for (size_t i = 0; i < options->argument_count; i++) {
        form_add(&query, "appid", options->arguments[i]);
    }
    outcome = http_ask(ctl, count > 1 && query.len > query_max ? HTTP_POST : HTTP_GET, path,
                       count > 0 ? &query : NULL, &reply);
    if (outcome == CTL_OK) {
        outcome = near_judge(ctl, &reply, &root, &code, count == 1 ? &wanted : NULL);
        if (ctl_json(ctl)) {
            ctl_page(ctl, buf_str(&reply.body));
        } else if (outcome == CTL_OK) {
            struct rows rows;

            rows_init(&rows, ctl_form(ctl), document_instance_columns);
            document_instances(json_object_get(root, "data"), &filter,
                               ctl->clock->now(ctl->clock).wall_ns, &rows);
            rows_print(&rows, ctl);
        }
    }
    json_decref(root);
    http_reply_fini(&reply);
    buf_fini(&query);
    return outcome;
}
