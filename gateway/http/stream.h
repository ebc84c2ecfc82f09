/* An answer whose body is made as its client reads it (request_stream). */
#ifndef GATEWAY_HTTP_STREAM_H
#define GATEWAY_HTTP_STREAM_H

#include "gateway/http/http.h"

/* Lives as long as its MHD_Response, which may be longer than its request. */
struct stream {
    struct http *http;
    struct request *request; /* NULL: it is over */
    request_next_fn *next;
    request_end_fn *end;
    void *context;
    struct response *response; /* freed with it */
    bool waiting;              /* suspended until request_stream_more */
};

/* Its request is over, whatever becomes of its MHD_Response. NULL: nothing. */
void stream_forget(struct stream *self);
/* The client of a streaming request is gone, or the server ends: tells the handler, then lets
 * libmicrohttpd have the connection back. */
void stream_hang_up(struct request *request);

#endif
