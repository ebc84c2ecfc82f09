/* fetch, nodes: the reads of the discovery API, and their tables. */
#include "actors/ctl/documents.h"

#include <string.h>

#include "actors/ctl/http.h"
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

static void add_addrs(struct text_table *table, const json_t *addrs)
{
    struct buf text = {0};
    json_t *addr;
    size_t i;

    json_array_foreach(addrs, i, addr)
    {
        buf_printf(&text, "%s%s", i > 0 ? "," : "",
                   json_is_string(addr) ? json_string_value(addr) : "?");
    }
    text_table_add(table, buf_str(&text));
    buf_fini(&text);
}

static void add_metadata(struct text_table *table, json_t *metadata)
{
    struct buf text = {0};
    const char *key;
    json_t *value;

    json_object_foreach(metadata, key, value)
    {
        buf_printf(&text, "%s%s=%s", text.len > 0 ? "," : "", key,
                   json_is_string(value) ? json_string_value(value) : "?");
    }
    text_table_add(table, buf_str(&text));
    buf_fini(&text);
}

static void add_instance(struct text_table *table, const json_t *instance,
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
    text_table_add(table, text_of(instance, "appid"));
    text_table_add(table, str_from(env));
    text_table_add(table, str_from(zone));
    text_table_add(table, text_of(instance, "hostname"));
    text_table_add(table, str_from(status_text(status)));
    if (renewed > 0 && renewed <= wall_ns) {
        text_table_add_age(table, (wall_ns - renewed) / 1000000);
    } else {
        text_table_add(table, STR(""));
    }
    add_addrs(table, json_object_get(instance, "addrs"));
    text_table_add(table, text_of(instance, "version"));
    add_metadata(table, json_object_get(instance, "metadata"));
}

/* A list of instances, lists by zone or app, or an object with "instances". Three levels at most:
 * app, instances, zone. */
static void add_instances(struct text_table *table, const json_t *data,
                          const struct document_filter *filter, int64_t wall_ns, int levels)
{
    const json_t *inner = json_object_get(data, "instances");
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_array(data)) {
        json_array_foreach(data, i, item)
        {
            add_instance(table, item, filter, wall_ns);
        }
    } else if (inner != NULL && levels > 0) {
        add_instances(table, inner, filter, wall_ns, levels - 1);
    } else if (levels > 0) {
        json_object_foreach((json_t *)(uintptr_t)data, key, item)
        {
            add_instances(table, item, filter, wall_ns, levels - 1);
        }
    }
}

void document_instances(const json_t *data, const struct document_filter *filter, int64_t wall_ns,
                        struct buf *to)
{
    static const char *const head[] = {"APPID",   "ENV",   "ZONE",    "HOSTNAME", "STATUS",
                                       "RENEWED", "ADDRS", "VERSION", "METADATA", NULL};
    struct text_table table;

    text_table_init(&table, head);
    add_instances(&table, data, filter, wall_ns, 3);
    text_table_print(&table, to);
    text_table_fini(&table);
}

void document_node_list(const json_t *data, struct buf *to)
{
    static const char *const head[] = {"ADDR", "ZONE", "STATUS", NULL};
    struct text_table table;
    json_t *node;
    size_t i;

    text_table_init(&table, head);
    json_array_foreach(data, i, node)
    {
        text_table_add(&table, text_of(node, "addr"));
        text_table_add(&table, text_of(node, "zone"));
        text_table_add(&table, json_integer_value(json_object_get(node, "status")) == 0
                                   ? STR("up")
                                   : STR("lost"));
    }
    text_table_print(&table, to);
    text_table_fini(&table);
}

/* Without an end of line, which ctl_page adds. */
static void print_page(const struct ctl *ctl, struct buf *page)
{
    if (page->len > 0 && page->data[page->len - 1] == '\n') {
        page->len--;
    }
    ctl_page(ctl, buf_str(page));
}

enum ctl_exit document_fetch(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *appid = options_text(options, OPTION_APPID, NULL);
    size_t count = options->argument_count + (appid != NULL ? 1 : 0);
    struct document_filter filter = {options_text(options, OPTION_ENV, NULL),
                                     options_text(options, OPTION_ZONE, NULL)};
    const char *path = count == 0   ? "/discovery/fetch/all"
                       : count == 1 ? "/discovery/fetch"
                                    : "/discovery/fetchs";
    struct http_reply reply;
    struct buf query = {0};
    struct buf page = {0};
    json_t *root = NULL;
    enum ctl_exit outcome;
    char status[16];
    int code;

    (void)snprintf(status, sizeof(status), "%u", options_status(options, 3));
    form_add(&query, "env", options_text(options, OPTION_ENV, ctl->config.node_env));
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
    outcome = http_ask(ctl, HTTP_GET, path, count > 0 ? &query : NULL, &reply);
    if (outcome == CTL_OK) {
        outcome = http_judge(ctl, &reply, &root, &code);
        if (ctl_json(ctl)) {
            ctl_page(ctl, buf_str(&reply.body));
        } else if (outcome == CTL_OK) {
            document_instances(json_object_get(root, "data"), &filter,
                               ctl->clock->now(ctl->clock).wall_ns, &page);
            print_page(ctl, &page);
        }
    }
    json_decref(root);
    http_reply_fini(&reply);
    buf_fini(&query);
    buf_fini(&page);
    return outcome;
}

enum ctl_exit document_nodes(struct ctl *ctl)
{
    struct http_reply reply;
    struct buf page = {0};
    json_t *root = NULL;
    enum ctl_exit outcome = http_ask(ctl, HTTP_GET, "/discovery/nodes", NULL, &reply);
    int code;

    if (outcome == CTL_OK) {
        outcome = http_judge(ctl, &reply, &root, &code);
        if (ctl_json(ctl)) {
            ctl_page(ctl, buf_str(&reply.body));
        } else if (outcome == CTL_OK) {
            document_node_list(json_object_get(root, "data"), &page);
            print_page(ctl, &page);
        }
    }
    json_decref(root);
    http_reply_fini(&reply);
    buf_fini(&page);
    return outcome;
}
