/* What a handler may ask of a request. */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/http/server.h"

enum http_method request_method(const struct request *self)
{
    return self->method;
}

struct str request_verb(const struct request *self)
{
    return str_from(self->verb);
}

struct str request_target(const struct request *self)
{
    return buf_str(&self->uri);
}

struct str request_path(const struct request *self)
{
    return buf_str(&self->path);
}

struct str request_query(const struct request *self)
{
    return self->query;
}

struct str request_body(const struct request *self)
{
    return buf_str(&self->body);
}

void *request_own(const struct request *self)
{
    return (void *)(uintptr_t)self->own; /* the app's: the server never looks into it */
}

struct str request_header(const struct request *self, unsigned header)
{
    assert(header < HTTP_HEADER_COUNT + http_app_headers_max);
    return self->headers[header];
}

static const struct sockaddr *peer(const struct request *self)
{
    return MHD_get_connection_info(self->connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
        ->client_addr;
}

bool request_from_loopback(const struct request *self)
{
    const struct sockaddr *addr = peer(self);

    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *in4 = (const void *)addr;

        return ntohl(in4->sin_addr.s_addr) >> 24 == 127;
    }
    if (addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)addr;

        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) && in6->sin6_addr.s6_addr[12] == 127);
    }
    return false;
}

void request_peer(const struct request *self, char *text, size_t size)
{
    const struct sockaddr *addr = peer(self);
    const void *from = NULL;
    int family = addr->sa_family;

    if (family == AF_INET) {
        from = &((const struct sockaddr_in *)(const void *)addr)->sin_addr;
    } else if (family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)addr;

        from = &in6->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
            from = &in6->sin6_addr.s6_addr[12];
            family = AF_INET;
        }
    }
    text[0] = '\0';
    if (from != NULL) {
        (void)inet_ntop(family, from, text, (socklen_t)size);
    }
}

void request_room(struct request *self, struct buf *body)
{
    rooms_take(&self->http->rooms, body);
}

struct response *request_response(struct request *self, int status, const char *content_type,
                                  struct buf *body)
{
    return response_new_in(&self->http->rooms, status, content_type, body);
}

void request_cost(const struct request *self, size_t looked_at)
{
    self->http->work += looked_at;
}

void request_set_user(struct request *self, void *user)
{
    self->user = user;
}

void *request_user(const struct request *self)
{
    return self->user;
}
