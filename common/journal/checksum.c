#include "common/journal/checksum.h"

#include <stdbool.h>
#include <zlib.h>

#ifdef __x86_64__
#include <immintrin.h>

#define FOLDING __attribute__((target("pclmul,sse4.1")))

enum { stride = 64, block = 16 };

/* x moved on over as many bytes as k stands for, and what stands there. */
FOLDING static inline __m128i fold(__m128i x, __m128i k, __m128i there)
{
    __m128i low = _mm_clmulepi64_si128(x, k, 0x00);
    __m128i high = _mm_clmulepi64_si128(x, k, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), there);
}

FOLDING static inline __m128i load(const unsigned char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* From 128 bits to 32, by Barrett's reduction. */
FOLDING static uint32_t reduce(__m128i x, __m128i k)
{
    const __m128i low_words = _mm_setr_epi32(~0, 0, ~0, 0);
    const __m128i k5 = _mm_set_epi64x(0, 0x0163cd6124);
    const __m128i polynomial = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    __m128i y = _mm_clmulepi64_si128(x, k, 0x10);

    x = _mm_xor_si128(_mm_srli_si128(x, 8), y);
    y = _mm_srli_si128(x, 4);
    x = _mm_clmulepi64_si128(_mm_and_si128(x, low_words), k5, 0x00);
    x = _mm_xor_si128(x, y);
    y = _mm_clmulepi64_si128(_mm_and_si128(x, low_words), polynomial, 0x10);
    y = _mm_clmulepi64_si128(_mm_and_si128(y, low_words), polynomial, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, y), 1);
}

/* Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ": the constants
 * are powers of x modulo the polynomial. len: a multiple of block, at least stride. */
FOLDING static uint32_t folded(uint32_t state, const unsigned char *at, size_t len)
{
    const __m128i by_stride = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
    const __m128i by_block = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    __m128i x0 = _mm_xor_si128(load(at), _mm_cvtsi32_si128((int)state));
    __m128i x1 = load(at + 16);
    __m128i x2 = load(at + 32);
    __m128i x3 = load(at + 48);

    for (at += stride, len -= stride; len >= stride; at += stride, len -= stride) {
        x0 = fold(x0, by_stride, load(at));
        x1 = fold(x1, by_stride, load(at + 16));
        x2 = fold(x2, by_stride, load(at + 32));
        x3 = fold(x3, by_stride, load(at + 48));
    }
    x0 = fold(x0, by_block, x1);
    x0 = fold(x0, by_block, x2);
    x0 = fold(x0, by_block, x3);
    for (; len >= block; at += block, len -= block) {
        x0 = fold(x0, by_block, load(at));
    }
    return reduce(x0, by_block);
}

static size_t foldable(size_t len)
{
    bool can = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");

    return can && len >= stride ? len & ~(size_t)(block - 1) : 0;
}
#endif

uint32_t checksum_add(uint32_t sum, const void *data, size_t len)
{
    const unsigned char *at = data;
    size_t done = 0;

#ifdef __x86_64__
    done = foldable(len);
    if (done > 0) {
        sum = ~folded(~sum, at, done);
    }
#endif
    return len > done ? (uint32_t)crc32_z(sum, at + done, len - done) : sum;
}
