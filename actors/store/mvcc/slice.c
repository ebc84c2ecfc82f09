#include <stdlib.h>

#include "actors/store/mvcc/pin.h"
#include "actors/store/mvcc/range.h"
#include "actors/store/mvcc/record.h"
#include "common/base/heap.h"
#include "common/etcdapi/protobuf.h"

typedef Etcdserverpb__RangeRequest Request;

enum { kvs_field = 2 }; /* of RangeResponse */

struct mvcc_range {
    struct mvcc *state;
    struct pin pin;
    Request request; /* its bytes are the next two's */
    struct buf key, range_end;
    int64_t main;
    struct buf behind; /* it has looked at the keys up to this one */
    bool begun;        /* at one */
    uint64_t given;
    bool more; /* than the limit */
    int64_t count;
};

bool mvcc_range_slices(const Request *request)
{
    return request->range_end.len > 0 &&
           request->sort_target == ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__KEY &&
           (request->sort_order == ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__NONE ||
            request->sort_order == ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__ASCEND);
}

static ProtobufCBinaryData keep(struct buf *kept, ProtobufCBinaryData bytes)
{
    buf_add_str(kept, str_of_bytes(bytes));
    return bytes_of_str(buf_str(kept));
}

enum etcd_error mvcc_range_begin(struct mvcc *self, const Request *request,
                                 struct mvcc_range **range)
{
    int64_t main = request->revision <= 0 ? self->revision : request->revision;
    struct mvcc_range *made;

    assert(mvcc_range_slices(request) && self->sub == 0);
    if (main > self->revision) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    if (main < self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    made = heap_new(sizeof(*made));
    made->state = self;
    made->request = *request;
    made->request.key = keep(&made->key, request->key);
    made->request.range_end = keep(&made->range_end, request->range_end);
    made->main = main;
    pin_add(self, &made->pin, main);
    *range = made;
    return ETCD_OK;
}

static void pack(const Etcdserverpb__RangeResponse *response, struct buf *to)
{
    size_t len = protobuf_c_message_get_packed_size(&response->base);

    to->len += protobuf_c_message_pack(&response->base, (uint8_t *)buf_reserve(to, len));
}

/* How many bytes were read. */
static size_t read_key(struct mvcc_range *self, struct revision mod, struct buf *to)
{
    Etcdserverpb__RangeResponse response = ETCDSERVERPB__RANGE_RESPONSE__INIT;
    Mvccpb__KeyValue kv;
    Mvccpb__KeyValue *kvs[] = {&kv};
    struct str record;
    size_t len;

    if (!self->request.keys_only) { /* a record is a KeyValue, packed */
        record = record_bytes(self->state, mod);
        pb_add_nonempty(to, kvs_field, record);
        return record.len;
    }
    record_read(self->state, mod, &kv);
    len = kv.key.len + kv.value.len;
    kv.value = (ProtobufCBinaryData){0};
    response.n_kvs = 1;
    response.kvs = kvs;
    pack(&response, to);
    return len;
}

/* How much work it was. */
static unsigned take(struct mvcc_range *self, uint32_t key, struct buf *to)
{
    enum { kib = 1024 };
    const Request *request = &self->request;
    struct key_state state;

    if (!key_index_at(&self->state->index, key, self->main, &state)) {
        return 1;
    }
    self->count++;
    if (request->count_only || self->more || !range_passes(request, &state)) {
        return 1;
    }
    self->more = request->limit > 0 && self->given == (uint64_t)request->limit;
    if (self->more) {
        return 1;
    }
    self->given++;
    return mvcc_range_read_work * (1 + (unsigned)(read_key(self, state.mod, to) / kib));
}

/* Keys that come or go meanwhile are not live at main. */
bool mvcc_range_step(struct mvcc_range *self, unsigned work_max, size_t bytes_max, struct buf *to)
{
    const struct key_index *index = &self->state->index;
    struct str end = buf_str(&self->range_end);
    struct key_cursor cursor = self->begun ? key_cursor_behind(index, buf_str(&self->behind), end)
                                           : key_cursor(index, buf_str(&self->key), end);
    Etcdserverpb__RangeResponse last = ETCDSERVERPB__RANGE_RESPONSE__INIT;
    size_t before = to->len;
    uint32_t key = KEY_NONE;

    for (unsigned work = 0; work == 0 || (work < work_max && to->len - before < bytes_max);) {
        key = key_cursor_next(&cursor);
        if (key == KEY_NONE) {
            last.more = self->more;
            last.count = self->count;
            pack(&last, to);
            return false;
        }
        work += take(self, key, to);
    }
    self->begun = true;
    self->behind.len = 0;
    buf_add_str(&self->behind, key_index_name(index, key));
    return true;
}

bool mvcc_range_holds(const struct mvcc_range *self)
{
    return pin_holds(self->state, &self->pin);
}

void mvcc_range_end(struct mvcc_range **self)
{
    pin_remove((*self)->state, &(*self)->pin);
    buf_fini(&(*self)->key);
    buf_fini(&(*self)->range_end);
    buf_fini(&(*self)->behind);
    free(*self);
    *self = NULL;
}
