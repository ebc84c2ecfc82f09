/* top: what a node does right now, of what its actors count. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/bus.h"
#include "actors/ctl/verbs.h"
#include "common/base/file.h"
#include "common/base/heap.h"

enum { every_ms = 1000 };

/* What is added up over all actors, and under which names they count it. */
enum figure {
    FIGURE_REQUESTS,
    FIGURE_WRITES,
    FIGURE_RENEWS,
    FIGURE_CHANGES,
    FIGURE_WAKES,
    FIGURE_PARKED, /* a size, as what follows: no rate */
    FIGURE_CONNECTIONS,
    FIGURE_INSTANCES,
    FIGURE_COUNT
};

static const struct {
    const char *head;
    const char *json;
    const char *names[2];
} figures[FIGURE_COUNT] = {
    [FIGURE_REQUESTS] = {"requests/s",
                         "requests_per_s",
                         {"http_requests", "http_received_requests_total"}},
    [FIGURE_WRITES] = {"writes/s", "writes_per_s", {"writes_sent", "gateway_writes_total"}},
    [FIGURE_RENEWS] = {"renews/s",
                       "renews_per_s",
                       {"renew_total", "registry_commands_total{renew}"}},
    [FIGURE_CHANGES] = {"changes/s", "changes_per_s", {"changes_total", "registry_changes_total"}},
    [FIGURE_WAKES] = {"wakes/s", "wakes_per_s", {"polls_woken", "gateway_polls_woken_total"}},
    [FIGURE_PARKED] = {"parked", "parked_polls", {"polls_waiting", "http_parked_polls"}},
    [FIGURE_CONNECTIONS] = {"connections", "connections", {"http_connections"}},
    [FIGURE_INSTANCES] = {"instances", "instances", {"registry_instances", "instances"}},
};

struct sample {
    bool up;
    bool told; /* and so was the one before */
    uint64_t boot;
    int64_t pid;
    int64_t cpu_ms;
    int64_t rss_bytes;
    int64_t turns;
    int64_t turn_us_max;
    int64_t counts[FIGURE_COUNT];
    int64_t at_ms;
};

struct top {
    struct ctl *ctl;
    struct actors actors;
    struct bus buses[actors_max];
    bool open[actors_max];
    struct sample before[actors_max];
    struct sample now[actors_max];
    double rates[FIGURE_COUNT];
};

/* ── one look ── */

/* Of the user and the kernel. */
static int64_t cpu_of(int64_t pid)
{
    struct buf path = {0};
    struct buf stat = {0};
    int64_t ticks = -1;

    buf_printf(&path, "/proc/%" PRId64 "/stat%c", pid, 0);
    if (file_read(path.data, 4096, &stat) == ERR_OK) {
        const char *at;
        unsigned long long user = 0;
        unsigned long long kernel = 0;

        buf_add_char(&stat, '\0');
        at = strrchr(stat.data, ')');
        for (int field = 2; at != NULL && field < 14; field++) {
            at = strchr(at + 1, ' ');
        }
        if (at != NULL) {
            char *end;

            user = strtoull(at + 1, &end, 10);
            kernel = strtoull(end, NULL, 10);
            ticks = (int64_t)(user + kernel);
        }
    }
    buf_fini(&path);
    buf_fini(&stat);
    return ticks < 0 ? -1 : ticks * 1000 / sysconf(_SC_CLK_TCK);
}

static bool named(struct str name, enum figure figure)
{
    for (size_t i = 0; i < 2 && figures[figure].names[i] != NULL; i++) {
        if (str_eq(name, str_from(figures[figure].names[i]))) {
            return true;
        }
    }
    return false;
}

static void take_counts(struct sample *sample, const struct msg_counts *counts)
{
    struct str rest = counts->bytes;
    struct str name;
    int64_t value;

    while (counts_next(&rest, &name, &value)) {
        for (unsigned i = 0; i < FIGURE_COUNT; i++) {
            sample->counts[i] += named(name, i) ? value : 0;
        }
        /* counted themselves, or one by one by how long they took */
        if (str_eq(name, STR("turns")) || str_starts(name, STR("actor_turn_le_"))) {
            sample->turns += value;
        }
    }
}

static void look(struct top *self, size_t i)
{
    struct msg stats = {.type = MSG_TYPE_STATS};
    struct msg ping = {.type = MSG_TYPE_PING};
    struct msg answer;
    struct sample *sample = &self->now[i];

    *sample = (struct sample){.at_ms = self->ctl->clock->now(self->ctl->clock).mono_ms};
    if (!self->open[i] || bus_ask(&self->buses[i], &ping, &answer) != CTL_OK ||
        answer.type != MSG_TYPE_PONG) {
        return;
    }
    sample->pid = answer.as_pong.pid;
    if (bus_ask(&self->buses[i], &stats, &answer) != CTL_OK || answer.type != MSG_TYPE_COUNTERS) {
        return;
    }
    sample->up = true;
    sample->boot = answer.as_counters.boot;
    sample->rss_bytes = (int64_t)answer.as_counters.rss_bytes;
    sample->turn_us_max = answer.as_counters.turn_cpu_us_max;
    sample->cpu_ms = cpu_of(sample->pid);
    take_counts(sample, &answer.as_counters.counters);
    take_counts(sample, &answer.as_counters.sizes);
    sample->told = self->before[i].up && self->before[i].boot == sample->boot;
}

/* The registry's own count of instances, not the copies of the gateways. */
static bool counts_for(const struct top *self, size_t i, enum figure figure)
{
    return figure != FIGURE_INSTANCES || strcmp(self->actors.names[i], "registry") == 0;
}

static void add_up(struct top *self)
{
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        self->rates[f] = 0;
        for (size_t i = 0; i < self->actors.count; i++) {
            const struct sample *now = &self->now[i];
            const struct sample *before = &self->before[i];
            int64_t ms = now->at_ms - before->at_ms;

            if (!now->up || !counts_for(self, i, f)) {
                continue;
            }
            if (f >= FIGURE_PARKED) {
                self->rates[f] += (double)now->counts[f];
            } else if (now->told && ms > 0) {
                self->rates[f] += (double)(now->counts[f] - before->counts[f]) * 1000 / (double)ms;
            }
        }
    }
}

static void look_at_all(struct top *self)
{
    memcpy(self->before, self->now, sizeof(self->before));
    for (size_t i = 0; i < self->actors.count; i++) {
        look(self, i);
    }
    add_up(self);
}

/* ── showing ── */

static double cpu_percent(const struct sample *now, const struct sample *before)
{
    int64_t ms = now->at_ms - before->at_ms;

    return now->told && ms > 0 && now->cpu_ms >= 0 && before->cpu_ms >= 0
               ? (double)(now->cpu_ms - before->cpu_ms) * 100 / (double)ms
               : 0;
}

static void figures_line(const struct top *self, struct buf *to)
{
    ctl_time(self->ctl, to);
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        buf_printf(to, "  %s %.0f", figures[f].head, self->rates[f]);
    }
}

static void cpu_line(const struct top *self, struct buf *to)
{
    for (size_t i = 0; i < self->actors.count; i++) {
        if (self->now[i].up) {
            buf_printf(to, "  %s %.0f%%", self->actors.names[i],
                       cpu_percent(&self->now[i], &self->before[i]));
        } else {
            buf_printf(to, "  %s away", self->actors.names[i]);
        }
    }
}

static void json_line(const struct top *self, struct buf *to)
{
    buf_add_str(to, STR("{\"time\":\""));
    ctl_time(self->ctl, to);
    buf_add_char(to, '"');
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        buf_printf(to, ",\"%s\":%.1f", figures[f].json, self->rates[f]);
    }
    buf_add_str(to, STR(",\"actors\":["));
    for (size_t i = 0; i < self->actors.count; i++) {
        const struct sample *now = &self->now[i];

        buf_printf(to,
                   "%s{\"actor\":\"%s\",\"up\":%s,\"cpu_percent\":%.1f,\"rss_bytes\":%" PRId64 "}",
                   i > 0 ? "," : "", self->actors.names[i], now->up ? "true" : "false",
                   cpu_percent(now, &self->before[i]), now->rss_bytes);
    }
    buf_add_str(to, STR("]}"));
}

static void actors_table(const struct top *self, struct buf *to)
{
    static const char *const head[] = {"ACTOR",   "PID",          "CPU", "RSS",
                                       "TURNS/S", "LONGEST TURN", NULL};
    struct text_table table;
    struct buf cell = {0};

    text_table_init(&table, head);
    for (size_t i = 0; i < self->actors.count; i++) {
        const struct sample *now = &self->now[i];
        const struct sample *before = &self->before[i];
        int64_t ms = now->at_ms - before->at_ms;

        text_table_add(&table, str_from(self->actors.names[i]));
        if (!now->up) {
            text_table_add(&table, STR("away"));
            for (int k = 0; k < 4; k++) {
                text_table_add(&table, STR(""));
            }
            continue;
        }
        text_table_add_i64(&table, now->pid);
        cell.len = 0;
        buf_printf(&cell, "%.0f%%", cpu_percent(now, before));
        text_table_add(&table, buf_str(&cell));
        cell.len = 0;
        buf_printf(&cell, "%.1f MiB", (double)now->rss_bytes / 1048576);
        text_table_add(&table, buf_str(&cell));
        text_table_add_i64(&table,
                           now->told && ms > 0 ? (now->turns - before->turns) * 1000 / ms : 0);
        cell.len = 0;
        buf_printf(&cell, "%.1f ms", (double)now->turn_us_max / 1000);
        text_table_add(&table, buf_str(&cell));
    }
    text_table_print(&table, to);
    text_table_fini(&table);
    buf_fini(&cell);
}

static void show(const struct top *self, bool screen)
{
    struct buf page = {0};

    if (ctl_json(self->ctl)) {
        json_line(self, &page);
        ctl_print(self->ctl, buf_str(&page));
    } else if (!screen) {
        figures_line(self, &page);
        cpu_line(self, &page);
        ctl_print(self->ctl, buf_str(&page));
    } else {
        figures_line(self, &page);
        buf_add_str(&page, STR("\n\n"));
        actors_table(self, &page);
        buf_add_str(&page, STR("\nq: end"));
        (void)fputs("\033[H\033[J", self->ctl->out);
        ctl_page(self->ctl, buf_str(&page));
    }
    buf_fini(&page);
}

/* ── the keyboard ── */

/* False: interrupted, or q was typed. */
static bool pause_until(const struct ctl *ctl, int64_t until_ms, bool keys)
{
    for (;;) {
        int64_t left_ms = until_ms - ctl->clock->now(ctl->clock).mono_ms;
        struct pollfd fds[2] = {{.fd = ctl->stop_fd, .events = POLLIN},
                                {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN}};
        char key = 0;

        if (left_ms <= 0) {
            return true;
        }
        if (poll(fds, 2, left_ms < every_ms ? (int)left_ms : every_ms) <= 0) {
            continue;
        }
        if (fds[0].revents != 0) {
            return false;
        }
        if (fds[1].revents != 0 && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q')) {
            return false;
        }
    }
}

static bool raw_keys(struct termios *before)
{
    struct termios raw;

    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, before) != 0) {
        return false;
    }
    raw = *before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void run(struct top *self)
{
    struct ctl *ctl = self->ctl;
    int64_t left = options_number(&ctl->options, OPTION_COUNT, INT64_MAX);
    int fd = fileno(ctl->out);
    bool screen = fd >= 0 && isatty(fd) == 1 && !ctl_json(ctl);
    struct termios terminal;
    bool keys = screen && raw_keys(&terminal);
    int64_t next_ms = ctl->clock->now(ctl->clock).mono_ms;

    look_at_all(self);
    while (left-- > 0) {
        next_ms += every_ms;
        if (!pause_until(ctl, next_ms, keys)) {
            break;
        }
        look_at_all(self);
        show(self, screen);
    }
    if (keys) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    }
}

enum ctl_exit node_top(struct ctl *ctl)
{
    struct top *top = heap_new(sizeof(*top));
    enum ctl_exit outcome = CTL_OK;
    size_t i = 0;

    top->ctl = ctl;
    actors_find(&top->actors, ctl->config.run_dir);
    for (; i < top->actors.count && outcome == CTL_OK; i++) {
        outcome = bus_open(&top->buses[i], ctl, top->actors.names[i]);
        top->open[i] = outcome == CTL_OK;
    }
    if (outcome == CTL_OK) {
        run(top);
    }
    for (size_t k = 0; k < i; k++) {
        bus_close(&top->buses[k]);
    }
    free(top);
    return outcome;
}
