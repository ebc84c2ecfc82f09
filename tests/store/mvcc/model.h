/* etcd's rules, slow and obvious: a list of all that ever happened, walked through for every
 * question. No index, no tail, no backend. */
#ifndef TESTS_STORE_MVCC_MODEL_H
#define TESTS_STORE_MVCC_MODEL_H

#include "actors/store/mvcc/mvcc.h"
#include "common/etcdapi/kv.pb-c.h"
#include "tests/store/mvcc/gather.h"
#include "tests/store/mvcc/history.h"

enum { model_changes_max = 4000, model_leases_max = 64, model_keys_max = 64 };

struct model_change {
    int64_t main, sub;
    bool tombstone;
    bool gone;           /* compacted */
    Mvccpb__KeyValue kv; /* of a tombstone the key alone */
};

struct model {
    struct arena arena; /* of what it keeps */
    struct model_change changes[model_changes_max];
    size_t count;
    int64_t revision, sub, compacted;
    int64_t lease_ttl_min_s;
    struct mvcc_lease leases[model_leases_max]; /* key_count is not kept */
    size_t lease_count;
};

void model_init(struct model *self, int64_t lease_ttl_min_s);
void model_fini(struct model *self);

/* Judges the shape too. The answer is in arena. */
struct mvcc_answer model_call(struct model *self, const struct call *call, struct arena *arena);

void model_expire(struct model *self, int64_t lease);
void model_checkpoint(struct model *self, int64_t lease, int64_t rest_s);
struct gathered model_events(struct model *self, int64_t from, int64_t to, struct arena *arena);

/* ── between its files ──────────────────────────────────────────────────────*/

int64_t model_now(const struct model *self); /* the revision that a read sees */
/* What the key was at main; NULL: it was not there. */
const struct model_change *model_at(const struct model *self, struct str key, int64_t main);
/* The keys of the range that were there at main, in order. */
size_t model_range(const struct model *self, struct str from, struct str end, int64_t main,
                   const struct model_change *found[model_keys_max]);
void model_put(struct model *self, struct str key, struct str value, int64_t lease);
void model_delete(struct model *self, struct str key);
bool model_has_lease(const struct model *self, int64_t id);

enum etcd_error model_do_range(struct model *self, const Etcdserverpb__RangeRequest *request,
                               struct arena *arena, Etcdserverpb__RangeResponse **answer);
Etcdserverpb__PutResponse *model_do_put(struct model *self, const Etcdserverpb__PutRequest *request,
                                        struct arena *arena);
Etcdserverpb__DeleteRangeResponse *
model_do_delete_range(struct model *self, const Etcdserverpb__DeleteRangeRequest *request,
                      struct arena *arena);
enum etcd_error model_do_txn(struct model *self, const Etcdserverpb__TxnRequest *request,
                             struct arena *arena, Etcdserverpb__TxnResponse **answer);
enum etcd_error model_shape(const struct call *call);
Etcdserverpb__ResponseHeader *model_header(int64_t revision, struct arena *arena);

#endif
