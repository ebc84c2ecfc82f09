/* How a registration of infra.discovery says that its node is reached, which of its doors is of use
 * here, and whether anything is sent there at all.
 */
#include "actors/replicator/reach.h"

#include "actors/replicator/state.h"
#include "common/base/host_port.h"
#include "common/runtime/endpoint.h"

struct reach reach_ways(const struct msg_put *put)
{
    const struct str http = STR("http://");
    struct reach ways = {0};
    struct str rest = put->addrs.bytes;
    struct str item;
    struct str value;

    while (ways.addr.len == 0 && strs_next(&rest, &item)) {
        if (str_starts(item, http)) {
            const char *comma;

            ways.addr = (struct str){item.data + http.len, item.len - http.len};
            comma = memchr(ways.addr.data, ',', ways.addr.len); /* the reference joins them */
            ways.addr.len = comma != NULL ? (size_t)(comma - ways.addr.data) : ways.addr.len;
        }
    }
    rest = put->metadata.bytes;
    while (strs_next(&rest, &item) && strs_next(&rest, &value)) {
        if (str_eq(item, STR("muster.peer"))) {
            ways.endpoint = value;
        } else if (str_eq(item, STR("muster.key"))) {
            ways.key = value;
        } else if (str_eq(item, STR("muster.ipc"))) {
            ways.ipc = value;
        } else if (str_eq(item, STR("muster.node"))) {
            ways.id = value;
        }
    }
    return ways;
}

/* Why the door at endpoint is of no use to us; NULL: it is. */
static const char *refusal(const struct replicator *self, const struct reach *ways)
{
    if (ways->key.len > 0) {
        return self->keys ? NULL
                          : "it wants keys: set peers.keys here (musterctl keygen makes them)";
    }
    if (self->keys) {
        return "it has no keys, and this node speaks with nobody who has none: set peers.keys "
               "there";
    }
    if (self->config->security_insecure) {
        return NULL;
    }
    return "it has no keys, and is no node of this user on this host: set peers.keys there, or "
           "security.insecure here";
}

/* The path of its door in its run directory, if that is one of this user's on this host. */
static struct str own_user_path(const struct replicator *self, const struct reach *ways)
{
    struct str place = str_from(self->place != NULL ? self->place : "");
    size_t skip = place.len + 1;

    if (place.len == 0 || ways->ipc.len <= skip || !str_starts(ways->ipc, place) ||
        ways->ipc.data[place.len] != ':' || ways->ipc.data[skip] != '/' ||
        !host_is_loopback(host_of(ways->addr))) {
        return STR("");
    }
    return (struct str){ways->ipc.data + skip, ways->ipc.len - skip};
}

static bool replace(struct buf *buf, struct str with)
{
    if (str_eq(buf_str(buf), with)) {
        return false;
    }
    buf->len = 0;
    buf_add_str(buf, with);
    return true;
}

/* The door to knock at; *key: of who must be there. Empty: there is none of use, *why, or none. */
static void door_of(const struct replicator *self, const struct reach *ways, struct buf *endpoint,
                    struct str *key, const char **why)
{
    struct str path = own_user_path(self, ways);

    *key = ways->key;
    *why = ways->endpoint.len > 0 ? refusal(self, ways) : NULL;
    if (path.len > 0 && (ways->endpoint.len == 0 || *why != NULL)) {
        buf_printf(endpoint, "ipc://%.*s", STR_ARG(path));
        *key = STR("");
        *why = NULL;
    } else {
        buf_add_str(endpoint, ways->endpoint);
    }
}

static void said_refused(struct replicator *self, struct peer *peer, const char *why)
{
    if (why != NULL && !peer->warned) {
        log_event(self->log, LOG_WARN, "link_refused", "it is only spoken to over HTTP",
                  log_buf("peer", &peer->addr), log_buf("door", &peer->endpoint),
                  log_text("reason", why));
    }
    peer->warned = why != NULL;
}

/* Why nothing is sent there; NULL: it is. A name is judged when it is looked up: for a post by the
 * shell (posts.h), for a door by reach_may_stand. */
static const char *ban(const struct replicator *self, const struct peer *peer, struct str host_port)
{
    uint8_t bytes[16];
    struct str host;

    if (peer->seed && str_eq(buf_str(&peer->addr), host_port)) {
        return NULL;
    }
    if (!networks_target(host_port, &host)) {
        return "is no host:port: nothing is sent there";
    }
    return networks_number(host, bytes) && !networks_allow(&self->networks, bytes)
               ? "is in no network of peers.networks: nothing is sent there"
               : NULL;
}

bool reach_may_stand(void *state, struct str host, struct str number)
{
    struct replicator *self = state;
    uint8_t bytes[16];

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->seed && str_eq(host_of(buf_str(&peer->addr)), host)) {
            return true;
        }
    }
    return networks_number(number, bytes) && networks_allow(&self->networks, bytes);
}

void reach_banned(struct replicator *self, struct peer *peer, struct str where, const char *why)
{
    struct buf text = {0};

    buf_printf(&text, "%.*s (of %.*s in infra.discovery) %s",
               (int)(where.len < 200 ? where.len : 200), where.data, STR_ARG(peer->name), why);
    if (peer->trouble.len == 0) {
        log_event(self->log, LOG_WARN, "address_refused", why, log_str("address", where),
                  log_buf("peer", &peer->name));
    }
    peers_trouble(self, peer, buf_str(&text));
    buf_fini(&text);
    self->members.changed = self->members.changed || !peer->banned;
    peer->banned = true;
}

/* The address, and the door where that is to be used. */
void reach_judge(struct replicator *self, struct peer *peer)
{
    struct str addr = buf_str(&peer->addr);
    struct str door = buf_str(&peer->endpoint);
    const char *why = ban(self, peer, addr);

    if (why == NULL && peer->kind == PEER_MUSTER && !str_starts(door, STR("ipc://"))) {
        addr = door;
        why = ban(self, peer, door);
    }
    peer->banned_ms = 0;
    if (why != NULL) {
        reach_banned(self, peer, addr, why);
    } else {
        peer->banned = false;
        peers_trouble(self, peer, STR(""));
    }
}

/* Takes what the registration says of its node. True: another way is to be opened to it. */
bool reach_describe(struct replicator *self, struct peer *peer, const struct msg_put *put,
                    const struct reach *ways)
{
    struct buf endpoint = {0};
    struct str key;
    const char *why;
    enum peer_kind kind;
    bool moved;

    door_of(self, ways, &endpoint, &key, &why);
    kind = endpoint.len > 0 && why == NULL ? PEER_MUSTER : PEER_HTTP;
    moved = !peer->listed || peer->kind != kind;
    moved |= replace(&peer->id, ways->id);
    moved |= replace(&peer->name, put->hostname);
    moved |= replace(&peer->zone, put->zone);
    moved |= replace(&peer->addr, ways->addr);
    moved |= replace(&peer->endpoint, buf_str(&endpoint));
    moved |= replace(&peer->key, key);
    peer->kind = kind;
    said_refused(self, peer, why);
    buf_fini(&endpoint);
    return moved;
}
