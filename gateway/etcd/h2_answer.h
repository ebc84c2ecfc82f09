/* From the app to the client: an answer's headers, its messages, its trailers. */
#ifndef GATEWAY_ETCD_H2_ANSWER_H
#define GATEWAY_ETCD_H2_ANSWER_H

#include "gateway/etcd/h2_stream.h"

extern const struct rpc_caller h2_caller; /* of a stream's call */

/* The app has let go of it, or never had it. */
void h2_finish(struct stream *stream, enum grpc_code code, struct str text);
/* The same for a call that is no good: the app, if it knows it, is told that it is gone. text: of
 * grpc-go's, which etcd speaks with. */
void h2_refuse(struct stream *stream, enum grpc_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Its client took it back: counted. */
void h2_cancelled(struct stream *stream);
/* By an HTTP status alone: it is none of gRPC's business. */
void h2_refuse_http(struct stream *stream, int status);

#endif
