/* What the client of a stream asks for, in its order: a create and a progress request wait for the
 * store, a cancel for those before it. */
#ifndef GATEWAY_ETCD_WATCH_REQUEST_H
#define GATEWAY_ETCD_WATCH_REQUEST_H

#include "gateway/etcd/watch_parts.h"

/* message: a WatchRequest. False: the stream is to end so. */
bool watch_request(struct watches *self, struct watch_stream *stream, struct str message,
                   enum grpc_code *code, struct str *text);
/* Of a WATCH. */
void watch_request_answer(struct watches *self, const struct msg_watched *answer);
/* Nobody waits for the stream's answers any more. */
void watch_request_drop(struct watches *self, struct watch_stream *stream);
/* Progress that is due: who has been told all up to the revision that was asked for. */
void watch_request_turn(struct watches *self);

#endif
