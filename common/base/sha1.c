#include "common/base/sha1.h"

#include <stdint.h>
#include <string.h>

enum { block_bytes = 64, length_bytes = 8, words = 16, rounds = 80 };

static uint32_t left(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

static uint32_t load(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void take_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t w[rounds];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    uint32_t e = state[4];

    for (int t = 0; t < words; t++) {
        w[t] = load(block + (size_t)t * 4);
    }
    for (int t = words; t < rounds; t++) {
        w[t] = left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    for (int t = 0; t < rounds; t++) {
        uint32_t f = t < 20   ? (b & c) | (~b & d)
                     : t < 40 ? b ^ c ^ d
                     : t < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        uint32_t k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next;

        next = left(a, 5) + f + e + k + w[t];
        e = d;
        d = c;
        c = left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1(const void *data, size_t len, unsigned char digest[sha1_bytes])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char last[2 * block_bytes] = {0};
    const unsigned char *at = data;
    uint64_t bits = (uint64_t)len * 8;
    size_t rest = len % block_bytes;
    size_t end = rest + 1 + length_bytes <= block_bytes ? block_bytes : 2 * block_bytes;

    for (size_t done = 0; done + block_bytes <= len; done += block_bytes) {
        take_block(state, at + done);
    }
    if (rest > 0) {
        memcpy(last, at + (len - rest), rest);
    }
    last[rest] = 0x80;
    for (size_t i = 0; i < length_bytes; i++) {
        last[end - 1 - i] = (unsigned char)(bits >> (8 * i));
    }
    for (size_t done = 0; done < end; done += block_bytes) {
        take_block(state, last + done);
    }
    for (size_t i = 0; i < sha1_bytes; i++) {
        digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
