#include "actors/store/mvcc/tail.h"

#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/heap.h"

enum { first_cap = 64 };

struct tail *tail_new(uint64_t index, uint64_t term)
{
    struct tail *self = heap_new(sizeof(*self));

    self->index = index;
    self->term = term;
    return self;
}

void tail_destroy(struct tail **self)
{
    if (*self != NULL) {
        arena_fini(&(*self)->arena);
        free((*self)->records);
        free((*self)->changes);
        free(*self);
        *self = NULL;
    }
}

char *tail_record(struct tail *self, struct revision revision, bool tombstone, size_t len)
{
    char *bytes = arena_get(&self->arena, len);

    assert(!self->sealed);
    assert(self->record_count == 0 ||
           revision_before(self->records[self->record_count - 1].revision, revision));
    ARRAY_ROOM(self->records, self->record_count, self->record_cap, first_cap);
    self->records[self->record_count++] = (struct tail_record){revision, tombstone, {bytes, len}};
    self->bytes += revision_key_max + len;
    return bytes;
}

static struct str copy(struct tail *self, struct str s)
{
    char *bytes = arena_get(&self->arena, s.len);

    if (s.len > 0) {
        memcpy(bytes, s.data, s.len);
    }
    self->bytes += s.len;
    return (struct str){bytes, s.len};
}

static void change(struct tail *self, const struct backend_change *made)
{
    assert(!self->sealed);
    ARRAY_ROOM(self->changes, self->change_count, self->change_cap, first_cap);
    self->changes[self->change_count++] = *made;
}

void tail_put(struct tail *self, enum backend_bucket bucket, struct str key, struct str value)
{
    const struct backend_change made = {bucket, false, copy(self, key), copy(self, value)};

    change(self, &made);
}

void tail_remove(struct tail *self, enum backend_bucket bucket, struct str key)
{
    const struct backend_change made = {bucket, true, copy(self, key), {0}};

    change(self, &made);
}

void tail_advance(struct tail *self, uint64_t index, uint64_t term)
{
    assert(!self->sealed && index >= self->index && term >= self->term);
    self->index = index;
    self->term = term;
}

bool tail_is_empty(const struct tail *self)
{
    return self->record_count == 0 && self->change_count == 0;
}

size_t tail_seek(const struct tail *self, struct revision revision)
{
    size_t low = 0;
    size_t high = self->record_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (revision_before(self->records[middle].revision, revision)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void tail_seal(struct tail *self)
{
    assert(!self->sealed);
    self->sealed = true;
}

static int compare(const struct backend_change *a, const struct backend_change *b)
{
    if (a->bucket != b->bucket) {
        return a->bucket < b->bucket ? -1 : 1;
    }
    return str_cmp(a->key, b->key);
}

/* Of one key the one that was made later stands behind: so it lies in their array. */
static int compare_made(const void *left, const void *right)
{
    const struct backend_change *a = *(const struct backend_change *const *)left;
    const struct backend_change *b = *(const struct backend_change *const *)right;
    int order = compare(a, b);

    return order != 0 ? order : a < b ? -1 : 1;
}

/* What a flush works with; all of it is its own, so that another thread may do it. */
struct batching {
    struct revision_key *keys;   /* of the records */
    struct backend_change *made; /* records, then changes: a removal comes after its record */
    const struct backend_change **order;
    struct backend_change *changes; /* the batch's */
    size_t count;
};

static struct batching batching(const struct tail *tail)
{
    size_t count = tail->record_count + tail->change_count;
    struct batching self = {.keys = heap_array(tail->record_count + 1, sizeof(struct revision_key)),
                            .made = heap_array(count + 1, sizeof(struct backend_change)),
                            .order = heap_array(count + 1, sizeof(const struct backend_change *)),
                            .changes = heap_array(count + 1, sizeof(struct backend_change))};

    for (size_t i = 0; i < tail->record_count; i++) {
        const struct tail_record *record = &tail->records[i];

        self.keys[i] = revision_key(record->revision, record->tombstone);
        self.made[i] = (struct backend_change){BUCKET_REV, false, revision_key_str(&self.keys[i]),
                                               record->bytes};
    }
    for (size_t i = 0; i < tail->change_count; i++) {
        self.made[tail->record_count + i] = tail->changes[i];
    }
    for (size_t i = 0; i < count; i++) {
        self.order[i] = &self.made[i];
    }
    qsort(self.order, count, sizeof(const struct backend_change *), compare_made);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || compare(self.order[i], self.order[i + 1]) != 0) {
            self.changes[self.count++] = *self.order[i];
        }
    }
    return self;
}

enum err tail_flush(const struct tail *self, struct backend *backend, char *text)
{
    struct batching made = batching(self);
    const struct backend_batch batch = {made.changes, made.count, self->index, self->term};
    enum err err;

    assert(self->sealed);
    err = backend->write(backend, &batch, text);
    free(made.keys);
    free(made.made);
    free(made.order);
    free(made.changes);
    return err;
}
