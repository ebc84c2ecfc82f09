/* A line of keys below one prefix, of which the oldest has the turn: what Lock and Election stand
 * on, as etcd's concurrency package has it.
 *
 *   name "L", lease 0x1f  ──►  prefix "L/", key "L/1f"
 */
#ifndef GATEWAY_ETCD_QUEUE_H
#define GATEWAY_ETCD_QUEUE_H

#include "gateway/etcd/errand.h"

enum { queue_lease_s = 60 }; /* of a lease that a client did not bring */

/* Sets the errand's prefix and key; for a lease of 0 one is granted first. then: its code is
 * GRPC_OK. */
void queue_begin(struct errand *self, ProtobufCBinaryData name, int64_t lease, errand_step *then);

/* Waits until no key below the prefix is older than the errand's revision. come: its code is
 * GRPC_OK.
 */
void queue_wait(struct errand *self, errand_step *come);

/* Asks for the oldest key below the prefix, or for the newest of those created up to a revision. */
enum queue_end { QUEUE_OLDEST, QUEUE_NEWEST };
void queue_look(struct errand *self, enum queue_end end, int64_t created_max, errand_step *done);

/* Behind the last key that begins with prefix. Appends. */
void queue_prefix_end(struct buf *to, struct str prefix);

#endif
