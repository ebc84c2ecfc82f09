/* actors; ping, stats, snapshot, log-level, shutdown: the commands every actor answers; storage:
 * the registry's. */
#include "actors/ctl/actors.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actors/ctl/bus.h"
#include "actors/ctl/verbs.h"
#include "common/metrics/reading.h"
#include "common/wire/print.h"

enum { processes_max = 64 }; /* of one kind */

/* ── rendering ── */

static void counts_json(const struct msg_counts *counts, struct buf *to)
{
    struct str rest = counts->bytes;
    struct str name;
    int64_t value;
    bool first = true;

    buf_add_char(to, '{');
    while (counts_next(&rest, &name, &value)) {
        buf_add_str(to, first ? STR("") : STR(","));
        json_add_str(to, name);
        buf_printf(to, ":%" PRId64, value);
        first = false;
    }
    buf_add_char(to, '}');
}

void actors_stats_json(const struct msg_counters *counters, struct buf *to)
{
    buf_add_str(to, STR("{\"actor\":"));
    json_add_str(to, counters->name);
    buf_printf(to,
               ",\"epoch\":\"%016" PRIx64 "\",\"boot\":\"%016" PRIx64 "\",\"seq\":%" PRIu64
               ",\"uptime_s\":%.3f,\"rss_bytes\":%" PRIu64 ",\"counters\":",
               counters->epoch, counters->boot, counters->seq, (double)counters->uptime_ms / 1000,
               counters->rss_bytes);
    counts_json(&counters->counters, to);
    buf_add_str(to, STR(",\"sizes\":"));
    counts_json(&counters->sizes, to);
    buf_printf(to, ",\"turn_cpu_ms_max\":%.3f}", (double)counters->turn_cpu_us_max / 1000);
}

const struct column actors_stats_columns[] = {
    {"KIND", "kind", COLUMN_KEY},   {"NAME", "name", COLUMN_KEY}, {"VALUE", "value", COLUMN_SHOWN},
    {"WHAT", "what", COLUMN_SHOWN}, {NULL, NULL, COLUMN_SHOWN},
};

/* "12 in 0.5 s, 99 % within 0.002 s". */
static void histogram_text(const struct metric_series *series, struct buf *to)
{
    uint64_t count = durations_count(&series->took);
    uint64_t below = 0;
    unsigned step = 0;

    buf_printf(to, "%" PRIu64 " in %.6g s", count, (double)series->took.us / 1e6);
    while (count > 0 && step < durations_steps - 1 &&
           (below += series->took.counts[step]) * 100 < count * 99) {
        step++;
    }
    if (count > 0 && step < durations_steps - 1) {
        buf_printf(to, ", 99 %% within %g s", durations_bound_s(step));
    }
}

/* What the table of metrics has, in base units and with what it is; the rest as it came. */
static void series_row(struct rows *rows, const struct metric_series *series)
{
    struct buf text = {0};

    if (series->metric == METRIC_END) {
        rows_none(rows);
        rows_text(rows, series->name);
        rows_number(rows, series->value);
        rows_none(rows);
        return;
    }
    rows_text(rows, str_from(metric_kind_text(metric_row(series->metric)->kind)));
    buf_add_str(&text, str_from(metric_row(series->metric)->name));
    if (series->labels.len > 0) {
        buf_printf(&text, "{%.*s}", STR_ARG(series->labels));
    }
    rows_text(rows, buf_str(&text));
    text.len = 0;
    if (metric_row(series->metric)->kind == METRIC_KIND_HISTOGRAM) {
        histogram_text(series, &text);
    } else {
        metric_value_print(series->metric, series->value, &text);
    }
    rows_text(rows, buf_str(&text));
    rows_text(rows, str_from(metric_row(series->metric)->help));
    buf_fini(&text);
}

static void own_row(struct rows *rows, enum metric metric, int64_t value)
{
    const struct metric_series series = {.metric = metric, .value = value};

    series_row(rows, &series);
}

static void series_rows(struct rows *rows, const struct msg_counters *counters)
{
    struct metric_index index;
    struct reading reading;
    struct metric_series series;

    metric_index_init(&index);
    reading_init(&reading, &index, counters);
    while (reading_next(&reading, &series)) {
        series_row(rows, &series);
    }
}

static void actor_row(struct rows *rows, const char *name)
{
    rows_text(rows, STR("actor"));
    rows_text(rows, str_from(name));
}

void actors_stats_rows(const struct msg_counters *counters, struct rows *rows)
{
    struct buf position = {0};

    actor_row(rows, "name");
    rows_text(rows, counters->name);
    rows_none(rows);
    actor_row(rows, "position");
    buf_printf(&position, "%016" PRIx64 "-%" PRIu64, counters->epoch, counters->seq);
    rows_text(rows, buf_str(&position));
    rows_none(rows);
    buf_fini(&position);
    own_row(rows, METRIC_ACTOR_UPTIME, counters->uptime_ms);
    own_row(rows, METRIC_ACTOR_RSS, (int64_t)counters->rss_bytes);
    own_row(rows, METRIC_ACTOR_TURN_MAX, counters->turn_cpu_us_max);
    series_rows(rows, counters);
}

void actors_pong_json(const char *actor, const char *state, const struct msg_pong *pong,
                      struct buf *to)
{
    buf_add_str(to, STR("{\"actor\":"));
    json_add_str(to, str_from(actor));
    buf_printf(to, ",\"state\":\"%s\"", state);
    if (pong != NULL) {
        buf_add_str(to, STR(",\"name\":"));
        json_add_str(to, pong->name);
        buf_add_str(to, STR(",\"version\":"));
        json_add_str(to, pong->version);
        buf_printf(to,
                   ",\"protocol\":%" PRIu32 ",\"epoch\":\"%016" PRIx64 "\",\"boot\":\"%016" PRIx64
                   "\",\"seq\":%" PRIu64 ",\"pid\":%" PRIu32 ",\"uptime_s\":%.3f",
                   pong->protocol, pong->epoch, pong->boot, pong->seq, pong->pid,
                   (double)pong->uptime_ms / 1000);
    }
    buf_add_char(to, '}');
}

/* ── which actors there are ── */

static void add_name(struct actors *self, const char *name)
{
    if (self->count < actors_max) {
        (void)snprintf(self->names[self->count++], actors_name_bytes, "%s", name);
    }
}

/* Marks those whose sockets are there. */
static void find_sockets(const char *run_dir, bool found[ACTOR_COUNT][processes_max])
{
    DIR *directory = opendir(run_dir);
    const struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        struct str name = str_from(entry->d_name);
        struct str end = STR(".commands");
        enum actor_name kind;
        uint32_t index;

        if (name.len > end.len && memcmp(name.data + name.len - end.len, end.data, end.len) == 0 &&
            actor_name_from((struct str){name.data, name.len - end.len}, &kind, &index) == ERR_OK &&
            index < processes_max) {
            found[kind][index] = true;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}

void actors_find(struct actors *self, const char *run_dir)
{
    bool found[ACTOR_COUNT][processes_max] = {{false}};

    *self = (struct actors){0};
    find_sockets(run_dir, found);
    for (unsigned kind = 0; kind < ACTOR_COUNT; kind++) {
        for (unsigned i = 0; i < processes_max; i++) {
            if (found[kind][i] || (kind <= ACTOR_GATEWAY && i == 0)) {
                struct buf name = {0};

                actor_name_print(&name, kind, i);
                add_name(self, name.data);
                buf_fini(&name);
            }
        }
    }
}

/* ── what a node is made of ── */

enum ctl_exit actor_list(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"ACTOR", "actor", COLUMN_KEY},
        {"COUNT", "count", COLUMN_SHOWN},
        {"ENDPOINT", "endpoint", COLUMN_SHOWN},
        {"LISTENS", "listens", COLUMN_SHOWN},
        {NULL, NULL, COLUMN_SHOWN},
    };
    struct rows rows;

    rows_init(&rows, ctl_form(ctl), columns);
    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        const struct actor_kind *kind = actor_kind(i);
        struct buf endpoint = {0};

        buf_printf(&endpoint, "endpoints.%s", kind->text);
        rows_text(&rows, str_from(kind->text));
        rows_text(&rows, str_from(kind->many ? "many" : "one"));
        rows_text(&rows, buf_str(&endpoint));
        rows_text(&rows, str_from(kind->listens));
        buf_fini(&endpoint);
    }
    rows_print(&rows, ctl);
    return CTL_OK;
}

/* ── ping ── */

static const struct column ping_columns[] = {
    {"ACTOR", "actor", COLUMN_KEY},       {"STATE", "state", COLUMN_SHOWN},
    {"PID", "pid", COLUMN_SHOWN},         {"UP", "uptime_ms", COLUMN_SHOWN},
    {"VERSION", "version", COLUMN_SHOWN}, {"POSITION", "position", COLUMN_SHOWN},
    {"NAME", "name", COLUMN_WIDE},        {"PROTOCOL", "protocol", COLUMN_WIDE},
    {"BOOT", "boot", COLUMN_WIDE},        {NULL, NULL, COLUMN_SHOWN},
};

static void pong_row(struct rows *rows, const char *actor, const char *state,
                     const struct msg_pong *pong)
{
    struct buf position = {0};

    rows_text(rows, str_from(actor));
    rows_text(rows, str_from(state));
    for (int i = 0; pong == NULL && i < 7; i++) {
        rows_none(rows);
    }
    if (pong != NULL) {
        rows_number(rows, pong->pid);
        rows_age(rows, pong->uptime_ms);
        rows_text(rows, pong->version);
        buf_printf(&position, "%016" PRIx64 "-%" PRIu64, pong->epoch, pong->seq);
        rows_text(rows, buf_str(&position));
        rows_text(rows, pong->name);
        rows_number(rows, pong->protocol);
        rows_hex(rows, pong->boot, 16);
    }
    buf_fini(&position);
}

static enum ctl_exit ping_one(struct ctl *ctl, const char *actor, struct rows *rows,
                              struct buf *json)
{
    struct msg ping = {.type = MSG_TYPE_PING};
    struct msg answer;
    struct bus bus;
    enum ctl_exit outcome = bus_open(&bus, ctl, actor);

    if (outcome == CTL_OK) {
        const struct msg_pong *pong = NULL;
        const char *state;

        outcome = bus_ask(&bus, &ping, &answer);
        if (outcome == CTL_OK && answer.type == MSG_TYPE_PONG) {
            pong = &answer.as_pong;
        } else if (outcome == CTL_OK) {
            outcome = CTL_NEGATIVE;
        }
        state = pong != NULL                 ? "up"
                : outcome == CTL_UNREACHABLE ? "not running"
                : outcome == CTL_TIMED_OUT   ? "silent"
                                             : "odd answer";
        if (ctl_json(ctl)) {
            buf_add_str(json, json->len > 0 ? STR("\n") : STR(""));
            actors_pong_json(actor, state, pong, json);
        } else {
            pong_row(rows, actor, state, pong);
        }
    }
    bus_close(&bus);
    return outcome;
}

enum ctl_exit actor_ping(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *endpoint = options_text(options, OPTION_ENDPOINT, NULL);
    enum ctl_exit outcome = CTL_OK;
    struct actors actors;
    struct rows rows;
    struct buf json = {0};
    size_t count;

    actors_find(&actors, ctl->config.run_dir);
    count = endpoint != NULL              ? 1
            : options->argument_count > 0 ? options->argument_count
                                          : actors.count;
    rows_init(&rows, ctl_form(ctl), ping_columns);
    for (size_t i = 0; i < count && outcome != CTL_USAGE; i++) {
        const char *actor = endpoint != NULL              ? endpoint
                            : options->argument_count > 0 ? options->arguments[i]
                                                          : actors.names[i];
        enum ctl_exit one = ping_one(ctl, actor, &rows, &json);

        /* what is worst: nobody is there, no answer, an odd one */
        outcome = one == CTL_USAGE || outcome == CTL_OK || one == CTL_UNREACHABLE ? one : outcome;
    }
    if (outcome == CTL_USAGE) {
        rows_fini(&rows);
    } else if (ctl_json(ctl)) {
        ctl_page(ctl, buf_str(&json));
        rows_fini(&rows);
    } else {
        rows_print(&rows, ctl);
    }
    buf_fini(&json);
    return outcome;
}

/* ── one actor, one command ── */

/* How many arguments name the actor: none with --endpoint. Errors, said: ERR_INVALID. */
static enum err name_actor(const struct ctl *ctl, size_t others, const char **actor)
{
    const struct options *options = &ctl->options;
    const char *endpoint = options_text(options, OPTION_ENDPOINT, NULL);
    size_t expected = others + (endpoint == NULL ? 1 : 0);

    if (options->argument_count != expected) {
        ctl_say(ctl, "%s: %u arguments, expected: %s; %s", ctl->verb->name,
                (unsigned)options->argument_count, ctl->verb->arguments,
                endpoint == NULL
                    ? "ACTOR is registry, replicator, evictor, gateway.0, store or etcd.0; of a "
                      "second gateway gateway.1"
                    : "but no ACTOR beside --endpoint");
        return ERR_INVALID;
    }
    *actor = endpoint != NULL ? endpoint : options->arguments[0];
    return ERR_OK;
}

static enum ctl_exit demand_one(struct ctl *ctl, struct bus *bus, const char *actor,
                                struct msg *command, enum msg_type want, struct msg *answer)
{
    enum ctl_exit outcome = bus_open(bus, ctl, actor);

    return outcome == CTL_OK ? bus_demand(bus, actor, command, want, answer) : outcome;
}

enum ctl_exit actor_stats(struct ctl *ctl)
{
    struct msg command = {.type = MSG_TYPE_STATS};
    struct msg answer;
    struct buf page = {0};
    struct bus bus;
    const char *actor;
    enum ctl_exit outcome;

    if (name_actor(ctl, 0, &actor) != ERR_OK) {
        return CTL_USAGE;
    }
    outcome = demand_one(ctl, &bus, actor, &command, MSG_TYPE_COUNTERS, &answer);
    if (outcome == CTL_OK && ctl_json(ctl)) {
        actors_stats_json(&answer.as_counters, &page);
        ctl_page(ctl, buf_str(&page));
    } else if (outcome == CTL_OK) {
        struct rows rows;

        rows_init(&rows, ctl_form(ctl), actors_stats_columns);
        actors_stats_rows(&answer.as_counters, &rows);
        rows_print(&rows, ctl);
    }
    bus_close(&bus);
    buf_fini(&page);
    return outcome;
}

static void print_list(const struct ctl *ctl, const struct msg_list *list)
{
    struct str rest = list->bytes;
    struct msg record;

    while (msg_next(&rest, &record)) {
        struct buf line = {0};

        msg_print(&line, &record);
        ctl_print(ctl, buf_str(&line));
        buf_fini(&line);
    }
}

enum ctl_exit actor_snapshot(struct ctl *ctl)
{
    struct msg command = {.type = MSG_TYPE_SNAPSHOT};
    struct msg answer;
    struct bus bus;
    const char *actor;
    enum ctl_exit outcome;

    if (name_actor(ctl, 0, &actor) != ERR_OK) {
        return CTL_USAGE;
    }
    outcome = demand_one(ctl, &bus, actor, &command, MSG_TYPE_CHUNK, &answer);
    while (outcome == CTL_OK) {
        uint64_t cursor = command.as_snapshot.cursor;

        print_list(ctl, &answer.as_chunk.records);
        print_list(ctl, &answer.as_chunk.standing);
        command.as_snapshot.cursor = answer.as_chunk.next;
        if (answer.as_chunk.next == 0) {
            break;
        }
        if (answer.as_chunk.next == cursor) {
            ctl_say(ctl, "%s: its snapshot does not advance; is it of another version?", actor);
            outcome = CTL_NEGATIVE;
            break;
        }
        outcome = bus_demand(&bus, actor, &command, MSG_TYPE_CHUNK, &answer);
    }
    bus_close(&bus);
    return outcome;
}

/* A command whose answer is a RESULT. */
static enum ctl_exit tell(struct ctl *ctl, const char *actor, struct msg *command)
{
    struct msg answer;
    struct bus bus;
    enum ctl_exit outcome = demand_one(ctl, &bus, actor, command, MSG_TYPE_RESULT, &answer);

    if (outcome == CTL_OK && ctl_json(ctl)) {
        struct buf line = {0};

        msg_print(&line, &answer);
        ctl_print(ctl, buf_str(&line));
        buf_fini(&line);
    } else if (outcome == CTL_OK) {
        struct str text = answer.as_result.text;

        ctl_print(ctl, text.len > 0 ? text : STR("ok"));
    }
    bus_close(&bus);
    return outcome;
}

enum ctl_exit actor_log_level(struct ctl *ctl)
{
    struct msg command = {.type = MSG_TYPE_LOG_LEVEL};
    const char *actor;

    if (name_actor(ctl, 1, &actor) != ERR_OK) {
        return CTL_USAGE;
    }
    command.as_log_level.level = str_from(ctl->options.arguments[ctl->options.argument_count - 1]);
    return tell(ctl, actor, &command);
}

enum ctl_exit actor_shutdown(struct ctl *ctl)
{
    struct msg command = {.type = MSG_TYPE_SHUTDOWN};
    const char *actor;

    if (name_actor(ctl, 0, &actor) != ERR_OK) {
        return CTL_USAGE;
    }
    command.as_shutdown.leave = options_has(&ctl->options, OPTION_LEAVE);
    command.as_shutdown.force = options_has(&ctl->options, OPTION_FORCE);
    return tell(ctl, actor, &command);
}

enum ctl_exit actor_storage(struct ctl *ctl)
{
    struct msg command = {.type = MSG_TYPE_KEPT};

    command.as_kept.acknowledge = options_has(&ctl->options, OPTION_ACKNOWLEDGE);
    return tell(ctl, options_text(&ctl->options, OPTION_ENDPOINT, "registry"), &command);
}
