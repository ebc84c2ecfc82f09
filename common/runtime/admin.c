#include "common/runtime/admin.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/runtime/descriptors.h"
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

static void count_links(const struct actor_options *options, const struct counting *to)
{
    struct buf name = {0};

    for (size_t i = 0; i < options->link_count; i++) {
        const struct actor_link *link = &options->links[i];
        struct follower_state state;
        struct str of;

        if (link->follower == NULL) {
            continue;
        }
        follower_state(link->follower, &state);
        name.len = 0;
        actor_name_print(&name, link->to, link->index);
        of = buf_str(&name);
        counting_put_of(to, METRIC_ACTOR_CATCH_UPS, &of, state.catch_ups);
        counting_put_of(to, METRIC_ACTOR_SNAPSHOTS, &of, state.snapshots);
    }
    buf_fini(&name);
}

static void count_sockets(const struct sockets *sockets, const struct counting *to)
{
    const struct socket_counts *wire = &sockets->counts;
    const struct listeners *listeners = &sockets->base.listeners;

    counting_put(to, METRIC_ACTOR_FRAMES_IN, wire->frames_in);
    counting_put(to, METRIC_ACTOR_FRAMES_OUT, wire->frames_out);
    counting_put(to, METRIC_ACTOR_BYTES_IN, wire->bytes_in);
    counting_put(to, METRIC_ACTOR_BYTES_OUT, wire->bytes_out);
    counting_put(to, METRIC_ACTOR_DROPPED, wire->send_dropped);
    counting_put(to, METRIC_ACTOR_WAYS, sockets->peers.count);
    counting_put(to, METRIC_ACTOR_LISTENER_CONNECTIONS, listeners_connections(listeners));
    counting_put(to, METRIC_ACTOR_LISTENER_CONNECTIONS_MAX, listeners->connections_max);
    counting_put(to, METRIC_ACTOR_LISTENERS_DEAF, listeners->deaf_total);
    counting_put(to, METRIC_ACTOR_KEYS_ACCEPTED, sockets->base.guard.let_in);
    counting_put(to, METRIC_ACTOR_KEYS_REFUSED, sockets->base.guard.refused);
}

/* What COUNTERS has no field of its own for. */
static void count(const struct admin *self, const struct counting *to)
{
    counting_put(to, METRIC_ACTOR_FULL_TURNS, self->full_turns);
    counting_put(to, METRIC_ACTOR_PAUSES, self->gathered);
    counting_put(to, METRIC_ACTOR_CLOCK_SETS, self->clock_sets);
    counting_put(to, METRIC_ACTOR_COMMANDS, self->commands);
    counting_put(to, METRIC_ACTOR_ANSWERS, self->answers);
    counting_put(to, METRIC_ACTOR_FACTS, self->facts);
    counting_put(to, METRIC_ACTOR_DOOR_COMMANDS, self->door_commands);
    counting_put(to, METRIC_ACTOR_PEER_ANSWERS, self->peer_answers);
    counting_put(to, METRIC_ACTOR_UNSUPPORTED, self->unsupported);
    counting_put(to, METRIC_ACTOR_MALFORMED, self->malformed + self->sockets->counts.odd_frames);
    counting_durations(to, METRIC_ACTOR_TURN, NULL, &self->cost.cpu);
    counting_put(to, METRIC_ACTOR_OPEN_FDS, descriptors_open());
    counting_put(to, METRIC_ACTOR_MAX_FDS, descriptors_max());
    count_sockets(self->sockets, to);
    count_links(self->options, to);
}

static void on_stats(struct admin *self, const struct address *from, uint64_t id,
                     const struct now *now, struct outbox *out)
{
    const struct actor_options *options = self->options;
    struct position at = options->spec->position(options->state);
    struct msg msg = {.type = MSG_TYPE_COUNTERS};
    struct msg_counters *counters = &msg.as_counters;
    struct buf counter_store = {0};
    struct buf size_store = {0};
    const struct counting to = {&counters->counters, &counter_store, &counters->sizes, &size_store};

    *counters = (struct msg_counters){
        .id = id,
        .name = self->name,
        .epoch = at.epoch,
        .boot = at.boot,
        .seq = at.seq,
        .uptime_ms = now->mono_ms - self->started_ms,
        .rss_bytes = resident_bytes(),
        .turn_cpu_us_max = self->cost.cpu_us_max,
        .version = STR(MUSTER_VERSION),
        .pid = (uint32_t)getpid(),
        .restarts = self->launched.restarts,
        .restart_reason = str_from(self->launched.reason),
    };
    count(self, &to);
    counting_put(&to, METRIC_ACTOR_SUBSCRIPTIONS, outbox_subscription_count(out));
    if (options->spec->count != NULL) {
        options->spec->count(options->state, &to);
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
