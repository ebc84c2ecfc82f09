/* The revisions of one key since the last compaction, in generations: a generation begins with the
 * put that creates the key and ends with its tombstone.
 *
 *   put {2,0}  put {5,1}  delete {7,0}  put {9,0}  put {12,0}
 *
 *     generation 1   2.0  5.1  7.0t      create 2, versions 1 2
 *     generation 2   9.0  12.0           create 9, versions 1 2
 *
 *   at 1: nothing   at 6: {5,1} version 2   at 8: nothing   at 10: {9,0} version 1
 *
 *   compact 6: 5.1 7.0t | 9.0 12.0        what is read at 6 stays
 *   compact 7: 9.0 12.0                   a tombstone at the compacted revision goes, with all
 *                                         before it
 *   compact 12: 12.0                      what is live at it stays, however old
 *
 * Source: etcd's key_index. A version is counted from the generation's first; after a compaction
 * the first revision that is held has the version it had.
 */
#ifndef ACTORS_STORE_MVCC_KEY_HISTORY_H
#define ACTORS_STORE_MVCC_KEY_HISTORY_H

#include "actors/store/mvcc/revision.h"
#include "common/container/memory.h"

/* What a live key is at a revision, but for its value. */
struct key_state {
    struct revision mod;
    int64_t create;
    int64_t version;
};

/* sub fits: one change takes more than a byte of memory. */
struct key_revision {
    int64_t main;
    uint32_t sub;
};

struct generation {
    int64_t create;
    int64_t first_version;
    uint32_t begin; /* place of its first revision; it ends where the next one begins */
};

struct key_history {
    struct key_revision *revisions; /* owned, ascending */
    struct generation *generations; /* owned */
    uint32_t count, cap;
    uint32_t generation_count, generation_cap;
    uint32_t gone; /* so many of the first are dropped, and lie here until they are half of all */
    bool live;     /* the last generation has no tombstone yet */
};

void key_history_fini(struct key_history *self, struct memory *memory);

/* Behind all that is held. A put of a key that is not live begins a generation, with create and
 * version; of one that is live they are the generation's. */
void key_history_put(struct key_history *self, struct memory *memory, struct revision mod,
                     int64_t create, int64_t version);
void key_history_delete(struct key_history *self, struct memory *memory,
                        struct revision mod); /* live */

/* False: the key is not there at main. */
bool key_history_at(const struct key_history *self, int64_t main, struct key_state *state);

/* How many revisions a compaction at main drops, the first that are not gone. */
uint32_t key_history_dead(const struct key_history *self, int64_t main);
bool key_history_is_tombstone(const struct key_history *self, uint32_t place);
void key_history_drop(struct key_history *self, struct memory *memory, uint32_t count);

#endif
