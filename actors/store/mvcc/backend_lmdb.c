#include "actors/store/mvcc/backend_lmdb.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "actors/store/mvcc/crc32c.h"
#include "actors/store/mvcc/lmdb_error.h"
#include "common/base/heap.h"

enum { head_bytes = 12, mark_bytes = 36, path_max = 4096 };

struct lmdb_backend {
    struct backend backend;
    char path[path_max]; /* for texts */
    MDB_env *env;
    MDB_dbi dbis[BUCKET_END];
    MDB_dbi mark_dbi;
    MDB_txn *seen; /* the reader's; NULL: it could not be renewed */
    MDB_cursor *cursors[BUCKET_END];
    struct backend_mark mark; /* as the reader sees it */
    char text[backend_text_max];
};

static void store(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t load(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* ── records ────────────────────────────────────────────────────────────────*/

static MDB_val val_of(struct str s)
{
    return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

static struct str str_of(MDB_val val)
{
    return (struct str){val.mv_data, val.mv_size};
}

static bool unpack(enum backend_bucket bucket, MDB_val key, MDB_val val,
                   struct backend_record *record)
{
    const unsigned char *head = val.mv_data;
    struct str value;
    uint32_t key_crc;
    uint32_t value_crc;

    if (val.mv_size < head_bytes || load(head + 8, 4) != val.mv_size - head_bytes) {
        return false;
    }
    value = (struct str){(const char *)head + head_bytes, val.mv_size - head_bytes};
    key_crc = (uint32_t)load(head, 4);
    value_crc = (uint32_t)load(head + 4, 4);
    if (key_crc != backend_key_crc(bucket, str_of(key), value.len) ||
        value_crc != crc32c(0, value.data, value.len)) {
        return false;
    }
    *record = (struct backend_record){str_of(key), value, backend_digest(key_crc, value_crc)};
    return true;
}

static enum err damaged(char *text, const char *path, enum backend_bucket bucket, MDB_val key)
{
    int len = snprintf(text, backend_text_max, "%s: a record of bucket %s is damaged, key ", path,
                       backend_bucket_name(bucket));

    for (size_t i = 0; i < key.mv_size && len >= 0 && len < backend_text_max; i++) {
        len += snprintf(text + len, backend_text_max - (size_t)len, "%02x",
                        ((const unsigned char *)key.mv_data)[i]);
    }
    return ERR_CORRUPT;
}

/* ── reads ──────────────────────────────────────────────────────────────────*/

static enum err given(struct lmdb_backend *self, enum backend_bucket bucket, int rc, MDB_val key,
                      MDB_val val, struct backend_record *record)
{
    if (rc == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    if (rc != MDB_SUCCESS) {
        return lmdb_failed(self->path, self->text, "can't be read", rc);
    }
    return unpack(bucket, key, val, record) ? ERR_OK : damaged(self->text, self->path, bucket, key);
}

static enum err lmdb_get(struct backend *backend, enum backend_bucket bucket, struct str key,
                         struct str *value)
{
    struct lmdb_backend *self = (struct lmdb_backend *)backend;
    struct backend_record record = {0};
    MDB_val name = val_of(key);
    MDB_val val = {0};
    enum err err;

    if (self->seen == NULL) {
        return ERR_IO;
    }
    err = given(self, bucket, mdb_get(self->seen, self->dbis[bucket], &name, &val), name, val,
                &record);
    if (err == ERR_OK) {
        *value = record.value;
    }
    return err;
}

static enum err cursor_get(struct lmdb_backend *self, enum backend_bucket bucket, struct str from,
                           MDB_cursor_op op, struct backend_record *record)
{
    MDB_val key = val_of(from);
    MDB_val val = {0};

    if (self->seen == NULL) {
        return ERR_IO;
    }
    return given(self, bucket, mdb_cursor_get(self->cursors[bucket], &key, &val, op), key, val,
                 record);
}

static enum err lmdb_seek(struct backend *backend, enum backend_bucket bucket, struct str from,
                          struct backend_record *record)
{
    return cursor_get((struct lmdb_backend *)backend, bucket, from,
                      from.len == 0 ? MDB_FIRST : MDB_SET_RANGE, record);
}

static enum err lmdb_step(struct backend *backend, enum backend_bucket bucket,
                          struct backend_record *record)
{
    return cursor_get((struct lmdb_backend *)backend, bucket, (struct str){0}, MDB_NEXT, record);
}

static struct backend_mark lmdb_mark(const struct backend *backend)
{
    return ((const struct lmdb_backend *)backend)->mark;
}

/* Pages that LMDB may write again: lists in the values of its own first database. */
static uint64_t free_pages(const struct lmdb_backend *self)
{
    enum { free_dbi = 0 };
    MDB_cursor *cursor;
    MDB_val key = {0};
    MDB_val val = {0};
    uint64_t pages = 0;

    if (self->seen == NULL || mdb_cursor_open(self->seen, free_dbi, &cursor) != MDB_SUCCESS) {
        return 0;
    }
    while (mdb_cursor_get(cursor, &key, &val, MDB_NEXT) == MDB_SUCCESS) {
        size_t count = 0;

        if (val.mv_size >= sizeof(count)) {
            memcpy(&count, val.mv_data, sizeof(count));
            pages += count;
        }
    }
    mdb_cursor_close(cursor);
    return pages;
}

static struct backend_size lmdb_size(const struct backend *backend)
{
    const struct lmdb_backend *self = (const struct lmdb_backend *)backend;
    struct backend_size size = {0};
    uint64_t gone = free_pages(self);
    MDB_envinfo info;
    MDB_stat stat;

    if (mdb_env_info(self->env, &info) == MDB_SUCCESS &&
        mdb_env_stat(self->env, &stat) == MDB_SUCCESS) {
        size.bytes = (info.me_last_pgno + 1) * stat.ms_psize;
        size.used = size.bytes - (gone <= info.me_last_pgno ? gone : 0) * stat.ms_psize;
    }
    return size;
}

static const char *lmdb_text(const struct backend *backend)
{
    return ((const struct lmdb_backend *)backend)->text;
}

static int read_mark(MDB_txn *txn, MDB_dbi dbi, struct backend_mark *mark)
{
    MDB_val key = val_of(STR("mark"));
    MDB_val val;
    int rc = mdb_get(txn, dbi, &key, &val);
    const unsigned char *at = val.mv_data;

    if (rc == MDB_NOTFOUND) {
        *mark = (struct backend_mark){0};
        return MDB_SUCCESS;
    }
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    if (val.mv_size != mark_bytes || load(at + 32, 4) != crc32c(0, at, 32)) {
        return MDB_CORRUPTED;
    }
    *mark = (struct backend_mark){load(at, 8), load(at + 8, 8), load(at + 16, 8), load(at + 24, 8)};
    return MDB_SUCCESS;
}

static enum err lmdb_renew(struct backend *backend)
{
    struct lmdb_backend *self = (struct lmdb_backend *)backend;
    int rc;

    if (self->seen != NULL) {
        mdb_txn_reset(self->seen);
        rc = mdb_txn_renew(self->seen);
    } else {
        rc = mdb_txn_begin(self->env, NULL, MDB_RDONLY, &self->seen);
    }
    for (int b = 0; b < BUCKET_END && rc == MDB_SUCCESS; b++) {
        rc = self->cursors[b] != NULL
                 ? mdb_cursor_renew(self->seen, self->cursors[b])
                 : mdb_cursor_open(self->seen, self->dbis[b], &self->cursors[b]);
    }
    if (rc == MDB_SUCCESS) {
        rc = read_mark(self->seen, self->mark_dbi, &self->mark);
    }
    return rc == MDB_SUCCESS ? ERR_OK : lmdb_failed(self->path, self->text, "can't be read", rc);
}

/* The pages that a scan of everything has touched belong to the page cache again. */
static void lmdb_settle(struct backend *backend)
{
    struct lmdb_backend *self = (struct lmdb_backend *)backend;
    MDB_envinfo info;
    MDB_stat stat;

    if (mdb_env_info(self->env, &info) == MDB_SUCCESS &&
        mdb_env_stat(self->env, &stat) == MDB_SUCCESS && info.me_mapaddr != NULL) {
        (void)madvise(info.me_mapaddr, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
    }
}

/* ── writes ─────────────────────────────────────────────────────────────────*/

struct writing {
    struct lmdb_backend *self;
    MDB_txn *txn;
    struct backend_mark mark;
    char *text;
};

/* What stands under key leaves count and sum. Its head alone is read. */
static int uncount(struct writing *writing, MDB_val *key)
{
    MDB_val val;
    int rc = mdb_get(writing->txn, writing->self->dbis[BUCKET_REV], key, &val);
    const unsigned char *head = val.mv_data;

    if (rc == MDB_SUCCESS && val.mv_size < head_bytes) {
        return MDB_CORRUPTED;
    }
    if (rc == MDB_SUCCESS) {
        writing->mark.count--;
        writing->mark.sum -= backend_digest((uint32_t)load(head, 4), (uint32_t)load(head + 4, 4));
    }
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static int put(struct writing *writing, const struct backend_change *change, MDB_val *key,
               bool append)
{
    uint32_t key_crc = backend_key_crc(change->bucket, change->key, change->value.len);
    uint32_t value_crc = crc32c(0, change->value.data, change->value.len);
    MDB_val val = {change->value.len + head_bytes, NULL};
    int rc = mdb_put(writing->txn, writing->self->dbis[change->bucket], key, &val,
                     MDB_RESERVE | (append ? MDB_APPEND : 0));

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    store(val.mv_data, key_crc, 4);
    store((unsigned char *)val.mv_data + 4, value_crc, 4);
    store((unsigned char *)val.mv_data + 8, change->value.len, 4);
    if (change->value.len > 0) {
        memcpy((char *)val.mv_data + head_bytes, change->value.data, change->value.len);
    }
    if (change->bucket == BUCKET_REV) {
        writing->mark.count++;
        writing->mark.sum += backend_digest(key_crc, value_crc);
    }
    return MDB_SUCCESS;
}

static int change_one(struct writing *writing, const struct backend_change *change)
{
    MDB_val key = val_of(change->key);
    int rc = MDB_SUCCESS;

    /* revisions come in order: pages stay full, and nothing is under the key yet */
    if (change->bucket == BUCKET_REV && !change->remove) {
        rc = put(writing, change, &key, true);
        if (rc != MDB_KEYEXIST) {
            return rc;
        }
    }
    if (change->bucket == BUCKET_REV) {
        rc = uncount(writing, &key);
    }
    if (rc == MDB_SUCCESS && change->remove) {
        rc = mdb_del(writing->txn, writing->self->dbis[change->bucket], &key, NULL);
        return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
    }
    return rc == MDB_SUCCESS ? put(writing, change, &key, false) : rc;
}

static int write_mark(struct writing *writing)
{
    unsigned char bytes[mark_bytes];
    MDB_val key = val_of(STR("mark"));
    MDB_val val = {sizeof(bytes), bytes};

    store(bytes, writing->mark.index, 8);
    store(bytes + 8, writing->mark.term, 8);
    store(bytes + 16, writing->mark.count, 8);
    store(bytes + 24, writing->mark.sum, 8);
    store(bytes + 32, crc32c(0, bytes, 32), 4);
    return mdb_put(writing->txn, writing->self->mark_dbi, &key, &val, 0);
}

static enum err lmdb_write(struct backend *backend, const struct backend_batch *batch, char *text)
{
    struct lmdb_backend *self = (struct lmdb_backend *)backend;
    struct writing writing = {.self = self, .text = text};
    int rc = mdb_txn_begin(self->env, NULL, 0, &writing.txn);

    backend_batch_check(batch);
    if (rc != MDB_SUCCESS) {
        return lmdb_failed(self->path, text, "can't be written", rc);
    }
    rc = read_mark(writing.txn, self->mark_dbi, &writing.mark);
    assert(rc != MDB_SUCCESS || batch->index >= writing.mark.index);
    writing.mark.index = batch->index;
    writing.mark.term = batch->term;
    for (size_t i = 0; i < batch->count && rc == MDB_SUCCESS; i++) {
        rc = change_one(&writing, &batch->changes[i]);
    }
    if (rc == MDB_SUCCESS) {
        rc = write_mark(&writing);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_commit(writing.txn);
    } else {
        mdb_txn_abort(writing.txn);
    }
    return rc == MDB_SUCCESS ? ERR_OK : lmdb_failed(self->path, text, "can't be written", rc);
}

/* ── opening ────────────────────────────────────────────────────────────────*/

static void lmdb_close(struct backend *backend)
{
    struct lmdb_backend *self = (struct lmdb_backend *)backend;

    for (int b = 0; b < BUCKET_END; b++) {
        if (self->cursors[b] != NULL) {
            mdb_cursor_close(self->cursors[b]);
        }
    }
    if (self->seen != NULL) {
        mdb_txn_abort(self->seen);
    }
    if (self->env != NULL) {
        mdb_env_close(self->env);
    }
    free(self);
}

static int open_buckets(struct lmdb_backend *self)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(self->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    for (int b = 0; b < BUCKET_END && rc == MDB_SUCCESS; b++) {
        rc = mdb_dbi_open(txn, backend_bucket_name((enum backend_bucket)b), MDB_CREATE,
                          &self->dbis[b]);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_dbi_open(txn, "applied", MDB_CREATE, &self->mark_dbi);
    }
    if (rc == MDB_SUCCESS) {
        return mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn);
    return rc;
}

static int open_env(struct lmdb_backend *self, uint64_t map_bytes)
{
    int dead;
    int rc = mdb_env_create(&self->env);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_env_set_mapsize(self->env, map_bytes);
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_set_maxdbs(self->env, BUCKET_END + 1);
    }
    if (rc == MDB_SUCCESS) {
        /* NOTLS: the reader's transaction is the loop's, whatever thread that is */
        rc = mdb_env_open(self->env, self->path, MDB_NORDAHEAD | MDB_NOTLS, 0600);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_reader_check(self->env, &dead); /* a pinned page is never used again */
    }
    return rc == MDB_SUCCESS ? open_buckets(self) : rc;
}

enum err backend_lmdb_open(const char *path, uint64_t map_bytes, struct backend **backend,
                           char *text)
{
    struct lmdb_backend *self = heap_new(sizeof(*self));
    enum err err;
    int rc;

    self->backend = (struct backend){
        .get = lmdb_get,
        .seek = lmdb_seek,
        .step = lmdb_step,
        .mark = lmdb_mark,
        .size = lmdb_size,
        .write = lmdb_write,
        .renew = lmdb_renew,
        .settle = lmdb_settle,
        .text = lmdb_text,
        .close = lmdb_close,
    };
    (void)snprintf(self->path, sizeof(self->path), "%s", path);
    rc = open_env(self, map_bytes);
    err = rc == MDB_SUCCESS ? lmdb_renew(&self->backend)
                            : lmdb_failed(path, text, "can't be opened as a store", rc);
    if (err != ERR_OK) {
        if (rc == MDB_SUCCESS) {
            memcpy(text, self->text, backend_text_max);
        }
        lmdb_close(&self->backend);
        return err;
    }
    *backend = &self->backend;
    return ERR_OK;
}
