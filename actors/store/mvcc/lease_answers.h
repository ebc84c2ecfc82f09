/* Requests about leases. */
#ifndef ACTORS_STORE_MVCC_LEASE_ANSWERS_H
#define ACTORS_STORE_MVCC_LEASE_ANSWERS_H

#include "actors/store/mvcc/state.h"
#include "common/etcdapi/lease.pb-c.h"

/* Errors: LEASE_NOT_FOUND (ID 0, which is no lease's), LEASE_TTL_TOO_LARGE, LEASE_EXISTS. */
enum etcd_error lease_grant_answer(struct mvcc *self,
                                   const Etcdserverpb__LeaseGrantRequest *request,
                                   struct arena *arena, Etcdserverpb__LeaseGrantResponse **answer);

/* Its keys are deleted, in order of bytes, as one revision. Errors: LEASE_NOT_FOUND. */
enum etcd_error lease_revoke_answer(struct mvcc *self,
                                    const Etcdserverpb__LeaseRevokeRequest *request,
                                    struct arena *arena,
                                    Etcdserverpb__LeaseRevokeResponse **answer);

/* Of an unknown lease: TTL -1. */
Etcdserverpb__LeaseTimeToLiveResponse *
lease_time_to_live_answer(struct mvcc *self, const Etcdserverpb__LeaseTimeToLiveRequest *request,
                          struct arena *arena);

Etcdserverpb__LeaseLeasesResponse *lease_leases_answer(struct mvcc *self, struct arena *arena);

#endif
