/* HTTP/1.1 on the client port: libmicrohttpd without a listener of its own, given the connections
 * that speak no HTTP/2. A guest of the actor's loop, beside the port.
 */
#ifndef GATEWAY_ETCD_HTTP1_H
#define GATEWAY_ETCD_HTTP1_H

#include "common/base/log.h"
#include "gateway/etcd/web.h"
#include "gateway/http/http.h"

struct http1;

struct http1_options {
    const char *section; /* of the configuration; static */
    uint32_t connections_max;
    size_t body_max;     /* bytes */
    uint64_t memory_max; /* as in http_options */
    unsigned sharers;
    struct log *log;
};

/* app: borrowed. Errors: those of http_new and http_listen. */
enum err http1_new(struct http1 **self, const struct http1_options *options,
                   const struct web_app *app, void *state);
void http1_destroy(struct http1 **self); /* open requests are gone */

/* Takes fd, of a connection nothing of which was read. */
void http1_adopt(struct http1 *self, int fd, const struct now *now);

int http1_fd(const struct http1 *self);
bool http1_turn(struct http1 *self, const struct now *now); /* true: more is waiting */
int64_t http1_due_ms(const struct http1 *self, const struct now *now);
uint64_t http1_connections(const struct http1 *self);
void http1_forget(struct http1 *self); /* as http_forget */

#endif
