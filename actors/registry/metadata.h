/* Metadata as the registry keeps it: keys in bytewise order, each once. What
 * arrives in any order with repeats is brought into that form (the last of equal
 * keys wins), and SET merges a new map into the stored one.
 */
#ifndef ACTORS_REGISTRY_METADATA_H
#define ACTORS_REGISTRY_METADATA_H

#include "common/base/str.h"

enum {
    metadata_keys_max = 64,
    metadata_bytes_max = 16 * 1024,                                       /* of keys and values */
    metadata_packed_max = metadata_bytes_max + metadata_keys_max * 2 * 5, /* each with its length */
};

/* The bytes an output of these inputs needs at most; reserve them in store before, so
 * that earlier outputs in it stay where they are. */
size_t metadata_room(struct strs a, struct strs b);

/* Out borrows from in when that is already in order, else from store.
 * Errors: ERR_TOO_LARGE over metadata_keys_max keys or metadata_bytes_max bytes. */
enum err metadata_normalise(struct strs in, struct buf *store, struct strs *out);

/* Keys of over replace those of base. Both in order. Errors: ERR_TOO_LARGE. */
enum err metadata_merge(struct strs base, struct strs over, struct buf *store, struct strs *out);

#endif
