#include "tests/store/mvcc/model.h"

#include <stdlib.h>

#include "actors/store/mvcc/key_value.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"

void model_init(struct model *self, int64_t lease_ttl_min_s)
{
    self->arena = (struct arena){0};
    self->count = 0;
    self->revision = 1;
    self->sub = 0;
    self->compacted = -1;
    self->lease_ttl_min_s = lease_ttl_min_s;
    self->lease_count = 0;
}

void model_fini(struct model *self)
{
    arena_fini(&self->arena);
}

int64_t model_now(const struct model *self)
{
    return self->sub > 0 ? self->revision + 1 : self->revision;
}

static ProtobufCBinaryData keep(struct model *self, struct str s)
{
    char *bytes = arena_get(&self->arena, s.len + 1);

    if (s.len > 0) {
        memcpy(bytes, s.data, s.len);
    }
    return bytes_of_str((struct str){bytes, s.len});
}

const struct model_change *model_at(const struct model *self, struct str key, int64_t main)
{
    const struct model_change *last = NULL;

    for (size_t i = 0; i < self->count; i++) {
        if (self->changes[i].main <= main && str_eq(str_of_bytes(self->changes[i].kv.key), key)) {
            last = &self->changes[i];
        }
    }
    return last == NULL || last->tombstone ? NULL : last;
}

static struct model_change *add(struct model *self)
{
    struct model_change *change = &self->changes[self->count++];

    assert(self->count < model_changes_max);
    *change = (struct model_change){.main = self->revision + 1, .sub = self->sub++};
    mvccpb__key_value__init(&change->kv);
    return change;
}

void model_put(struct model *self, struct str key, struct str value, int64_t lease)
{
    const struct model_change *before = model_at(self, key, model_now(self));
    struct model_change *change = add(self);

    change->kv.key = keep(self, key);
    change->kv.value = keep(self, value);
    change->kv.lease = lease;
    change->kv.mod_revision = change->main;
    change->kv.create_revision = before == NULL ? change->main : before->kv.create_revision;
    change->kv.version = before == NULL ? 1 : before->kv.version + 1;
}

void model_delete(struct model *self, struct str key)
{
    struct model_change *change;
    ProtobufCBinaryData kept = keep(self, key);

    assert(model_at(self, key, model_now(self)) != NULL);
    change = add(self);
    change->tombstone = true;
    change->kv.key = kept;
}

static bool in_range(struct str key, struct str from, struct str end)
{
    if (end.len == 0) {
        return str_eq(key, from);
    }
    return str_cmp(key, from) >= 0 && (str_eq(end, STR("\0")) || str_cmp(key, end) < 0);
}

size_t model_range(const struct model *self, struct str from, struct str end, int64_t main,
                   const struct model_change *found[model_keys_max])
{
    size_t count = 0;

    for (size_t i = 0; i < self->count; i++) {
        struct str key = str_of_bytes(self->changes[i].kv.key);
        const struct model_change *at;
        size_t place = count;

        if (!in_range(key, from, end)) {
            continue;
        }
        at = model_at(self, key, main);
        if (at != &self->changes[i]) {
            continue;
        }
        for (; place > 0 && str_cmp(str_of_bytes(found[place - 1]->kv.key), key) > 0; place--) {
            found[place] = found[place - 1];
        }
        found[place] = at;
        count++;
        assert(count < model_keys_max);
    }
    return count;
}

/* ── leases ─────────────────────────────────────────────────────────────────*/

static struct mvcc_lease *lease_of(struct model *self, int64_t id)
{
    for (size_t i = 0; i < self->lease_count; i++) {
        if (self->leases[i].id == id) {
            return &self->leases[i];
        }
    }
    return NULL;
}

bool model_has_lease(const struct model *self, int64_t id)
{
    return lease_of((struct model *)(uintptr_t)self, id) != NULL;
}

static enum etcd_error do_grant(struct model *self, const Etcdserverpb__LeaseGrantRequest *request,
                                struct arena *arena, ProtobufCMessage **answer)
{
    Etcdserverpb__LeaseGrantResponse *made = arena_get(arena, sizeof(*made));
    struct mvcc_lease lease = {.id = request->id, .ttl_s = request->ttl};

    if (request->id == 0) {
        return ETCD_ERROR_LEASE_NOT_FOUND;
    }
    if (request->ttl > INT64_C(9000000000)) {
        return ETCD_ERROR_LEASE_TTL_TOO_LARGE;
    }
    if (lease_of(self, request->id) != NULL) {
        return ETCD_ERROR_LEASE_EXISTS;
    }
    if (lease.ttl_s < self->lease_ttl_min_s) {
        lease.ttl_s = self->lease_ttl_min_s;
    }
    assert(self->lease_count < model_leases_max);
    self->leases[self->lease_count++] = lease;
    etcdserverpb__lease_grant_response__init(made);
    made->header = model_header(self->revision, arena);
    made->id = lease.id;
    made->ttl = lease.ttl_s;
    *answer = &made->base;
    return ETCD_OK;
}

static size_t keys_of(const struct model *self, int64_t id,
                      const struct model_change *keys[model_keys_max])
{
    const struct model_change *all[model_keys_max];
    size_t all_count = model_range(self, STR(""), STR("\0"), model_now(self), all);
    size_t count = 0;

    for (size_t i = 0; i < all_count; i++) {
        if (all[i]->kv.lease == id) {
            keys[count++] = all[i];
        }
    }
    return count;
}

void model_expire(struct model *self, int64_t id)
{
    const struct model_change *keys[model_keys_max];
    struct mvcc_lease *lease = lease_of(self, id);
    size_t count = keys_of(self, id, keys);

    if (lease == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        model_delete(self, str_of_bytes(keys[i]->kv.key));
    }
    self->revision = model_now(self);
    self->sub = 0;
    *lease = self->leases[--self->lease_count];
}

void model_checkpoint(struct model *self, int64_t id, int64_t rest_s)
{
    struct mvcc_lease *lease = lease_of(self, id);

    if (lease != NULL) {
        lease->rest_s = rest_s;
    }
}

static enum etcd_error do_revoke(struct model *self,
                                 const Etcdserverpb__LeaseRevokeRequest *request,
                                 struct arena *arena, ProtobufCMessage **answer)
{
    Etcdserverpb__LeaseRevokeResponse *made = arena_get(arena, sizeof(*made));

    if (lease_of(self, request->id) == NULL) {
        return ETCD_ERROR_LEASE_NOT_FOUND;
    }
    model_expire(self, request->id);
    etcdserverpb__lease_revoke_response__init(made);
    made->header = model_header(self->revision, arena);
    *answer = &made->base;
    return ETCD_OK;
}

static void do_time_to_live(struct model *self, const Etcdserverpb__LeaseTimeToLiveRequest *request,
                            struct arena *arena, ProtobufCMessage **answer)
{
    Etcdserverpb__LeaseTimeToLiveResponse *made = arena_get(arena, sizeof(*made));
    const struct mvcc_lease *lease = lease_of(self, request->id);
    const struct model_change *keys[model_keys_max];

    etcdserverpb__lease_time_to_live_response__init(made);
    made->header = model_header(self->revision, arena);
    made->id = request->id;
    made->ttl = lease == NULL ? -1 : lease->rest_s > 0 ? lease->rest_s : lease->ttl_s;
    made->grantedttl = lease == NULL ? 0 : lease->ttl_s;
    if (lease != NULL && request->keys) {
        made->n_keys = keys_of(self, request->id, keys);
        made->keys = arena_get(arena, model_keys_max * sizeof(*made->keys));
        for (size_t i = 0; i < made->n_keys; i++) {
            made->keys[i] = keys[i]->kv.key;
        }
    }
    *answer = &made->base;
}

static void do_leases(struct model *self, struct arena *arena, ProtobufCMessage **answer)
{
    Etcdserverpb__LeaseLeasesResponse *made = arena_get(arena, sizeof(*made));

    etcdserverpb__lease_leases_response__init(made);
    made->header = model_header(self->revision, arena);
    made->leases = arena_get(arena, model_leases_max * sizeof(Etcdserverpb__LeaseStatus *));
    for (int64_t last = INT64_MIN; made->n_leases < self->lease_count;) {
        Etcdserverpb__LeaseStatus *status = arena_get(arena, sizeof(*status));

        etcdserverpb__lease_status__init(status);
        status->id = INT64_MAX;
        for (size_t i = 0; i < self->lease_count; i++) {
            int64_t id = self->leases[i].id;

            status->id = id > last && id < status->id ? id : status->id;
        }
        last = status->id;
        made->leases[made->n_leases++] = status;
    }
    *answer = &made->base;
}

/* ── compaction and hash ────────────────────────────────────────────────────*/

static bool is_live_at(const struct model *self, const struct model_change *change, int64_t main)
{
    return model_at(self, str_of_bytes(change->kv.key), main) == change;
}

static enum etcd_error do_compact(struct model *self,
                                  const Etcdserverpb__CompactionRequest *request,
                                  struct arena *arena, ProtobufCMessage **answer)
{
    Etcdserverpb__CompactionResponse *made = arena_get(arena, sizeof(*made));

    if (request->revision <= self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    if (request->revision > self->revision) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    self->compacted = request->revision;
    for (size_t i = 0; i < self->count; i++) {
        struct model_change *change = &self->changes[i];

        if (change->main <= self->compacted && !is_live_at(self, change, self->compacted)) {
            change->gone = true;
        }
    }
    etcdserverpb__compaction_response__init(made);
    made->header = model_header(self->revision, arena);
    *answer = &made->base;
    return ETCD_OK;
}

/* CRC-32C by its definition. */
static uint32_t sum(uint32_t crc, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= ((const unsigned char *)data)[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return crc;
}

static uint32_t sum_change(uint32_t crc, const struct model_change *change)
{
    unsigned char key[18] = {[8] = '_', [17] = 't'};
    uint8_t bytes[512];
    size_t len = mvccpb__key_value__pack(&change->kv, bytes);

    assert(len <= sizeof(bytes));
    for (int i = 0; i < 8; i++) {
        key[i] = (unsigned char)(change->main >> (56 - 8 * i));
        key[9 + i] = (unsigned char)(change->sub >> (56 - 8 * i));
    }
    return sum(sum(crc, key, change->tombstone ? 18 : 17), bytes, len);
}

static enum etcd_error do_hash(struct model *self, const Etcdserverpb__HashKVRequest *request,
                               struct arena *arena, ProtobufCMessage **answer)
{
    Etcdserverpb__HashKVResponse *made = arena_get(arena, sizeof(*made));
    int64_t at = request->revision == 0 ? self->revision : request->revision;
    uint32_t crc = sum(UINT32_MAX, "key", 3);
    bool any = false;

    if (request->revision > 0 && request->revision <= self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    if (request->revision > 0 && request->revision > self->revision) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    for (size_t i = 0; i < self->count; i++) {
        any = any || (self->changes[i].main <= at && is_live_at(self, &self->changes[i], at));
    }
    for (size_t i = 0; i < self->count; i++) {
        const struct model_change *change = &self->changes[i];

        if (change->main > at || change->gone ||
            (any && change->main <= self->compacted && !is_live_at(self, change, at))) {
            continue;
        }
        crc = sum_change(crc, change);
    }
    etcdserverpb__hash_kvresponse__init(made);
    made->header = model_header(self->revision, arena);
    made->hash = ~crc;
    made->compact_revision = self->compacted;
    *answer = &made->base;
    return ETCD_OK;
}

/* ── calls ──────────────────────────────────────────────────────────────────*/

static enum etcd_error do_put(struct model *self, const Etcdserverpb__PutRequest *request,
                              struct arena *arena, ProtobufCMessage **answer)
{
    if (request->lease != 0 && !model_has_lease(self, request->lease)) {
        return ETCD_ERROR_LEASE_NOT_FOUND;
    }
    if ((request->ignore_value || request->ignore_lease) &&
        model_at(self, str_of_bytes(request->key), self->revision) == NULL) {
        return ETCD_ERROR_KEY_NOT_FOUND;
    }
    *answer = &model_do_put(self, request, arena)->base;
    return ETCD_OK;
}

static enum etcd_error dispatch(struct model *self, const struct call *call, struct arena *arena,
                                ProtobufCMessage **answer)
{
    const void *request = call->request;
    enum etcd_error error;

    switch (call->method) {
    case ETCD_METHOD_RANGE: {
        Etcdserverpb__RangeResponse *made = NULL;

        error = model_do_range(self, request, arena, &made);
        *answer = error == ETCD_OK ? &made->base : NULL;
        return error;
    }
    case ETCD_METHOD_PUT:
        return do_put(self, request, arena, answer);
    case ETCD_METHOD_DELETE_RANGE:
        *answer = &model_do_delete_range(self, request, arena)->base;
        return ETCD_OK;
    case ETCD_METHOD_TXN: {
        Etcdserverpb__TxnResponse *made = NULL;

        error = model_do_txn(self, request, arena, &made);
        *answer = error == ETCD_OK ? &made->base : NULL;
        return error;
    }
    case ETCD_METHOD_COMPACT:
        return do_compact(self, request, arena, answer);
    case ETCD_METHOD_LEASE_GRANT:
        return do_grant(self, request, arena, answer);
    case ETCD_METHOD_LEASE_REVOKE:
        return do_revoke(self, request, arena, answer);
    case ETCD_METHOD_LEASE_TIME_TO_LIVE:
        do_time_to_live(self, request, arena, answer);
        return ETCD_OK;
    case ETCD_METHOD_LEASE_LEASES:
        do_leases(self, arena, answer);
        return ETCD_OK;
    default:
        assert(call->method == ETCD_METHOD_HASH_KV);
        return do_hash(self, request, arena, answer);
    }
}

struct mvcc_answer model_call(struct model *self, const struct call *call, struct arena *arena)
{
    struct mvcc_answer answer = {.error = model_shape(call)};

    if (answer.error == ETCD_OK) {
        answer.error = dispatch(self, call, arena, &answer.message);
    }
    self->revision = model_now(self);
    self->sub = 0;
    return answer;
}

struct gathered model_events(struct model *self, int64_t from, int64_t to, struct arena *arena)
{
    struct gathered events = {.to = to};
    Mvccpb__Event **list = arena_get(arena, (self->count + 1) * sizeof(Mvccpb__Event *));

    for (size_t i = 0; i < self->count; i++) {
        const struct model_change *change = &self->changes[i];
        const struct model_change *before =
            model_at(self, str_of_bytes(change->kv.key), change->main - 1);
        Mvccpb__Event *event;

        if (change->main < from || change->main > to) {
            continue;
        }
        event = arena_get(arena, sizeof(*event));
        mvccpb__event__init(event);
        event->type =
            change->tombstone ? MVCCPB__EVENT__EVENT_TYPE__DELETE : MVCCPB__EVENT__EVENT_TYPE__PUT;
        event->kv = arena_get(arena, sizeof(*event->kv));
        *event->kv = change->kv;
        event->kv->mod_revision = change->main;
        if (before != NULL && change->main - 1 >= self->compacted &&
            (change->tombstone || change->kv.version > 1)) {
            event->prev_kv = arena_get(arena, sizeof(*event->prev_kv));
            *event->prev_kv = before->kv;
        }
        list[events.count++] = event;
    }
    events.events = list;
    return events;
}
