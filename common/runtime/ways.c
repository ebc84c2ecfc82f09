/* The tcp side of an actor's sockets: the door and the ways to other nodes, and what every
 * connection that leaves the host needs. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/host_port.h"
#include "common/config/draft.h"
#include "common/runtime/sockets.h"

enum {
    tcp_reconnect_ms = 100,
    tcp_reconnect_max_ms = 1000,
    tcp_connect_wait_ms = 2000, /* the system's own would be two minutes after a partition */
    handshake_wait_ms = 5000,
    stranger_wait_ms = 1000, /* one that says nothing is not kept longer */
    heartbeat_ms = 1000,
    silence_max_ms = 4000,
};

static void set(void *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket, option, &value, sizeof(value));

    assert(rc == 0);
    (void)rc;
}

void *socket_make(struct sockets *self, int type, struct socket_limits limits)
{
    void *socket = zmq_socket(self->context, type);

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

enum err socket_bind_tcp(struct sockets *self, const struct actor_options *options, void *socket,
                         const char *host_port, uint32_t more)
{
    struct buf address = endpoint_tcp(host_port, more);
    struct host_port parsed = {0};
    enum err err = host_port_parse(str_from(host_port), &parsed);

    assert(err == ERR_OK); /* the configuration checked it */
    prepare_tcp(socket, &address, stranger_wait_ms);
    if (options->keys != NULL) {
        if (self->guard.socket == NULL) {
            curve_guard_open(&self->guard, options->keys, self->context);
        }
        curve_serve(options->keys, socket);
    }
    err = listeners_bind(&self->listeners, self->context, socket, parsed.host, parsed.port + more);
    if (err != ERR_OK) {
        log_event(options->log, LOG_ERROR, "bind_failed",
                  "endpoint=%s error=\"%s\": choose a free port of an address of this host in "
                  "endpoints.* or peers.listen",
                  address.data, strerror(errno));
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
        log_event(options->log, LOG_ERROR, "connect_failed", "endpoint=%s error=\"%s\"",
                  address.data, zmq_strerror(zmq_errno()));
    }
    buf_fini(&address);
    return rc == 0 ? ERR_OK : ERR_IO;
}

/* ── other nodes ── */

static const struct socket_limits way_limits = {way_frames_max, way_frames_max, frame_max, 0};

enum err sockets_open_door(struct sockets *self, const struct actor_options *options)
{
    struct buf path = endpoint_door(options->run_dir, options->spec->name);
    enum err err;

    self->door = socket_make(self, ZMQ_ROUTER, way_limits);
    assert(self->door != NULL);               /* at start */
    set(self->door, ZMQ_ROUTER_MANDATORY, 1); /* so that an answer that is dropped is counted */
    buf_printf(&self->door_at, "ipc://%.*s%c", STR_ARG(path), 0);
    buf_fini(&path);
    err = socket_attach_ipc(self->door, &self->door_at, true, options->log);
    if (err == ERR_OK && options->door != NULL && !options->door_waits) {
        err = socket_bind_tcp(self, options, self->door, options->door, 0);
    }
    return err;
}

void sockets_open_tcp_door(struct sockets *self, const struct actor_options *options)
{
    if (self->door != NULL && options->door != NULL && options->door_waits) {
        (void)socket_bind_tcp(self, options, self->door, options->door, 0);
    }
}

/* A socket that another user could have put there is nobody's door. */
static bool is_own_socket(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

static enum err connect_ipc(const struct actor_options *options, void *dealer, struct str endpoint)
{
    struct buf address = {0};
    enum err err = ERR_REFUSED;

    buf_printf(&address, "%.*s%c", STR_ARG(endpoint), 0);
    if (is_own_socket(address.data + strlen("ipc://"))) {
        err = socket_attach_ipc(dealer, &address, false, options->log);
    } else {
        log_event(options->log, LOG_WARN, "peer_refused",
                  "endpoint=%s: there is no socket of this user", address.data);
    }
    buf_fini(&address);
    return err;
}

void sockets_sender_key(const struct frame *frame, char key[address_key_chars])
{
    /* libzmq says it of the last part, not of the routing id before it */
    const char *user = zmq_msg_gets(&frame->messages[frame->count - 1], "User-Id");

    memset(key, 0, address_key_chars);
    if (user != NULL && strlen(user) == curve_key_chars) {
        memcpy(key, user, address_key_chars);
    }
}

/* What others told the core may be nothing to connect to, or nothing to trust: then the way stays
 * closed, and what is sent through it is dropped. */
void sockets_open_way(struct sockets *self, const struct actor_options *options, uint32_t peer,
                      struct str endpoint, struct str key)
{
    struct host_port address;
    char server_key[curve_key_chars + 1];
    char text[256];
    bool ipc = str_starts(endpoint, STR("ipc:///"));
    void *dealer;

    sockets_close_way(self, peer);
    if (endpoint.len >= sizeof(text) ||
        (!ipc &&
         (host_port_parse(endpoint, &address) != ERR_OK || address.wildcard || address.port == 0 ||
          (options->keys != NULL && !curve_key_from(key, server_key))))) {
        log_event(options->log, LOG_WARN, "peer_refused", "endpoint=%.*s: %s",
                  (int)(endpoint.len < sizeof(text) ? endpoint.len : sizeof(text)), endpoint.data,
                  options->keys != NULL ? "no host:port with a public key; give that node keys too"
                                        : "no host:port");
        return;
    }
    if (!ipc && options->keys != NULL &&
        curve_is_anothers(options->keys, host_of(endpoint), server_key)) {
        log_event(options->log, LOG_WARN, "peer_refused",
                  "endpoint=%.*s: the key it is told with is not that of the .pub file named after "
                  "its host; copy that node's .pub again if it has a new key",
                  STR_ARG(endpoint));
        return;
    }
    memcpy(text, endpoint.data, endpoint.len);
    text[endpoint.len] = '\0';
    dealer = socket_make(self, ZMQ_DEALER, way_limits);
    if (dealer == NULL) {
        log_event(options->log, LOG_WARN, "way_closed",
                  "endpoint=%s: no descriptor is left for a connection to it; raise the limit of "
                  "open files (ulimit -n, LimitNOFILE=)",
                  text);
        return;
    }
    if ((ipc ? connect_ipc(options, dealer, endpoint)
             : socket_connect_tcp(options, dealer, text, 0, server_key)) != ERR_OK) {
        zmq_close(dealer);
        return;
    }
    if (self->ways == NULL) {
        self->ways = calloc(outbox_peers_max, sizeof(*self->ways));
        assert(self->ways != NULL);
    }
    self->ways[peer] = (struct socket_way){.dealer = dealer};
    self->way_numbers[self->way_count++] = peer;
    self->ways_changed = true;
}

void sockets_close_way(struct sockets *self, uint32_t peer)
{
    struct socket_way *way = self->ways != NULL ? &self->ways[peer] : NULL;
    uint32_t at = 0;

    if (way == NULL || way->dealer == NULL) {
        return;
    }
    frame_fini(&way->in.frame);
    zmq_close(way->dealer);
    *way = (struct socket_way){0};
    while (self->way_numbers[at] != peer) {
        at++;
    }
    self->way_numbers[at] = self->way_numbers[--self->way_count];
    self->ways_changed = true;
}
