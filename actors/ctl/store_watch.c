#include "actors/ctl/store_watch.h"

#include <inttypes.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/rows.h"
#include "common/etcdapi/errors.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/wire/print.h"

enum { look_ms = 100, shown_bytes_max = 200 };

/* ── one event ── */

static struct str bytes_of(ProtobufCBinaryData data)
{
    return (struct str){(const char *)data.data, data.len};
}

static Mvccpb__KeyValue *unpacked(struct str packed)
{
    return packed.len > 0
               ? mvccpb__key_value__unpack(NULL, packed.len, (const uint8_t *)packed.data)
               : NULL;
}

static bool is_text(struct str bytes)
{
    size_t len = 1;

    while (bytes.len > 0 && len > 0) {
        len = str_utf8(bytes);
        bytes = (struct str){bytes.data + len, bytes.len - len};
    }
    return len > 0;
}

static void member(struct buf *to, const char *name, struct str bytes)
{
    if (is_text(bytes)) {
        buf_printf(to, ",\"%s\":", name);
        json_add_str(to, bytes);
        return;
    }
    buf_printf(to, ",\"%s_hex\":\"", name);
    for (size_t i = 0; i < bytes.len; i++) {
        buf_printf(to, "%02x", (unsigned)(unsigned char)bytes.data[i]);
    }
    buf_add_char(to, '"');
}

static void shown(struct buf *to, struct str bytes)
{
    size_t len = bytes.len < shown_bytes_max ? bytes.len : shown_bytes_max;

    while (len < bytes.len && len > 0 && ((unsigned char)bytes.data[len] & 0xc0) == 0x80) {
        len--;
    }
    if (bytes.len == 0) {
        buf_add_str(to, STR("\"\""));
    }
    buf_add(to, bytes.data, len);
    buf_add_str(to, len < bytes.len ? STR("…") : STR(""));
}

static void as_json(const struct msg_event *event, const Mvccpb__KeyValue *kv,
                    const Mvccpb__KeyValue *prev, struct str time, struct buf *to)
{
    bool gone = event->kind != 0;

    buf_add_str(to, STR("{\"time\":"));
    json_add_str(to, time);
    buf_printf(to, ",\"revision\":%" PRId64 ",\"type\":\"%s\"", event->revision,
               gone ? "DELETE" : "PUT");
    member(to, "key", event->key);
    if (!gone && kv != NULL) {
        member(to, "value", bytes_of(kv->value));
        buf_printf(to, ",\"version\":%" PRId64 ",\"lease\":\"%016" PRIx64 "\"", kv->version,
                   (uint64_t)kv->lease);
    }
    if (prev != NULL) {
        member(to, "prev_value", bytes_of(prev->value));
    }
    buf_add_char(to, '}');
}

static void for_people(const struct msg_event *event, const Mvccpb__KeyValue *kv,
                       const Mvccpb__KeyValue *prev, struct str time, struct buf *to)
{
    bool gone = event->kind != 0;

    buf_printf(to, "%.*s  %" PRId64 "  %s  ", STR_ARG(time), event->revision,
               gone ? "DELETE" : "PUT");
    shown(to, event->key);
    buf_add_str(to, STR("  "));
    if (gone) {
        buf_add_str(to, prev != NULL ? STR("gone; was ") : STR("gone"));
    }
    if (prev != NULL) {
        shown(to, bytes_of(prev->value));
        buf_add_str(to, gone ? STR("") : STR(" → "));
    }
    if (!gone && kv != NULL) {
        shown(to, bytes_of(kv->value));
        if (kv->lease != 0) {
            buf_printf(to, "  lease %016" PRIx64, (uint64_t)kv->lease);
        }
    }
}

void store_watch_line(const struct msg_event *event, struct str time, bool json, struct buf *to)
{
    Mvccpb__KeyValue *kv = unpacked(event->kv);
    Mvccpb__KeyValue *prev = event->has_prev ? unpacked(event->prev) : NULL;

    (json ? as_json : for_people)(event, kv, prev, time, to);
    if (kv != NULL) {
        mvccpb__key_value__free_unpacked(kv, NULL);
    }
    if (prev != NULL) {
        mvccpb__key_value__free_unpacked(prev, NULL);
    }
}

/* ── watch ── */

struct watching {
    struct ctl *ctl;
    struct store_ask *call;
    struct buf range; /* a WATCH_RANGE */
    int64_t next;     /* revision */
    uint32_t sub;     /* event of it */
    int64_t lines_left;
};

static struct msg_list list_of(const struct watching *self)
{
    return (struct msg_list){1, buf_str(&self->range)};
}

static void print_events(struct watching *self, const struct msg_list *events)
{
    struct str rest = events->bytes;
    struct buf time = {0};
    struct buf line = {0};
    struct msg event;

    ctl_time(self->ctl, &time);
    while (self->lines_left > 0 && msg_next(&rest, &event)) {
        if (event.type == MSG_TYPE_EVENT) {
            line.len = 0;
            store_watch_line(&event.as_event, buf_str(&time), ctl_json(self->ctl), &line);
            ctl_print(self->ctl, buf_str(&line));
            self->lines_left--;
        }
    }
    buf_fini(&time);
    buf_fini(&line);
}

/* Up to a revision that the store has. */
static enum ctl_exit read_up_to(struct watching *self, int64_t revision)
{
    enum ctl_exit outcome = CTL_OK;

    while (outcome == CTL_OK && self->next <= revision && self->lines_left > 0) {
        struct msg command = {.type = MSG_TYPE_READ_EVENTS};
        const struct msg_events_read *read;
        struct msg answer;

        command.as_read_events = (struct msg_read_events){.boot = self->call->boot,
                                                          .from = self->next,
                                                          .sub = self->sub,
                                                          .to = revision,
                                                          .ranges = list_of(self)};
        outcome = bus_demand(&self->call->bus, "store", &command, MSG_TYPE_EVENTS_READ, &answer);
        if (outcome != CTL_OK) {
            return outcome;
        }
        read = &answer.as_events_read;
        if (read->code != GRPC_OK) {
            ctl_say(self->ctl, "store: %.*s", STR_ARG(read->text));
            return CTL_NEGATIVE;
        }
        if (read->next <= read->compacted) {
            ctl_say(self->ctl,
                    "store: revision %" PRId64
                    " is compacted; the first there is is --rev %" PRId64,
                    self->next, read->compacted + 1);
            return CTL_NEGATIVE;
        }
        if (read->next < self->next || (read->next == self->next && read->next_sub <= self->sub)) {
            ctl_say(self->ctl, "store: its events do not advance; is it of another version?");
            return CTL_NEGATIVE;
        }
        print_events(self, &read->events);
        self->next = read->next;
        self->sub = read->next_sub;
    }
    return outcome;
}

/* Whether it may be watched, and how far the store is. */
static enum ctl_exit look(struct watching *self, int64_t *revision)
{
    struct msg command = {.type = MSG_TYPE_WATCH};
    struct msg answer;
    enum ctl_exit outcome;

    command.as_watch = (struct msg_watch){.boot = self->call->boot, .range = list_of(self)};
    outcome = bus_demand(&self->call->bus, "store", &command, MSG_TYPE_WATCHED, &answer);
    if (outcome == CTL_OK && answer.as_watched.code != GRPC_OK) {
        ctl_say(self->ctl, "store: %.*s", STR_ARG(answer.as_watched.text));
        outcome = CTL_NEGATIVE;
    }
    *revision = outcome == CTL_OK ? answer.as_watched.revision : 0;
    return outcome;
}

enum ctl_exit store_follow(struct ctl *ctl, struct store_ask *call, const struct watch_span *span)
{
    const struct msg range = {.type = MSG_TYPE_WATCH_RANGE,
                              .as_watch_range = {span->key, span->range_end, true}};
    struct watching self = {.ctl = ctl,
                            .call = call,
                            .next = options_number(&ctl->options, OPTION_REV, 0),
                            .lines_left = options_number(&ctl->options, OPTION_COUNT, INT64_MAX)};
    int64_t revision;
    enum ctl_exit outcome;

    msg_encode(&self.range, &range);
    do {
        outcome = look(&self, &revision);
        if (outcome == CTL_OK) {
            self.next = self.next > 0 ? self.next : revision + 1;
            outcome = read_up_to(&self, revision);
        }
    } while (outcome == CTL_OK && self.lines_left > 0 && ctl_wait(ctl, look_ms));
    buf_fini(&self.range);
    return outcome == CTL_INTERRUPTED ? CTL_OK : outcome;
}

/* ── watchers ── */

static const struct column columns[] = {
    {"GATEWAY", "gateway", COLUMN_KEY},    {"STREAM", "stream", COLUMN_KEY},
    {"WATCH", "watch_id", COLUMN_KEY},     {"KEY", "key", COLUMN_SHOWN},
    {"UP TO", "range_end", COLUMN_SHOWN},  {"NEXT", "next", COLUMN_SHOWN},
    {"STATE", "state", COLUMN_SHOWN},      {"PREV", "prev", COLUMN_WIDE},
    {"PROGRESS", "progress", COLUMN_WIDE}, {NULL, NULL, COLUMN_SHOWN},
};

static void add_watcher(struct rows *rows, const char *gateway, const struct msg_watcher *watcher)
{
    rows_text(rows, str_from(gateway));
    rows_number(rows, (int64_t)watcher->stream);
    rows_number(rows, watcher->watch_id);
    rows_bytes(rows, watcher->key);
    if (watcher->range_end.len == 1 && watcher->range_end.data[0] == '\0') {
        rows_both(rows, STR("the end"), watcher->range_end);
    } else {
        rows_bytes(rows, watcher->range_end);
    }
    rows_number(rows, watcher->next);
    rows_text(rows, watcher->state);
    rows_flag(rows, watcher->prev, "yes", "no");
    rows_flag(rows, watcher->progress, "yes", "no");
}

static enum ctl_exit ask_one(struct ctl *ctl, const char *gateway, struct rows *rows)
{
    struct msg command = {.type = MSG_TYPE_WATCHERS};
    struct msg answer;
    struct bus bus;
    enum ctl_exit outcome = bus_open(&bus, ctl, gateway);

    while (outcome == CTL_OK) {
        const struct msg_watcher_list *list = &answer.as_watcher_list;
        struct str rest;
        struct msg watcher;

        outcome = bus_demand(&bus, gateway, &command, MSG_TYPE_WATCHER_LIST, &answer);
        if (outcome != CTL_OK) {
            break;
        }
        rest = list->watchers.bytes;
        while (msg_next(&rest, &watcher)) {
            if (watcher.type == MSG_TYPE_WATCHER) {
                add_watcher(rows, gateway, &watcher.as_watcher);
            }
        }
        if (list->stream == 0) {
            break;
        }
        if (list->stream < command.as_watchers.stream ||
            (list->stream == command.as_watchers.stream && list->at <= command.as_watchers.at)) {
            ctl_say(ctl, "%s: its list does not advance; is it of another version?", gateway);
            outcome = CTL_NEGATIVE;
        }
        command.as_watchers.stream = list->stream;
        command.as_watchers.at = list->at;
    }
    bus_close(&bus);
    return outcome;
}

enum ctl_exit store_watchers(struct ctl *ctl)
{
    bool given = options_has(&ctl->options, OPTION_ENDPOINT);
    enum ctl_exit outcome = CTL_OK;
    struct actors actors;
    struct rows rows;
    bool any = false;

    actors_find(&actors, ctl->config.run_dir);
    rows_init(&rows, ctl_form(ctl), columns);
    for (size_t i = 0; i < actors.count && outcome == CTL_OK && !(given && any); i++) {
        enum actor_name kind;
        uint32_t index;

        if (given || (actor_name_from(str_from(actors.names[i]), &kind, &index) == ERR_OK &&
                      kind == ACTOR_ETCD)) {
            outcome = ask_one(ctl, given ? "etcd" : actors.names[i], &rows);
            any = true;
        }
    }
    if (!any) {
        outcome = ask_one(ctl, "etcd.0", &rows); /* which says that it does not run */
    }
    if (outcome == CTL_OK) {
        rows_print(&rows, ctl);
    } else {
        rows_fini(&rows);
    }
    return outcome;
}
