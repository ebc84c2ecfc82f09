#include "common/runtime/sockets.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    linger_ms = 200,
    reconnect_ms = 10,
    reconnect_max_ms = 100,
    commands_in_max = 10000,
    commands_out_max = 100000,
    answers_out_max = 1000, /* frames, one a turn, for one that does not read */
    facts_out_max = 20000,  /* a slow follower loses what is beyond, and asks for it */
    facts_in_max = 100000,
    subscription_bytes_max = 4096,
    subscriptions_out_max = 1000,
};

void endpoint_name(struct buf *to, enum actor_name actor, uint32_t index)
{
    buf_add_str(to, str_from(actor_name_text(actor)));
    if (actor == ACTOR_GATEWAY) {
        buf_printf(to, ".%u", index);
    }
    *buf_reserve(to, 1) = '\0';
}

/* <run_dir>/<actor>.<socket>, with a NUL that is not counted. */
static struct buf socket_path(const struct actor_options *options, enum actor_name actor,
                              uint32_t index, const char *socket)
{
    struct buf path = {0};

    buf_printf(&path, "%s/", options->run_dir);
    endpoint_name(&path, actor, index);
    buf_printf(&path, ".%s", socket);
    *buf_reserve(&path, 1) = '\0';
    return path;
}

static void *make(struct sockets *self, int type, int in_max, int out_max, int64_t bytes_max)
{
    const int linger = linger_ms;
    const int immediate = 1;
    const int reconnect = reconnect_ms;
    const int reconnect_max = reconnect_max_ms;
    void *socket = zmq_socket(self->context, type);

    assert(socket != NULL);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
    zmq_setsockopt(socket, ZMQ_RCVHWM, &in_max, sizeof(in_max));
    zmq_setsockopt(socket, ZMQ_SNDHWM, &out_max, sizeof(out_max));
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof(bytes_max));
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect, sizeof(reconnect));
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_max, sizeof(reconnect_max));
    if (type ==
        ZMQ_DEALER) { /* else it keeps commands for an absent actor and delivers them late */
        zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate, sizeof(immediate));
    }
    return socket;
}

enum how { BIND, CONNECT };

static enum err attach(void *socket, const struct buf *path, enum how how, const struct log *log)
{
    const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    struct buf endpoint = {0};
    int rc;

    if (path->len > path_max) {
        log_event(log, LOG_ERROR, "path_too_long",
                  "path=%s is %zu bytes, an ipc address holds %zu: choose a shorter --dir",
                  path->data, path->len, path_max);
        return ERR_INVALID;
    }
    buf_printf(&endpoint, "ipc://%s", path->data);
    buf_add_char(&endpoint, '\0');
    rc = how == BIND ? zmq_bind(socket, endpoint.data) : zmq_connect(socket, endpoint.data);
    if (rc != 0) {
        log_event(log, LOG_ERROR, how == BIND ? "bind_failed" : "connect_failed",
                  "endpoint=%s error=\"%s\"", endpoint.data, zmq_strerror(zmq_errno()));
    }
    buf_fini(&endpoint);
    return rc == 0 ? ERR_OK : ERR_IO;
}

static enum err open_link(struct sockets *self, const struct actor_options *options, size_t at)
{
    const struct actor_link *link = &options->links[at];
    struct socket_link *sockets = &self->links[at];
    struct buf path = socket_path(options, link->to, link->index, "commands");
    enum err err;

    sockets->blocked = true;
    sockets->dealer = make(self, ZMQ_DEALER, commands_out_max, commands_in_max, frame_max);
    err = attach(sockets->dealer, &path, CONNECT, options->log);
    buf_fini(&path);
    if (err != ERR_OK || link->follower == NULL) {
        return err;
    }
    sockets->sub = make(self, ZMQ_SUB, facts_in_max, subscriptions_out_max, frame_max);
    for (size_t i = 0; link->topics != NULL && link->topics[i] != NULL; i++) {
        struct str topic = str_from(link->topics[i]);

        zmq_setsockopt(sockets->sub, ZMQ_SUBSCRIBE, topic.data, topic.len);
    }
    path = socket_path(options, link->to, link->index, "facts");
    err = attach(sockets->sub, &path, CONNECT, options->log);
    buf_fini(&path);
    return err;
}

enum err sockets_open(struct sockets *self, const struct actor_options *options)
{
    enum actor_name name = options->spec->name;
    enum err err;

    *self = (struct sockets){.link_count = options->link_count};
    self->links = calloc(options->link_count + 1, sizeof(*self->links));
    self->context = zmq_ctx_new();
    assert(self->links != NULL && self->context != NULL);
    self->commands_path = socket_path(options, name, options->index, "commands");
    self->facts_path = socket_path(options, name, options->index, "facts");
    self->facts = make(self, ZMQ_XPUB, facts_in_max, facts_out_max, subscription_bytes_max);
    self->commands = make(self, ZMQ_ROUTER, commands_in_max, answers_out_max, frame_max);
    /* Facts first: who has an answer from us can subscribe. */
    err = attach(self->facts, &self->facts_path, BIND, options->log);
    if (err == ERR_OK) {
        err = attach(self->commands, &self->commands_path, BIND, options->log);
    }
    for (size_t i = 0; i < options->link_count && err == ERR_OK; i++) {
        err = open_link(self, options, i);
    }
    return err;
}

static void close_socket(void *socket)
{
    if (socket != NULL) {
        zmq_close(socket);
    }
}

static void remove_path(struct buf *path)
{
    if (path->data != NULL) {
        unlink(path->data);
    }
    buf_fini(path);
}

void sockets_close(struct sockets *self)
{
    for (size_t i = 0; self->links != NULL && i < self->link_count; i++) {
        close_socket(self->links[i].dealer);
        close_socket(self->links[i].sub);
    }
    free(self->links);
    close_socket(self->commands);
    close_socket(self->facts);
    if (self->context != NULL) {
        while (zmq_ctx_term(self->context) != 0 && zmq_errno() == EINTR) {
        }
    }
    remove_path(&self->commands_path);
    remove_path(&self->facts_path);
    *self = (struct sockets){0};
}

void frame_fini(struct frame *frame)
{
    for (unsigned i = 0; i < frame->count; i++) {
        zmq_msg_close(&frame->messages[i]);
    }
    frame->count = 0;
}

/* The rest of a frame whose beginning was taken: it is all there. */
static void drop_rest(void *socket)
{
    zmq_msg_t message;
    int more;

    zmq_msg_init(&message);
    do {
        more = zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&message);
    } while (more);
    zmq_msg_close(&message);
}

enum received sockets_receive(struct sockets *self, void *socket, struct frame *frame,
                              unsigned count)
{
    assert(count <= frame_parts_max);
    frame_fini(frame);
    for (unsigned i = 0; i < count; i++) {
        zmq_msg_t *message = &frame->messages[i];
        bool last = i + 1 == count;

        zmq_msg_init(message);
        frame->count = i + 1;
        if (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0) {
            return RECEIVED_NOTHING;
        }
        frame->parts[i] = (struct str){zmq_msg_data(message), zmq_msg_size(message)};
        self->counts.bytes_in += frame->parts[i].len;
        if ((zmq_msg_more(message) != 0) == last) {
            if (last) {
                drop_rest(socket);
            }
            self->counts.odd_frames++;
            return RECEIVED_ODD;
        }
    }
    self->counts.frames_in++;
    return RECEIVED;
}

static bool send_part(struct sockets *self, void *socket, struct str part, int flags)
{
    if (zmq_send(socket, part.data, part.len, flags | ZMQ_DONTWAIT) < 0) {
        return false;
    }
    self->counts.bytes_out += part.len;
    return true;
}

static bool send_command(struct sockets *self, const struct actor_options *options,
                         const struct outbox_item *item)
{
    for (size_t i = 0; i < options->link_count; i++) {
        struct socket_link *link = &self->links[i];

        if (options->links[i].to == item->actor && options->links[i].index == item->index) {
            link->blocked = !send_part(self, link->dealer, item->frame, 0);
            return !link->blocked;
        }
    }
    return false;
}

void sockets_send(struct sockets *self, const struct actor_options *options, struct outbox *out,
                  enum outbox_lane lane)
{
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(out, lane, &cursor, &item)) {
        bool sent = false;

        switch (item.kind) {
        case OUTBOX_REPLY: {
            struct str to = {(const char *)item.address.bytes, item.address.len};

            sent = send_part(self, self->commands, to, ZMQ_SNDMORE) &&
                   send_part(self, self->commands, item.frame, 0);
            break;
        }
        case OUTBOX_COMMAND:
            sent = send_command(self, options, &item);
            break;
        case OUTBOX_FACT:
            sent = send_part(self, self->facts, item.topic, ZMQ_SNDMORE) &&
                   send_part(self, self->facts, item.frame, 0);
            break;
        case OUTBOX_PEER:
        case OUTBOX_PEER_OPEN:
        case OUTBOX_PEER_CLOSE:
            break;
        }
        if (sent) {
            self->counts.frames_out++;
        } else {
            self->counts.send_dropped++;
        }
    }
    outbox_clear(out, lane);
}
