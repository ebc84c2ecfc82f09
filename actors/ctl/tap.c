/* tap: the facts of a node's actors, as they are published. */
#include <errno.h>
#include <string.h>

#include <zmq.h>

#include "actors/ctl/bus.h"
#include "actors/ctl/lines.h"
#include "actors/ctl/verbs.h"
#include "common/wire/print.h"

/* What is meant for people: all but registry.turn and the ticks. */
static const char *const readable[] = {
    "registry.change.",   "registry.protect", "registry.storage",
    "evictor.protection", "evictor.round",    "replicator.nodes",
};

static const char *const actors[] = {"registry", "replicator", "evictor", "gateway.0"};

/* {0} when connected: reconnects for ever, so an actor may come and go. */
static enum ctl_exit tap_connect(struct ctl *ctl, void *sub)
{
    const struct options *options = &ctl->options;
    bool given = options_has(options, OPTION_ENDPOINT);
    int hwm = 100000;
    int longest_ms = 1000;

    (void)zmq_setsockopt(sub, ZMQ_RCVHWM, &hwm, sizeof(hwm));
    (void)zmq_setsockopt(sub, ZMQ_RECONNECT_IVL_MAX, &longest_ms, sizeof(longest_ms));
    for (size_t i = 0; i < (given ? 1 : sizeof(actors) / sizeof(actors[0])); i++) {
        enum ctl_exit outcome = bus_connect(ctl, sub, actors[i], ENDPOINT_FACTS);

        if (outcome != CTL_OK) {
            return outcome;
        }
    }
    for (size_t i = 0; i < options->argument_count; i++) {
        const char *prefix = options->arguments[i];

        (void)zmq_setsockopt(sub, ZMQ_SUBSCRIBE, prefix, strlen(prefix));
    }
    for (size_t i = 0; options->argument_count == 0 && i < sizeof(readable) / sizeof(readable[0]);
         i++) {
        (void)zmq_setsockopt(sub, ZMQ_SUBSCRIBE, readable[i], strlen(readable[i]));
    }
    return CTL_OK;
}

static void print_line(const struct ctl *ctl, const struct line *line)
{
    struct buf text = {0};

    if (ctl_json(ctl)) {
        line_json(line, &text);
    } else {
        line_table(line, &text);
    }
    ctl_print(ctl, buf_str(&text));
    buf_fini(&text);
}

/* What can't be read is shown, too: fields is then what frame_print makes of it. */
static void print_damaged(const struct ctl *ctl, struct line *line, struct str rest)
{
    struct buf fields = {0};

    frame_print(&fields, rest);
    line->fields = buf_str(&fields);
    line->type = STR("?");
    print_line(ctl, line);
    buf_fini(&fields);
}

/* The messages of one frame. Returns how many lines it made, at most limit. */
static int64_t print_frame(const struct ctl *ctl, struct str topic, struct str frame, int64_t limit)
{
    const char *dot = topic.len > 0 ? memchr(topic.data, '.', topic.len) : NULL;
    struct line line = {.topic = topic};
    struct buf time = {0};
    int64_t count = 0;

    ctl_time(ctl, &time);
    line.time = buf_str(&time);
    line.actor = (struct str){topic.data, dot != NULL ? (size_t)(dot - topic.data) : topic.len};
    for (struct str rest = frame; rest.len > 0 && count < limit; count++) {
        struct str left = rest;
        struct buf fields = {0};
        struct msg msg;

        if (msg_decode(&rest, &msg) != ERR_OK) {
            print_damaged(ctl, &line, left);
            count++;
            break;
        }
        msg_print_fields(&fields, &msg);
        line.fields = buf_str(&fields);
        line.type = str_from(msg_type_name(msg.type));
        /* every fact begins with epoch, boot, seq */
        line.epoch = msg.as_fact.epoch;
        line.seq = msg.as_fact.seq;
        print_line(ctl, &line);
        buf_fini(&fields);
    }
    buf_fini(&time);
    return count;
}

/* Two frames: topic and body; others of a message are passed over. False: nothing waits. */
static bool take(const struct ctl *ctl, void *sub, int64_t *left)
{
    zmq_msg_t parts[2];
    zmq_msg_t extra;
    bool got;

    (void)zmq_msg_init(&parts[0]);
    (void)zmq_msg_init(&parts[1]);
    (void)zmq_msg_init(&extra);
    got = zmq_msg_recv(&parts[0], sub, ZMQ_DONTWAIT) >= 0;
    if (got && zmq_msg_more(&parts[0]) != 0 && zmq_msg_recv(&parts[1], sub, ZMQ_DONTWAIT) >= 0) {
        bool more = zmq_msg_more(&parts[1]) != 0;

        while (more && zmq_msg_recv(&extra, sub, ZMQ_DONTWAIT) >= 0) {
            more = zmq_msg_more(&extra) != 0;
        }
        *left -= print_frame(ctl, (struct str){zmq_msg_data(&parts[0]), zmq_msg_size(&parts[0])},
                             (struct str){zmq_msg_data(&parts[1]), zmq_msg_size(&parts[1])}, *left);
    }
    (void)zmq_msg_close(&parts[0]);
    (void)zmq_msg_close(&parts[1]);
    (void)zmq_msg_close(&extra);
    return got;
}

static enum ctl_exit follow(struct ctl *ctl, void *sub)
{
    int64_t left = options_number(&ctl->options, OPTION_COUNT, INT64_MAX);

    while (left > 0) {
        zmq_pollitem_t items[] = {{.socket = sub, .events = ZMQ_POLLIN},
                                  {.fd = ctl->stop_fd, .events = ZMQ_POLLIN}};

        if (zmq_poll(items, 2, -1) < 0 && zmq_errno() != EINTR) {
            ctl_say(ctl, "%s", zmq_strerror(zmq_errno()));
            return CTL_UNREACHABLE;
        }
        if (items[1].revents != 0) {
            break;
        }
        while (left > 0 && take(ctl, sub, &left)) {
            continue;
        }
    }
    return CTL_OK;
}

enum ctl_exit facts_tap(struct ctl *ctl)
{
    void *context = zmq_ctx_new();
    void *sub = context != NULL ? zmq_socket(context, ZMQ_SUB) : NULL;
    enum ctl_exit outcome = CTL_UNREACHABLE;

    if (sub == NULL) {
        ctl_say(ctl, "no socket: %s", zmq_strerror(zmq_errno()));
    } else {
        outcome = tap_connect(ctl, sub);
        if (outcome == CTL_OK) {
            outcome = follow(ctl, sub);
        }
        (void)zmq_close(sub);
    }
    if (context != NULL) {
        (void)zmq_ctx_term(context);
    }
    return outcome;
}
