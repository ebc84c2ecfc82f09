#include "actors/store/mvcc/backend.h"

#include <stdlib.h>

#include "actors/store/mvcc/crc32c.h"

void backend_close(struct backend **self)
{
    if (*self != NULL) {
        (*self)->close(*self);
        *self = NULL;
    }
}

const char *backend_bucket_name(enum backend_bucket bucket)
{
    static const char *const names[BUCKET_END] = {
#define BACKEND_BUCKET_TEXT(NAME, name) name,
        BACKEND_BUCKET_TABLE(BACKEND_BUCKET_TEXT)
#undef BACKEND_BUCKET_TEXT
    };

    assert(bucket < BUCKET_END);
    return names[bucket];
}

/* Steele, Lea, Flood: splitmix64's last step, so that sums of it tell what differs. */
uint64_t backend_digest(uint32_t key_crc, uint32_t value_crc)
{
    uint64_t mixed = (uint64_t)key_crc << 32 | value_crc;

    mixed += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

void backend_batch_check(const struct backend_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct backend_change *change = &batch->changes[i];

        assert(change->bucket < BUCKET_END);
        assert(change->key.len > 0 && change->key.len <= backend_key_max);
        assert(change->value.len <= backend_value_max);
        assert(i == 0 || change[-1].bucket < change->bucket ||
               (change[-1].bucket == change->bucket && str_cmp(change[-1].key, change->key) < 0));
    }
}

uint32_t backend_key_crc(enum backend_bucket bucket, struct str key, size_t value_len)
{
    unsigned char head[5] = {(unsigned char)bucket};

    for (int i = 0; i < 4; i++) {
        head[1 + i] = (unsigned char)(value_len >> (24 - 8 * i));
    }
    return crc32c(crc32c(0, head, sizeof(head)), key.data, key.len);
}
