#include "actors/store/mvcc/backend_memory.h"

#include <stdlib.h>

#include "actors/store/mvcc/crc32c.h"
#include "common/base/heap.h"

/* Shared by the versions of the state that hold it. */
struct item {
    struct str key, value; /* both behind this */
    uint64_t digest;
    unsigned holders;
};

struct bucket {
    struct item **items; /* in order of key */
    size_t count;
    size_t next; /* of the cursor */
};

struct version {
    struct bucket buckets[BUCKET_END];
    struct backend_mark mark;
};

struct memory_backend {
    struct backend backend;
    struct version seen;    /* by reads */
    struct version written; /* the newest */
};

static struct item *item_new(enum backend_bucket bucket, const struct backend_change *change)
{
    size_t key_len = change->key.len;
    size_t value_len = change->value.len;
    struct item *self = heap_get(sizeof(*self) + key_len + value_len);
    char *bytes = (char *)(self + 1);

    memcpy(bytes, change->key.data, key_len);
    if (value_len > 0) {
        memcpy(bytes + key_len, change->value.data, value_len);
    }
    *self = (struct item){.key = {bytes, key_len}, .value = {bytes + key_len, value_len}};
    self->digest = backend_digest(backend_key_crc(bucket, self->key, value_len),
                                  crc32c(0, self->value.data, value_len));
    return self;
}

static void bucket_fini(struct bucket *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (--self->items[i]->holders == 0) {
            free(self->items[i]);
        }
    }
    free(self->items);
    *self = (struct bucket){0};
}

static void version_fini(struct version *self)
{
    for (int b = 0; b < BUCKET_END; b++) {
        bucket_fini(&self->buckets[b]);
    }
}

static void bucket_add(struct bucket *self, struct item *item)
{
    item->holders++;
    self->items[self->count++] = item;
}

static struct version version_copy(const struct version *self)
{
    struct version copy = {.mark = self->mark};

    for (int b = 0; b < BUCKET_END; b++) {
        const struct bucket *from = &self->buckets[b];

        copy.buckets[b].items = heap_array(from->count + 1, sizeof(struct item *));
        for (size_t i = 0; i < from->count; i++) {
            bucket_add(&copy.buckets[b], from->items[i]);
        }
    }
    return copy;
}

/* The first item whose key is not before. */
static size_t seek_item(const struct bucket *self, struct str key)
{
    size_t low = 0;
    size_t high = self->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(self->items[middle]->key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum err memory_get(struct backend *backend, enum backend_bucket bucket, struct str key,
                           struct str *value)
{
    const struct bucket *in = &((struct memory_backend *)backend)->seen.buckets[bucket];
    size_t at = seek_item(in, key);

    if (at == in->count || !str_eq(in->items[at]->key, key)) {
        return ERR_NOT_FOUND;
    }
    *value = in->items[at]->value;
    return ERR_OK;
}

static enum err memory_step(struct backend *backend, enum backend_bucket bucket,
                            struct backend_record *record)
{
    struct bucket *in = &((struct memory_backend *)backend)->seen.buckets[bucket];
    const struct item *item;

    if (in->next >= in->count) {
        return ERR_NOT_FOUND;
    }
    item = in->items[in->next++];
    *record = (struct backend_record){item->key, item->value, item->digest};
    return ERR_OK;
}

static enum err memory_seek(struct backend *backend, enum backend_bucket bucket, struct str from,
                            struct backend_record *record)
{
    struct bucket *in = &((struct memory_backend *)backend)->seen.buckets[bucket];

    in->next = seek_item(in, from);
    return memory_step(backend, bucket, record);
}

static struct backend_mark memory_mark(const struct backend *backend)
{
    return ((const struct memory_backend *)backend)->seen.mark;
}

static struct backend_size memory_size(const struct backend *backend)
{
    const struct version *seen = &((const struct memory_backend *)backend)->seen;
    struct backend_size size = {0};

    for (int b = 0; b < BUCKET_END; b++) {
        for (size_t i = 0; i < seen->buckets[b].count; i++) {
            const struct item *item = seen->buckets[b].items[i];

            size.bytes += item->key.len + item->value.len;
        }
    }
    size.used = size.bytes;
    return size;
}

static void count(struct backend_mark *mark, enum backend_bucket bucket, const struct item *item,
                  bool added)
{
    if (bucket == BUCKET_REV) {
        mark->count += added ? 1 : UINT64_MAX;
        mark->sum += added ? item->digest : -item->digest;
    }
}

/* Old items and the batch's changes of one bucket, merged. */
static void merge(struct version *made, enum backend_bucket bucket, const struct bucket *old,
                  const struct backend_change *changes, size_t change_count)
{
    struct bucket *to = &made->buckets[bucket];
    size_t at = 0;

    to->items = heap_array(old->count + change_count + 1, sizeof(struct item *));
    for (size_t i = 0; i < change_count; i++) {
        while (at < old->count && str_cmp(old->items[at]->key, changes[i].key) < 0) {
            bucket_add(to, old->items[at++]);
        }
        if (at < old->count && str_eq(old->items[at]->key, changes[i].key)) {
            count(&made->mark, bucket, old->items[at++], false);
        }
        if (!changes[i].remove) {
            bucket_add(to, item_new(bucket, &changes[i]));
            count(&made->mark, bucket, to->items[to->count - 1], true);
        }
    }
    while (at < old->count) {
        bucket_add(to, old->items[at++]);
    }
}

static enum err memory_write(struct backend *backend, const struct backend_batch *batch, char *text)
{
    struct memory_backend *self = (struct memory_backend *)backend;
    struct version made = {.mark = self->written.mark};
    size_t from = 0;

    (void)text;
    backend_batch_check(batch);
    assert(batch->index >= made.mark.index);
    made.mark.index = batch->index;
    made.mark.term = batch->term;
    for (int b = 0; b < BUCKET_END; b++) {
        size_t to = from;

        while (to < batch->count && (int)batch->changes[to].bucket == b) {
            to++;
        }
        merge(&made, (enum backend_bucket)b, &self->written.buckets[b], batch->changes + from,
              to - from);
        from = to;
    }
    version_fini(&self->written);
    self->written = made;
    return ERR_OK;
}

static enum err memory_renew(struct backend *backend)
{
    struct memory_backend *self = (struct memory_backend *)backend;

    version_fini(&self->seen);
    self->seen = version_copy(&self->written);
    return ERR_OK;
}

static void memory_settle(struct backend *backend)
{
    (void)backend;
}

static const char *memory_text(const struct backend *backend)
{
    (void)backend;
    return "";
}

static void memory_close(struct backend *backend)
{
    struct memory_backend *self = (struct memory_backend *)backend;

    version_fini(&self->seen);
    version_fini(&self->written);
    free(self);
}

struct backend *backend_memory_new(void)
{
    struct memory_backend *self = heap_new(sizeof(*self));

    self->backend = (struct backend){
        .get = memory_get,
        .seek = memory_seek,
        .step = memory_step,
        .mark = memory_mark,
        .size = memory_size,
        .write = memory_write,
        .renew = memory_renew,
        .settle = memory_settle,
        .text = memory_text,
        .close = memory_close,
    };
    return &self->backend;
}

struct backend *backend_memory_copy(struct backend *self)
{
    struct backend *copy = backend_memory_new();

    ((struct memory_backend *)copy)->written = version_copy(&((struct memory_backend *)self)->seen);
    (void)memory_renew(copy);
    return copy;
}
