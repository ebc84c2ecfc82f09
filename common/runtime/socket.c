#include "common/runtime/socket.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/host_port.h"
#include "common/config/draft.h"
#include "common/runtime/endpoint.h"

enum {
    ipc_reconnect_ms = 10,
    ipc_reconnect_max_ms = 100,
    tcp_reconnect_ms = 100,
    tcp_reconnect_max_ms = 1000,
    tcp_connect_wait_ms = 2000, /* the system's own would be two minutes after a partition */
    handshake_wait_ms = 5000,
    stranger_wait_ms = 1000, /* one that says nothing is not kept longer */
    heartbeat_ms = 1000,
    silence_max_ms = 4000,
};

void frame_fini(struct frame *frame)
{
    for (unsigned i = 0; i < frame->count; i++) {
        zmq_msg_close(&frame->messages[i]);
    }
    frame->count = 0;
}

static void set(void *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket, option, &value, sizeof(value));

    assert(rc == 0);
    (void)rc;
}

void *socket_make(struct socket_base *base, int type, struct socket_limits limits)
{
    void *socket = zmq_socket(base->context, type);

    if (socket == NULL) {
        return NULL;
    }
    set(socket, ZMQ_LINGER, limits.linger_ms);
    set(socket, ZMQ_RCVHWM, limits.in_max);
    set(socket, ZMQ_SNDHWM, limits.out_max);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &limits.bytes_max, sizeof(limits.bytes_max));
    if (type ==
        ZMQ_DEALER) { /* else it keeps commands for an absent actor and delivers them late */
        set(socket, ZMQ_IMMEDIATE, 1);
    }
    return socket;
}

enum err socket_attach_ipc(void *socket, const struct buf *address, bool bind,
                           const struct log *log)
{
    const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    const char *path = address->data + strlen("ipc://");
    int rc;

    if (strlen(path) > path_max) {
        log_event(log, LOG_ERROR, "path_too_long", "choose a shorter --dir", log_text("path", path),
                  log_uint("bytes", strlen(path)), log_uint("bytes_max", path_max));
        return ERR_INVALID;
    }
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &(int){ipc_reconnect_ms}, sizeof(int));
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &(int){ipc_reconnect_max_ms}, sizeof(int));
    rc = bind ? zmq_bind(socket, address->data) : zmq_connect(socket, address->data);
    if (rc != 0) {
        log_event(log, LOG_ERROR, bind ? "bind_failed" : "connect_failed", NULL,
                  log_text("endpoint", address->data),
                  log_text("error", zmq_strerror(zmq_errno())));
    }
    return rc == 0 ? ERR_OK : ERR_IO;
}

/* Before the bind or connect it is for; what was bound before stays as it is. */
static void prepare_tcp(void *socket, const struct buf *address, int handshake_ms)
{
    set(socket, ZMQ_RECONNECT_IVL, tcp_reconnect_ms);
    set(socket, ZMQ_RECONNECT_IVL_MAX, tcp_reconnect_max_ms);
    set(socket, ZMQ_CONNECT_TIMEOUT, tcp_connect_wait_ms);
    set(socket, ZMQ_HANDSHAKE_IVL, handshake_ms);
    set(socket, ZMQ_HEARTBEAT_IVL, heartbeat_ms);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, silence_max_ms);
    set(socket, ZMQ_HEARTBEAT_TTL, silence_max_ms);
    set(socket, ZMQ_IPV6, memchr(address->data, '[', address->len) != NULL ? 1 : 0);
}

enum err socket_bind_tcp(struct socket_base *base, const struct actor_options *options,
                         void *socket, const char *host_port, uint32_t more)
{
    struct buf address = endpoint_tcp(host_port, more);
    struct host_port parsed = {0};
    enum err err = host_port_parse(str_from(host_port), &parsed);

    assert(err == ERR_OK); /* the configuration checked it */
    prepare_tcp(socket, &address, stranger_wait_ms);
    if (options->keys != NULL) {
        if (base->guard.socket == NULL) {
            curve_guard_open(&base->guard, options->keys, base->context);
        }
        curve_serve(options->keys, socket);
    }
    err = listeners_bind(&base->listeners, base->context, socket, parsed.host, parsed.port + more);
    if (err != ERR_OK) {
        log_event(options->log, LOG_ERROR, "bind_failed",
                  "choose a free port of an address of this host in endpoints.* or "
                  "peers.listen",
                  log_text("endpoint", address.data), log_text("error", strerror(errno)));
    }
    buf_fini(&address);
    return err;
}

enum err socket_connect_tcp(const struct actor_options *options, void *socket,
                            const char *host_port, uint32_t more, const char *key)
{
    struct buf address = endpoint_tcp(host_port, more);
    int rc;

    prepare_tcp(socket, &address, handshake_wait_ms);
    if (options->keys != NULL) {
        curve_connect(options->keys, socket,
                      key != NULL ? key
                                  : curve_key_of(options->keys, host_of(str_from(host_port))));
    }
    rc = zmq_connect(socket, address.data);
    if (rc != 0) {
        log_event(options->log, LOG_ERROR, "connect_failed", NULL,
                  log_text("endpoint", address.data), log_text("error", zmq_strerror(zmq_errno())));
    }
    buf_fini(&address);
    return rc == 0 ? ERR_OK : ERR_IO;
}

void socket_disconnect_tcp(void *socket, const char *host_port, uint32_t more)
{
    struct buf address = endpoint_tcp(host_port, more);

    (void)zmq_disconnect(socket, address.data);
    buf_fini(&address);
}
