#include "actors/store/mvcc/operation.h"

#include <stdlib.h>

#include "actors/store/mvcc/lease.h"
#include "actors/store/mvcc/range.h"
#include "actors/store/mvcc/record.h"
#include "actors/store/mvcc/write.h"
#include "common/base/array.h"

enum { first_cap = 16 };

static bool find_live(const struct mvcc *self, struct str name, struct key_state *state)
{
    uint32_t key = key_index_find(&self->index, name);

    return key != KEY_NONE && key_index_at(&self->index, key, current_revision(self), state);
}

static enum etcd_error judge_lease(const struct mvcc *self, const Etcdserverpb__PutRequest *request)
{
    return request->lease != 0 && lease_find(self, request->lease) == NULL
               ? ETCD_ERROR_LEASE_NOT_FOUND
               : ETCD_OK;
}

static enum etcd_error judge_key(const struct mvcc *self, const Etcdserverpb__PutRequest *request)
{
    struct key_state state;

    return (request->ignore_value || request->ignore_lease) &&
                   !find_live(self, str_of_bytes(request->key), &state)
               ? ETCD_ERROR_KEY_NOT_FOUND
               : ETCD_OK;
}

enum etcd_error put_judge(const struct mvcc *self, const Etcdserverpb__PutRequest *request)
{
    enum etcd_error error = judge_lease(self, request);

    return error == ETCD_OK ? judge_key(self, request) : error;
}

enum etcd_error put_judge_in_txn(const struct mvcc *self, const Etcdserverpb__PutRequest *request)
{
    enum etcd_error error = judge_key(self, request);

    return error == ETCD_OK ? judge_lease(self, request) : error;
}

Etcdserverpb__PutResponse *put_do(struct mvcc *self, const Etcdserverpb__PutRequest *request,
                                  struct arena *arena)
{
    Etcdserverpb__PutResponse *answer = arena_get(arena, sizeof(*answer));
    struct str value = str_of_bytes(request->value);
    int64_t lease = request->lease;
    Mvccpb__KeyValue before = MVCCPB__KEY_VALUE__INIT;
    struct key_state state;
    bool asks = request->ignore_value || request->ignore_lease || request->prev_kv;

    etcdserverpb__put_response__init(answer);
    self->counts.puts++;
    self->counts.put_bytes += request->key.len + request->value.len;
    if (asks && find_live(self, str_of_bytes(request->key), &state)) {
        record_read(self, state.mod, &before);
        if (request->prev_kv) {
            answer->prev_kv = key_value_keep(&before, arena);
        }
    }
    if (request->ignore_value) {
        value = str_of_bytes(before.value);
    }
    if (request->ignore_lease) {
        lease = before.lease;
    }
    write_put(self, str_of_bytes(request->key), value, lease);
    answer->header = header_new(current_revision(self), arena);
    return answer;
}

static void keep_previous(struct mvcc *self, struct revision mod, struct arena *arena,
                          Mvccpb__KeyValue ***kvs, size_t *count, size_t *cap)
{
    Mvccpb__KeyValue kv;

    record_read(self, mod, &kv);
    if (*count == *cap) {
        *kvs = array_grow(*kvs, cap, first_cap, sizeof(Mvccpb__KeyValue *));
    }
    (*kvs)[(*count)++] = key_value_keep(&kv, arena);
}

Etcdserverpb__DeleteRangeResponse *delete_range_do(struct mvcc *self,
                                                   const Etcdserverpb__DeleteRangeRequest *request,
                                                   struct arena *arena)
{
    Etcdserverpb__DeleteRangeResponse *answer = arena_get(arena, sizeof(*answer));
    struct key_cursor cursor =
        key_cursor(&self->index, str_of_bytes(request->key), str_of_bytes(request->range_end));
    int64_t current = current_revision(self);
    Mvccpb__KeyValue **kvs = NULL;
    size_t count = 0;
    size_t cap = 0;
    uint32_t key;

    etcdserverpb__delete_range_response__init(answer);
    self->counts.deletes++;
    while ((key = key_cursor_next(&cursor)) != KEY_NONE) {
        struct key_state state;

        if (!key_index_at(&self->index, key, current, &state)) {
            continue;
        }
        if (request->prev_kv) {
            keep_previous(self, state.mod, arena, &kvs, &count, &cap);
        }
        write_delete(self, key);
        answer->deleted++;
    }
    if (count > 0) {
        answer->n_prev_kvs = count;
        answer->prev_kvs = arena_get(arena, count * sizeof(Mvccpb__KeyValue *));
        memcpy(answer->prev_kvs, kvs, count * sizeof(Mvccpb__KeyValue *));
    }
    free(kvs);
    answer->header = header_new(current_revision(self), arena);
    return answer;
}
