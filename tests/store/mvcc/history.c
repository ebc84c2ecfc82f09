#include "tests/store/mvcc/history.h"

#include "actors/store/mvcc/key_value.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"

enum { depth_max = 3, ops_max = 4 };

static uint64_t below(struct history *self, uint64_t bound)
{
    return prng_below(&self->prng, bound);
}

static bool one_in(struct history *self, uint64_t n)
{
    return below(self, n) == 0;
}

void history_init(struct history *self, uint64_t seed, struct arena *arena)
{
    *self = (struct history){.arena = arena, .revision = 1, .compacted = -1};
    prng_init(&self->prng, seed);
}

struct str history_key(struct history *self)
{
    const struct str keys[] = {STR("a"),  STR("b"),    STR("c"),        STR("d"),
                               STR("aa"), STR("ab"),   STR("b\0"),      STR("ba"),
                               STR("\0"), STR("\xff"), STR("\xff\xff"), STR("abcdefghij")};

    return keys[below(self, one_in(self, 3) ? sizeof(keys) / sizeof(keys[0]) : 4)];
}

static ProtobufCBinaryData key(struct history *self)
{
    return bytes_of_str(one_in(self, 400) ? (struct str){0} : history_key(self));
}

static ProtobufCBinaryData range_end(struct history *self)
{
    switch (below(self, 5)) {
    case 0:
    case 1:
        return (ProtobufCBinaryData){0};
    case 2:
        return bytes_of_str(STR("\0"));
    default:
        return bytes_of_str(history_key(self));
    }
}

static ProtobufCBinaryData value(struct history *self)
{
    const struct str values[] = {STR("x"), STR("y"), STR("x\0"), STR("longer than others"),
                                 STR("")};

    return bytes_of_str(values[below(self, 5)]);
}

int64_t history_lease(struct history *self)
{
    return 11 + (int64_t)below(self, 4);
}

/* Near what is now, what was compacted, and out of it. */
static int64_t revision(struct history *self)
{
    static const int64_t odd[] = {-1, -2, -7, 1, 0, INT64_MAX};

    switch (below(self, 10)) {
    case 0:
        return odd[below(self, 6)];
    case 1:
        return self->compacted + (int64_t)below(self, 3) - 1;
    case 2:
        return self->revision + (int64_t)below(self, 3) - 1;
    default:
        return self->revision - (int64_t)below(self, 12);
    }
}

/* ── requests ───────────────────────────────────────────────────────────────*/

#define NEW(self, type, name) type *name = arena_get((self)->arena, sizeof(*name));

static Etcdserverpb__RangeRequest *range(struct history *self)
{
    NEW(self, Etcdserverpb__RangeRequest, made)

    etcdserverpb__range_request__init(made);
    made->key = key(self);
    made->range_end = range_end(self);
    made->limit = one_in(self, 3) ? (int64_t)below(self, 5) - 1 : 0;
    made->revision = one_in(self, 3) ? revision(self) : 0;
    if (one_in(self, 3)) {
        made->sort_order = (Etcdserverpb__RangeRequest__SortOrder)below(self, 3);
        made->sort_target = (Etcdserverpb__RangeRequest__SortTarget)below(self, 5);
    }
    made->keys_only = one_in(self, 5);
    made->count_only = one_in(self, 8);
    made->serializable = one_in(self, 2);
    if (one_in(self, 4)) {
        made->min_mod_revision = one_in(self, 2) ? revision(self) : 0;
        made->max_mod_revision = one_in(self, 2) ? revision(self) : 0;
        made->min_create_revision = one_in(self, 2) ? revision(self) : 0;
        made->max_create_revision = one_in(self, 2) ? revision(self) : 0;
    }
    return made;
}

static Etcdserverpb__PutRequest *put(struct history *self)
{
    NEW(self, Etcdserverpb__PutRequest, made)

    etcdserverpb__put_request__init(made);
    made->key = key(self);
    made->value = value(self);
    made->lease = one_in(self, 4) ? history_lease(self) : 0;
    made->prev_kv = one_in(self, 3);
    if (one_in(self, 6)) {
        made->ignore_value = true;
        made->value = one_in(self, 5) ? made->value : (ProtobufCBinaryData){0};
    }
    if (one_in(self, 6)) {
        made->ignore_lease = true;
        made->lease = one_in(self, 5) ? made->lease : 0;
    }
    return made;
}

static Etcdserverpb__DeleteRangeRequest *delete_range(struct history *self)
{
    NEW(self, Etcdserverpb__DeleteRangeRequest, made)

    etcdserverpb__delete_range_request__init(made);
    made->key = key(self);
    made->range_end = one_in(self, 3) ? range_end(self) : (ProtobufCBinaryData){0};
    made->prev_kv = one_in(self, 2);
    return made;
}

static Etcdserverpb__Compare *compare(struct history *self)
{
    NEW(self, Etcdserverpb__Compare, made)

    etcdserverpb__compare__init(made);
    made->key = key(self);
    made->range_end = one_in(self, 3) ? range_end(self) : (ProtobufCBinaryData){0};
    made->result = (Etcdserverpb__Compare__CompareResult)below(self, 4);
    made->target = (Etcdserverpb__Compare__CompareTarget)below(self, 5);
    switch (one_in(self, 10) ? below(self, 6) : made->target) {
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__VERSION:
        made->version = (int64_t)below(self, 4);
        made->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_VERSION;
        break;
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__CREATE:
        made->create_revision = revision(self);
        made->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION;
        break;
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD:
        made->mod_revision = revision(self);
        made->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_MOD_REVISION;
        break;
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__VALUE:
        made->value = value(self);
        made->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_VALUE;
        break;
    case ETCDSERVERPB__COMPARE__COMPARE_TARGET__LEASE:
        made->lease = one_in(self, 2) ? history_lease(self) : 0;
        made->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_LEASE;
        break;
    default:
        break;
    }
    return made;
}

static Etcdserverpb__TxnRequest *txn(struct history *self, unsigned depth);

static Etcdserverpb__RequestOp *op(struct history *self, unsigned depth)
{
    NEW(self, Etcdserverpb__RequestOp, made)

    etcdserverpb__request_op__init(made);
    switch (one_in(self, 100) ? 99 : below(self, depth < depth_max ? 9 : 7)) {
    case 0:
    case 1:
        made->request_range = range(self);
        made->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
        break;
    case 2:
    case 3:
    case 4:
    case 5:
        made->request_put = put(self);
        if (self->lasting && !self->ignores) {
            made->request_put->ignore_value = false;
            made->request_put->ignore_lease = false;
        }
        made->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
        break;
    case 6:
        made->request_delete_range = delete_range(self);
        if (self->lasting && self->ignores && made->request_delete_range->range_end.len == 1 &&
            made->request_delete_range->range_end.data[0] == 0) {
            made->request_delete_range->range_end.len = 0;
        }
        made->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE;
        break;
    case 7:
    case 8:
        made->request_txn = txn(self, depth + 1);
        made->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN;
        break;
    default: /* none */
        break;
    }
    return made;
}

static Etcdserverpb__RequestOp **branch(struct history *self, unsigned depth, size_t *count)
{
    Etcdserverpb__RequestOp **made =
        arena_get(self->arena, ops_max * sizeof(Etcdserverpb__RequestOp *));

    *count = one_in(self, 3) ? 0 : below(self, ops_max) + (depth == 0);
    *count = *count > ops_max ? ops_max : *count;
    for (size_t i = 0; i < *count; i++) {
        made[i] = op(self, depth);
    }
    return made;
}

static Etcdserverpb__TxnRequest *txn(struct history *self, unsigned depth)
{
    NEW(self, Etcdserverpb__TxnRequest, made)

    self->ignores = depth == 0 ? one_in(self, 2) : self->ignores;
    etcdserverpb__txn_request__init(made);
    made->n_compare = below(self, 3);
    made->compare = arena_get(self->arena, 3 * sizeof(Etcdserverpb__Compare *));
    for (size_t i = 0; i < made->n_compare; i++) {
        made->compare[i] = compare(self);
    }
    made->success = branch(self, depth, &made->n_success);
    made->failure = branch(self, depth, &made->n_failure);
    return made;
}

static Etcdserverpb__LeaseGrantRequest *grant(struct history *self)
{
    NEW(self, Etcdserverpb__LeaseGrantRequest, made)

    etcdserverpb__lease_grant_request__init(made);
    made->id = history_lease(self);
    made->ttl = 10000 + (int64_t)below(self, 1000);
    if (one_in(self, 10)) {
        made->ttl = INT64_C(9000000000) + (int64_t)below(self, 2);
    } else if (!self->lasting && one_in(self, 5)) {
        made->ttl = (int64_t)below(self, 5) - 1;
    }
    return made;
}

struct call history_call(struct history *self)
{
    uint64_t kind = below(self, 100);

    if (kind < 28) {
        return (struct call){ETCD_METHOD_PUT, &put(self)->base};
    }
    if (kind < 46) {
        return (struct call){ETCD_METHOD_RANGE, &range(self)->base};
    }
    if (kind < 54) {
        return (struct call){ETCD_METHOD_DELETE_RANGE, &delete_range(self)->base};
    }
    if (kind < 80) {
        return (struct call){ETCD_METHOD_TXN, &txn(self, 0)->base};
    }
    if (kind < 83) {
        NEW(self, Etcdserverpb__CompactionRequest, made)

        etcdserverpb__compaction_request__init(made);
        made->revision = revision(self);
        made->physical = true;
        return (struct call){ETCD_METHOD_COMPACT, &made->base};
    }
    if (kind < 88) {
        return (struct call){ETCD_METHOD_LEASE_GRANT, &grant(self)->base};
    }
    if (kind < 91) {
        NEW(self, Etcdserverpb__LeaseRevokeRequest, made)

        etcdserverpb__lease_revoke_request__init(made);
        made->id = history_lease(self);
        return (struct call){ETCD_METHOD_LEASE_REVOKE, &made->base};
    }
    if (kind < 93) {
        NEW(self, Etcdserverpb__LeaseTimeToLiveRequest, made)

        etcdserverpb__lease_time_to_live_request__init(made);
        made->id = history_lease(self);
        made->keys = one_in(self, 2);
        return (struct call){ETCD_METHOD_LEASE_TIME_TO_LIVE, &made->base};
    }
    if (kind < 94) {
        NEW(self, Etcdserverpb__LeaseLeasesRequest, made)

        etcdserverpb__lease_leases_request__init(made);
        return (struct call){ETCD_METHOD_LEASE_LEASES, &made->base};
    }
    {
        NEW(self, Etcdserverpb__HashKVRequest, made)

        etcdserverpb__hash_kvrequest__init(made);
        made->revision = one_in(self, 2) ? 0 : revision(self);
        return (struct call){ETCD_METHOD_HASH_KV, &made->base};
    }
}
