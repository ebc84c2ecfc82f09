/* The ZeroMQ sockets of one actor: its own two, a pair for every actor it is linked to, and those
 * to other nodes: the door they come to, and a way out to each. Nothing here waits; what can't be
 * sent at once is dropped and counted. A node that is away, hangs or does not read costs the frames
 * queued for it, way_frames_max at most.
 *
 * Within the node sockets are ipc, and tcp too where endpoint.h says so; to other nodes they are
 * tcp. With keys every tcp socket is encrypted. A tcp connection whose other end is silent for 4 s
 * is given up and made anew; one that is accepted has 1 s to say who it is.
 */
#ifndef COMMON_RUNTIME_SOCKETS_H
#define COMMON_RUNTIME_SOCKETS_H

#include <zmq.h>

#include "common/runtime/actor.h"
#include "common/runtime/curve.h"
#include "common/runtime/endpoint.h"
#include "common/runtime/listeners.h"
#include "common/runtime/wait.h"

enum { frame_parts_max = 2, way_frames_max = 64 };

/* What was received last; {0} at first. */
struct frame {
    zmq_msg_t messages[frame_parts_max];
    struct str parts[frame_parts_max]; /* borrowed from messages until the next receive or fini */
    unsigned count;
};
void frame_fini(struct frame *frame);

/* A frame that a turn could not finish stays here for the next. */
struct inbox {
    struct frame frame;
    struct str rest;
};

/* One way to another actor. */
struct socket_link {
    void *dealer;
    void *sub;    /* NULL: not followed */
    bool blocked; /* a command found no connection, and it has not opened since */
};

/* One way to another node. */
struct socket_way {
    void *dealer; /* NULL: closed */
    struct inbox in;
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
    void *context;
    void *commands;             /* ROUTER */
    void *facts;                /* XPUB */
    void *door;                 /* ROUTER; NULL: none */
    struct curve_guard guard;   /* of the context's tcp sockets; closed without keys */
    struct listeners listeners; /* those of them that are bound */
    struct socket_link *links;  /* in the order of actor_options.links */
    size_t link_count;
    struct socket_way *ways;                /* outbox_peers_max, by number; NULL before the first */
    uint32_t way_numbers[outbox_peers_max]; /* of the open ones */
    uint32_t way_count;
    bool ways_changed;      /* since the shell looked last, which sets it false */
    struct buf commands_at; /* ipc addresses of the bound sockets, for removing them; NUL behind */
    struct buf facts_at;
    struct buf door_at;
    struct used used; /* for the wait */
    struct socket_counts counts;
};

/* Binds and connects all. Errors, said on the log: ERR_INVALID (a path too long for
 * an ipc address), ERR_IO. sockets_close also after an error. */
enum err sockets_open(struct sockets *self, const struct actor_options *options);
/* Gives what is still queued within the node 200 ms, then closes and removes the socket files. */
void sockets_close(struct sockets *self);

enum received {
    RECEIVED,
    RECEIVED_NOTHING,
    RECEIVED_ODD, /* counted and thrown away */
};

/* Takes one frame that must have `count` parts. */
enum received sockets_receive(struct sockets *self, void *socket, struct frame *frame,
                              unsigned count);

/* The beginning of the key that the sender of a frame has proved; zeros: none. */
void sockets_sender_key(const struct frame *frame, char key[address_key_chars]);

/* Sends one lane of the outbox, opens and closes ways, and clears the lane. */
void sockets_send(struct sockets *self, const struct actor_options *options, struct outbox *out,
                  enum outbox_lane lane);

/* ── parts of the above, in ways.c ── */

struct socket_limits {
    int in_max; /* frames */
    int out_max;
    int64_t bytes_max; /* of a frame */
    int linger_ms;
};
/* NULL: no descriptor is left for it. */
void *socket_make(struct sockets *self, int type, struct socket_limits limits);

/* Binds at host:port + more, encrypted with keys. Errors, said on the log: ERR_IO. */
enum err socket_bind_tcp(struct sockets *self, const struct actor_options *options, void *socket,
                         const char *host_port, uint32_t more);
/* key: of who must be there, Z85; NULL: found by host (curve_key_of). Not looked at without keys of
 * our own. Errors, said on the log: ERR_IO. */
enum err socket_connect_tcp(const struct actor_options *options, void *socket,
                            const char *host_port, uint32_t more, const char *key);

/* The ipc one, and the tcp one unless it waits; sockets_open_tcp_door: that one then. Errors, said
 * on the log: ERR_INVALID, ERR_IO. */
enum err socket_attach_ipc(void *socket, struct buf *address, bool bind, const struct log *log);
void sockets_open_tcp_door(struct sockets *self, const struct actor_options *options);
enum err sockets_open_door(struct sockets *self, const struct actor_options *options);
void sockets_open_way(struct sockets *self, const struct actor_options *options, uint32_t peer,
                      struct str endpoint, struct str key);
void sockets_close_way(struct sockets *self, uint32_t peer);

#endif
