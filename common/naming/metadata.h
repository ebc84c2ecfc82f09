/* Metadata as the registry keeps it: keys in bytewise order, each once. What
 * arrives in any order with repeats is brought into that form (the last of equal
 * keys wins), and SET merges a new map into the stored one.
 */
#ifndef COMMON_NAMING_METADATA_H
#define COMMON_NAMING_METADATA_H

#include "common/base/str.h"
#include "common/naming/limits.h"

/* Packed, each key and value with its length. */
enum { metadata_packed_max = limit_metadata_bytes + limit_metadata_keys * 2 * 5 };

/* The bytes an output of these inputs needs at most; reserve them in store before, so
 * that earlier outputs in it stay where they are. */
size_t metadata_room(struct strs a, struct strs b);

/* Out borrows from in when that is already in order, else from store.
 * Errors: ERR_TOO_LARGE over limit_metadata_keys keys or limit_metadata_bytes bytes. */
enum err metadata_normalise(struct strs in, struct buf *store, struct strs *out);

/* Keys of over replace those of base. Both in order. Errors: ERR_TOO_LARGE. */
enum err metadata_merge(struct strs base, struct strs over, struct buf *store, struct strs *out);

#endif
