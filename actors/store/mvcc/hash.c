#include <stdlib.h>

#include "actors/store/mvcc/crc32c.h"
#include "actors/store/mvcc/pin.h"
#include "actors/store/mvcc/record.h"
#include "common/base/heap.h"

struct mvcc_hash {
    struct mvcc *state;
    struct pin pin;
    int64_t revision;
    int64_t compacted;
    bool looking;      /* whether any key is live at revision */
    struct buf behind; /* it has looked at the keys up to this one */
    int64_t kept_at;   /* of what was compacted, what was live there is hashed */
    struct revision next;
    uint32_t crc;
    bool done;
};

/* etcd hashes what its index would keep at the revision; nothing to keep means no choice: then all
 * that is there, which is what the compaction has left. */
enum etcd_error mvcc_hash_begin(struct mvcc *self, int64_t revision, struct mvcc_hash **hash)
{
    struct mvcc_hash *made;

    if (revision > 0 && revision <= self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    if (revision > 0 && revision > self->revision) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    made = heap_new(sizeof(*made));
    made->state = self;
    made->revision = revision == 0 ? self->revision : revision;
    made->compacted = self->compacted;
    made->looking = true;
    made->kept_at = made->compacted;
    made->crc = crc32c(0, "key", 3);
    pin_add(self, &made->pin, made->compacted);
    *hash = made;
    return ETCD_OK;
}

static bool is_hashed(const struct mvcc_hash *self, const struct record *record)
{
    const struct key_index *index = &self->state->index;
    struct key_state state;
    Mvccpb__KeyValue kv;
    uint32_t key;

    if (record->revision.main > self->compacted) {
        return true;
    }
    if (record->tombstone || key_value_read(record->bytes, &kv) != ERR_OK) {
        return false;
    }
    key = key_index_find(index, str_of_bytes(kv.key));
    return key != KEY_NONE && key_index_at(index, key, self->kept_at, &state) &&
           revision_eq(state.mod, record->revision);
}

/* Keys may come meanwhile: none of them is live at an earlier revision. */
static void look(struct mvcc_hash *self, unsigned keys_max)
{
    const struct key_index *index = &self->state->index;
    struct key_cursor cursor = self->behind.len > 0
                                   ? key_cursor_behind(index, buf_str(&self->behind), STR("\0"))
                                   : key_cursor(index, STR(""), STR("\0"));
    struct key_state state;
    uint32_t key = KEY_NONE;

    for (unsigned i = 0; i == 0 || i < keys_max; i++) {
        key = key_cursor_next(&cursor);
        if (key == KEY_NONE || key_index_at(index, key, self->revision, &state)) {
            self->kept_at = key == KEY_NONE ? self->compacted : self->revision;
            self->looking = false;
            return;
        }
    }
    self->behind.len = 0;
    buf_add_str(&self->behind, key_index_name(index, key));
}

bool mvcc_hash_step(struct mvcc_hash *self, unsigned records_max)
{
    enum { kib = 1024 };
    struct record_scan scan;
    struct record record;

    if (self->looking) {
        look(self, records_max);
        return true;
    }
    scan = record_scan(self->state, self->next);
    for (uint64_t i = 0; i < records_max && !self->done; i++) {
        if (!record_scan_next(&scan, &record) || record.revision.main > self->revision) {
            self->done = true;
            break;
        }
        if (is_hashed(self, &record)) {
            struct revision_key key = revision_key(record.revision, record.tombstone);

            self->crc = crc32c(self->crc, key.bytes, key.len);
            self->crc = crc32c(self->crc, record.bytes.data, record.bytes.len);
        }
        i += record.bytes.len / kib;
        self->next = (struct revision){record.revision.main, record.revision.sub + 1};
    }
    return !self->done;
}

void mvcc_hash_end(struct mvcc_hash **self, uint32_t *hash, int64_t *compacted)
{
    pin_remove((*self)->state, &(*self)->pin);
    if (hash != NULL) {
        *hash = (*self)->crc;
    }
    if (compacted != NULL) {
        *compacted = (*self)->compacted;
    }
    buf_fini(&(*self)->behind);
    free(*self);
    *self = NULL;
}
