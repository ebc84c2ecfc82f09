#include "actors/store/hashes.h"

#include "actors/store/mvcc/crc32c.h"
#include "actors/store/parts.h"
#include "actors/store/reply.h"
#include "actors/store/store_state.h"
#include "common/etcdapi/maintenance.pb-c.h"

void hashes_fini(struct hashes *self)
{
    for (; self->count > 0; self->count--) {
        mvcc_hash_end(&self->calls[self->head].hash, NULL, NULL);
        self->head = (self->head + 1) % hashes_max;
    }
}

void hashes_call(struct store *self, enum etcd_method method, int64_t revision,
                 const struct address *from, uint64_t id, struct outbox *out)
{
    struct hashes *hashes = &self->hashes;
    int64_t current = mvcc_position(self->keyspace.mvcc).revision;
    struct hash_call call = {.from = *from,
                             .id = id,
                             .method = method,
                             .revision = revision > 0 ? revision : current,
                             .current = current};
    enum etcd_error error = ETCD_ERROR_TOO_MANY_REQUESTS;

    if (hashes->count < hashes_max) {
        error = mvcc_hash_begin(self->keyspace.mvcc, revision, &call.hash);
    }
    if (error != ETCD_OK) {
        self->refused_total++;
        store_refuse(from, id, OUTBOX_NOW, error, out);
        return;
    }
    hashes->calls[(hashes->head + hashes->count++) % hashes_max] = call;
}

static void big_endian(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
    }
}

static void pack_hash(struct store *self, const struct hash_call *call, uint32_t hash,
                      int64_t compacted)
{
    Etcdserverpb__HashResponse response = ETCDSERVERPB__HASH_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;
    unsigned char bytes[20];

    big_endian(bytes, hash, 4);
    big_endian(bytes + 4, (uint64_t)call->revision, 8);
    big_endian(bytes + 12, (uint64_t)compacted, 8);
    header.revision = call->current;
    response.header = &header;
    response.hash = crc32c(0, bytes, sizeof(bytes));
    keyspace_pack(&self->keyspace, &response.base, &self->packed);
}

static void pack_hash_kv(struct store *self, const struct hash_call *call, uint32_t hash,
                         int64_t compacted)
{
    Etcdserverpb__HashKVResponse response = ETCDSERVERPB__HASH_KVRESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;

    header.revision = call->current;
    response.header = &header;
    response.hash = hash;
    response.compact_revision = compacted;
    response.hash_revision = version_from_3_5(&self->version) ? call->revision : 0;
    keyspace_pack(&self->keyspace, &response.base, &self->packed);
}

static void answer(struct store *self, struct hash_call *call, struct outbox *out)
{
    uint32_t hash;
    int64_t compacted;

    mvcc_hash_end(&call->hash, &hash, &compacted);
    if (mvcc_damage(self->keyspace.mvcc) != ERR_OK) {
        store_refuse(&call->from, call->id, OUTBOX_SYNCED, ETCD_ERROR_CORRUPT, out);
        return;
    }
    self->packed.len = 0;
    if (call->method == ETCD_METHOD_HASH) {
        pack_hash(self, call, hash, compacted);
    } else {
        pack_hash_kv(self, call, hash, compacted);
    }
    store_answer(self, &call->from, call->id, OUTBOX_SYNCED, buf_str(&self->packed), out);
}

bool hashes_turn(struct store *self, struct outbox *out)
{
    struct hashes *hashes = &self->hashes;

    if (hashes->count > 0 &&
        !mvcc_hash_step(hashes->calls[hashes->head].hash, hashes_turn_records_max)) {
        answer(self, &hashes->calls[hashes->head], out);
        hashes->head = (hashes->head + 1) % hashes_max;
        hashes->count--;
    }
    return hashes->count > 0;
}
