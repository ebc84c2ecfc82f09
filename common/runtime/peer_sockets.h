/* The sockets of an actor to other nodes: the door they come to, and a way out to each. What can't
 * be sent at once is dropped: a node that is away, hangs or does not read costs the frames queued
 * for it, way_frames_max at most. A door that is given by a name is looked up beside the loop, and
 * anew while the node is not reached.
 */
#ifndef COMMON_RUNTIME_PEER_SOCKETS_H
#define COMMON_RUNTIME_PEER_SOCKETS_H

#include "common/base/resolver.h"
#include "common/runtime/socket.h"
#include "common/runtime/way_name.h"

enum { way_frames_max = 8 };

struct peer_socket {
    void *dealer; /* NULL: closed */
    struct inbox in;
    struct way_name *name; /* owned; NULL: it is no name's */
};

struct peer_sockets {
    struct socket_base *base;           /* borrowed */
    void *door;                         /* ROUTER; NULL: none */
    struct buf door_at;                 /* its ipc address, for removing it; NUL behind */
    int64_t door_due_ms;                /* mono: not before, the tcp door is to be bound … */
    int64_t door_pause_ms;              /* … so long after a try that failed; 0: it is not */
    struct peer_socket *ways;           /* outbox_peers_max, by number; NULL before the first */
    uint32_t numbers[outbox_peers_max]; /* of the open ones */
    uint32_t count;
    struct resolver *resolver; /* NULL before the first name */
    bool changed;              /* since the shell looked last, which sets it false */
};

/* The ipc door, and the tcp one unless it waits. Errors, said on the log: ERR_INVALID, ERR_IO. */
enum err peer_sockets_open_door(struct peer_sockets *self, const struct actor_options *options);
/* That one then, by the next peer_sockets_step. */
void peer_sockets_open_tcp_door(struct peer_sockets *self, const struct actor_options *options);
/* Once a turn. Names are looked up, and connected to where they were found to stand: what hinders
 * that is said once on the log. A port that somebody else holds is said on the log and tried again,
 * after 1 s first and 60 s at last: other nodes are told of the door by then, and come back to it.
 * True: the door has been bound. */
bool peer_sockets_step(struct peer_sockets *self, const struct actor_options *options,
                       int64_t now_ms);

/* mono ms of the next step; INT64_MAX: any turn will do. */
int64_t peer_sockets_due_ms(const struct peer_sockets *self, int64_t now_ms);

/* What others told the core may be nothing to connect to, or nothing to trust: then the way stays
 * closed, which the log says, and what is sent through it is dropped. */
void peer_sockets_open(struct peer_sockets *self, const struct actor_options *options,
                       uint32_t peer, struct str endpoint, struct str key);
void peer_sockets_close(struct peer_sockets *self, uint32_t peer);
/* Whether what was sent last through an open way found a connection. */
void peer_sockets_sent(struct peer_sockets *self, uint32_t peer, bool sent);

/* The ways and the door, whose socket file goes. */
void peer_sockets_fini(struct peer_sockets *self);

/* The beginning of the key that the sender of a frame has proved; zeros: none. */
void frame_sender_key(const struct frame *frame, char key[address_key_chars]);

#endif
