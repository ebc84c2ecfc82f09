/* The etcd gateway: it ends HTTP, holds streams and deadlines, and passes calls on to the store as
 * they came. It knows no rule of the store; a revision is to it an ordered number.
 *
 *   port ──rpc──► upstream ──► store
 *     └─HTTP/1.1─► front
 *
 * After three elections without the store all connections are told to go, and nobody new is taken,
 * so that clients move on to another member.
 */
#ifndef GATEWAY_ETCD_GATEWAY_H
#define GATEWAY_ETCD_GATEWAY_H

#include "common/base/log.h"
#include "common/runtime/actor.h"
#include "gateway/etcd/rpc.h"
#include "gateway/etcd/store_view.h"

struct etcd_gateway_options {
    const char *listen; /* host:port; borrowed */
    bool reuse_port;
    uint32_t index;             /* of this process */
    uint64_t boot;              /* random, of this run */
    uint32_t connections_max;   /* HTTP/2 */
    uint32_t request_max;       /* bytes of a request, as etcd's --max-request-bytes */
    int64_t election_ms;        /* the store's */
    int64_t progress_ms;        /* of a watch's silence, until it is told how far it is */
    const char *version;        /* of etcd, that clients are told */
    const char *const *origins; /* of pages that may use it; "*": all; borrowed */
    size_t origin_count;
    uint64_t memory_max; /* held for clients; 0: a share of the machine's memory */
    unsigned sharers;    /* processes on the port; 0: one */
    struct log *log;     /* borrowed, may be NULL */
};

struct etcd_gateway;

/* Errors, said on the log: those of port_new. */
enum err etcd_gateway_new(struct etcd_gateway **self, const struct etcd_gateway_options *options,
                          const struct now *now);
void etcd_gateway_destroy(struct etcd_gateway **self);

/* For actor_run: the core, its one link, its guests: the port, and HTTP/1.1. */
extern const struct actor_spec etcd_gateway_spec;
struct actor_link etcd_gateway_link(struct etcd_gateway *self);
struct actor_guest etcd_gateway_guest(struct etcd_gateway *self);
struct actor_guest etcd_gateway_http1_guest(struct etcd_gateway *self);

/* Serves whatever calls. Only within a turn. */
struct rpc_server etcd_gateway_calls(struct etcd_gateway *self);

const struct store_view *etcd_gateway_store(const struct etcd_gateway *self);
bool etcd_gateway_healthy(
    const struct etcd_gateway *self); /* the store is there and has a leader */
uint16_t etcd_gateway_port(const struct etcd_gateway *self);
enum err etcd_gateway_failed(const struct etcd_gateway *self); /* why it has to end; ERR_OK */

#endif
