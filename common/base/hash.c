#include "common/base/hash.h"

/* The key of the reference's own test vectors: bytes 00 01 … 0f. */
static const uint64_t key0 = 0x0706050403020100;
static const uint64_t key1 = 0x0f0e0d0c0b0a0908;

struct state {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void rounds(struct state *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static inline uint64_t little_endian(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

static inline struct state digest(const void *data, size_t len, bool wide)
{
    const unsigned char *at = data;
    size_t whole = len & ~(size_t)7;
    struct state s = {
        .v0 = 0x736f6d6570736575 ^ key0,
        .v1 = 0x646f72616e646f6d ^ key1 ^ (wide ? 0xee : 0),
        .v2 = 0x6c7967656e657261 ^ key0,
        .v3 = 0x7465646279746573 ^ key1,
    };

    for (size_t i = 0; i < whole; i += 8) {
        absorb(&s, little_endian(at + i, 8));
    }
    absorb(&s, (uint64_t)len << 56 | (len != whole ? little_endian(at + whole, len - whole) : 0));
    s.v2 ^= wide ? 0xee : 0xff;
    rounds(&s, 4);
    return s;
}

uint64_t hash64(const void *data, size_t len)
{
    struct state s = digest(data, len, false);

    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

struct hash128 hash128(const void *data, size_t len)
{
    struct state s = digest(data, len, true);
    struct hash128 hash = {.hi = s.v0 ^ s.v1 ^ s.v2 ^ s.v3};

    s.v1 ^= 0xdd;
    rounds(&s, 4);
    hash.lo = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return hash;
}

bool hash128_eq(struct hash128 a, struct hash128 b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

int hash128_cmp(struct hash128 a, struct hash128 b)
{
    if (a.hi != b.hi) {
        return a.hi < b.hi ? -1 : 1;
    }
    return (a.lo > b.lo) - (a.lo < b.lo);
}
