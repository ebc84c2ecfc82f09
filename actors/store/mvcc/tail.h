/* What changed since the last flush, in memory: records of revisions, in order, and changes of the
 * buckets. Open, it grows; sealed, it never changes again, may be read by several and is written
 * as one transaction of the backend.
 *
 *   backend ◄── sealed ◄── sealed ◄── open      a record is in one of them
 *
 * Removals say what a compaction drops: that nobody asks for any more, so reads do not heed them.
 */
#ifndef ACTORS_STORE_MVCC_TAIL_H
#define ACTORS_STORE_MVCC_TAIL_H

#include "actors/store/mvcc/arena.h"
#include "actors/store/mvcc/backend.h"
#include "actors/store/mvcc/revision.h"

struct tail_record {
    struct revision revision;
    bool tombstone;
    struct str bytes; /* mvccpb.KeyValue; owned by the tail */
};

struct tail {
    struct arena arena;
    struct tail_record *records; /* ascending */
    size_t record_count, record_cap;
    struct backend_change *changes; /* in the order they were made */
    size_t change_count, change_cap;
    size_t bytes; /* of keys and values */
    uint64_t index, term;
    bool sealed;
};

struct tail *tail_new(uint64_t index, uint64_t term);
void tail_destroy(struct tail **self);

/* ── open ───────────────────────────────────────────────────────────────────*/

/* Room of len bytes for a record's, to be filled at once. revision is behind all others. */
char *tail_record(struct tail *self, struct revision revision, bool tombstone, size_t len);
void tail_put(struct tail *self, enum backend_bucket bucket, struct str key,
              struct str value); /* copies */
void tail_remove(struct tail *self, enum backend_bucket bucket, struct str key);

/* What goes in from here on is of this entry. */
void tail_advance(struct tail *self, uint64_t index, uint64_t term);
void tail_seal(struct tail *self);

/* ── open or sealed ─────────────────────────────────────────────────────────*/

bool tail_is_empty(const struct tail *self);

/* The first record not before revision; record_count: there is none. */
size_t tail_seek(const struct tail *self, struct revision revision);

/* ── sealed ─────────────────────────────────────────────────────────────────*/

/* The flusher: all of it, of each key what was made last, and its mark, as one transaction; in any
 * thread. Errors, and text: as backend's write. */
enum err tail_flush(const struct tail *self, struct backend *backend, char *text);

#endif
