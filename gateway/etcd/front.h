/* What the client port has besides calls in gRPC: the site, and HTTP/1.1, put together.
 *
 *   port ──http1──► http1 ──► site ──► json_call, checks, exposition
 *        ──h2 (no gRPC)───────┘
 */
#ifndef GATEWAY_ETCD_FRONT_H
#define GATEWAY_ETCD_FRONT_H

#include "gateway/etcd/http1.h"
#include "gateway/etcd/site.h"

struct front;

struct front_options {
    const char *version;        /* of etcd, that clients are told */
    const char *const *origins; /* as of struct site */
    size_t origin_count;
    uint32_t message_max;     /* bytes of one in protobuf */
    uint32_t connections_max; /* HTTP/1.1 */
    uint64_t memory_max; /* held for clients, over either transport; 0: a share of the machine's */
    unsigned sharers;    /* processes with this port */
    struct log *log;
    struct rpc_server calls; /* who serves calls */
    const struct relay *relay;
    const struct store_view *store;
    const struct watches *watches; /* may be NULL */
    const struct moment *moment;
};

/* options' pointers: borrowed. Errors: ERR_INVALID (version; said on the log), those of http1_new.
 */
enum err front_new(struct front **self, const struct front_options *options);
void front_destroy(struct front **self);

/* What a port's connections are to count and to serve. */
void front_join(struct front *self, struct h2_options *h2);
void front_adopt(struct front *self, int fd, const struct now *now);          /* port_app.http1 */
void front_counters(struct front *self, const struct msg_counters *counters); /* of the store */

int front_fd(const struct front *self);
/* port: as it has counted by now. True: more is waiting. */
bool front_turn(struct front *self, const struct port_counts *port, const struct now *now);
int64_t front_due_ms(const struct front *self, const struct now *now);
uint64_t front_connections(const struct front *self); /* HTTP/1.1 */
void front_forget(struct front *self);                /* as http_forget */

#endif
