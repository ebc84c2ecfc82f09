/* tap: the facts of a node's actors, as they are published. */
#include <string.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/bus.h"
#include "actors/ctl/lines.h"
#include "actors/ctl/verbs.h"
#include "common/wire/print.h"

#include <czmq.h>

/* What is meant for people: all but what copies are made of, and the ticks. */
static const char *const readable[] = {
    "registry.change.", "registry.protect", "registry.storage", "evictor.protection",
    "evictor.round",    "replicator.nodes", "store.event.",
};

/* Those that are there or should be; store and etcd may come later. */
static const char *const besides[] = {"store", "etcd.0"};

static bool has(const struct actors *found, const char *name)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static enum ctl_exit connect_all(struct ctl *ctl, zsock_t *sub)
{
    enum ctl_exit outcome = CTL_OK;
    struct actors found;

    actors_find(&found, ctl->config.run_dir);
    for (size_t i = 0; i < sizeof(besides) / sizeof(besides[0]); i++) {
        if (!has(&found, besides[i]) && outcome == CTL_OK) {
            outcome = bus_connect(ctl, sub, besides[i], ENDPOINT_FACTS);
        }
    }
    for (size_t i = 0; i < found.count && outcome == CTL_OK; i++) {
        outcome = bus_connect(ctl, sub, found.names[i], ENDPOINT_FACTS);
    }
    return outcome;
}

/* {0} when connected: reconnects for ever, so an actor may come and go. */
static enum ctl_exit tap_connect(struct ctl *ctl, zsock_t *sub)
{
    const struct options *options = &ctl->options;
    bool given = options_has(options, OPTION_ENDPOINT);
    enum ctl_exit outcome;

    zsock_set_rcvhwm(sub, 100000);
    zsock_set_reconnect_ivl_max(sub, 1000);
    outcome = given ? bus_connect(ctl, sub, "registry", ENDPOINT_FACTS) : connect_all(ctl, sub);
    if (outcome != CTL_OK) {
        return outcome;
    }
    for (size_t i = 0; i < options->argument_count; i++) {
        zsock_set_subscribe(sub, options->arguments[i]);
    }
    for (size_t i = 0; options->argument_count == 0 && i < sizeof(readable) / sizeof(readable[0]);
         i++) {
        zsock_set_subscribe(sub, readable[i]);
    }
    return CTL_OK;
}

struct tap {
    const struct ctl *ctl;
    struct seen seen;
    int64_t left; /* lines of --count; INT64_MAX without it */
};

static void print_line(struct tap *self, const struct line *line)
{
    const struct ctl *ctl = self->ctl;
    struct buf text = {0};

    switch (options_form(&ctl->options)) {
    case OUTPUT_JSON:
        line_json(line, &text);
        break;
    case OUTPUT_WIDE:
        line_wide(line, &text);
        break;
    default:
        line_table(&self->seen, line, &text);
        break;
    }
    self->left--;
    ctl_print(ctl, buf_str(&text));
    buf_fini(&text);
}

/* What can't be read is shown, too: fields is then what frame_print makes of it. */
static void print_damaged(struct tap *self, struct line *line, struct str rest)
{
    struct buf fields = {0};

    frame_print(&fields, rest);
    line->fields = buf_str(&fields);
    line->type = STR("?");
    print_line(self, line);
    buf_fini(&fields);
}

/* log.<actor>.<level>: the actor, which may have a dot in its name. */
static struct str writer_of(struct str topic)
{
    struct str rest = {topic.data + strlen("log."), topic.len - strlen("log.")};

    while (rest.len > 0 && rest.data[rest.len - 1] != '.') {
        rest.len--;
    }
    return (struct str){rest.data, rest.len > 0 ? rest.len - 1 : 0};
}

/* The messages of one frame. */
static void print_frame(struct tap *self, struct str topic, struct str frame)
{
    const char *dot = topic.len > 0 ? memchr(topic.data, '.', topic.len) : NULL;
    struct line line = {.topic = topic};
    struct buf time = {0};

    ctl_time(self->ctl, &time);
    line.time = buf_str(&time);
    line.actor = (struct str){topic.data, dot != NULL ? (size_t)(dot - topic.data) : topic.len};
    if (str_eq(line.actor, STR("log"))) {
        line.actor = writer_of(topic);
    }
    for (struct str rest = frame; rest.len > 0 && self->left > 0;) {
        struct str left = rest;
        struct buf fields = {0};
        struct msg msg;

        if (msg_decode(&rest, &msg) != ERR_OK) {
            print_damaged(self, &line, left);
            break;
        }
        msg_print_fields(&fields, &msg);
        line.fields = buf_str(&fields);
        line.type = str_from(msg_type_name(msg.type));
        /* every fact begins with epoch, boot, seq */
        line.epoch = msg.as_fact.epoch;
        line.seq = msg.as_fact.seq;
        print_line(self, &line);
        buf_fini(&fields);
    }
    buf_fini(&time);
}

static struct str text_of(zframe_t *frame)
{
    return (struct str){(const char *)zframe_data(frame), zframe_size(frame)};
}

/* Two frames: topic and body; others of a message are passed over. */
static void take(struct tap *self, zsock_t *sub)
{
    zmsg_t *fact = zmsg_recv(sub);
    zframe_t *topic = fact != NULL ? zmsg_first(fact) : NULL;
    zframe_t *body = topic != NULL ? zmsg_next(fact) : NULL;

    if (body != NULL) {
        print_frame(self, text_of(topic), text_of(body));
    }
    zmsg_destroy(&fact);
}

static enum ctl_exit follow(struct ctl *ctl, zsock_t *sub)
{
    struct tap tap = {.ctl = ctl, .left = options_number(&ctl->options, OPTION_COUNT, INT64_MAX)};
    /* The end comes before the facts: of those that are ready the first is told. */
    zpoller_t *poller =
        ctl->stop_fd >= 0 ? zpoller_new(&ctl->stop_fd, sub, NULL) : zpoller_new(sub, NULL);

    if (poller == NULL) {
        ctl_say(ctl, "no poller: %s", zmq_strerror(zmq_errno()));
        return CTL_UNREACHABLE;
    }
    seen_init(&tap.seen);
    while (tap.left > 0) {
        void *ready = zpoller_wait(poller, -1);

        if (ready == sub) {
            take(&tap, sub);
        } else if (ready != NULL || zpoller_terminated(poller)) {
            break;
        }
    }
    zpoller_destroy(&poller);
    seen_fini(&tap.seen);
    return CTL_OK;
}

enum ctl_exit facts_tap(struct ctl *ctl)
{
    zsock_t *sub = bus_socket(ctl, ZMQ_SUB);
    enum ctl_exit outcome;

    if (sub == NULL) {
        return CTL_UNREACHABLE;
    }
    outcome = tap_connect(ctl, sub);
    if (outcome == CTL_OK) {
        outcome = follow(ctl, sub);
    }
    zsock_destroy(&sub);
    return outcome;
}
