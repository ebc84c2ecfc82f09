/* The CRC-32 of zlib, of frames that are kept: ten times as fast where the processor
 * multiplies without carries, so that reading back a large journal does not wait for it. */
#ifndef COMMON_JOURNAL_CHECKSUM_H
#define COMMON_JOURNAL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of what sum is of (0: nothing), followed by data. As zlib's crc32_z. */
uint32_t checksum_add(uint32_t sum, const void *data, size_t len);

#endif
