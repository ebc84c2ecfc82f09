/* CRC-32C (Castagnoli, RFC 3720), as etcd's HashKV and the records of the backend use it. */
#ifndef ACTORS_STORE_MVCC_CRC32C_H
#define ACTORS_STORE_MVCC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of what crc was the sum of, and data behind it; 0: of nothing yet. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
