#include "common/runtime/peer_sockets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/config/networks.h"
#include "common/runtime/endpoint.h"

static const int64_t door_pause_ms = 1000;
static const int64_t door_pause_max_ms = (int64_t)60 * 1000;
static const int64_t look_ms = 50; /* between two looks for what is looked up */
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

static bool step_door(struct peer_sockets *self, const struct actor_options *options,
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

/* ── names ──────────────────────────────────────────────────────────────────*/

static void say(const struct way_name *name, const struct log *log, enum way_found found)
{
    if (found == WAY_UNKNOWN) {
        log_event(log, LOG_WARN, "name_not_found",
                  "the door of another node can't be looked up, which is tried again: see to the "
                  "name server or /etc/hosts here, or set peers.listen there to an address",
                  log_text("name", name->host));
    } else {
        log_event(log, LOG_WARN, "peer_refused",
                  "the name of its door stands for no address in peers.networks: add its network, "
                  "or name that host in peers.nodes",
                  log_text("name", name->host));
    }
}

static void settle(struct peer_sockets *self, const struct actor_options *options,
                   struct peer_socket *way, struct strs numbers, int64_t now_ms)
{
    struct way_name *name = way->name;
    char before[way_at_max];
    enum way_found found;

    memcpy(before, name->at, sizeof(before));
    found = way_name_found(name, numbers, options->spec->may_stand, options->state, now_ms);
    if (found == WAY_MOVES) {
        if (before[0] != '\0') {
            socket_disconnect_tcp(way->dealer, before, 0);
        }
        (void)socket_connect_tcp(options, way->dealer, name->at, 0, name->key);
        self->changed = true; /* the socket was used past the wait */
    }
    if (found == WAY_UNKNOWN || found == WAY_FORBIDDEN) {
        if (name->said != found && !name->through) {
            say(name, options->log, found);
            name->said = found;
        }
    } else {
        name->said = WAY_STAYS;
    }
}

/* Who has waited longest comes first, so that names that are never answered leave room for others.
 */
static struct peer_socket *next_to_ask(const struct peer_sockets *self, int64_t now_ms)
{
    struct peer_socket *next = NULL;

    for (uint32_t i = 0; i < self->count; i++) {
        struct peer_socket *way = &self->ways[self->numbers[i]];

        if (way->name != NULL && way_name_step(way->name, now_ms) &&
            (next == NULL || way->name->due_ms < next->name->due_ms)) {
            next = way;
        }
    }
    return next;
}

static void step_names(struct peer_sockets *self, const struct actor_options *options,
                       int64_t now_ms)
{
    static const struct strs none = {0};
    struct peer_socket *way;
    struct strs numbers;
    struct str host;

    while (resolver_next(self->resolver, &host, &numbers)) {
        for (uint32_t i = 0; i < self->count; i++) {
            way = &self->ways[self->numbers[i]];
            if (way->name != NULL && way->name->asked && str_eq(host, str_from(way->name->host))) {
                settle(self, options, way, numbers, now_ms);
            }
        }
    }
    while (!resolver_is_full(self->resolver) && (way = next_to_ask(self, now_ms)) != NULL) {
        way->name->asked = resolver_ask(self->resolver, str_from(way->name->host));
        if (!way->name->asked) {
            settle(self, options, way, none, now_ms);
        }
    }
}

bool peer_sockets_step(struct peer_sockets *self, const struct actor_options *options,
                       int64_t now_ms)
{
    if (self->resolver != NULL) {
        step_names(self, options, now_ms);
    }
    return step_door(self, options, now_ms);
}

int64_t peer_sockets_due_ms(const struct peer_sockets *self, int64_t now_ms)
{
    return self->resolver == NULL || resolver_is_idle(self->resolver) ? INT64_MAX
                                                                      : now_ms + look_ms;
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

static bool is_number(struct str host)
{
    uint8_t bytes[16];

    return networks_number(host, bytes);
}

static struct way_name *name_of(const struct host_port *door, const char *key)
{
    struct way_name *name = heap_new(sizeof(*name));

    way_name_init(name, door);
    memcpy(name->key, key, sizeof(name->key));
    return name;
}

void peer_sockets_open(struct peer_sockets *self, const struct actor_options *options,
                       uint32_t peer, struct str endpoint, struct str key)
{
    struct host_port address;
    char server_key[curve_key_chars + 1] = "";
    char text[256];
    bool ipc = str_starts(endpoint, STR("ipc:///"));
    bool named;
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
    named = !ipc && !is_number(address.host);
    if (!named && (ipc ? connect_ipc(options, dealer, endpoint)
                       : socket_connect_tcp(options, dealer, text, 0, server_key)) != ERR_OK) {
        zmq_close(dealer);
        return;
    }
    if (self->ways == NULL) {
        self->ways = heap_array(outbox_peers_max, sizeof(*self->ways));
    }
    if (named && self->resolver == NULL) {
        self->resolver = resolver_new();
    }
    self->ways[peer] = (struct peer_socket){.dealer = dealer,
                                            .name = named ? name_of(&address, server_key) : NULL};
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
    free(way->name);
    *way = (struct peer_socket){0};
    while (self->numbers[at] != peer) {
        at++;
    }
    self->numbers[at] = self->numbers[--self->count];
    self->changed = true;
}

void peer_sockets_sent(struct peer_sockets *self, uint32_t peer, bool sent)
{
    struct way_name *name = self->ways != NULL ? self->ways[peer].name : NULL;

    if (name != NULL) {
        name->through = sent;
    }
}

void peer_sockets_fini(struct peer_sockets *self)
{
    while (self->count > 0) {
        peer_sockets_close(self, self->numbers[0]);
    }
    free(self->ways);
    resolver_destroy(&self->resolver);
    if (self->door != NULL) {
        zmq_close(self->door);
    }
    if (self->door_at.data != NULL) {
        unlink(self->door_at.data + strlen("ipc://"));
    }
    buf_fini(&self->door_at);
    *self = (struct peer_sockets){.base = self->base};
}
