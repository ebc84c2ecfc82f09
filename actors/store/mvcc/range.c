#include "actors/store/mvcc/range.h"

#include <stdlib.h>

#include "actors/store/mvcc/record.h"
#include "common/base/array.h"
#include "common/base/heap.h"

typedef Etcdserverpb__RangeRequest Request;

enum { first_cap = 16 };

struct found {
    struct key_state state;
    Mvccpb__KeyValue kv; /* read when it is known to be needed */
    bool read;
};

struct finding {
    struct found *items; /* owned */
    size_t count, cap;
    size_t total; /* also of those that were not kept */
};

Etcdserverpb__ResponseHeader *header_new(int64_t revision, struct arena *arena)
{
    Etcdserverpb__ResponseHeader *self = arena_get(arena, sizeof(*self));

    etcdserverpb__response_header__init(self);
    self->revision = revision;
    return self;
}

Mvccpb__KeyValue *key_value_keep(const Mvccpb__KeyValue *kv, struct arena *arena)
{
    Mvccpb__KeyValue *self = arena_get(arena, sizeof(*self));

    *self = *kv;
    return self;
}

enum etcd_error range_judge_in_txn(const struct mvcc *self, const Request *request)
{
    if (request->revision == 0) {
        return ETCD_OK;
    }
    return request->revision > current_revision(self) ? ETCD_ERROR_FUTURE_REVISION
           : request->revision < self->compacted      ? ETCD_ERROR_COMPACTED
                                                      : ETCD_OK;
}

static bool has_filter(const Request *request)
{
    return request->min_mod_revision != 0 || request->max_mod_revision != 0 ||
           request->min_create_revision != 0 || request->max_create_revision != 0;
}

bool range_passes(const Request *request, const struct key_state *state)
{
    int64_t mod = state->mod.main;
    int64_t create = state->create;

    return (request->max_mod_revision == 0 || mod <= request->max_mod_revision) &&
           (request->min_mod_revision == 0 || mod >= request->min_mod_revision) &&
           (request->max_create_revision == 0 || create <= request->max_create_revision) &&
           (request->min_create_revision == 0 || create >= request->min_create_revision);
}

/* Up to keep of those that are live at main. */
static void find(struct mvcc *self, const Request *request, int64_t main, size_t keep,
                 struct finding *finding)
{
    struct key_cursor cursor =
        key_cursor(&self->index, str_of_bytes(request->key), str_of_bytes(request->range_end));
    struct key_state state;
    uint32_t key;

    while ((key = key_cursor_next(&cursor)) != KEY_NONE) {
        if (!key_index_at(&self->index, key, main, &state)) {
            continue;
        }
        finding->total++;
        if (finding->total <= keep && range_passes(request, &state)) {
            ARRAY_ROOM(finding->items, finding->count, finding->cap, first_cap);
            finding->items[finding->count++] = (struct found){.state = state};
        }
    }
}

static void read_one(struct mvcc *self, struct found *found)
{
    if (!found->read) {
        record_read(self, found->state.mod, &found->kv);
        found->read = true;
    }
}

/* ── order ──────────────────────────────────────────────────────────────────*/

struct sorting {
    int target;
    bool descends;
};

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_by(int target, const struct found *a, const struct found *b)
{
    switch (target) {
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__VERSION:
        return compare_numbers(a->state.version, b->state.version);
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE:
        return compare_numbers(a->state.create, b->state.create);
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__MOD:
        return compare_numbers(a->state.mod.main, b->state.mod.main);
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__VALUE:
        return str_cmp(str_of_bytes(a->kv.value), str_of_bytes(b->kv.value));
    default:
        return 0;
    }
}

/* Merges sorted halves. Of equal ones the key that comes first stays first, either way: glibc's
 * sort does not promise it. */
static void sort(struct found *items, struct found *spare, size_t count, const struct sorting *by)
{
    size_t half = count / 2;
    size_t a = 0;
    size_t b = half;

    if (count < 2) {
        return;
    }
    sort(items, spare, half, by);
    sort(items + half, spare, count - half, by);
    for (size_t i = 0; i < count; i++) {
        int order = a == half ? 1 : b == count ? -1 : compare_by(by->target, &items[a], &items[b]);

        if (a < half && b < count && by->descends) {
            order = -order;
        }
        spare[i] = order <= 0 ? items[a++] : items[b++];
    }
    memcpy(items, spare, count * sizeof(items[0]));
}

static void reverse(struct found *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct found kept = items[i];

        items[i] = items[count - 1 - i];
        items[count - 1 - i] = kept;
    }
}

static bool is_sorted_by(const Request *request)
{
    return request->sort_target != ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__KEY ||
           request->sort_order != ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__NONE;
}

/* A target without an order ascends. Orders and targets that are none leave the order of keys. */
static void put_in_order(struct mvcc *self, const Request *request, struct finding *finding)
{
    struct sorting by = {(int)request->sort_target,
                         request->sort_order == ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND};
    struct found *spare;

    if (!is_sorted_by(request) || finding->count < 2) {
        return;
    }
    if (by.target == ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__KEY) {
        if (by.descends) {
            reverse(finding->items, finding->count);
        }
        return;
    }
    if (by.target == ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__VALUE) {
        for (size_t i = 0; i < finding->count; i++) {
            read_one(self, &finding->items[i]);
        }
    }
    spare = heap_array(finding->count, sizeof(*spare));
    sort(finding->items, spare, finding->count, &by);
    free(spare);
}

/* ── the answer ─────────────────────────────────────────────────────────────*/

/* How many are looked at: one more than asked for says that there are more. With an order or a
 * filter all, and the limit comes last; not so for a target without an order (etcd 3.4). */
static size_t kept_for(const Request *request)
{
    bool all = request->limit <= 0 || has_filter(request) ||
               request->sort_order != ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__NONE;

    if (request->count_only) {
        return 0;
    }
    return all || request->limit == INT64_MAX ? SIZE_MAX : (size_t)request->limit + 1;
}

static void fill(struct mvcc *self, const Request *request, struct finding *finding,
                 struct arena *arena, Etcdserverpb__RangeResponse *answer)
{
    size_t count = finding->count;

    if (request->limit > 0 && count > (uint64_t)request->limit) {
        count = (size_t)request->limit;
        answer->more = true;
    }
    if (count == 0) {
        return;
    }
    answer->n_kvs = count;
    answer->kvs = arena_get(arena, count * sizeof(Mvccpb__KeyValue *));
    for (size_t i = 0; i < count; i++) {
        read_one(self, &finding->items[i]);
        answer->kvs[i] = key_value_keep(&finding->items[i].kv, arena);
        if (request->keys_only) {
            answer->kvs[i]->value = (ProtobufCBinaryData){0};
        }
    }
}

enum etcd_error range_answer(struct mvcc *self, const Request *request, struct arena *arena,
                             Etcdserverpb__RangeResponse **answer)
{
    int64_t current = current_revision(self);
    int64_t main = request->revision <= 0 ? current : request->revision;
    struct finding finding = {0};
    Etcdserverpb__RangeResponse *made;

    self->counts.ranges++;
    if (main > current) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    if (main < self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    find(self, request, main, kept_for(request), &finding);
    put_in_order(self, request, &finding);
    made = arena_get(arena, sizeof(*made));
    etcdserverpb__range_response__init(made);
    made->header = header_new(current, arena);
    made->count = (int64_t)finding.total;
    fill(self, request, &finding, arena, made);
    free(finding.items);
    *answer = made;
    return ETCD_OK;
}
