/* Compaction by itself: at which revision, and when. Pure; etcd's v3compactor, on awake time.
 *
 *   periodic   what is older than the retention goes: every hour, or every retention if that is
 *              shorter; the revision is noted ten times as often
 *   revision   all but the last N revisions go, every 5 minutes
 */
#ifndef ACTORS_STORE_COMPACTOR_H
#define ACTORS_STORE_COMPACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compaction_mode { COMPACTION_OFF, COMPACTION_PERIODIC, COMPACTION_REVISION };

struct compactor {
    enum compaction_mode mode;
    int64_t retention; /* ms; or how many revisions */
    int64_t next_ms;
    int64_t done_ms; /* when it was compacted last, or began */
    int64_t wait_ms; /* from then on */
    int64_t *noted;  /* owned; revisions, the oldest first */
    size_t noted_count, noted_max;
    int64_t done; /* revision */
};

/* retention: above 0 unless the mode is OFF. A period of at least 10 ms. */
void compactor_init(struct compactor *self, enum compaction_mode mode, int64_t retention,
                    int64_t awake_ms);
void compactor_fini(struct compactor *self);

/* Once a tick. leads: only who leads compacts. Above 0: compact at this revision now; then
 * compactor_done if it was done, or was before. */
int64_t compactor_tick(struct compactor *self, int64_t awake_ms, int64_t revision, bool leads);
void compactor_done(struct compactor *self, int64_t revision, int64_t awake_ms);

#endif
