/* Which addresses other nodes may stand at. What infra.discovery says is told by others: without a
 * bound it could send this node's requests to any host, port and service.
 *
 *   peers.networks = []                    all but link-local, multicast and unspecified ones, and
 *                                          loopback only where this node listens on loopback too
 *   peers.networks = ["10.0.0.0/8", "fd00::/8"]   these, and no others
 *
 * Pure. An IPv4 address written as IPv6 is the IPv4 address.
 */
#ifndef COMMON_CONFIG_NETWORKS_H
#define COMMON_CONFIG_NETWORKS_H

#include "common/config/config.h"

enum { networks_max = 64 };

struct networks_range {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;     /* of the 128 */
};

struct networks {
    struct networks_range of[networks_max];
    uint32_t count; /* 0: the default */
    bool loopback;  /* by default too */
};

/* Errors: ERR_MALFORMED: no address/bits, or no address. */
enum err networks_parse(struct str text, struct networks_range *network);
/* The configuration has checked the list. */
void networks_init(struct networks *self, const struct config *config);

/* host: without brackets. False: it is no number. */
bool networks_number(struct str host, uint8_t bytes[16]);
bool networks_allow(const struct networks *self, const uint8_t bytes[16]);

/* A host:port that can be asked: a number or a name of letters, digits, '-', '_' and '.', and a
 * port. Stricter than what the configuration takes, as it is put into URLs. *host: borrowed,
 * without brackets. */
bool networks_target(struct str host_port, struct str *host);

#endif
