#include "gateway/discovery/neighbour.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/runtime/endpoint.h"

struct neighbour {
    const struct config *config;
    char *machine;
    bool loopback; /* it listens there only */
};

struct neighbour *neighbour_new(const struct config *config, const char *machine)
{
    struct neighbour *self = heap_new(sizeof(*self));

    self->config = config;
    self->machine = heap_text(str_from(machine));
    self->loopback = host_is_loopback(host_of(str_from(config->gateway_listen)));
    return self;
}

void neighbour_destroy(struct neighbour **self)
{
    if (*self != NULL) {
        free((*self)->machine);
        free(*self);
        *self = NULL;
    }
}

/* The host of host[:port], without the dot that may end a name. */
static struct str name_of(struct str authority)
{
    struct str name = authority;
    const char *bracket = name.len > 0 ? memchr(name.data, ']', name.len) : NULL;
    const char *colon = name.len > 0 && bracket == NULL ? memrchr(name.data, ':', name.len) : NULL;

    if (bracket != NULL) {
        name.len = (size_t)(bracket + 1 - name.data);
    } else if (colon != NULL) {
        name.len = (size_t)(colon - name.data);
    }
    if (name.len > 0 && name.data[name.len - 1] == '.') {
        name.len--;
    }
    return name;
}

/* A number, to browsers too: no name's last part is one. */
static bool is_address(struct str host)
{
    size_t len = 0;

    if (host.len > 0 && host.data[0] == '[') {
        return true;
    }
    while (len < host.len && (host.data[len] == '.' || host.data[len] == ':' ||
                              (host.data[len] >= '0' && host.data[len] <= '9'))) {
        len++;
    }
    return len == host.len;
}

static bool ends_with(struct str text, struct str end)
{
    return text.len >= end.len &&
           str_eq_nocase((struct str){text.data + text.len - end.len, end.len}, end);
}

/* Of gateway.hosts. */
static bool is_configured(const struct neighbour *self, struct str name)
{
    const struct config_list *hosts = &self->config->gateway_hosts;

    for (uint32_t i = 0; i < hosts->count; i++) {
        if (str_eq_nocase(name, name_of(str_from(hosts->items[i])))) {
            return true;
        }
    }
    return false;
}

bool neighbour_asks(const struct neighbour *self)
{
    return self->loopback;
}

bool neighbour_may_ask(const struct neighbour *self, struct str host)
{
    struct str name;

    if (!self->loopback || host.len == 0 || memchr(host.data, '.', host.len) == NULL ||
        is_address(host)) {
        return true;
    }
    name = name_of(host);
    return str_eq_nocase(name, STR("localhost")) || ends_with(name, STR(".localhost")) ||
           str_eq_nocase(name, name_of(str_from(self->machine))) ||
           str_eq_nocase(name, name_of(str_from(self->config->gateway_advertise))) ||
           is_configured(self, name);
}

bool neighbour_may_write(const struct neighbour *self, struct str host, struct str origin,
                         struct str fetch_site)
{
    static const struct str schemes[] = {{"http://", 7}, {"https://", 8}};
    struct str authority = {0};

    if (str_eq_nocase(fetch_site, STR("cross-site"))) {
        return false;
    }
    if (origin.len == 0 || str_eq_nocase(fetch_site, STR("same-origin"))) {
        return true;
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (origin.len > schemes[i].len &&
            str_eq_nocase((struct str){origin.data, schemes[i].len}, schemes[i])) {
            authority = (struct str){origin.data + schemes[i].len, origin.len - schemes[i].len};
        }
    }
    return authority.len > 0 &&
           (str_eq_nocase(authority, host) ||
            str_eq_nocase(authority, str_from(self->config->gateway_advertise)) ||
            is_configured(self, name_of(authority)));
}
