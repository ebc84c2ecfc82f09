/* The calls that crowds make. Keys are numbers of width digits from a counter over count, behind a
 * prefix. */
#ifndef TESTS_BENCH_GRPC_DEEDS_H
#define TESTS_BENCH_GRPC_DEEDS_H

#include "tests/bench/grpc/crowd.h"

enum { key_max = 32 };

struct keys {
    const char *prefix;
    uint64_t count;
    int width;
    size_t value_bytes;
    uint8_t *value; /* value_bytes */
    bool stamps;    /* a value begins with now_ns() when it was asked for */
    bool leases;    /* key n is of lease n + 1 */
};

/* width 8 without a prefix. */
void keys_init(struct keys *self, uint64_t count, size_t value_bytes);
size_t keys_name(const struct keys *self, uint64_t number, char to[key_max]); /* its length */

struct deed puts_of(struct keys *keys);
struct deed ranges_of(struct keys *keys); /* of one key each, which must be there */

/* Leases of ids from 1, granted so that all end together at end_ns. */
struct grants {
    int64_t end_ns;
    uint64_t count;
    int64_t *asked_ns;   /* of each */
    int64_t *ttl_s;      /* of each */
    int64_t earliest_ns; /* before which none may be gone */
    int64_t latest_ns;   /* after which all may be gone */
};

struct deed grants_of(struct grants *grants);

#endif
