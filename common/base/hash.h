/* Hashes whose values travel between nodes and live on disk: SipHash-2-4 with a
 * fixed, published key, 64- and 128-bit output (Aumasson and Bernstein, 2012).
 * Never change one: it would make every node disagree with every other. */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t hi;
    uint64_t lo;
};

uint64_t hash64(const void *data, size_t len);
struct hash128 hash128(const void *data, size_t len);
bool hash128_eq(struct hash128 a, struct hash128 b);
int hash128_cmp(struct hash128 a, struct hash128 b);

#endif
