/* One ZeroMQ socket as an actor makes it, and what the sockets of one process share.
 *
 * Nothing here waits for long: a socket reconnects at once, gives up a tcp connection whose other
 * end is silent for 4 s, and gives one that is accepted 1 s to say who it is. With keys every tcp
 * socket is encrypted.
 */
#ifndef COMMON_RUNTIME_SOCKET_H
#define COMMON_RUNTIME_SOCKET_H

#include <zmq.h>

#include "common/runtime/actor.h"
#include "common/runtime/curve.h"
#include "common/runtime/listeners.h"

enum { frame_parts_max = 2 };

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

struct socket_base {
    void *context;
    struct curve_guard guard;   /* of the context's tcp sockets; closed without keys */
    struct listeners listeners; /* those of them that are bound */
};

struct socket_limits {
    int in_max; /* frames */
    int out_max;
    int64_t bytes_max; /* of a frame */
    int linger_ms;
};
/* The caller closes it (zmq_close). NULL: no descriptor is left for it. */
void *socket_make(struct socket_base *base, int type, struct socket_limits limits);

/* address: ipc://PATH, NUL behind. Errors, said on the log: ERR_INVALID (the path is longer than
 * an ipc address holds), ERR_IO. */
enum err socket_attach_ipc(void *socket, const struct buf *address, bool bind,
                           const struct log *log);
/* Binds at host:port + more, encrypted with keys. Errors, said on the log: ERR_IO. */
enum err socket_bind_tcp(struct socket_base *base, const struct actor_options *options,
                         void *socket, const char *host_port, uint32_t more);
/* key: of who must be there, Z85; NULL: found by host (curve_key_of). Not looked at without keys of
 * our own. Errors, said on the log: ERR_IO. */
enum err socket_connect_tcp(const struct actor_options *options, void *socket,
                            const char *host_port, uint32_t more, const char *key);
/* From where it was connected to so. */
void socket_disconnect_tcp(void *socket, const char *host_port, uint32_t more);

#endif
