#include "tests/store/mvcc/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/mvcc/key_value.h"
#include "actors/store/mvcc/tail.h"
#include "common/etcdapi/lease.pb-c.h"

static const struct mvcc_settings settings = {.lease_ttl_min_s = 2};

struct rig *rig_new(void)
{
    struct rig *self = calloc(1, sizeof(*self));
    char text[backend_text_max] = "";

    assert_non_null(self);
    self->backend = backend_memory_new();
    assert_int_equal(ERR_OK, mvcc_new(&settings, self->backend, &self->mvcc, text));
    return self;
}

void rig_free(struct rig *self)
{
    mvcc_destroy(&self->mvcc);
    backend_close(&self->backend);
    arena_fini(&self->arena);
    free(self);
}

enum etcd_error rig_apply(struct rig *self, enum etcd_method method,
                          const ProtobufCMessage *request, ProtobufCMessage **answer)
{
    struct mvcc_answer made;

    mvcc_entry(self->mvcc, ++self->index, 1);
    made = mvcc_apply(self->mvcc, method, request, &self->arena);
    if (answer != NULL) {
        *answer = made.message;
    }
    return made.error;
}

enum etcd_error rig_read(struct rig *self, enum etcd_method method, const ProtobufCMessage *request,
                         ProtobufCMessage **answer)
{
    struct mvcc_answer made = mvcc_read(self->mvcc, method, request, &self->arena);

    if (answer != NULL) {
        *answer = made.message;
    }
    return made.error;
}

enum etcd_error rig_put(struct rig *self, const char *key, const char *value, int64_t lease)
{
    Etcdserverpb__PutRequest request = ETCDSERVERPB__PUT_REQUEST__INIT;

    request.key = bytes_of_str(str_from(key));
    request.value = bytes_of_str(str_from(value));
    request.lease = lease;
    return rig_apply(self, ETCD_METHOD_PUT, &request.base, NULL);
}

int64_t rig_delete(struct rig *self, const char *key, const char *end)
{
    Etcdserverpb__DeleteRangeRequest request = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;
    ProtobufCMessage *answer;

    request.key = bytes_of_str(str_from(key));
    request.range_end = bytes_of_str(str_from(end));
    assert_int_equal(ETCD_OK, rig_apply(self, ETCD_METHOD_DELETE_RANGE, &request.base, &answer));
    return ((const Etcdserverpb__DeleteRangeResponse *)answer)->deleted;
}

enum etcd_error rig_compact(struct rig *self, int64_t revision)
{
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;

    request.revision = revision;
    return rig_apply(self, ETCD_METHOD_COMPACT, &request.base, NULL);
}

enum etcd_error rig_grant(struct rig *self, int64_t id, int64_t ttl_s)
{
    Etcdserverpb__LeaseGrantRequest request = ETCDSERVERPB__LEASE_GRANT_REQUEST__INIT;

    request.id = id;
    request.ttl = ttl_s;
    return rig_apply(self, ETCD_METHOD_LEASE_GRANT, &request.base, NULL);
}

enum etcd_error rig_revoke(struct rig *self, int64_t id)
{
    Etcdserverpb__LeaseRevokeRequest request = ETCDSERVERPB__LEASE_REVOKE_REQUEST__INIT;

    request.id = id;
    return rig_apply(self, ETCD_METHOD_LEASE_REVOKE, &request.base, NULL);
}

void rig_expect(struct rig *self, int64_t revision, const char *text)
{
    Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    const Etcdserverpb__RangeResponse *range;
    ProtobufCMessage *answer = NULL;
    struct buf got = {0};

    request.key = bytes_of_str(STR("\0"));
    request.range_end = bytes_of_str(STR("\0"));
    request.revision = revision;
    assert_int_equal(ETCD_OK, rig_read(self, ETCD_METHOD_RANGE, &request.base, &answer));
    range = (const Etcdserverpb__RangeResponse *)answer;
    for (size_t i = 0; i < range->n_kvs; i++) {
        struct str key = str_of_bytes(range->kvs[i]->key);
        struct str value = str_of_bytes(range->kvs[i]->value);

        buf_printf(&got, "%.*s=%.*s@%lld ", STR_ARG(key), STR_ARG(value),
                   (long long)range->kvs[i]->mod_revision);
    }
    if (!str_eq(buf_str(&got), str_from(text))) {
        fail_msg("%.*s, not %s", STR_ARG(buf_str(&got)), text);
    }
    buf_fini(&got);
}

void rig_flush(struct rig *self)
{
    const struct tail *tail = mvcc_seal(self->mvcc);
    char text[backend_text_max];

    if (tail != NULL) {
        assert_int_equal(ERR_OK, tail_flush(tail, self->backend, text));
        assert_int_equal(ERR_OK, mvcc_flushed(self->mvcc));
    }
}

enum err rig_restart(struct rig *self, char *text)
{
    mvcc_destroy(&self->mvcc);
    (void)self->backend->renew(self->backend);
    self->index = self->backend->mark(self->backend).index;
    return mvcc_new(&settings, self->backend, &self->mvcc, text);
}
