/* The ZeroMQ sockets of one actor: its own two, a pair for every actor it is linked to, and those
 * to other nodes. Within the node they are ipc, and tcp too where endpoint.h says so. Nothing here
 * waits; what can't be sent at once is dropped and counted.
 */
#ifndef COMMON_RUNTIME_SOCKETS_H
#define COMMON_RUNTIME_SOCKETS_H

#include "common/runtime/peer_sockets.h"
#include "common/runtime/wait.h"

/* One way to another actor. */
struct socket_link {
    void *dealer;
    void *sub;                 /* NULL: not followed */
    const char *const *topics; /* subscribed to; NULL: nothing */
    bool blocked;              /* a command found no connection, and it has not opened since */
};

struct socket_counts {
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t send_dropped; /* no connection, or its queue is full */
    uint64_t odd_frames;   /* not the number of parts they should have */
};

struct sockets {
    struct socket_base base;
    void *commands;            /* ROUTER */
    void *facts;               /* XPUB */
    struct socket_link *links; /* in the order of actor_options.links */
    size_t link_count;
    struct peer_sockets peers;
    struct buf commands_at; /* ipc addresses of the bound sockets, for removing them; NUL behind */
    struct buf facts_at;
    struct used used; /* for the wait */
    struct socket_counts counts;
};

/* Binds and connects all. Errors, said on the log: ERR_INVALID (a path too long for
 * an ipc address), ERR_IO. sockets_close also after an error. */
enum err sockets_open(struct sockets *self, const struct actor_options *options);
/* Gives what is still queued within the node 200 ms, then closes and removes the socket files. */
void sockets_close(struct sockets *self);

/* Subscribes to the topics over link `at`, and to no others. */
void sockets_follow(struct sockets *self, size_t at, const char *const *topics);

enum received {
    RECEIVED,
    RECEIVED_NOTHING,
    RECEIVED_ODD, /* counted and thrown away */
};

/* Takes one frame that must have `count` parts. */
enum received sockets_receive(struct sockets *self, void *socket, struct frame *frame,
                              unsigned count);

/* Sends one lane of the outbox, opens and closes ways, and clears the lane. */
void sockets_send(struct sockets *self, const struct actor_options *options, struct outbox *out,
                  enum outbox_lane lane);

#endif
