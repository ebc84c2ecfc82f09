/* GET /muster/v1/actors: what every process of this node says of itself, and which says nothing. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/config/table.h"
#include "common/metrics/reading.h"
#include "gateway/operate/answer.h"
#include "gateway/operate/asker.h"
#include "gateway/operate/fields.h"
#include "gateway/operate/page.h"
#include "gateway/operate/state.h"

enum { pid_file_max = 64, text_max = 512 };

static const size_t counts_max = 64000; /* bytes of an actor, beyond which no more are told */

static const int64_t start_ns = 10000000000; /* a process that answers nothing yet is starting */

/* Whether the actor runs on another host, of which nothing is seen here. */
static bool is_elsewhere(const struct config *config, enum actor_name actor)
{
    const struct config_key *key =
        config_key_find(STR("endpoints"), str_from(actor_name_text(actor)));
    struct buf text = {0};
    bool is = false;

    if (key != NULL) {
        config_key_plain(key, config, &text);
        is = text.len > 0;
    }
    buf_fini(&text);
    return is;
}

/* Of one that does not answer: what its file in the run directory shows. */
static const char *silent_state(const struct operate *self, const struct round_answer *answer,
                                const struct now *now)
{
    struct buf path = {0};
    struct buf text = {0};
    struct stat file;
    const char *state = "stopped";
    int64_t pid = 0;

    if (is_elsewhere(self->view.config, answer->from)) {
        return "silent";
    }
    buf_printf(&path, "%s/", self->view.config->run_dir);
    actor_name_print(&path, answer->from, answer->index);
    buf_add_str(&path, STR(".pid"));
    buf_add_char(&path, '\0');
    if (stat(path.data, &file) == 0 && file_read(path.data, pid_file_max, &text) == ERR_OK) {
        while (text.len > 0 && text.data[text.len - 1] == '\n') {
            text.len--;
        }
        if (str_to_i64(buf_str(&text), &pid) == ERR_OK && pid > 0 &&
            (kill((pid_t)pid, 0) == 0 || errno == EPERM)) {
            int64_t age_ns = now->wall_ns - (int64_t)file.st_mtim.tv_sec * 1000000000;

            state = age_ns < start_ns ? "starting" : "silent";
        }
    }
    buf_fini(&path);
    buf_fini(&text);
    return state;
}

static void add_series(struct buf *to, const struct metric_series *series)
{
    struct buf name = {0};

    buf_add_str(&name, str_from(metric_row(series->metric)->name));
    if (series->labels.len > 0) {
        buf_printf(&name, "{%.*s}", STR_ARG(field_cut(series->labels, text_max)));
    }
    field_item(to);
    json_quote(to, buf_str(&name));
    buf_add_char(to, ':');
    buf_fini(&name);
    if (metric_row(series->metric)->kind == METRIC_KIND_HISTOGRAM) {
        buf_add_char(to, '{');
        field_number(to, "count", (int64_t)durations_count(&series->took));
        field_key(to, "sum");
        metric_value_print(series->metric, series->took.us, to);
        buf_add_char(to, '}');
    } else {
        metric_value_print(series->metric, series->value, to);
    }
}

static void add_counts(struct buf *to, const char *key, bool gauges,
                       const struct msg_counters *counters)
{
    struct metric_index index;
    struct reading reading;
    struct metric_series series;

    metric_index_init(&index);
    reading_init(&reading, &index, counters);
    field_open(to, key, '{');
    while (to->len < counts_max && reading_next(&reading, &series)) {
        if (series.metric != METRIC_END &&
            (metric_row(series.metric)->kind == METRIC_KIND_GAUGE) == gauges) {
            add_series(to, &series);
        }
    }
    buf_add_char(to, '}');
}

static void add_answered(struct buf *to, const struct msg_counters *counters)
{
    field_text(to, "state", STR("up"));
    field_number(to, "pid", counters->pid);
    field_text(to, "version", field_cut(counters->version, text_max));
    field_number(to, "uptime_s", counters->uptime_ms / 1000);
    field_number(to, "restarts", counters->restarts);
    field_text_or_null(to, "last_restart_reason", field_cut(counters->restart_reason, text_max));
    field_number(to, "rss_bytes", (int64_t)counters->rss_bytes);
    field_key(to, "turn_cpu_ms_max");
    buf_printf(to, "%" PRId64 ".%03" PRId64, counters->turn_cpu_us_max / 1000,
               counters->turn_cpu_us_max % 1000);
    field_hex(to, "epoch", counters->epoch);
    field_number(to, "seq", (int64_t)counters->seq);
    add_counts(to, "counters", false, counters);
    add_counts(to, "sizes", true, counters);
}

static void add_silent(struct buf *to, const char *state)
{
    static const char *const unknown[] = {
        "pid",       "version",         "uptime_s", "restarts", "last_restart_reason",
        "rss_bytes", "turn_cpu_ms_max", "epoch",    "seq",      "counters",
        "sizes"};

    field_text(to, "state", str_from(state));
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        field_null(to, unknown[i]);
    }
}

static void add_actor(struct operate *self, struct buf *to, const struct round_answer *answer,
                      const struct now *now)
{
    int64_t *heard_ms = &self->heard_ms[answer->from][answer->index];

    assert(answer->index < processes_max);
    if (answer->counters != NULL) {
        *heard_ms = answer->answered_ms;
    }
    buf_add_char(to, '{');
    field_text(to, "actor", str_from(actor_name_text(answer->from)));
    field_number(to, "index", answer->index);
    if (answer->counters != NULL) {
        add_answered(to, answer->counters);
    } else {
        add_silent(to, silent_state(self, answer, now));
    }
    if (*heard_ms > 0) {
        field_number(to, "answered_ms_ago", now->mono_ms - *heard_ms);
    } else {
        field_null(to, "answered_ms_ago");
    }
    buf_add_char(to, '}');
}

static void answer(struct asker *asker, const struct round *round, const struct now *now)
{
    struct page page;
    struct buf one = {0};
    size_t at = asker->after;

    page_begin(&page, "actors");
    for (; at < round_count(round) && (int64_t)page.count < asker->limit; at++) {
        struct round_answer found;

        round_answer(round, at, &found);
        one.len = 0;
        add_actor(asker->operate, &one, &found, now);
        if (!page_add(&page, buf_str(&one))) {
            break;
        }
    }
    if (at < round_count(round)) {
        page_next_number(&page, at);
    }
    page_answer(&page, asker->request);
    buf_fini(&one);
}

void operate_actors(struct operate *self, const struct operate_ask *ask)
{
    uint64_t after = 0;

    if (page_after_number(ask, &after)) {
        asker_begin(self, ask, after < SIZE_MAX ? (size_t)after : 0, answer);
    }
}
