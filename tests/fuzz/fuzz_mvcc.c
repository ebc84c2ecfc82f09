/* Entries of the store, unjudged, applied to two states: one keeps all in its tail, the other is
 * flushed, compacted in other steps and started again. They answer alike, and end alike.
 *
 * Input: for each part a byte that says what it is, a length (u16) and as many bytes: a request's,
 * or numbers of leases.
 *
 * Covers: actors/store/mvcc/request.c actors/store/mvcc/apply.c actors/store/mvcc/txn.c
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/mvcc/mvcc.h"
#include "actors/store/mvcc/request.h"
#include "actors/store/mvcc/shape.h"
#include "actors/store/mvcc/tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { parts_max = 200 };

struct pair {
    struct backend *backends[2];
    struct mvcc *states[2];
    struct arena arena;
    uint64_t index;
};

static const struct mvcc_settings settings = {.lease_ttl_min_s = 2};
static const struct shape_limits limits = {1572864, 128};

static void begin(struct pair *pair, int which)
{
    char text[backend_text_max];
    enum err err = mvcc_new(&settings, pair->backends[which], &pair->states[which], text);

    assert(err == ERR_OK);
}

static void flush(struct pair *pair, bool restarts)
{
    const struct tail *tail = mvcc_seal(pair->states[1]);
    char text[backend_text_max];
    enum err err;

    if (tail != NULL) {
        err = tail_flush(tail, pair->backends[1], text);
        assert(err == ERR_OK);
        err = mvcc_flushed(pair->states[1]);
        assert(err == ERR_OK);
    }
    if (restarts) {
        mvcc_destroy(&pair->states[1]);
        begin(pair, 1);
    }
}

static struct str packed(struct arena *arena, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    char *bytes = arena_get(arena, len + 1);

    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct str){bytes, len};
}

static void call(struct pair *pair, enum etcd_method method, const ProtobufCMessage *request)
{
    struct mvcc_answer answers[2];
    bool writes = mvcc_writes(method, request);

    pair->index += writes;
    for (int i = 0; i < 2; i++) {
        if (writes) {
            mvcc_entry(pair->states[i], pair->index, 1);
        }
        answers[i] = writes ? mvcc_apply(pair->states[i], method, request, &pair->arena)
                            : mvcc_read(pair->states[i], method, request, &pair->arena);
    }
    assert(answers[0].error == answers[1].error);
    assert((answers[0].message != NULL) == (answers[0].error == ETCD_OK));
    if (answers[0].message != NULL) {
        assert(str_eq(packed(&pair->arena, answers[0].message),
                      packed(&pair->arena, answers[1].message)));
    }
}

static void call_bytes(struct pair *pair, enum etcd_method method, struct str bytes)
{
    ProtobufCMessage *request = NULL;

    if (request_unpack(method, bytes, &pair->arena, &request) == ERR_OK) {
        (void)shape_check(method, request, bytes.len, &limits);
        call(pair, method, request);
    }
}

static void part(struct pair *pair, uint8_t kind, struct str bytes)
{
    static const enum etcd_method methods[] = {
        ETCD_METHOD_RANGE,        ETCD_METHOD_PUT,          ETCD_METHOD_DELETE_RANGE,
        ETCD_METHOD_TXN,          ETCD_METHOD_COMPACT,      ETCD_METHOD_LEASE_GRANT,
        ETCD_METHOD_LEASE_REVOKE, ETCD_METHOD_HASH_KV,      ETCD_METHOD_LEASE_TIME_TO_LIVE,
        ETCD_METHOD_LEASE_LEASES, ETCD_METHOD_LEASE_REVOKE,
    };
    enum { method_count = sizeof(methods) / sizeof(methods[0]) };
    int64_t id = bytes.len > 0 ? bytes.data[0] : 0;

    switch (kind % 16) {
    case 11:
        flush(pair, false);
        break;
    case 12:
        flush(pair, true);
        break;
    case 13:
        (void)mvcc_compact_step(pair->states[1], 1 + kind / 16u);
        break;
    case 14:
        (void)mvcc_compact_step(pair->states[0], UINT32_MAX);
        break;
    case 15:
        pair->index++;
        for (int i = 0; i < 2; i++) {
            mvcc_entry(pair->states[i], pair->index, 1);
            mvcc_lease_checkpoint(pair->states[i], id + 1, kind);
            mvcc_lease_expire(pair->states[i], &id, 1);
        }
        break;
    default:
        call_bytes(pair, methods[kind % 16 % method_count], bytes);
        break;
    }
}

static bool add_event(void *context, const struct mvcc_event *event)
{
    struct buf *events = context;

    buf_printf(events, "%lld.%u %d ", (long long)event->revision, event->sub, event->deletes);
    buf_add_str(events, event->kv);
    return true;
}

static void compare(struct pair *pair)
{
    struct buf events[2] = {0};
    int64_t from = mvcc_position(pair->states[0]).compacted + 1;

    call_bytes(pair, ETCD_METHOD_RANGE, STR("\x0a\x01\x00\x12\x01\x00"));
    call_bytes(pair, ETCD_METHOD_HASH_KV, STR(""));
    call_bytes(pair, ETCD_METHOD_LEASE_LEASES, STR(""));
    for (int i = 0; i < 2; i++) {
        mvcc_events(pair->states[i], from > 0 ? from : 1, 0, add_event, &events[i]);
        assert(mvcc_damage(pair->states[i]) == ERR_OK);
    }
    assert(str_eq(buf_str(&events[0]), buf_str(&events[1])));
    for (int i = 0; i < 2; i++) {
        buf_fini(&events[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair pair = {.index = 0};
    unsigned parts = 0;

    for (int i = 0; i < 2; i++) {
        pair.backends[i] = backend_memory_new();
        begin(&pair, i);
    }
    while (size >= 3 && parts++ < parts_max) {
        size_t len = (size_t)data[1] << 8 | data[2];

        len = len < size - 3 ? len : size - 3;
        part(&pair, data[0], (struct str){(const char *)data + 3, len});
        data += 3 + len;
        size -= 3 + len;
        arena_reset(&pair.arena);
    }
    compare(&pair);
    for (int i = 0; i < 2; i++) {
        mvcc_destroy(&pair.states[i]);
        backend_close(&pair.backends[i]);
    }
    arena_fini(&pair.arena);
    return 0;
}
