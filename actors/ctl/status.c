/* status, pollers, events: what a node says of itself under /muster/v1. */
#include <stdlib.h>
#include <string.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/bus.h"
#include "actors/ctl/diff.h"
#include "actors/ctl/lines.h"
#include "actors/ctl/node.h"
#include "actors/ctl/operate.h"
#include "actors/ctl/stream.h"
#include "actors/ctl/verbs.h"

/* ── status ── */

static const struct column check_columns[] = {
    {"CHECK", "name", COLUMN_KEY},    {"LEVEL", "level", COLUMN_SHOWN},
    {"SINCE", "since", COLUMN_SHOWN}, {"WHAT", "text", COLUMN_SHOWN},
    {NULL, NULL, COLUMN_SHOWN},
};

static bool is_ok(const json_t *check)
{
    const char *level = json_string_value(json_object_get(check, "level"));

    return level != NULL && strcmp(level, "ok") == 0;
}

/* For people what is not well, and how many are; in the other forms all. */
static void add_checks(struct rows *rows, const json_t *checks, bool all, size_t *well)
{
    json_t *check;
    size_t i;

    json_array_foreach(checks, i, check)
    {
        *well += is_ok(check);
        if (!all && is_ok(check)) {
            continue;
        }
        operate_text(rows, check, "name");
        operate_text(rows, check, "level");
        operate_time(rows, check, "since");
        operate_text(rows, check, "text");
    }
}

static void print_verdict(const struct ctl *ctl, const json_t *root, size_t well)
{
    const json_t *verdict = json_object_get(root, "verdict");
    const char *level = json_string_value(json_object_get(verdict, "level"));
    const char *text = json_string_value(json_object_get(verdict, "text"));
    const char *node = json_string_value(json_object_get(root, "node"));
    struct buf line = {0};

    buf_printf(&line, "%s: %s: %s", node != NULL ? node : "?", level != NULL ? level : "?",
               text != NULL ? text : "?");
    ctl_print(ctl, buf_str(&line));
    line.len = 0;
    buf_printf(&line, "%zu of %zu checks are ok", well,
               json_array_size(json_object_get(root, "checks")));
    ctl_print(ctl, buf_str(&line));
    buf_fini(&line);
}

static enum ctl_exit show(const struct ctl *ctl, const json_t *root)
{
    const char *level =
        json_string_value(json_object_get(json_object_get(root, "verdict"), "level"));
    bool people = ctl_form(ctl) == OUTPUT_TABLE;
    struct rows rows;
    size_t well = 0;

    if (ctl_json(ctl)) {
        char *text = json_dumps(root, JSON_COMPACT);

        ctl_page(ctl, str_from(text));
        free(text);
    } else {
        const json_t *checks = json_object_get(root, "checks");

        rows_init(&rows, ctl_form(ctl), check_columns);
        add_checks(&rows, checks, !people, &well);
        if (people) {
            print_verdict(ctl, root, well);
        }
        if (!people || well < json_array_size(checks)) {
            rows_print(&rows, ctl);
        } else {
            rows_fini(&rows);
        }
    }
    return level != NULL && strcmp(level, "bad") == 0 ? CTL_NEGATIVE : CTL_OK;
}

/* No gateway answers: who of the actors does is asked of themselves. */
static enum ctl_exit show_actors(struct ctl *ctl, enum ctl_exit why)
{
    enum ctl_exit outcome;

    if (node_given_url(ctl) != NULL) {
        return why;
    }
    if (!ctl_json(ctl) && ctl_form(ctl) == OUTPUT_TABLE) {
        ctl_print(ctl, STR("bad: no gateway answers, so clients get nothing of this node. What "
                           "answers at all:"));
    }
    outcome = actor_ping(ctl);
    return outcome == CTL_INTERRUPTED ? outcome : CTL_UNREACHABLE;
}

enum ctl_exit node_status(struct ctl *ctl)
{
    json_t *root = NULL;
    long status = 0;
    enum ctl_exit outcome = operate_ask(ctl, "/muster/v1/status", NULL, &root, &status);

    if (outcome == CTL_OK) {
        outcome = show(ctl, root);
    } else if (outcome == CTL_UNREACHABLE || outcome == CTL_TIMED_OUT) {
        outcome = show_actors(ctl, outcome);
    }
    json_decref(root);
    return outcome;
}

/* ── pollers ── */

static const struct column poller_columns[] = {
    {"HOSTNAME", "hostname", COLUMN_KEY}, {"FROM", "from", COLUMN_KEY},
    {"SINCE", "since", COLUMN_SHOWN},     {"LEFT", "left_ms", COLUMN_SHOWN},
    {"ENV", "env", COLUMN_SHOWN},         {"ZONE", "zone", COLUMN_SHOWN},
    {"APPS", "apps", COLUMN_SHOWN},       {NULL, NULL, COLUMN_SHOWN},
};

static void add_poller(void *state, const json_t *poller)
{
    struct rows *rows = state;
    const json_t *left = json_object_get(poller, "left_ms");

    operate_text(rows, poller, "hostname");
    operate_text(rows, poller, "from");
    operate_time(rows, poller, "since");
    if (json_is_integer(left)) {
        rows_age(rows, json_integer_value(left));
    } else {
        rows_none(rows);
    }
    operate_text(rows, poller, "env");
    operate_text(rows, poller, "zone");
    operate_number(rows, poller, "apps");
}

enum ctl_exit node_pollers(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *option = options_text(options, OPTION_APPID, NULL);
    const char *appid = options->argument_count > 0 ? options->arguments[0] : option;
    struct buf query = {0};
    struct rows rows;
    enum ctl_exit outcome;

    if (appid != NULL) {
        form_add(&query, "env", options_text(options, OPTION_ENV, ctl->config.node_env));
        form_add(&query, "appid", appid);
    }
    rows_init(&rows, ctl_form(ctl), poller_columns);
    outcome = operate_list(ctl, "/muster/v1/pollers", &query, "pollers", add_poller, &rows);
    if (outcome == CTL_OK) {
        rows_print(&rows, ctl);
    } else {
        rows_fini(&rows);
    }
    buf_fini(&query);
    return outcome;
}

/* ── events ── */

struct events {
    struct ctl *ctl;
    struct stream stream;
};

static const char *member(const json_t *data, const char *name)
{
    const char *text = json_string_value(json_object_get(data, name));

    return text != NULL ? text : "";
}

/* time  kind  env/appid  zone/hostname  what was and what is; why */
static void people_line(const json_t *data, struct str time, struct buf *to)
{
    const json_t *before = json_object_get(data, "before");
    const json_t *after = json_object_get(data, "after");
    const char *reason = member(data, "reason");

    buf_printf(to, "%.*s  %s", STR_ARG(time), member(data, "kind"));
    if (member(data, "appid")[0] != '\0') {
        buf_printf(to, "  %s/%s", member(data, "env"), member(data, "appid"));
    } else if (member(data, "actor")[0] != '\0') {
        buf_printf(to, "  %s", member(data, "actor"));
    }
    if (member(data, "node")[0] != '\0') {
        buf_printf(to, "  %s", member(data, "node"));
    }
    if (member(data, "hostname")[0] != '\0') {
        buf_printf(to, "  %s/%s", member(data, "zone"), member(data, "hostname"));
    }
    if (before != NULL || after != NULL) {
        buf_add_str(to, STR("  "));
        diff_print(json_is_null(before) ? NULL : before, after, to);
    }
    if (reason[0] != '\0') {
        buf_printf(to, "  (%s)", reason);
    }
}

static void on_event(void *state, const struct sse_event *event)
{
    struct events *self = state;
    json_t *data = json_loadb(event->data.data != NULL ? event->data.data : "", event->data.len,
                              JSON_ALLOW_NUL, NULL);
    struct buf time = {0};
    struct buf text = {0};

    if (self->stream.lines_left <= 0) {
        json_decref(data);
        return;
    }
    if (ctl_json(self->ctl)) {
        char *compact = json_dumps(data, JSON_COMPACT);

        buf_add_str(&text, str_from(compact != NULL ? compact : "null"));
        free(compact);
    } else {
        int64_t wall_ns;

        if (ctl_time_read(member(data, "time"), &wall_ns)) {
            ctl_time_print_local(wall_ns, &time);
        } else {
            ctl_time(self->ctl, &time);
        }
        if (member(data, "kind")[0] != '\0') {
            people_line(data, buf_str(&time), &text);
        } else { /* such as lost: what is no more kept */
            buf_printf(&text, "%.*s  %.*s  %.*s", STR_ARG(buf_str(&time)), STR_ARG(event->type),
                       STR_ARG(event->data));
        }
    }
    ctl_print(self->ctl, buf_str(&text));
    self->stream.lines_left--;
    json_decref(data);
    buf_fini(&time);
    buf_fini(&text);
}

enum ctl_exit node_events(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *option = options_text(options, OPTION_APPID, NULL);
    const char *appid = options->argument_count > 0 ? options->arguments[0] : option;
    struct events events = {.ctl = ctl};
    struct buf query = {0};
    enum ctl_exit outcome;

    if (options_has(options, OPTION_KINDS)) {
        form_add(&query, "kinds", options_text(options, OPTION_KINDS, ""));
    }
    if (options_has(options, OPTION_ENV)) {
        form_add(&query, "env", options_text(options, OPTION_ENV, ""));
    }
    if (appid != NULL) {
        form_add(&query, "appid", appid);
    }
    if (options_has(options, OPTION_LAST)) {
        form_add(&query, "last", options_text(options, OPTION_LAST, ""));
    }
    events.stream = (struct stream){.ctl = ctl,
                                    .path = "/muster/v1/events",
                                    .query = &query,
                                    .on_event = on_event,
                                    .state = &events,
                                    .lines_left = options_number(options, OPTION_COUNT, INT64_MAX)};
    outcome = stream_follow(&events.stream);
    buf_fini(&query);
    return outcome;
}
