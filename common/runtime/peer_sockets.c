#include "common/runtime/peer_sockets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/runtime/endpoint.h"

static const int64_t door_pause_ms = 1000;
static const int64_t door_pause_max_ms = (int64_t)60 * 1000;
static const struct socket_limits limits = {way_frames_max, way_frames_max, frame_max, 0};

/* ── the door ───────────────────────────────────────────────────────────────*/

enum err peer_sockets_open_door(struct peer_sockets *self, const struct actor_options *options)
{
    struct buf path = endpoint_door(options->run_dir, options->spec->name);
    int mandatory = 1; /* so that an answer that is dropped is counted */
    enum err err;

    self->door = socket_make(self->base, ZMQ_ROUTER, limits);
    assert(self->door != NULL); /* at start */
    zmq_setsockopt(self->door, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof(mandatory));
    buf_printf(&self->door_at, "ipc://%.*s%c", STR_ARG(path), 0);
    buf_fini(&path);
    err = socket_attach_ipc(self->door, &self->door_at, true, options->log);
    if (err == ERR_OK && options->door != NULL && !options->door_waits) {
        err = socket_bind_tcp(self->base, options, self->door, options->door, 0);
    }
    return err;
}

void peer_sockets_open_tcp_door(struct peer_sockets *self, const struct actor_options *options)
{
    if (self->door != NULL && options->door != NULL && options->door_waits) {
        self->door_due_ms = 0;
        self->door_pause_ms = door_pause_ms;
    }
}

bool peer_sockets_step(struct peer_sockets *self, const struct actor_options *options,
                       int64_t now_ms)
{
    if (self->door_pause_ms == 0 || now_ms < self->door_due_ms) {
        return false;
    }
    if (socket_bind_tcp(self->base, options, self->door, options->door, 0) == ERR_OK) {
        if (self->door_pause_ms > door_pause_ms) {
            log_event(options->log, LOG_INFO, "bound", "its port is free now",
                      log_text("endpoint", options->door));
        }
        self->door_pause_ms = 0;
        return true;
    }
    self->door_due_ms = now_ms + self->door_pause_ms;
    self->door_pause_ms *= 2;
    if (self->door_pause_ms > door_pause_max_ms) {
        self->door_pause_ms = door_pause_max_ms;
    }
    return false;
}

void frame_sender_key(const struct frame *frame, char key[address_key_chars])
{
    /* libzmq says it of the last part, not of the routing id before it */
    const char *user = zmq_msg_gets(&frame->messages[frame->count - 1], "User-Id");

    memset(key, 0, address_key_chars);
    if (user != NULL && strlen(user) == curve_key_chars) {
        memcpy(key, user, address_key_chars);
    }
}

/* ── ways ───────────────────────────────────────────────────────────────────*/

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
        log_event(options->log, LOG_WARN, "peer_refused", "there is no socket of this user",
                  log_text("endpoint", address.data));
    }
    buf_fini(&address);
    return err;
}

void peer_sockets_open(struct peer_sockets *self, const struct actor_options *options,
                       uint32_t peer, struct str endpoint, struct str key)
{
    struct host_port address;
    char server_key[curve_key_chars + 1];
    char text[256];
    bool ipc = str_starts(endpoint, STR("ipc:///"));
    void *dealer;

    peer_sockets_close(self, peer);
    if (endpoint.len >= sizeof(text) ||
        (!ipc &&
         (host_port_parse(endpoint, &address) != ERR_OK || address.wildcard || address.port == 0 ||
          (options->keys != NULL && !curve_key_from(key, server_key))))) {
        log_event(options->log, LOG_WARN, "peer_refused",
                  options->keys != NULL
                      ? "it is no host:port with a public key; give that node keys too"
                      : "it is no host:port",
                  log_str("endpoint", endpoint));
        return;
    }
    if (!ipc && options->keys != NULL &&
        curve_is_anothers(options->keys, host_of(endpoint), server_key)) {
        log_event(options->log, LOG_WARN, "peer_refused",
                  "the key it is told with is not that of the .pub file named after its "
                  "host; copy that node's .pub again if it has a new key",
                  log_str("endpoint", endpoint));
        return;
    }
    memcpy(text, endpoint.data, endpoint.len);
    text[endpoint.len] = '\0';
    dealer = socket_make(self->base, ZMQ_DEALER, limits);
    if (dealer == NULL) {
        log_event(options->log, LOG_WARN, "way_closed",
                  "no descriptor is left for a connection to it; raise the limit of open "
                  "files (ulimit -n, LimitNOFILE=)",
                  log_text("endpoint", text));
        return;
    }
    if ((ipc ? connect_ipc(options, dealer, endpoint)
             : socket_connect_tcp(options, dealer, text, 0, server_key)) != ERR_OK) {
        zmq_close(dealer);
        return;
    }
    if (self->ways == NULL) {
        self->ways = heap_array(outbox_peers_max, sizeof(*self->ways));
    }
    self->ways[peer] = (struct peer_socket){.dealer = dealer};
    self->numbers[self->count++] = peer;
    self->changed = true;
}

void peer_sockets_close(struct peer_sockets *self, uint32_t peer)
{
    struct peer_socket *way = self->ways != NULL ? &self->ways[peer] : NULL;
    uint32_t at = 0;

    if (way == NULL || way->dealer == NULL) {
        return;
    }
    frame_fini(&way->in.frame);
    zmq_close(way->dealer);
    *way = (struct peer_socket){0};
    while (self->numbers[at] != peer) {
        at++;
    }
    self->numbers[at] = self->numbers[--self->count];
    self->changed = true;
}

void peer_sockets_fini(struct peer_sockets *self)
{
    while (self->count > 0) {
        peer_sockets_close(self, self->numbers[0]);
    }
    free(self->ways);
    if (self->door != NULL) {
        zmq_close(self->door);
    }
    if (self->door_at.data != NULL) {
        unlink(self->door_at.data + strlen("ipc://"));
    }
    buf_fini(&self->door_at);
    *self = (struct peer_sockets){.base = self->base};
}
