#include "common/runtime/admin.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/runtime/lines.h"

static void result(struct admin *self, const struct address *from, uint64_t id, enum err err,
                   struct str text, struct outbox *out)
{
    const struct actor_options *options = self->options;
    struct position at = options->spec->position(options->state);
    struct msg msg = {.type = MSG_TYPE_RESULT};

    msg.as_result = (struct msg_result){
        .id = id, .err = err, .epoch = at.epoch, .boot = at.boot, .seq = at.seq, .text = text};
    outbox_reply(out, OUTBOX_NOW, from, &msg);
}

void admin_refuse(struct admin *self, const struct address *from, unsigned type, uint64_t id,
                  struct outbox *out)
{
    const char *name = msg_type_name((enum msg_type)type);
    struct buf text = {0};

    self->unsupported++;
    if (name != NULL) {
        buf_printf(&text, "%s is not a command of %.*s", name, STR_ARG(self->name));
    } else {
        buf_printf(&text, "type %u is unknown to version " MUSTER_VERSION, type);
    }
    result(self, from, id, ERR_UNSUPPORTED, buf_str(&text), out);
    buf_fini(&text);
}

static void on_ping(struct admin *self, const struct address *from, uint64_t id,
                    const struct now *now, struct outbox *out)
{
    const struct actor_options *options = self->options;
    struct position at = options->spec->position(options->state);
    struct msg pong = {.type = MSG_TYPE_PONG};

    pong.as_pong = (struct msg_pong){
        .id = id,
        .name = self->name,
        .version = STR(MUSTER_VERSION),
        .protocol = protocol_version,
        .epoch = at.epoch,
        .boot = at.boot,
        .seq = at.seq,
        .pid = (uint32_t)getpid(),
        .uptime_ms = now->mono_ms - self->started_ms,
    };
    outbox_reply(out, OUTBOX_NOW, from, &pong);
}

/* The second number of /proc/self/statm, in bytes; 0 if it can't be read. */
static uint64_t resident_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
    ssize_t from = 0;
    ssize_t to;
    int64_t pages = 0;

    if (fd >= 0) {
        close(fd);
    }
    while (from < len && text[from++] != ' ') {
    }
    for (to = from; to < len && text[to] != ' '; to++) {
    }
    if (to > from) {
        str_to_i64((struct str){text + from, (size_t)(to - from)}, &pages);
    }
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void count_links(const struct actor_options *options, struct msg_counts *counters,
                        struct buf *store)
{
    struct buf name = {0};

    for (size_t i = 0; i < options->link_count; i++) {
        const struct actor_link *link = &options->links[i];
        struct follower_state state;
        size_t mark;

        if (link->follower == NULL) {
            continue;
        }
        follower_state(link->follower, &state);
        name.len = 0;
        actor_name_print(&name, link->to, link->index);
        mark = name.len;
        buf_add_str(&name, STR("_catch_ups"));
        buf_add_char(&name, '\0');
        counts_add(counters, store, name.data, (int64_t)state.catch_ups);
        name.len = mark;
        buf_add_str(&name, STR("_snapshots"));
        buf_add_char(&name, '\0');
        counts_add(counters, store, name.data, (int64_t)state.snapshots);
    }
    buf_fini(&name);
}

static void on_stats(struct admin *self, const struct address *from, uint64_t id,
                     const struct now *now, struct outbox *out)
{
    const struct actor_options *options = self->options;
    const struct socket_counts *wire = &self->sockets->counts;
    const struct {
        const char *name;
        uint64_t value;
    } own[] = {
        {"turns", self->turns},
        {"full_turns", self->full_turns},
        {"gathered", self->gathered},
        {"clock_sets", self->clock_sets},
        {"commands", self->commands},
        {"answers", self->answers},
        {"facts", self->facts},
        {"door_commands", self->door_commands},
        {"peer_answers", self->peer_answers},
        {"keys_let_in", self->sockets->base.guard.let_in},
        {"keys_refused", self->sockets->base.guard.refused},
        {"unsupported", self->unsupported},
        {"listeners_deaf", self->sockets->base.listeners.deaf_total},
        {"malformed", self->malformed + wire->odd_frames},
        {"send_dropped", wire->send_dropped},
        {"frames_in", wire->frames_in},
        {"frames_out", wire->frames_out},
        {"bytes_in", wire->bytes_in},
        {"bytes_out", wire->bytes_out},
    };
    struct position at = options->spec->position(options->state);
    struct msg msg = {.type = MSG_TYPE_COUNTERS};
    struct msg_counters *counters = &msg.as_counters;
    struct buf counter_store = {0};
    struct buf size_store = {0};

    *counters = (struct msg_counters){
        .id = id,
        .name = self->name,
        .epoch = at.epoch,
        .boot = at.boot,
        .seq = at.seq,
        .uptime_ms = now->mono_ms - self->started_ms,
        .rss_bytes = resident_bytes(),
        .turn_cpu_us_max = self->turn_cpu_us_max,
        .version = STR(MUSTER_VERSION),
        .pid = (uint32_t)getpid(),
        .restarts = self->launched.restarts,
        .restart_reason = str_from(self->launched.reason),
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        counts_add(&counters->counters, &counter_store, own[i].name, (int64_t)own[i].value);
    }
    count_links(options, &counters->counters, &counter_store);
    counts_add(&counters->sizes, &size_store, "subscriptions",
               (int64_t)outbox_subscription_count(out));
    counts_add(&counters->sizes, &size_store, "ways", self->sockets->peers.count);
    counts_add(&counters->sizes, &size_store, "listener_connections",
               listeners_connections(&self->sockets->base.listeners));
    counts_add(&counters->sizes, &size_store, "listener_connections_max",
               self->sockets->base.listeners.connections_max);
    if (options->spec->count != NULL) {
        options->spec->count(options->state, &counters->counters, &counter_store, &counters->sizes,
                             &size_store);
    }
    outbox_reply(out, OUTBOX_NOW, from, &msg);
    buf_fini(&counter_store);
    buf_fini(&size_store);
}

/* Said whatever the level is and was. */
static void change_level(struct log *log, enum log_level level)
{
    const struct log_field fields[] = {log_text("before", log_level_name(log->level)),
                                       log_text("after", log_level_name(level)),
                                       {.kind = LOG_END}};

    log->level = level;
    log_write(log, LOG_INFO, "log_level", NULL, fields);
}

static void on_log_level(struct admin *self, const struct address *from,
                         const struct msg_log_level *msg, struct outbox *out)
{
    struct log *log = self->options->log;
    enum log_level level;

    if (log_level_from(msg->level, &level) != ERR_OK) {
#define LEVEL_NAME(NAME, text) " " text
        result(self, from, msg->id, ERR_INVALID,
               STR("no such level, there are:" LOG_LEVEL_TABLE(LEVEL_NAME)), out);
#undef LEVEL_NAME
        return;
    }
    if (log != NULL && log->level != level) {
        change_level(log, level);
    }
    result(self, from, msg->id, ERR_OK, STR(""), out);
}

static void on_lines(const struct admin *self, const struct address *from,
                     const struct msg_lines *msg, struct outbox *out)
{
    const struct actor_options *options = self->options;
    struct position at = options->spec->position(options->state);

    lines_answer(options->log, self->name, &at, from, msg, out);
}

bool admin_answer(struct admin *self, const struct address *from, const struct msg *msg,
                  const struct now *now, struct outbox *out)
{
    switch (msg->type) {
    case MSG_TYPE_PING:
        on_ping(self, from, msg->as_ping.id, now, out);
        return true;
    case MSG_TYPE_STATS:
        on_stats(self, from, msg->as_stats.id, now, out);
        return true;
    case MSG_TYPE_LOG_LEVEL:
        on_log_level(self, from, &msg->as_log_level, out);
        return true;
    case MSG_TYPE_LINES:
        on_lines(self, from, &msg->as_lines, out);
        return true;
    case MSG_TYPE_SHUTDOWN:
        result(self, from, msg->as_shutdown.id, ERR_OK, STR(""), out);
        outbox_stop(out);
        return true;
    default:
        return false;
    }
}
