/* A stream that carries no gRPC: a request of plain HTTP, served by a web_app. */
#ifndef GATEWAY_ETCD_H2_WEB_H
#define GATEWAY_ETCD_H2_WEB_H

#include "gateway/etcd/h2_stream.h"

/* Of a stream whose headers are still coming. */
void h2_web_note(struct stream *stream, enum h2_web_word word, struct str value);
void h2_web_note_timeout(struct stream *stream, struct str value);
void h2_web_note_verb(struct stream *stream, struct str value);

/* Its headers have come: it is a request of plain HTTP. */
void h2_web_begin(struct stream *stream);
void h2_web_data(struct stream *stream, struct str data);
void h2_web_end_of_input(struct stream *stream);

/* It is not served; what else comes of it is thrown away. */
void h2_web_refuse(struct stream *stream, int status, struct str why);

/* Its client is gone, if it is open. */
void h2_web_gone(struct stream *stream);

#endif
