/* A request's bytes taken apart, nested no deeper than recursion over it can bear. */
#ifndef ACTORS_STORE_MVCC_REQUEST_H
#define ACTORS_STORE_MVCC_REQUEST_H

#include "actors/store/mvcc/arena.h"
#include "common/etcdapi/methods.h"

enum { request_depth_max = 16 }; /* a Txn in 15 others */

/* The message is the arena's. Errors: ERR_MALFORMED (no such message: gRPC's INTERNAL),
 * ERR_TOO_LARGE (nested deeper). */
enum err request_unpack(enum etcd_method method, struct str bytes, struct arena *arena,
                        ProtobufCMessage **request);

#endif
