/* A site with both its transports, whose calls and store a test plays. */
#ifndef TESTS_GATEWAY_ETCD_WEB_RIG_H
#define TESTS_GATEWAY_ETCD_WEB_RIG_H

#include "gateway/etcd/front.h"
#include "tests/gateway/etcd/h2_client.h"

enum transport { TRANSPORT_HTTP1, TRANSPORT_HTTP2, TRANSPORTS };

enum { rig_message_max = 2000, rig_calls_max = 16 };

struct web_rig;

/* An answer, as far as it has come. */
struct seen {
    int status;         /* 0: nothing has come */
    struct buf headers; /* names in lower case: "name: value\n" each, as they came; trailers too */
    struct buf body;
    bool ended;
};

struct web_rig {
    struct front *front;
    struct h2_options h2_options;
    struct h2 *h2;
    struct h2_client client; /* of it */
    int http1;               /* the client's end; -1: none */
    struct buf http1_bytes;  /* what came to it */
    struct relay *relay;
    struct store_view store;
    struct moment moment;
    struct now now;
    struct outbox *out;
    struct log log;
    struct rpc *calls[rig_calls_max]; /* that are open */
    unsigned count;
    struct buf messages; /* of all calls, one behind the other */
    unsigned begun, messages_count, half_closed, gone;
    char token[64]; /* of the newest call */
    enum etcd_method method;
    int64_t timeout_ms;
    bool needs_leader;
    struct seen seen;
};

void web_rig_init(struct web_rig *self, const char *version, const char *const *origins,
                  size_t origin_count);
void web_rig_fini(struct web_rig *self);

/* Asks; run: what is answered at once is seen. more: ends with a NULL name; may be NULL. body:
 * NULL: none. */
struct seen *web_rig_ask(struct web_rig *self, enum transport transport, const char *verb,
                         const char *target, const struct client_header *more, const char *body);
/* What was said since is seen. */
struct seen *web_rig_run(struct web_rig *self, enum transport transport);
/* One turn; whether there is more to do. */
bool web_rig_turn(struct web_rig *self);
/* The client goes. */
void web_rig_hang_up(struct web_rig *self, enum transport transport);

/* Whether that header came so; value NULL: whether it came at all. */
bool seen_header(const struct seen *self, const char *name, const char *value);

/* The newest open call's end, and its message before. */
void web_rig_send(struct web_rig *self, const ProtobufCMessage *message);
void web_rig_end(struct web_rig *self, enum grpc_code code, const char *text);

#endif
