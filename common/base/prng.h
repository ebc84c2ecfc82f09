/* A seeded pseudo-random generator (xoshiro256**): the same seed gives the same
 * run. Not for keys. Real entropy for ids comes from prng_seed_os. */
#ifndef COMMON_BASE_PRNG_H
#define COMMON_BASE_PRNG_H

#include <stdint.h>

struct prng {
    uint64_t s[4];
};

void prng_init(struct prng *self, uint64_t seed);
uint64_t prng_next(struct prng *self);
uint64_t prng_below(struct prng *self, uint64_t bound); /* 0 … bound - 1, unbiased; bound > 0 */
uint64_t prng_seed_os(void);                            /* getrandom(2), never 0 */

#endif
