/* Service v3lockpb.Lock: a lock is held by the oldest key below its name; the keys of those that
 * wait stand behind it. As etcd's v3lock has it: whoever brings no lease gets one, which nobody
 * keeps alive for him.
 */
#ifndef GATEWAY_ETCD_LOCK_H
#define GATEWAY_ETCD_LOCK_H

#include "gateway/etcd/rpc.h"

extern const struct rpc_app lock_app; /* of a struct errands: Lock, Unlock */

#endif
