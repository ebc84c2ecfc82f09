#include "actors/store/mvcc/revision.h"

enum { plain_bytes = 17, half_bytes = 8 };

static void store(char *at, int64_t value)
{
    for (int i = 0; i < half_bytes; i++) {
        at[i] = (char)((uint64_t)value >> (56 - 8 * i));
    }
}

static int64_t load(const char *at)
{
    uint64_t value = 0;

    for (int i = 0; i < half_bytes; i++) {
        value = value << 8 | (unsigned char)at[i];
    }
    return (int64_t)value;
}

struct revision_key revision_key(struct revision revision, bool tombstone)
{
    struct revision_key key = {.len = plain_bytes};

    assert(revision.main >= 0 && revision.sub >= 0);
    store(key.bytes, revision.main);
    key.bytes[half_bytes] = '_';
    store(key.bytes + half_bytes + 1, revision.sub);
    if (tombstone) {
        key.bytes[key.len++] = 't';
    }
    return key;
}

bool revision_parse(struct str key, struct revision *revision, bool *tombstone)
{
    struct revision parsed;

    if (key.len < plain_bytes || key.len > revision_key_max || key.data[half_bytes] != '_' ||
        (key.len == revision_key_max && key.data[plain_bytes] != 't')) {
        return false;
    }
    parsed = (struct revision){load(key.data), load(key.data + half_bytes + 1)};
    if (parsed.main < 0 || parsed.sub < 0) {
        return false;
    }
    *revision = parsed;
    *tombstone = key.len == revision_key_max;
    return true;
}
