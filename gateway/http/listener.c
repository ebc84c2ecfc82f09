#include "gateway/http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "host:port", "[::1]:port", ":port" */
static bool split(const char *listen, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(listen, ':');
    size_t len;

    if (colon == NULL || colon[1] == '\0') {
        return false;
    }
    len = (size_t)(colon - listen);
    if (len >= 2 && listen[0] == '[' && colon[-1] == ']') {
        listen++;
        len -= 2;
    }
    if (len >= size) {
        return false;
    }
    memcpy(host, listen, len);
    host[len] = '\0';
    *port = colon + 1;
    return true;
}

static enum err bind_one(const struct listener_options *self, const struct addrinfo *at, int *to)
{
    int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool bound =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (!self->reuse_port || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
        bind(fd, at->ai_addr, at->ai_addrlen) == 0;

    if (!bound) {
        log_event(self->log, LOG_ERROR, "listen_failed",
                  "choose another address to listen at, or end who holds this one",
                  log_text("section", self->section), log_text("address", self->listen),
                  log_text("error", strerror(errno)));
        if (fd >= 0) {
            (void)close(fd);
        }
        return ERR_IO;
    }
    *to = fd;
    return ERR_OK;
}

/* Of a name's addresses: whoever says localhost means 127.0.0.1, which clients try first, or alone.
 */
static const struct addrinfo *v4_of(const struct addrinfo *found)
{
    const struct addrinfo *at = found;

    while (at != NULL && at->ai_family != AF_INET) {
        at = at->ai_next;
    }
    return at != NULL ? at : found;
}

enum err listener_bind(const struct listener_options *self, int *fd)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[256];
    const char *port;
    enum err err = ERR_INVALID;
    int failed = EAI_NONAME;

    if (split(self->listen, host, sizeof(host), &port)) {
        failed = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &found);
    }
    if (failed != 0) {
        log_event(self->log, LOG_ERROR, "listen_invalid", "write it as host:port",
                  log_text("section", self->section), log_text("address", self->listen),
                  log_text("error", gai_strerror(failed)));
    } else {
        err = bind_one(self, v4_of(found), fd);
        freeaddrinfo(found);
    }
    return err;
}

uint16_t listener_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.v6 = {0}};
    socklen_t len = sizeof(at);

    (void)getsockname(fd, &at.any, &len);
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}
