/* host:port and [v6]:port, as they stand in settings and in what nodes tell. */
#ifndef COMMON_BASE_HOST_PORT_H
#define COMMON_BASE_HOST_PORT_H

#include <stdbool.h>

#include "common/base/str.h"

/* A wildcard has an empty host or one that means every address. */
struct host_port {
    struct str host; /* borrowed, without brackets */
    uint32_t port;
    bool wildcard;
};

/* Errors: ERR_MALFORMED. */
enum err host_port_parse(struct str text, struct host_port *to);

/* The host of host:port, without brackets; borrowed. "": it is malformed. */
struct str host_of(struct str host_port);

/* Whether a host, without brackets, can only be this one: a number of 127/8, ::1 or localhost.
 * 127.example.com may be anywhere. */
bool host_is_loopback(struct str host);

#endif
