#include "common/base/prng.h"

#include <assert.h>
#include <sys/random.h>
#include <sys/types.h>

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

/* splitmix64: spreads a small seed over the whole state, which must not be 0. */
void prng_init(struct prng *self, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        self->s[i] = z ^ z >> 31;
    }
}

uint64_t prng_next(struct prng *self)
{
    uint64_t *s = self->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *self, uint64_t bound)
{
    uint64_t value;
    uint64_t uneven; /* 2^64 mod bound: that many values are refused */

    assert(bound > 0);
    uneven = (0 - bound) % bound;
    do {
        value = prng_next(self);
    } while (value < uneven);
    return value % bound;
}

uint64_t prng_seed_os(void)
{
    uint64_t seed = 0;

    while (seed == 0) {
        /* Up to 256 bytes come whole or not at all; before the kernel has entropy it waits. */
        if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
            seed = 0;
        }
    }
    return seed;
}
