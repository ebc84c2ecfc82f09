/* watch: GET /discovery/stream, over reconnects. */
#include <stdlib.h>
#include <string.h>

#include "actors/ctl/diff.h"
#include "actors/ctl/http.h"
#include "actors/ctl/lines.h"
#include "actors/ctl/stream.h"
#include "actors/ctl/verbs.h"

struct watch {
    struct ctl *ctl;
    struct stream stream;
    struct seen seen; /* of instances, by app, zone and hostname */
};

/* id: "<epoch hex>-<seq>" */
static void read_position(struct str id, uint64_t *epoch, uint64_t *seq)
{
    char text[64] = "";
    char *end;

    if (id.len == 0 || id.len >= sizeof(text)) {
        return;
    }
    memcpy(text, id.data, id.len);
    *epoch = strtoull(text, &end, 16);
    *seq = *end == '-' ? strtoull(end + 1, NULL, 10) : 0;
}

static const char *member(const json_t *data, const char *name)
{
    const char *text = json_string_value(json_object_get(data, name));

    return text != NULL ? text : "?";
}

/* What it was before; owned by the caller. */
static json_t *remember(struct watch *self, const json_t *data, const char *zone,
                        const char *hostname, json_t *instance)
{
    struct buf name = {0};
    json_t *before;

    buf_printf(&name, "%s/%s/%s", member(data, "appid"), zone, hostname);
    before = seen_swap(&self->seen, buf_str(&name), instance);
    buf_fini(&name);
    return before;
}

static size_t take_all(struct watch *self, const json_t *data)
{
    json_t *zones = json_object_get(data, "instances");
    const char *zone;
    json_t *list;
    json_t *instance;
    size_t count = 0;
    size_t i;

    json_object_foreach(zones, zone, list)
    {
        json_array_foreach(list, i, instance)
        {
            json_decref(remember(self, data, zone, member(instance, "hostname"), instance));
            count++;
        }
    }
    return count;
}

static void people_line(struct watch *self, const struct sse_event *event, const json_t *data,
                        struct str time, struct buf *to)
{
    json_t *instance = json_object_get(data, "instance");

    buf_printf(to, "%.*s  %-6.*s  %s", STR_ARG(time), STR_ARG(event->type), member(data, "appid"));
    if (str_eq(event->type, STR("full"))) {
        buf_printf(to, "  %zu instances", take_all(self, data));
    } else if (str_eq(event->type, STR("change"))) {
        json_t *before =
            remember(self, data, member(data, "zone"), member(data, "hostname"), instance);

        buf_printf(to, "  %s  %s/%s  ", member(data, "kind"), member(data, "zone"),
                   member(data, "hostname"));
        diff_print(before, instance, to);
        json_decref(before);
    } else if (str_eq(event->type, STR("schedule"))) {
        const json_t *schedule = json_object_get(data, "scheduler");
        size_t clients = json_object_size(json_object_get(schedule, "clients"));

        if (json_is_object(schedule)) {
            buf_printf(to, "  for clients in %zu zones", clients);
        } else {
            buf_add_str(to, STR("  removed"));
        }
    }
}

static void on_event(void *state, const struct sse_event *event)
{
    struct watch *self = state;
    struct buf time = {0};
    struct buf text = {0};
    struct line line = {.actor = STR("gateway"),
                        .topic = STR("discovery.stream"),
                        .type = event->type,
                        .fields = event->data};
    json_t *data = json_loadb(event->data.data != NULL ? event->data.data : "", event->data.len,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    /* re-written, as data of several lines would be several lines of ours */
    char *compact = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);

    ctl_time(self->ctl, &time);
    line.time = buf_str(&time);
    line.fields = compact != NULL ? str_from(compact) : STR("null");
    read_position(event->id, &line.epoch, &line.seq);
    if (ctl_json(self->ctl)) {
        line_json(&line, &text);
    } else if (options_form(&self->ctl->options) == OUTPUT_WIDE) {
        line_wide(&line, &text);
    } else {
        people_line(self, event, data, line.time, &text);
    }
    if (self->stream.lines_left > 0) {
        ctl_print(self->ctl, buf_str(&text));
        self->stream.lines_left--;
    }
    free(compact);
    json_decref(data);
    buf_fini(&time);
    buf_fini(&text);
}

enum ctl_exit stream_watch(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *appid = options_text(options, OPTION_APPID, NULL);
    struct watch watch = {.ctl = ctl};
    struct buf query = {0};
    enum ctl_exit outcome;

    if (appid == NULL && options->argument_count == 0) {
        ctl_say(ctl, "APPID is missing; it names the service to watch");
        return CTL_USAGE;
    }
    form_add(&query, "env", options_text(options, OPTION_ENV, ctl->config.node_env));
    if (options_has(options, OPTION_ZONE)) {
        form_add(&query, "zone", options_text(options, OPTION_ZONE, ""));
    }
    if (appid != NULL) {
        form_add(&query, "appid", appid);
    }
    for (size_t i = 0; i < options->argument_count; i++) {
        form_add(&query, "appid", options->arguments[i]);
    }
    seen_init(&watch.seen);
    watch.stream = (struct stream){.ctl = ctl,
                                   .path = "/discovery/stream",
                                   .query = &query,
                                   .on_event = on_event,
                                   .state = &watch,
                                   .lines_left = options_number(options, OPTION_COUNT, INT64_MAX)};
    outcome = stream_follow(&watch.stream);
    seen_fini(&watch.seen);
    buf_fini(&query);
    return outcome;
}
