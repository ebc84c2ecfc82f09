/* Streams of LeaseKeepAlive: each request of one is a call to the store, its answer goes out on the
 * stream. Several of a stream may be under way at once.
 *
 *   stream ──message──► renewal ──relay──► store
 *      ◄──────────rpc_send──┘
 *
 * As etcd has it: a lease that is not there is answered with TTL 0 and the stream goes on; any
 * other error ends it.
 */
#ifndef GATEWAY_ETCD_KEEP_ALIVE_H
#define GATEWAY_ETCD_KEEP_ALIVE_H

#include "gateway/etcd/moment.h"
#include "gateway/etcd/relay.h"

enum { keep_alive_renewals_max = 1000 }; /* under way on one stream; beyond, it ends */

struct keep_alives;

/* relay, moment: borrowed. */
struct keep_alives *keep_alives_new(struct relay *relay, const struct moment *moment);
/* Open streams are gone before. */
void keep_alives_destroy(struct keep_alives **self);

extern const struct rpc_app keep_alive_app; /* of a struct keep_alives */

/* Ends those that asked for a leader: there has been none for too long. */
void keep_alives_no_leader(struct keep_alives *self);
uint64_t keep_alives_count(const struct keep_alives *self); /* open streams */

#endif
