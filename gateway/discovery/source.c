#include "gateway/discovery/source.h"

#include "common/base/resolver.h"
#include "gateway/discovery/form_origin.h"
#include "gateway/discovery/replica.h"

/* What proxies add to a request they pass on. */
static const enum http_header proxy_headers[] = {HTTP_HEADER_FORWARDED_FOR, HTTP_HEADER_FORWARDED,
                                                 HTTP_HEADER_REAL_IP, HTTP_HEADER_VIA};

static void look_up(struct gateway *self, const struct now *now)
{
    static const struct strs none = {0};
    struct str name;

    while (!resolver_is_full(self->resolver) &&
           form_origin_wanted(self->form_origin, now->mono_ms, &name)) {
        if (!resolver_ask(self->resolver, name)) {
            form_origin_found(self->form_origin, name, &none, now->mono_ms);
        }
    }
}

void source_tick(struct gateway *self, const struct now *now)
{
    size_t count = 0;
    const struct replica_node *nodes = replica_nodes(self->replica, &count);

    form_origin_follow(self->form_origin, nodes, count);
    look_up(self, now);
}

void source_turn(struct gateway *self, const struct now *now)
{
    struct strs addresses;
    struct str name;

    if (resolver_is_idle(self->resolver)) {
        return;
    }
    while (resolver_next(self->resolver, &name, &addresses)) {
        form_origin_found(self->form_origin, name, &addresses, now->mono_ms);
        look_up(self, now);
    }
}

static bool is_forwarded(const struct request *request)
{
    for (size_t i = 0; i < sizeof(proxy_headers) / sizeof(proxy_headers[0]); i++) {
        if (request_header(request, proxy_headers[i]).data != NULL) {
            return true;
        }
    }
    return false;
}

static void say(const struct gateway *self, const struct form_origin_source *source)
{
    if (source->forwarded) {
        log_event(self->log, LOG_WARN, "form_not_believed",
                  "it says that a node sends it, but a proxy has passed it on "
                  "(X-Forwarded-For, Forwarded, X-Real-IP or Via): it is judged as a "
                  "client's and told to no other node; let nodes reach each other without a "
                  "proxy, or set security.trust_client_nodes=true",
                  log_str("address", source->address));
        return;
    }
    log_event(self->log, LOG_WARN, "form_not_believed",
              "it says that a node sends it, but that is no address of peers.nodes, "
              "peers.zones or a node that is followed: it is judged as a client's and "
              "told to no other node; if it is a node, add that address to peers.nodes, "
              "or set security.trust_client_nodes=true",
              log_str("address", source->address));
}

bool source_is_believed(struct gateway *self, const struct request *request, const struct now *now)
{
    char address[64];
    struct form_origin_source source = {.forwarded = is_forwarded(request)};

    request_peer(request, address, sizeof(address));
    source.address = str_from(address);
    if (form_origin_believes(self->form_origin, &source)) {
        return true;
    }
    switch (form_origin_doubt(self->form_origin, &source, now->mono_ms)) {
    case TRUST_SAY_ADDRESS:
        say(self, &source);
        break;
    case TRUST_SAY_LAST:
        log_event(self->log, LOG_WARN, "forms_not_believed",
                  "they have come from more addresses than are told one by one: further ones "
                  "are counted only, muster_gateway_disbelieved_forms_total",
                  log_int("addresses", trust_said_max));
        break;
    case TRUST_SAY_NOTHING:
        break;
    }
    return false;
}
