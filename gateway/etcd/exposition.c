#include "gateway/etcd/exposition.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/metrics/reading.h"
#include "gateway/etcd/exposition_rows.h"
#include "gateway/etcd/process_metrics.h"

static const int64_t wait_ms = 500;

struct waiter {
    struct exposition *all;
    struct web *web;
    struct web_head head;
    struct waiter *next;
};

struct exposition {
    struct exposition_options options;
    struct port_counts port;
    uint64_t round; /* of questions; odd while one is open */
    int64_t deadline_ms;
    struct waiter *waiters;
    uint64_t served_total;
};

/* ── parts of the text ── */

static void begin_metric(struct buf *to, const char *name, const char *type, const char *help)
{
    buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metric(struct buf *to, const char *name, const char *type, const char *help,
                   int64_t value)
{
    begin_metric(to, name, type, help);
    buf_printf(to, "%s %" PRId64 "\n", name, value);
}

static void print_store_view(const struct exposition *self, struct buf *to)
{
    const struct store_view *store = self->options.store;
    const struct release *release = self->options.release;
    bool there = relay_is_up(self->options.relay);

    begin_metric(to, "etcd_cluster_version", "gauge", "1 for the version of the cluster.");
    buf_printf(to, "etcd_cluster_version{cluster_version=\"%u.%u\"} 1\n", release->major,
               release->minor);
    begin_metric(to, "etcd_server_version", "gauge", "1 for the version that clients are told.");
    buf_printf(to, "etcd_server_version{server_version=\"%s\"} 1\n", release->text);
    begin_metric(to, "muster_version", "gauge", "1 for the version of this program.");
    buf_printf(to, "muster_version{version=\"" MUSTER_VERSION "\"} 1\n");
    metric(to, "etcd_server_has_leader", "gauge", "1 while there is a leader.",
           there && store->lead != 0);
    metric(to, "etcd_server_is_leader", "gauge", "1 while this member leads.",
           there && store->lead != 0 && store->lead == store->member);
    metric(to, "etcd_server_leader_changes_seen_total", "counter", "Leaders that came up.",
           (int64_t)store->leader_changes);
    if (store->boot != 0) {
        begin_metric(to, "etcd_server_id", "gauge", "1 for the id of this member.");
        buf_printf(to, "etcd_server_id{server_id=\"%" PRIx64 "\"} 1\n", store->member);
        metric(to, "etcd_debugging_mvcc_current_revision", "gauge", "The newest revision.",
               store->revision);
        metric(to, "etcd_debugging_mvcc_compact_revision", "gauge",
               "Revisions below it are compacted.", store->compacted);
    }
}

static void print_watches(const struct watches *watches, struct buf *to)
{
    struct watches_counts counts;

    watches_counts(watches, &counts);
    metric(to, "etcd_debugging_mvcc_watch_stream_total", "gauge", "Streams of watches.",
           (int64_t)counts.streams);
    metric(to, "etcd_debugging_mvcc_watcher_total", "gauge", "Watches.", (int64_t)counts.watchers);
    metric(to, "etcd_debugging_mvcc_slow_watcher_total", "gauge",
           "Watches that are being told what they missed.", (int64_t)counts.unsynced);
    metric(to, "etcd_debugging_mvcc_events_total", "counter",
           "Changes of keys that watches were told of.", (int64_t)counts.events_total);
}

static void print_gateway(const struct exposition *self, struct buf *to)
{
    struct checks_counts checks;

    checks_counts(self->options.checks, &checks);
    metric(to, "etcd_server_health_success", "counter", "Answers of /health that all is well.",
           (int64_t)checks.healthy_total);
    metric(to, "etcd_server_health_failures", "counter", "Answers of /health that it is not.",
           (int64_t)checks.unhealthy_total);
    metric(to, "etcd_network_client_grpc_received_bytes_total", "counter",
           "Bytes that clients sent over HTTP/2.", (int64_t)self->port.bytes_in_total);
    metric(to, "etcd_network_client_grpc_sent_bytes_total", "counter",
           "Bytes that were sent to clients over HTTP/2.", (int64_t)self->port.bytes_out_total);
    metric(to, "promhttp_metric_handler_requests_in_flight", "gauge",
           "Requests for this page that are open.", 1);
    begin_metric(to, "promhttp_metric_handler_requests_total", "counter",
                 "Requests for this page.");
    buf_printf(to, "promhttp_metric_handler_requests_total{code=\"200\"} %" PRIu64 "\n",
               self->served_total);
}

/* ── grpc_server_* ── */

static const char *const code_names[GRPC_END] = {
    "OK",       "Canceled",        "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",   "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",      "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated",
};

static void print_labels(struct buf *to, const char *name, enum etcd_method method)
{
    static const char *const types[] = {[ETCD_SHAPE_ONE] = "unary",
                                        [ETCD_SHAPE_SERVER] = "server_stream",
                                        [ETCD_SHAPE_BOTH] = "bidi_stream"};
    const struct etcd_method_row *row = etcd_method_row(method);

    buf_printf(to, "%s{grpc_method=\"%.*s\",grpc_service=\"%.*s\",grpc_type=\"%s\"", name,
               STR_ARG(row->method), STR_ARG(row->service), types[row->shape]);
}

static void print_calls(const struct tally *tally, struct buf *to)
{
    static const struct {
        const char *name;
        const char *help;
        size_t at;
    } sums[] = {
        {"grpc_server_started_total", "Calls that clients began.",
         offsetof(struct tally_row, started)},
        {"grpc_server_msg_received_total", "Messages of clients.",
         offsetof(struct tally_row, received)},
        {"grpc_server_msg_sent_total", "Messages to clients.", offsetof(struct tally_row, sent)},
    };

    for (size_t s = 0; s < sizeof(sums) / sizeof(sums[0]); s++) {
        begin_metric(to, sums[s].name, "counter", sums[s].help);
        for (unsigned m = 1; m < ETCD_METHOD_END; m++) {
            const char *row = (const char *)&tally->rows[m];
            uint64_t value;

            memcpy(&value, row + sums[s].at, sizeof(value));
            print_labels(to, sums[s].name, (enum etcd_method)m);
            buf_printf(to, "} %" PRIu64 "\n", value);
        }
    }
    begin_metric(to, "grpc_server_handled_total", "counter", "Calls that ended, by how.");
    for (unsigned m = 1; m < ETCD_METHOD_END; m++) {
        for (unsigned code = 0; code < GRPC_END; code++) {
            uint64_t count = tally->rows[m].handled[code];

            if (count > 0 || code == GRPC_OK) {
                print_labels(to, "grpc_server_handled_total", (enum etcd_method)m);
                buf_printf(to, ",grpc_code=\"%s\"} %" PRIu64 "\n", code_names[code], count);
            }
        }
    }
}

/* ── what the store tells ── */

static void print_histogram(const struct metric_series *series, struct buf *to, const char *name,
                            const char *help)
{
    uint64_t count = 0;

    begin_metric(to, name, "histogram", help);
    for (unsigned step = 0; step < durations_steps; step++) {
        count += series->took.counts[step];
        if (step >= durations_1_ms && step <= durations_8192_ms) {
            buf_printf(to, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, durations_bound_s(step),
                       count);
        }
    }
    buf_printf(to, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    buf_printf(to, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name, (double)series->took.us / 1e6, name,
               count);
}

static const struct store_row {
    const char *name;
    const char *type; /* NULL: a histogram */
    enum metric metric;
    const char *help;
} store_rows[] = {
#define STORE_ROW(name, type, ROW, help) {name, type, METRIC_STORE_##ROW, help},
    EXPOSITION_STORE_TABLE(STORE_ROW)
#undef STORE_ROW
#define HISTOGRAM_ROW(name, ROW, help) {name, NULL, METRIC_STORE_##ROW, help},
        EXPOSITION_HISTOGRAM_TABLE(HISTOGRAM_ROW)
#undef HISTOGRAM_ROW
};

static void print_store_row(const struct store_row *row, const struct metric_series *series,
                            struct buf *to)
{
    if (row->type == NULL) {
        print_histogram(series, to, row->name, row->help);
    } else {
        metric(to, row->name, row->type, row->help, series->value);
    }
}

static void print_store(const struct msg_counters *counters, struct buf *to)
{
    struct metric_index index;
    struct reading reading;
    struct metric_series series;

    metric_index_init(&index);
    reading_init(&reading, &index, counters);
    while (reading_next(&reading, &series)) {
        for (size_t i = 0; i < sizeof(store_rows) / sizeof(store_rows[0]); i++) {
            if (store_rows[i].metric == series.metric) {
                print_store_row(&store_rows[i], &series, to);
            }
        }
    }
}

/* ── rounds ── */

/* counters: NULL: the store has told nothing. */
static void answer_all(struct exposition *self, const struct msg_counters *counters)
{
    struct buf text = {0};

    self->round++;
    print_store_view(self, &text);
    print_gateway(self, &text);
    if (self->options.watches != NULL) {
        print_watches(self->options.watches, &text);
    }
    print_calls(self->options.tally, &text);
    process_metrics_print(&text);
    if (counters != NULL) {
        print_store(counters, &text);
    }
    while (self->waiters != NULL) {
        struct waiter *waiter = self->waiters;
        struct buf body = {0};

        self->waiters = waiter->next;
        self->served_total++;
        buf_add_str(&body, buf_str(&text));
        web_answer(waiter->web, &waiter->head, &body);
        free(waiter);
    }
    buf_fini(&text);
}

static void ask(struct exposition *self)
{
    const struct moment *moment = self->options.moment;
    struct msg stats = {.type = MSG_TYPE_STATS};

    self->round++;
    self->deadline_ms = moment->now->mono_ms + wait_ms;
    stats.as_stats.id = self->round;
    if (!relay_is_up(self->options.relay) ||
        outbox_command(moment->out, ACTOR_STORE, 0, &stats) != ERR_OK) {
        answer_all(self, NULL);
    }
}

static void on_gone(struct web *web)
{
    struct waiter *gone = web->user;
    struct waiter **at = &gone->all->waiters;

    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    free(gone);
}

void exposition_serve(struct exposition *self, struct web *web, const struct web_head *cors)
{
    struct waiter *waiter = heap_new(sizeof(*waiter));

    waiter->all = self;
    waiter->web = web;
    waiter->head = *cors;
    waiter->head.status = 200;
    web_head_add(&waiter->head, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    web_head_add(&waiter->head, "Muster-Version", MUSTER_VERSION);
    waiter->next = self->waiters;
    self->waiters = waiter;
    web->user = waiter;
    web->gone = on_gone;
    if (self->round % 2 == 0) {
        ask(self);
    }
}

void exposition_counters(struct exposition *self, const struct msg_counters *counters)
{
    if (self->round % 2 == 1 && counters->id == self->round) {
        answer_all(self, counters);
    }
}

void exposition_turn(struct exposition *self, const struct now *now)
{
    if (self->round % 2 == 1 && now->mono_ms >= self->deadline_ms) {
        answer_all(self, NULL);
    }
}

int64_t exposition_due_ms(const struct exposition *self)
{
    return self->round % 2 == 1 ? self->deadline_ms : INT64_MAX;
}

void exposition_port(struct exposition *self, const struct port_counts *counts)
{
    self->port = *counts;
}

struct exposition *exposition_new(const struct exposition_options *options)
{
    struct exposition *self = heap_new(sizeof(*self));

    self->options = *options;
    return self;
}

void exposition_destroy(struct exposition **self)
{
    if (*self != NULL) {
        assert((*self)->waiters == NULL);
        free(*self);
        *self = NULL;
    }
}
