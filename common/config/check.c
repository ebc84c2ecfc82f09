/* What hangs together: addresses, limits of each other, and the values that are
 * derived from others when they were left empty. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/host_port.h"
#include "common/config/draft.h"
#include "common/config/networks.h"

enum { door_above = 1000 }; /* the gateway's port */

static void complain(struct config_draft *self, const char *key_name, const char *value,
                     const char *why)
{
    const struct config_key *key = config_key_named(str_from(key_name));
    struct buf where = {0};

    config_draft_where(self, key, &where);
    config_draft_problem(self, "%.*s: %s = \"%.300s\": %s", STR_ARG(buf_str(&where)), key_name,
                         value, why);
    buf_fini(&where);
}

static bool address_ok(struct config_draft *self, const char *key_name, const char *value,
                       struct host_port *address)
{
    if (host_port_parse(str_from(value), address) == ERR_OK) {
        return true;
    }
    complain(self, key_name, value,
             "expected host:port with a port of 0 to 65535, such as 10.0.0.5:7171 or [::1]:7171");
    return false;
}

/* Where clients and peers can reach it: no wildcard. */
static void check_target(struct config_draft *self, const char *key_name, const char *value,
                         const char *address_text)
{
    struct host_port address;

    if (host_port_parse(str_from(address_text), &address) != ERR_OK || address.wildcard ||
        address.port == 0) {
        complain(self, key_name, value,
                 strcmp(key_name, "peers.zones") == 0
                     ? "expected zone=host:port, such as sh002=10.0.1.5:7171"
                     : "expected host:port of one host, such as 10.0.0.5:7171");
    }
}

static void check_gateway(struct config_draft *self)
{
    struct config *config = self->config;
    struct host_port listen;
    struct host_port advertise;

    if (!address_ok(self, "gateway.listen", config->gateway_listen, &listen)) {
        return;
    }
    if (config->gateway_advertise[0] == '\0' && listen.wildcard) {
        struct buf why = {0};

        buf_printf(&why,
                   "a wildcard is no address others could be told; say which one it is with "
                   "gateway.advertise, e.g. --gateway.advertise=10.0.0.5:%u, or listen on one "
                   "address",
                   listen.port);
        buf_add_char(&why, '\0');
        complain(self, "gateway.listen", config->gateway_listen, why.data);
        buf_fini(&why);
    } else if (config->gateway_advertise[0] == '\0') {
        const struct config_key *key = config_key_named(STR("gateway.advertise"));

        config_draft_set_text(self, key, (struct config_source){.origin = CONFIG_DERIVED},
                              str_from(config->gateway_listen));
    } else if (address_ok(self, "gateway.advertise", config->gateway_advertise, &advertise) &&
               advertise.wildcard) {
        complain(self, "gateway.advertise", config->gateway_advertise,
                 "a wildcard is no address others could be told; name one of this host's, such as "
                 "10.0.0.5:7171");
    }
}

static void derive_name(struct config_draft *self, const char *hostname)
{
    struct host_port listen;
    struct buf name = {0};

    if (self->config->node_name[0] != '\0' ||
        host_port_parse(str_from(self->config->gateway_listen), &listen) != ERR_OK) {
        return;
    }
    buf_printf(&name, "%.200s-%u", hostname, listen.port);
    config_draft_set_text(self, config_key_named(STR("node.name")),
                          (struct config_source){.origin = CONFIG_DERIVED}, buf_str(&name));
    buf_fini(&name);
}

/* One file may serve all nodes: whoever reads it leaves itself out. */
static void leave_self_out(struct config *config)
{
    struct config_list *nodes = &config->peers_nodes;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < nodes->count; i++) {
        if (strcmp(nodes->items[i], config->gateway_advertise) == 0 ||
            strcmp(nodes->items[i], config->gateway_listen) == 0) {
            free(nodes->items[i]);
        } else {
            nodes->items[kept++] = nodes->items[i];
        }
    }
    nodes->count = kept;
}

/* Whether anything of this node may listen by tcp: any user of this host reaches loopback. */
static bool may_listen(const struct config *config)
{
    return config->peers_keys[0] != '\0' || config->security_insecure;
}

static void check_secret(struct config_draft *self, const char *key_name, const char *value)
{
    struct host_port address;

    if (host_port_parse(str_from(value), &address) == ERR_OK && !may_listen(self->config)) {
        complain(
            self, key_name, value,
            host_is_loopback(address.host)
                ? "every user of this host could write to this node: leave it out (nodes of one "
                  "user need none), make keys with musterctl keygen and name their directory in "
                  "peers.keys, or say security.insecure = true on a host that is trusted"
                : "whoever reaches it could write to this node: make keys with musterctl keygen "
                  "and name their directory in peers.keys, or say security.insecure = true in a "
                  "network that is trusted");
    }
}

/* Stays empty, and there is no tcp door, where it would be an open one. */
static void derive_peers_listen(struct config_draft *self)
{
    struct host_port address;
    struct buf text = {0};

    if (host_port_parse(str_from(self->config->gateway_listen), &address) == ERR_OK &&
        address.port != 0 && address.port + door_above <= UINT16_MAX && may_listen(self->config)) {
        struct str listen = str_from(self->config->gateway_listen);

        listen.len = (size_t)(strrchr(listen.data, ':') - listen.data);
        buf_printf(&text, "%.*s:%u", STR_ARG(listen), address.port + door_above);
        config_draft_set_text(self, config_key_named(STR("peers.listen")),
                              (struct config_source){.origin = CONFIG_DERIVED}, buf_str(&text));
    }
    buf_fini(&text);
}

static void check_peers(struct config_draft *self)
{
    const struct config *config = self->config;
    struct host_port address;

    for (uint32_t i = 0; i < config->peers_nodes.count; i++) {
        check_target(self, "peers.nodes", config->peers_nodes.items[i],
                     config->peers_nodes.items[i]);
    }
    for (uint32_t i = 0; i < config->peers_zones.count; i++) {
        const char *item = config->peers_zones.items[i];
        const char *equals = strchr(item, '=');

        check_target(self, "peers.zones", item, equals != NULL && equals != item ? equals + 1 : "");
    }
    for (uint32_t i = 0; i < config->peers_networks.count; i++) {
        struct networks_range network;

        if (networks_parse(str_from(config->peers_networks.items[i]), &network) != ERR_OK) {
            complain(self, "peers.networks", config->peers_networks.items[i],
                     "expected an address and how many bits of it count, such as 10.0.0.0/8 or "
                     "fd00::/8");
        }
    }
    if (config->peers_listen[0] == '\0') {
        derive_peers_listen(self);
    } else if (address_ok(self, "peers.listen", config->peers_listen, &address)) {
        if (address.port == 0) {
            complain(self, "peers.listen", config->peers_listen,
                     "other nodes are told this port: choose one, such as 8171");
        }
        check_secret(self, "peers.listen", config->peers_listen);
    }
}

/* ── the node's own actors ── */

struct reach {
    const char *key;
    const char *text;
    struct host_port address;
    uint32_t count; /* of ports */
};

static bool overlap(const struct reach *a, const struct reach *b)
{
    return str_eq(a->address.host, b->address.host) &&
           a->address.port < b->address.port + b->count &&
           b->address.port < a->address.port + a->count;
}

static void check_endpoints(struct config_draft *self)
{
    const struct config *config = self->config;
    struct reach all[] = {
        {"endpoints.registry", config->endpoints_registry, .count = 2},
        {"endpoints.replicator", config->endpoints_replicator, .count = 2},
        {"endpoints.evictor", config->endpoints_evictor, .count = 2},
        {"endpoints.gateway", config->endpoints_gateway,
         .count = 2 * (uint32_t)config->gateway_processes},
        {"endpoints.store", config->endpoints_store, .count = 2},
        {"endpoints.etcd", config->endpoints_etcd, .count = 2 * (uint32_t)config->etcd_processes},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct reach *one = &all[i];

        if (one->text[0] == '\0') {
            continue;
        }
        check_target(self, one->key, one->text, one->text);
        if (host_port_parse(str_from(one->text), &one->address) != ERR_OK) {
            continue;
        }
        if (one->address.port + one->count - 1 > UINT16_MAX) {
            complain(self, one->key, one->text,
                     "the ports above it are needed too, and there are none above 65535; choose a "
                     "lower one");
        }
        check_secret(self, one->key, one->text);
        for (size_t j = 0; j < i; j++) {
            if (all[j].text[0] != '\0' && overlap(one, &all[j])) {
                complain(self, one->key, one->text,
                         "another of endpoints.* has this port: each takes two, a gateway two a "
                         "process; choose another");
            }
        }
    }
}

/* Two values that do not go together. must: how the first is to be to the second. */
static void complain_of_both(struct config_draft *self, const char *low, const char *must,
                             const char *high)
{
    const struct config_key *first = config_key_named(str_from(low));
    const struct config_key *second = config_key_named(str_from(high));
    struct buf text[4] = {{0}};

    config_draft_where(self, first, &text[0]);
    config_key_print(first, self->config, &text[1]);
    config_draft_where(self, second, &text[2]);
    config_key_print(second, self->config, &text[3]);
    config_draft_problem(
        self, "%.*s: %s = %.*s must be %s %s = %.*s (%.*s); lower one or raise the other",
        STR_ARG(buf_str(&text[0])), low, STR_ARG(buf_str(&text[1])), must, high,
        STR_ARG(buf_str(&text[3])), STR_ARG(buf_str(&text[2])));
    for (size_t i = 0; i < 4; i++) {
        buf_fini(&text[i]);
    }
}

static void check_evictor(struct config_draft *self)
{
    if (self->config->evictor_idle >= self->config->evictor_ceiling) {
        complain_of_both(self, "evictor.idle", "less than", "evictor.ceiling");
    }
}

/* ── the store plane ── */

int64_t config_retention(const struct config *config)
{
    static const int64_t longest_ms = 315360000000;
    struct str text = str_from(config->store_compaction_retention);
    bool periodic = strcmp(config->store_compaction_mode, "periodic") == 0;
    int64_t value = -1;
    enum err err = periodic ? config_duration_parse(text, &value) : str_to_i64(text, &value);

    if (err != ERR_OK || value < 0 ||
        (periodic && value != 0 && (value < 1000 || value > longest_ms))) {
        return -1;
    }
    return value;
}

static void check_store(struct config_draft *self)
{
    const struct config *config = self->config;

    if (config->store_data[0] != '\0' && config->store_data[0] != '/') {
        complain(self, "store.data", config->store_data,
                 "expected an absolute path, such as /var/lib/muster/store");
    }
    if (config->store_heartbeat * 5 > config->store_election) {
        complain_of_both(self, "store.heartbeat", "at most a fifth of", "store.election");
    }
    if (config_retention(config) < 0) {
        bool periodic = strcmp(config->store_compaction_mode, "periodic") == 0;

        complain(self, "store.compaction_retention", config->store_compaction_retention,
                 periodic ? "expected a duration of 1s to 10 years, such as 8h, or 0 for never; a "
                            "number of revisions goes with store.compaction_mode = \"revision\""
                          : "expected a number of revisions, such as 10000, or 0 for never; a "
                            "duration goes with store.compaction_mode = \"periodic\"");
    }
}

static void check_url(struct config_draft *self, const char *key_name, const char *url)
{
    struct str rest = str_from(url);
    struct str scheme = str_starts(rest, STR("https://")) ? STR("https://") : STR("http://");
    struct host_port address;
    bool ok = str_starts(rest, scheme);

    if (ok) {
        rest = (struct str){rest.data + scheme.len, rest.len - scheme.len};
        ok = host_port_parse(rest, &address) == ERR_OK && !address.wildcard;
    }
    if (!ok) {
        complain(self, key_name, url, "expected http://host:port, such as http://10.0.0.5:2379");
    }
}

/* "3.5.21" */
static bool version_ok(struct str text)
{
    uint32_t number[3] = {0};

    for (size_t i = 0; i < 3; i++) {
        const char *dot = i < 2 && text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
        struct str part = {text.data, dot != NULL ? (size_t)(dot - text.data) : text.len};

        if ((dot == NULL) != (i == 2) || str_to_u32(part, &number[i]) != ERR_OK) {
            return false;
        }
        text = i < 2 ? (struct str){dot + 1, text.len - part.len - 1} : text;
    }
    return number[0] == 3 && number[1] >= 4;
}

static void check_etcd(struct config_draft *self)
{
    const struct config *config = self->config;
    struct host_port listen;

    for (uint32_t i = 0; i < config->etcd_peer_urls.count; i++) {
        check_url(self, "etcd.peer_urls", config->etcd_peer_urls.items[i]);
    }
    if (config->etcd_peer_urls.count == 0) {
        complain(self, "etcd.peer_urls", "",
                 "expected at least one, such as http://localhost:2380");
    }
    if (!version_ok(str_from(config->etcd_version))) {
        complain(self, "etcd.version", config->etcd_version,
                 "expected a version of etcd from 3.4.0 on, such as 3.5.21");
    }
    if (!address_ok(self, "etcd.listen", config->etcd_listen, &listen)) {
        return;
    }
    if (config->etcd_advertise[0] != '\0') {
        check_url(self, "etcd.advertise", config->etcd_advertise);
    } else if (listen.wildcard && config->store_enabled) {
        complain(self, "etcd.listen", config->etcd_listen,
                 "a wildcard is no address clients could be told; say which one it is with "
                 "etcd.advertise, e.g. --etcd.advertise=http://10.0.0.5:2379, or listen on one "
                 "address");
    } else {
        struct buf url = {0};

        buf_printf(&url, "http://%s", config->etcd_listen);
        config_draft_set_text(self, config_key_named(STR("etcd.advertise")),
                              (struct config_source){.origin = CONFIG_DERIVED}, buf_str(&url));
        buf_fini(&url);
    }
}

void config_draft_finish(struct config_draft *self, const char *hostname)
{
    check_gateway(self);
    derive_name(self, hostname);
    leave_self_out(self->config);
    check_peers(self);
    check_endpoints(self);
    check_evictor(self);
    check_store(self);
    check_etcd(self);
}
