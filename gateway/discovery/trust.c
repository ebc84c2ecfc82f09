#include "gateway/discovery/trust.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/discovery/replica.h"

struct trust {
    struct buf addresses; /* packed strings */
};

/* host of "host:port", "[::1]:port" or "zone=host:port" */
static struct str host_of(struct str text)
{
    const char *equals = text.len > 0 ? memchr(text.data, '=', text.len) : NULL;

    if (equals != NULL) {
        text.len -= (size_t)(equals + 1 - text.data);
        text.data = equals + 1;
    }
    for (size_t i = text.len; i > 0; i--) {
        if (text.data[i - 1] == ':') {
            text.len = i - 1;
            break;
        }
    }
    if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
        text.data++;
        text.len -= 2;
    }
    return text;
}

static void resolve(struct trust *self, struct str host)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char name[256];
    char text[64];

    if (host.len == 0 || host.len >= sizeof(name)) {
        return;
    }
    memcpy(name, host.data, host.len);
    name[host.len] = '\0';
    if (getaddrinfo(name, NULL, &hints, &found) != 0) {
        return; /* unknown now: the node is believed once the replicator follows it */
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
            0) {
            strs_pack(&self->addresses, str_from(text));
        }
    }
    freeaddrinfo(found);
}

struct trust *trust_new(const struct config *config)
{
    const struct config_list *lists[] = {&config->peers_nodes, &config->peers_zones};
    struct trust *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        abort();
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (uint32_t j = 0; j < lists[i]->count; j++) {
            resolve(self, host_of(str_from(lists[i]->items[j])));
        }
    }
    return self;
}

void trust_destroy(struct trust **self)
{
    if (*self != NULL) {
        buf_fini(&(*self)->addresses);
        free(*self);
        *self = NULL;
    }
}

bool trust_has(const struct trust *self, const struct replica_node *nodes, size_t count,
               struct str address)
{
    struct str rest = buf_str(&self->addresses);
    struct str known;

    if (address.len == 0) {
        return false;
    }
    while (strs_next(&rest, &known)) {
        if (str_eq(known, address)) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!nodes[i].self && str_eq(host_of(nodes[i].addr), address)) {
            return true;
        }
    }
    return false;
}

bool trust_request(const struct gateway *self, const struct request *request)
{
    const struct replica_node *nodes;
    size_t count = 0;
    char address[64];

    if (self->config->security_trust_client_nodes ||
        fault_on(self->config->faults, FAULT_REFERENCE_ROW_16)) {
        return true;
    }
    nodes = replica_nodes(self->replica, &count);
    request_peer(request, address, sizeof(address));
    return trust_has(self->trust, nodes, count, str_from(address));
}
