/* From the client to the app: what nghttp2 tells of a request's headers and DATA. Callbacks of its
 * session, whose user data is the struct h2. */
#ifndef GATEWAY_ETCD_H2_REQUEST_H
#define GATEWAY_ETCD_H2_REQUEST_H

#include "gateway/etcd/h2_stream.h"

enum { h2_headers_max = 60 * 1024 }; /* bytes of a request's names and values */

int h2_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *state);
int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                 size_t name_len, const uint8_t *value_at, size_t value_len, uint8_t flags,
                 void *state);
int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
               void *state);
int h2_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *state);

#endif
