/* What gRPC lays over HTTP/2: a message's prefix, a call's time, a status' text.
 * Source: "gRPC over HTTP2" (PROTOCOL-HTTP2.md of grpc).
 *
 *   00 00 00 00 05  0a 03 6b 65 79     not compressed, 5 bytes: {key: "key"}
 */
#ifndef GATEWAY_ETCD_GRPC_H
#define GATEWAY_ETCD_GRPC_H

#include "common/base/str.h"

enum { grpc_prefix_bytes = 5 };

void grpc_prefix(char to[grpc_prefix_bytes], uint32_t len);

/* The messages of one direction of a call, put together from what DATA frames brought. {0}: none
 * yet; buf_fini of bytes frees it. */
struct grpc_reader {
    struct buf bytes; /* the prefix and what has come of the message behind it */
    bool whole;       /* bytes holds a message: the next byte begins another */
};

enum grpc_read {
    GRPC_READ_MORE,       /* data is used up, the message is not whole */
    GRPC_READ_MESSAGE,    /* *message is: borrowed until the next call; the rest of data is left */
    GRPC_READ_COMPRESSED, /* no codec was agreed on: UNIMPLEMENTED */
    GRPC_READ_TOO_LARGE,  /* more than max: RESOURCE_EXHAUSTED; message->len is what it would be */
};

/* Takes bytes off data, at most to the end of a message. After COMPRESSED or TOO_LARGE nothing
 * more may be read. */
enum grpc_read grpc_read(struct grpc_reader *self, struct str *data, uint32_t max,
                         struct str *message);
/* Whether a message has begun and is not whole. */
bool grpc_read_cut(const struct grpc_reader *self);

/* The value of grpc-timeout, such as "4993676u", in ms, rounded up; at most grpc_timeout_max_ms.
 * Errors: ERR_MALFORMED. */
enum { grpc_timeout_max_ms = 1000 * 1000 * 1000 };
enum err grpc_timeout(struct str value, int64_t *ms);

/* Appends text as the value of grpc-message: what is not printable ASCII, and "%", as %XX. */
void grpc_message(struct buf *to, struct str text);

#endif
