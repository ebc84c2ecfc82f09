/* A backend in an LMDB environment: a directory of its own with data.mdb and lock.mdb.
 *
 *   a record's value   crc32c of bucket, length and key (backend_key_crc), crc32c of the value,
 *                      length of the value: 4 bytes each, big endian; then the value
 *   "put" = "1"        6c f0 … (12 bytes) 31
 *
 * Both sums are checked at every read. The mark lies in a database of its own, written with each
 * transaction. Reads and writes may be in two threads, each in one; text is the reader's.
 */
#ifndef ACTORS_STORE_MVCC_BACKEND_LMDB_H
#define ACTORS_STORE_MVCC_BACKEND_LMDB_H

#include "actors/store/mvcc/backend.h"

/* The directory is there. map_bytes: the most the file may become; address space, nothing on the
 * disk. path: copied. text, of backend_text_max: what failed and what to do about it.
 * Errors: ERR_UNUSABLE (a person must see to it), ERR_IO, ERR_CORRUPT (no environment of LMDB, or
 * a damaged one), ERR_FULL (the disk). */
enum err backend_lmdb_open(const char *path, uint64_t map_bytes, struct backend **backend,
                           char *text);

#endif
