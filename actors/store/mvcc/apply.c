#include "actors/store/mvcc/compaction.h"
#include "actors/store/mvcc/lease_answers.h"
#include "actors/store/mvcc/operation.h"
#include "actors/store/mvcc/range.h"
#include "actors/store/mvcc/txn.h"
#include "actors/store/mvcc/write.h"
#include "common/etcdapi/maintenance.pb-c.h"

typedef enum etcd_error answer_fn(struct mvcc *self, const ProtobufCMessage *request,
                                  struct arena *arena, ProtobufCMessage **answer);

/* on_NAME: of the messages that a method takes and gives. */
#define ON(name, Request, Answer)                                                                  \
    static enum etcd_error on_##name(struct mvcc *self, const ProtobufCMessage *message,           \
                                     struct arena *arena, ProtobufCMessage **answer)               \
    {                                                                                              \
        Etcdserverpb__##Answer *made = NULL;                                                       \
        enum etcd_error error =                                                                    \
            name##_answer(self, (const Etcdserverpb__##Request *)message, arena, &made);           \
                                                                                                   \
        *answer = error == ETCD_OK ? &made->base : NULL;                                           \
        return error;                                                                              \
    }

ON(range, RangeRequest, RangeResponse)
ON(txn, TxnRequest, TxnResponse)
ON(compact, CompactionRequest, CompactionResponse)
ON(lease_grant, LeaseGrantRequest, LeaseGrantResponse)
ON(lease_revoke, LeaseRevokeRequest, LeaseRevokeResponse)

static enum etcd_error on_put(struct mvcc *self, const ProtobufCMessage *message,
                              struct arena *arena, ProtobufCMessage **answer)
{
    const Etcdserverpb__PutRequest *request = (const Etcdserverpb__PutRequest *)message;
    enum etcd_error error = put_judge(self, request);

    if (error == ETCD_OK) {
        *answer = &put_do(self, request, arena)->base;
    }
    return error;
}

static enum etcd_error on_delete_range(struct mvcc *self, const ProtobufCMessage *message,
                                       struct arena *arena, ProtobufCMessage **answer)
{
    *answer =
        &delete_range_do(self, (const Etcdserverpb__DeleteRangeRequest *)message, arena)->base;
    return ETCD_OK;
}

static enum etcd_error on_lease_time_to_live(struct mvcc *self, const ProtobufCMessage *message,
                                             struct arena *arena, ProtobufCMessage **answer)
{
    *answer = &lease_time_to_live_answer(
                   self, (const Etcdserverpb__LeaseTimeToLiveRequest *)message, arena)
                   ->base;
    return ETCD_OK;
}

static enum etcd_error on_lease_leases(struct mvcc *self, const ProtobufCMessage *message,
                                       struct arena *arena, ProtobufCMessage **answer)
{
    (void)message;
    *answer = &lease_leases_answer(self, arena)->base;
    return ETCD_OK;
}

static enum etcd_error on_hash_kv(struct mvcc *self, const ProtobufCMessage *message,
                                  struct arena *arena, ProtobufCMessage **answer)
{
    const Etcdserverpb__HashKVRequest *request = (const Etcdserverpb__HashKVRequest *)message;
    Etcdserverpb__HashKVResponse *made = arena_get(arena, sizeof(*made));
    struct mvcc_hash *hash;
    enum etcd_error error = mvcc_hash_begin(self, request->revision, &hash);

    if (error != ETCD_OK) {
        return error;
    }
    while (mvcc_hash_step(hash, UINT32_MAX)) {
    }
    etcdserverpb__hash_kvresponse__init(made);
    made->header = header_new(self->revision, arena);
    mvcc_hash_end(&hash, &made->hash, &made->compact_revision);
    *answer = &made->base;
    return ETCD_OK;
}

struct row {
    answer_fn *write;
    answer_fn *read;
};

static const struct row rows[ETCD_METHOD_END] = {
    [ETCD_METHOD_RANGE] = {NULL, on_range},
    [ETCD_METHOD_PUT] = {on_put, NULL},
    [ETCD_METHOD_DELETE_RANGE] = {on_delete_range, NULL},
    [ETCD_METHOD_TXN] = {on_txn, on_txn},
    [ETCD_METHOD_COMPACT] = {on_compact, NULL},
    [ETCD_METHOD_LEASE_GRANT] = {on_lease_grant, NULL},
    [ETCD_METHOD_LEASE_REVOKE] = {on_lease_revoke, NULL},
    [ETCD_METHOD_LEASE_TIME_TO_LIVE] = {NULL, on_lease_time_to_live},
    [ETCD_METHOD_LEASE_LEASES] = {NULL, on_lease_leases},
    [ETCD_METHOD_HASH_KV] = {NULL, on_hash_kv},
};

static const struct row *row_of(enum etcd_method method)
{
    assert(method > 0 && method < ETCD_METHOD_END);
    return &rows[method];
}

static struct mvcc_answer answer(struct mvcc *self, answer_fn *fn, const ProtobufCMessage *request,
                                 struct arena *arena)
{
    struct mvcc_answer made = {ETCD_ERROR_NOT_CAPABLE, NULL};

    if (fn != NULL) {
        made.error = fn(self, request, arena, &made.message);
    }
    if (self->damage != ERR_OK) {
        made.error = ETCD_ERROR_CORRUPT;
    }
    if (made.error != ETCD_OK) {
        made.message = NULL;
    }
    return made;
}

bool mvcc_writes(enum etcd_method method, const ProtobufCMessage *request)
{
    return row_of(method)->write != NULL &&
           (method != ETCD_METHOD_TXN ||
            !txn_only_reads((const Etcdserverpb__TxnRequest *)request));
}

struct mvcc_answer mvcc_apply(struct mvcc *self, enum etcd_method method,
                              const ProtobufCMessage *request, struct arena *arena)
{
    struct mvcc_answer made = answer(self, row_of(method)->write, request, arena);

    write_end(self);
    return made;
}

struct mvcc_answer mvcc_read(struct mvcc *self, enum etcd_method method,
                             const ProtobufCMessage *request, struct arena *arena)
{
    assert(!mvcc_writes(method, request));
    return answer(self, row_of(method)->read, request, arena);
}
