/* Where the store's records lie, as a table of functions: ordered buckets of keys and values, read
 * by key and by cursor, changed by one durable transaction at a time, which also says how far the
 * log is applied with it. LMDB's for a member (backend_lmdb.h), one in memory for tests and the
 * simulator (backend_memory.h).
 *
 * A reader sees one transaction's state: that of the opening or of the last renew. What it gets is
 * borrowed until the next renew or the close.
 *
 *   renew ──get, seek, step──► … ──renew──► …        the loop
 *              write ──write──► write                 whoever flushes: another thread, if need be
 *
 * Errors of reads: ERR_NOT_FOUND; ERR_CORRUPT (a record that was read is wrong: never given out);
 * ERR_IO, ERR_FULL, ERR_UNUSABLE. What happened is then said in words by text.
 */
#ifndef ACTORS_STORE_MVCC_BACKEND_H
#define ACTORS_STORE_MVCC_BACKEND_H

#include "common/base/str.h"

// clang-format off
/* Bucket, and its name, etcd's own. The numbers are in no file. */
#define BACKEND_BUCKET_TABLE(B)             \
    B(REV,             "key")               \
    B(META,            "meta")              \
    B(LEASE,           "lease")             \
    B(ALARM,           "alarm")             \
    B(AUTH,            "auth")              \
    B(AUTH_USERS,      "authUsers")         \
    B(AUTH_ROLES,      "authRoles")         \
    B(MEMBERS,         "members")           \
    B(MEMBERS_REMOVED, "members_removed")   \
    B(CLUSTER,         "cluster")
// clang-format on

enum backend_bucket {
#define BACKEND_BUCKET_ENUM(NAME, name) BUCKET_##NAME,
    BACKEND_BUCKET_TABLE(BACKEND_BUCKET_ENUM)
#undef BACKEND_BUCKET_ENUM
        BUCKET_END
};

enum {
    backend_key_max = 500,       /* bytes; 1 at least */
    backend_value_max = 1 << 30, /* bytes */
    backend_text_max = 256,      /* of what text says */
};

/* How far a state has come. count, sum: of every record in BUCKET_REV, so that one that is lost or
 * was changed behind our back is noticed by whoever reads all of them. */
struct backend_mark {
    uint64_t index; /* of the last entry that is applied in it */
    uint64_t term;
    uint64_t count;
    uint64_t sum; /* of backend_digest, modulo 2^64 */
};

struct backend_record {
    struct str key, value;
    uint64_t digest;
};

struct backend_change {
    enum backend_bucket bucket;
    bool remove; /* of what need not be there */
    struct str key, value;
};

/* In order of bucket and key, no two of one key. */
struct backend_batch {
    const struct backend_change *changes;
    size_t count;
    uint64_t index, term; /* the mark's; index never smaller than it was */
};

/* used: without what is free for the next records. */
struct backend_size {
    uint64_t bytes, used;
};

struct backend {
    enum err (*get)(struct backend *self, enum backend_bucket bucket, struct str key,
                    struct str *value);

    /* One cursor a bucket: the first record whose key is not before `from`; then the one behind
     * the last that was given. ERR_NOT_FOUND: the end. */
    enum err (*seek)(struct backend *self, enum backend_bucket bucket, struct str from,
                     struct backend_record *record);
    enum err (*step)(struct backend *self, enum backend_bucket bucket,
                     struct backend_record *record);

    struct backend_mark (*mark)(const struct backend *self); /* of what reads see */

    struct backend_size (*size)(const struct backend *self); /* of all files */

    /* Whole and durable when it returns ERR_OK; else nothing of it is there, and it may be tried
     * again. text, of backend_text_max: why not. */
    enum err (*write)(struct backend *self, const struct backend_batch *batch, char *text);

    enum err (*renew)(struct backend *self); /* reads see all that is written */
    void (*settle)(struct backend *self);    /* gives back the memory of what was read once */
    const char *(*text)(const struct backend *self); /* of the last read that failed */
    void (*close)(struct backend *self);             /* frees self */
};

void backend_close(struct backend **self); /* NULL in it: nothing happens */

/* Static. */
const char *backend_bucket_name(enum backend_bucket bucket);

/* What a record of BUCKET_REV adds to the sum, from the checksums of key and value. */
uint64_t backend_digest(uint32_t key_crc, uint32_t value_crc);

/* Asserts what batch promises. */
void backend_batch_check(const struct backend_batch *batch);

/* A checksum of what is stored under key, for backends that keep one: bound to bucket and key, so
 * that no record passes for another's. */
uint32_t backend_key_crc(enum backend_bucket bucket, struct str key, size_t value_len);

#endif
