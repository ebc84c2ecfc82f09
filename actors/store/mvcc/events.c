#include "actors/store/mvcc/record.h"
#include "common/etcdapi/protobuf.h"

static bool read_event(const struct record *record, struct buf *scratch, struct mvcc_event *event)
{
    Mvccpb__KeyValue kv;

    if (key_value_read(record->bytes, &kv) != ERR_OK) {
        return false;
    }
    assert(record->revision.sub <= UINT32_MAX);
    *event = (struct mvcc_event){
        .revision = record->revision.main,
        .sub = (uint32_t)record->revision.sub,
        .deletes = record->tombstone,
        .creates = !record->tombstone && kv.create_revision == kv.mod_revision,
        .key = str_of_bytes(kv.key),
        .kv = record->bytes,
    };
    if (record->tombstone) { /* its record holds the key alone */
        scratch->len = 0;
        pb_add_nonempty(scratch, 1, event->key);
        pb_add_nonzero(scratch, 3, event->revision);
        event->kv = buf_str(scratch);
    }
    return true;
}

void mvcc_events(struct mvcc *self, int64_t from, uint32_t sub, mvcc_take_event_fn *take,
                 void *context)
{
    struct record_scan scan = record_scan(self, (struct revision){from, sub});
    struct buf scratch = {0};
    struct mvcc_event event;
    struct record record;
    bool more = true;

    assert(from >= 0);
    while (more && record_scan_next(&scan, &record)) {
        if (read_event(&record, &scratch, &event)) {
            more = take(context, &event);
        } else {
            state_damaged(self, ERR_CORRUPT);
            more = false;
        }
    }
    buf_fini(&scratch);
}

struct str mvcc_event_before(struct mvcc *self, const struct mvcc_event *event)
{
    int64_t main = event->revision - 1;
    struct key_state state;
    uint32_t key;

    if (event->creates || main < self->compacted) {
        return (struct str){0};
    }
    key = key_index_find(&self->index, event->key);
    if (key == KEY_NONE || !key_index_at(&self->index, key, main, &state)) {
        return (struct str){0};
    }
    return record_bytes(self, state.mod);
}
