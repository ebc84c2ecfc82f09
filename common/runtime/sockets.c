#include "common/runtime/sockets.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/runtime/endpoint.h"

enum { linger_ms = 200 };

static const struct socket_limits commands_limits = {
    .in_max = 10000,
    .out_max = 1000, /* frames, one a turn, for one that does not read */
    .bytes_max = frame_max,
    .linger_ms = linger_ms};
static const struct socket_limits facts_limits = {
    .in_max = 100000, /* a slow follower loses what is beyond out_max, and asks for it */
    .out_max = 20000,
    .bytes_max = 4096, /* of a subscription */
    .linger_ms = linger_ms};
static const struct socket_limits dealer_limits = {
    .in_max = 100000, .out_max = 10000, .bytes_max = frame_max, .linger_ms = linger_ms};
static const struct socket_limits sub_limits = {
    .in_max = 100000, .out_max = 1000, .bytes_max = frame_max, .linger_ms = linger_ms};

/* At start there are descriptors for it. */
static void *socket_begin(struct socket_base *base, int type, struct socket_limits limits)
{
    void *socket = socket_make(base, type, limits);

    assert(socket != NULL);
    return socket;
}

/* Where actor `to` is, as endpoint.h says. */
static enum err connect_to(const struct actor_options *options, void *socket,
                           const struct actor_link *link, enum endpoint_socket which)
{
    const struct endpoint *at = options->at != NULL ? &options->at[link->to] : NULL;
    struct buf address;
    enum err err;

    if (at != NULL && at->tcp != NULL) {
        return socket_connect_tcp(options, socket, at->tcp, endpoint_more(link->index, which),
                                  NULL);
    }
    address = endpoint_ipc(options->run_dir, link->to, link->index, which);
    err = socket_attach_ipc(socket, &address, false, options->log);
    buf_fini(&address);
    return err;
}

static enum err open_link(struct sockets *self, const struct actor_options *options, size_t at)
{
    const struct actor_link *link = &options->links[at];
    struct socket_link *sockets = &self->links[at];
    enum err err;

    sockets->blocked = true;
    sockets->dealer = socket_begin(&self->base, ZMQ_DEALER, dealer_limits);
    err = connect_to(options, sockets->dealer, link, ENDPOINT_COMMANDS);
    if (err != ERR_OK || link->follower == NULL) {
        return err;
    }
    sockets->sub = socket_begin(&self->base, ZMQ_SUB, sub_limits);
    return connect_to(options, sockets->sub, link, ENDPOINT_FACTS);
}

static void subscribe(void *sub, int option, const char *const *topics)
{
    for (; topics != NULL && *topics != NULL; topics++) {
        zmq_setsockopt(sub, option, *topics, strlen(*topics));
    }
}

/* The new ones first: what is in both is counted, so that it stays without a gap. */
void sockets_follow(struct sockets *self, size_t at, const char *const *topics)
{
    struct socket_link *link = &self->links[at];

    if (link->sub != NULL && link->topics != topics) {
        subscribe(link->sub, ZMQ_SUBSCRIBE, topics);
        subscribe(link->sub, ZMQ_UNSUBSCRIBE, link->topics);
        link->topics = topics;
    }
}

/* ipc first: a socket's options hold for what is bound after they are set. */
static enum err bind_own(struct sockets *self, const struct actor_options *options, void *socket,
                         struct buf *ipc, enum endpoint_socket which)
{
    enum actor_name name = options->spec->name;
    const char *tcp = options->at != NULL ? options->at[name].tcp : NULL;
    enum err err;

    *ipc = endpoint_ipc(options->run_dir, name, options->index, which);
    err = socket_attach_ipc(socket, ipc, true, options->log);
    return err == ERR_OK && tcp != NULL ? socket_bind_tcp(&self->base, options, socket, tcp,
                                                          endpoint_more(options->index, which))
                                        : err;
}

enum err sockets_open(struct sockets *self, const struct actor_options *options)
{
    enum err err;

    *self = (struct sockets){.link_count = options->link_count, .peers.base = &self->base};
    self->links = heap_array(options->link_count, sizeof(*self->links));
    self->base.context = zmq_ctx_new();
    assert(self->base.context != NULL);
    self->facts = socket_begin(&self->base, ZMQ_XPUB, facts_limits);
    self->commands = socket_begin(&self->base, ZMQ_ROUTER, commands_limits);
    /* Facts first: who has an answer from us can subscribe. */
    err = bind_own(self, options, self->facts, &self->facts_at, ENDPOINT_FACTS);
    if (err == ERR_OK) {
        err = bind_own(self, options, self->commands, &self->commands_at, ENDPOINT_COMMANDS);
    }
    if (err == ERR_OK && options->spec->door_handler_count > 0) {
        err = peer_sockets_open_door(&self->peers, options);
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

static void remove_file(struct buf *address)
{
    if (address->data != NULL) {
        unlink(address->data + strlen("ipc://"));
    }
    buf_fini(address);
}

void sockets_close(struct sockets *self)
{
    for (size_t i = 0; self->links != NULL && i < self->link_count; i++) {
        close_socket(self->links[i].dealer);
        close_socket(self->links[i].sub);
    }
    free(self->links);
    peer_sockets_fini(&self->peers);
    listeners_close(&self->base.listeners);
    close_socket(self->commands);
    close_socket(self->facts);
    curve_guard_close(&self->base.guard);
    if (self->base.context != NULL) {
        while (zmq_ctx_term(self->base.context) != 0 && zmq_errno() == EINTR) {
        }
    }
    remove_file(&self->commands_at);
    remove_file(&self->facts_at);
    *self = (struct sockets){0};
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
    used_add(&self->used, socket);
    frame_fini(frame);
    for (unsigned i = 0; i < count; i++) {
        zmq_msg_t *message = &frame->messages[i];
        bool last = i + 1 == count;

        zmq_msg_init(message);
        frame->count = i + 1;
        if (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0) {
            if (zmq_errno() == EAGAIN) {
                used_empty(&self->used, socket);
            }
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
    used_add(&self->used, socket);
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
            void *socket = item.address.door ? self->peers.door : self->commands;

            sent =
                send_part(self, socket, to, ZMQ_SNDMORE) && send_part(self, socket, item.frame, 0);
            break;
        }
        case OUTBOX_COMMAND:
            sent = send_command(self, options, &item);
            break;
        case OUTBOX_FACT:
            sent = send_part(self, self->facts, item.topic, ZMQ_SNDMORE) &&
                   send_part(self, self->facts, item.frame, 0);
            break;
        case OUTBOX_PEER: {
            void *dealer = self->peers.ways != NULL ? self->peers.ways[item.index].dealer : NULL;

            sent = dealer != NULL && send_part(self, dealer, item.frame, 0);
            peer_sockets_sent(&self->peers, item.index, sent);
            break;
        }
        case OUTBOX_PEER_OPEN:
            peer_sockets_open(&self->peers, options, item.index, item.topic, item.frame);
            continue;
        case OUTBOX_PEER_CLOSE:
            peer_sockets_close(&self->peers, item.index);
            continue;
        case OUTBOX_DOOR_OPEN:
            peer_sockets_open_tcp_door(&self->peers, options);
            continue;
        }
        if (sent) {
            self->counts.frames_out++;
        } else {
            self->counts.send_dropped++;
        }
    }
    outbox_clear(out, lane);
}
