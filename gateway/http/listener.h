/* The socket that a server listens on. */
#ifndef GATEWAY_HTTP_LISTENER_H
#define GATEWAY_HTTP_LISTENER_H

#include "common/base/err.h"
#include "common/base/log.h"

struct listener_options {
    const char *listen;  /* "host:port", "[::1]:port", ":port" */
    const char *section; /* of the configuration: messages name its key listen */
    bool reuse_port;
    struct log *log;
};

/* Binds; the caller owns *fd, and listens. Errors, said on the log: ERR_INVALID (listen), ERR_IO.
 */
enum err listener_bind(const struct listener_options *self, int *fd);
uint16_t listener_port(int fd); /* the port really bound */

#endif
