#include "gateway/discovery/form_origin.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/runtime/endpoint.h"

enum { dns_name_bytes = 253, address_bytes = INET6_ADDRSTRLEN };

static const int64_t again_ms = 30000;    /* found: it may have moved */
static const int64_t retry_min_ms = 1000; /* not found; doubled up to again_ms */
static const int64_t doubt_min_ms = 2000; /* between two look-ups of a name, whoever doubts */

/* A host of configured or followed nodes. */
struct host {
    char *name;           /* owned */
    struct buf addresses; /* packed strings */
    int64_t asked_ms;
    int64_t due_ms;   /* INT64_MAX: it is a number, which stands for itself */
    int64_t retry_ms; /* the pause after the last failure; 0: it was found */
    bool asked;       /* under way */
    bool settled;
    bool configured;
    bool followed;
};

struct form_origin {
    bool everybody;
    struct host *hosts;
    size_t count;
    size_t cap;
    size_t turn;     /* where the search for a name that is due goes on */
    uint64_t nodes;  /* a hash of those that are followed */
    uint64_t doubts; /* forms that were not believed */
    uint32_t said;
    bool said_last;
    char (*said_of)[address_bytes]; /* owned; trust_said_max of them, once there is one */
};

/* ── hosts ── */

static void host_add(struct host *self, const char *address)
{
    strs_pack(&self->addresses, str_from(address));
}

/* An address as it is written everywhere, and of an IPv4 one within IPv6 the IPv4 one. False: it
 * is a name. */
static bool number_of(const char *text, char *number)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        return inet_ntop(AF_INET, &v4, number, address_bytes) != NULL;
    }
    if (inet_pton(AF_INET6, text, &v6) != 1) {
        return false;
    }
    return IN6_IS_ADDR_V4MAPPED(&v6)
               ? inet_ntop(AF_INET, &v6.s6_addr[12], number, address_bytes) != NULL
               : inet_ntop(AF_INET6, &v6, number, address_bytes) != NULL;
}

static struct host *host_named(struct form_origin *self, struct str name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (str_eq(str_from(self->hosts[i].name), name)) {
            return &self->hosts[i];
        }
    }
    return NULL;
}

/* NULL: no host has such a name. */
static struct host *need(struct form_origin *self, struct str name)
{
    struct host *host = host_named(self, name);
    char number[address_bytes];

    if (host != NULL || name.len == 0 || name.len > dns_name_bytes ||
        memchr(name.data, '\0', name.len) != NULL) {
        return host;
    }
    ARRAY_ROOM(self->hosts, self->count, self->cap, 8);
    host = &self->hosts[self->count++];
    *host = (struct host){.name = heap_text(name)};
    if (number_of(host->name, number)) {
        host_add(host, number);
        host->due_ms = INT64_MAX;
        host->settled = true;
    }
    return host;
}

static void host_drop(struct form_origin *self, size_t i)
{
    free(self->hosts[i].name);
    buf_fini(&self->hosts[i].addresses);
    self->hosts[i] = self->hosts[--self->count];
}

static void configure(struct form_origin *self, const struct config_list *nodes)
{
    for (uint32_t i = 0; i < nodes->count; i++) {
        const char *equals = strchr(nodes->items[i], '='); /* zone=host:port */
        struct str node = str_from(equals != NULL ? equals + 1 : nodes->items[i]);
        struct host *host = need(self, host_of(node));

        if (host != NULL) {
            host->configured = true;
        }
    }
}

struct form_origin *form_origin_new(const struct config *config)
{
    struct form_origin *self = heap_new(sizeof(*self));

    self->everybody = config->security_trust_client_nodes;
    configure(self, &config->peers_nodes);
    configure(self, &config->peers_zones);
    return self;
}

void form_origin_destroy(struct form_origin **self)
{
    if (*self != NULL) {
        while ((*self)->count > 0) {
            host_drop(*self, 0);
        }
        free((*self)->hosts);
        free((*self)->said_of);
        free(*self);
        *self = NULL;
    }
}

void form_origin_follow(struct form_origin *self, const struct replica_node *nodes, size_t count)
{
    uint64_t hash = 1;

    for (size_t i = 0; i < count; i++) {
        hash = hash * 31 + hash64(nodes[i].addr.data, nodes[i].addr.len) + nodes[i].self;
    }
    if (hash == self->nodes) {
        return;
    }
    self->nodes = hash;
    for (size_t i = 0; i < self->count; i++) {
        self->hosts[i].followed = false;
    }
    for (size_t i = 0; i < count; i++) {
        struct host *host = nodes[i].self ? NULL : need(self, host_of(nodes[i].addr));

        if (host != NULL) {
            host->followed = true;
        }
    }
    for (size_t i = self->count; i > 0; i--) {
        if (!self->hosts[i - 1].followed && !self->hosts[i - 1].configured) {
            host_drop(self, i - 1);
        }
    }
}

/* ── looking up ── */

bool form_origin_wanted(struct form_origin *self, int64_t now_ms, struct str *name)
{
    for (size_t i = 0; i < self->count; i++) {
        struct host *host = &self->hosts[self->turn++ % self->count];

        if (!host->asked && host->due_ms <= now_ms) {
            host->asked = true;
            host->asked_ms = now_ms;
            *name = str_from(host->name);
            return true;
        }
    }
    return false;
}

void form_origin_found(struct form_origin *self, struct str name, const struct strs *addresses,
                       int64_t now_ms)
{
    struct host *host = host_named(self, name);

    if (host == NULL || !host->asked) {
        return; /* it was of a node that has gone */
    }
    host->asked = false;
    host->settled = true;
    if (addresses->count > 0) {
        host->addresses.len = 0;
        buf_add_str(&host->addresses, addresses->bytes);
        host->retry_ms = 0;
        host->due_ms = now_ms + again_ms;
        return;
    }
    host->retry_ms = host->retry_ms == 0 ? retry_min_ms : 2 * host->retry_ms;
    host->retry_ms = host->retry_ms > again_ms ? again_ms : host->retry_ms;
    host->due_ms = now_ms + host->retry_ms;
}

bool form_origin_is_settled(const struct form_origin *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (!self->hosts[i].settled) {
            return false;
        }
    }
    return true;
}

/* ── believing ── */

static bool has(const struct host *self, struct str address)
{
    struct str rest = buf_str(&self->addresses);
    struct str known;

    while (strs_next(&rest, &known)) {
        if (str_eq(known, address)) {
            return true;
        }
    }
    return false;
}

bool form_origin_believes(const struct form_origin *self, const struct form_origin_source *source)
{
    if (self->everybody) {
        return true;
    }
    if (source->forwarded || source->address.len == 0) {
        return false; /* its sender may be anybody behind the proxy */
    }
    for (size_t i = 0; i < self->count; i++) {
        if (has(&self->hosts[i], source->address)) {
            return true;
        }
    }
    return false;
}

static enum trust_say say(struct form_origin *self, struct str address)
{
    if (address.len >= address_bytes) {
        return TRUST_SAY_NOTHING;
    }
    for (uint32_t i = 0; i < self->said; i++) {
        if (str_eq(str_from(self->said_of[i]), address)) {
            return TRUST_SAY_NOTHING;
        }
    }
    if (self->said == trust_said_max) {
        bool first = !self->said_last;

        self->said_last = true;
        return first ? TRUST_SAY_LAST : TRUST_SAY_NOTHING;
    }
    if (self->said_of == NULL) {
        self->said_of = heap_array(trust_said_max, sizeof(*self->said_of));
    }
    memcpy(self->said_of[self->said], address.data, address.len);
    self->said_of[self->said++][address.len] = '\0';
    return TRUST_SAY_ADDRESS;
}

enum trust_say form_origin_doubt(struct form_origin *self, const struct form_origin_source *source,
                                 int64_t now_ms)
{
    self->doubts++;
    for (size_t i = 0; i < self->count && !source->forwarded; i++) {
        struct host *host = &self->hosts[i];
        int64_t soonest_ms = host->asked_ms + doubt_min_ms;

        if (host->due_ms != INT64_MAX && host->due_ms > now_ms) {
            host->due_ms = soonest_ms < host->due_ms ? soonest_ms : host->due_ms;
        }
    }
    return say(self, source->address);
}

uint64_t form_origin_doubts_total(const struct form_origin *self)
{
    return self->doubts;
}
