#include <stdlib.h>

#include "actors/store/mvcc/lease.h"
#include "actors/store/mvcc/restore.h"
#include "common/base/array.h"
#include "common/base/heap.h"

enum { first_cap = 4 };

static void add_tail(struct mvcc *self, uint64_t index, uint64_t term)
{
    if (self->tail_count == self->tail_cap) {
        self->tails = array_grow(self->tails, &self->tail_cap, first_cap, sizeof(struct tail *));
    }
    self->tails[self->tail_count++] = tail_new(index, term);
}

enum err mvcc_new(const struct mvcc_settings *settings, struct backend *backend, struct mvcc **self,
                  char *text)
{
    struct mvcc *made = heap_new(sizeof(*made));
    struct backend_mark mark = backend->mark(backend);
    enum err err;

    made->settings = *settings;
    made->backend = backend;
    made->revision = 1;
    key_index_init(&made->index);
    leases_init(&made->leases);
    add_tail(made, mark.index, mark.term);
    err = restore(made, text);
    if (err != ERR_OK) {
        mvcc_destroy(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void mvcc_destroy(struct mvcc **self)
{
    struct mvcc *gone = *self;

    if (gone == NULL) {
        return;
    }
    assert(gone->pins == NULL);
    leases_fini(&gone->leases);
    key_index_fini(&gone->index);
    for (size_t i = 0; i < gone->tail_count; i++) {
        tail_destroy(&gone->tails[i]);
    }
    free(gone->tails);
    buf_fini(&gone->behind);
    free(gone);
    *self = NULL;
}

struct mvcc_position mvcc_position(const struct mvcc *self)
{
    return (struct mvcc_position){open_tail(self)->index, open_tail(self)->term, self->revision,
                                  self->compacted};
}

enum err mvcc_damage(const struct mvcc *self)
{
    return self->damage;
}

const char *mvcc_damage_text(const struct mvcc *self)
{
    return self->backend->text(self->backend);
}

void mvcc_entry(struct mvcc *self, uint64_t index, uint64_t term)
{
    assert(index > open_tail(self)->index);
    tail_advance(open_tail(self), index, term);
}

void mvcc_keep(struct mvcc *self, enum backend_bucket bucket, struct str key, struct str value)
{
    assert(bucket != BUCKET_REV && bucket != BUCKET_META && bucket != BUCKET_LEASE);
    tail_put(open_tail(self), bucket, key, value);
}

const struct mvcc_counts *mvcc_counts(const struct mvcc *self)
{
    return &self->counts;
}

size_t mvcc_key_count(const struct mvcc *self)
{
    return self->index.table.used;
}

/* ── flushing ───────────────────────────────────────────────────────────────*/

size_t mvcc_unflushed_bytes(const struct mvcc *self)
{
    size_t bytes = 0;

    for (size_t i = 0; i < self->tail_count; i++) {
        bytes += self->tails[i]->bytes;
    }
    return bytes;
}

uint64_t mvcc_flushed_index(const struct mvcc *self)
{
    return self->backend->mark(self->backend).index;
}

const struct tail *mvcc_seal(struct mvcc *self)
{
    struct tail *tail = open_tail(self);
    uint64_t before =
        self->tail_count > 1 ? self->tails[self->tail_count - 2]->index : mvcc_flushed_index(self);

    assert(self->sub == 0);
    if (tail_is_empty(tail) && tail->index == before) {
        return NULL;
    }
    tail_seal(tail);
    add_tail(self, tail->index, tail->term);
    return tail;
}

enum err mvcc_flushed(struct mvcc *self)
{
    enum err err = self->backend->renew(self->backend);

    assert(self->tail_count > 1);
    if (err != ERR_OK) {
        return err;
    }
    assert(mvcc_flushed_index(self) == self->tails[0]->index);
    tail_destroy(&self->tails[0]);
    self->tail_count--;
    memmove(self->tails, self->tails + 1, self->tail_count * sizeof(struct tail *));
    return ERR_OK;
}
