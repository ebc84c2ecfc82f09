/* The browser next door: a page of any site may have it ask a node on loopback, by a form that
 * writes, or by a name of its own that it lets stand for 127.0.0.1 (DNS rebinding), whose answers
 * it then reads.
 *
 *   Host     while the gateway listens on loopback only: one with a dot must be an address,
 *            *.localhost, the machine's name, or of gateway.advertise or gateway.hosts. None, as in
 *            HTTP/1.0, and a name without a dot, which no stranger can own, pass
 *   writes   neither with Sec-Fetch-Site: cross-site nor from an Origin that is another than the
 *            Host and not of gateway.advertise or gateway.hosts, unless the browser itself calls it
 *            the same (a proxy may have given the Host)
 */
#ifndef GATEWAY_DISCOVERY_NEIGHBOUR_H
#define GATEWAY_DISCOVERY_NEIGHBOUR_H

#include "common/config/config.h"

struct neighbour;

/* config: borrowed. machine: its name; copied. */
struct neighbour *neighbour_new(const struct config *config, const char *machine);
void neighbour_destroy(struct neighbour **self);

/* Whether the Host matters: it listens on loopback only. */
bool neighbour_asks(const struct neighbour *self);

/* Values of headers; absent: empty. */
bool neighbour_may_ask(const struct neighbour *self, struct str host);
bool neighbour_may_write(const struct neighbour *self, struct str host, struct str origin,
                         struct str fetch_site);

#endif
