#include "common/config/networks.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "common/base/host_port.h"
#include "common/config/draft.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool networks_number(struct str host, uint8_t bytes[16])
{
    char text[INET6_ADDRSTRLEN];
    uint8_t found[16];

    if (host.len == 0 || host.len >= sizeof(text) || memchr(host.data, '\0', host.len) != NULL) {
        return false;
    }
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, found + sizeof(mapped)) == 1) {
        memcpy(found, mapped, sizeof(mapped));
    } else if (inet_pton(AF_INET6, text, found) != 1) {
        return false;
    }
    memcpy(bytes, found, sizeof(found));
    return true;
}

enum err networks_parse(struct str text, struct networks_range *network)
{
    const char *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - text.data) : text.len;
    struct str host = {text.data, len};
    bool v6 = len > 0 && memchr(text.data, ':', len) != NULL;
    uint32_t bits = v6 ? 128 : 32;
    struct networks_range parsed;

    if (!networks_number(host, parsed.bytes) ||
        (slash != NULL &&
         (str_to_u32((struct str){slash + 1, text.len - len - 1}, &bits) != ERR_OK ||
          bits > (v6 ? 128 : 32)))) {
        return ERR_MALFORMED;
    }
    parsed.bits = v6 ? bits : bits + 96;
    *network = parsed;
    return ERR_OK;
}

static bool is_in(const uint8_t bytes[16], const struct networks_range *network)
{
    unsigned whole = network->bits / 8;
    unsigned rest = network->bits % 8;

    return memcmp(bytes, network->bytes, whole) == 0 &&
           (rest == 0 || (bytes[whole] ^ network->bytes[whole]) >> (8 - rest) == 0);
}

static bool is_in_any(const uint8_t bytes[16], const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct networks_range network = {.bits = 0};
        enum err err = networks_parse(str_from(texts[i]), &network);

        assert(err == ERR_OK);
        (void)err;
        if (is_in(bytes, &network)) {
            return true;
        }
    }
    return false;
}

bool networks_allow(const struct networks *self, const uint8_t bytes[16])
{
    static const char *const nowhere[] = {
        "169.254.0.0/16", "fe80::/10",       "224.0.0.0/4", "ff00::/8",
        "0.0.0.0/8",      "255.255.255.255", "::"};
    static const char *const loopback[] = {"127.0.0.0/8", "::1"};

    for (uint32_t i = 0; i < self->count; i++) {
        if (is_in(bytes, &self->of[i])) {
            return true;
        }
    }
    return self->count == 0 && !is_in_any(bytes, nowhere, sizeof(nowhere) / sizeof(nowhere[0])) &&
           (self->loopback || !is_in_any(bytes, loopback, sizeof(loopback) / sizeof(loopback[0])));
}

void networks_init(struct networks *self, const struct config *config)
{
    struct str listen = host_of(str_from(config->gateway_listen));
    struct str advertise = host_of(str_from(config->gateway_advertise));

    *self = (struct networks){.loopback = host_is_loopback(listen) || host_is_loopback(advertise)};
    for (uint32_t i = 0; i < config->peers_networks.count && i < networks_max; i++) {
        self->count += networks_parse(str_from(config->peers_networks.items[i]),
                                      &self->of[self->count]) == ERR_OK;
    }
}

bool networks_target(struct str host_port, struct str *host)
{
    struct host_port address;
    uint8_t bytes[16];

    if (host_port.len > 255 + 6 || host_port_parse(host_port, &address) != ERR_OK ||
        address.wildcard || address.port == 0 || address.host.len > 255) {
        return false;
    }
    for (size_t i = 0; i < address.host.len; i++) {
        unsigned char c = (unsigned char)address.host.data[i];

        if (!isalnum(c) && c != '-' && c != '_' && c != '.' &&
            !(c == ':' && networks_number(address.host, bytes))) {
            return false;
        }
    }
    *host = address.host;
    return true;
}
