#include "actors/store/mvcc/crc32c.h"

#include <string.h>

/* A nibble at a time, where the processor has no instruction for it: entry i is what the
 * polynomial 0x1EDC6F41, reflected, leaves of i. */
static uint32_t plain(uint32_t crc, const unsigned char *at, size_t len)
{
    static const uint32_t rows[16] = {
        0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3,
        0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
        0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
    };

    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ rows[crc & 15];
        crc = crc >> 4 ^ rows[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t fast(uint32_t crc, const unsigned char *at,
                                                       size_t len)
{
    uint64_t wide = crc;

    while (len >= sizeof(wide)) {
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
        at += sizeof(word);
        len -= sizeof(word);
    }
    crc = (uint32_t)wide;
    while (len-- > 0) {
        crc = __builtin_ia32_crc32qi(crc, *at++);
    }
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    return ~(__builtin_cpu_supports("sse4.2") ? fast(~crc, data, len) : plain(~crc, data, len));
}
#else
uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    return ~plain(~crc, data, len);
}
#endif
