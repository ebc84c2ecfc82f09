/* HashKV and Hash, in slices: some records a turn, one call after the other. What a call hashes is
 * the state as it was when it came; nothing is compacted away before that is done.
 *
 * Hash is not etcd's, which covers the bytes of bbolt's pages: here it is the crc32c of HashKV's
 * hash of all revisions, the revision and the compacted one, big endian. So stores of equal keys
 * with equal histories give equal hashes, whatever is flushed where.
 */
#ifndef ACTORS_STORE_HASHES_H
#define ACTORS_STORE_HASHES_H

#include "actors/store/mvcc/mvcc.h"
#include "common/runtime/outbox.h"

struct store;

enum { hashes_max = 64, hashes_turn_records_max = 2000 };

struct hash_call {
    struct address from;
    uint64_t id;
    enum etcd_method method;
    int64_t revision, current; /* which is hashed; which was the newest then */
    struct mvcc_hash *hash;    /* owned */
};

struct hashes {
    struct hash_call calls[hashes_max]; /* a ring */
    size_t head, count;
};

void hashes_fini(struct hashes *self); /* before mvcc ends */

/* revision: 0: the newest. Answers it, at once if it is refused. */
void hashes_call(struct store *self, enum etcd_method method, int64_t revision,
                 const struct address *from, uint64_t id, struct outbox *out);

/* At a turn's end. True: there is more to do. */
bool hashes_turn(struct store *self, struct outbox *out);

#endif
