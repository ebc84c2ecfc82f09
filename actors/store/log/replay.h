/* What a log's frames say, taken in one after the other: the member's hard state, the newest mark
 * and the entries behind it. Bytes come from outside: each frame is judged as a whole before any of
 * it is taken.
 *
 * Reading begins in the past of a mark that is known already (base): until the frame is met that
 * says it, others may speak of entries below it, which are passed over, and what stood at its index
 * may have become void later.
 */
#ifndef ACTORS_STORE_LOG_REPLAY_H
#define ACTORS_STORE_LOG_REPLAY_H

#include "actors/store/log/frame.h"

/* How it stands behind the frame seq. */
struct log_standing {
    uint64_t seq;
    struct raft_hard hard;
    uint64_t last;
    struct raft_snapshot mark;
};

struct replay {
    uint64_t log; /* of the segment that is read */
    struct log_standing at;
    uint64_t proven;            /* frames up to it were on disk for good: a later one says so */
    struct raft_entry *entries; /* owned, with their data; behind at.mark, up to at.last */
    size_t count;
    size_t cap;
    bool in_past;     /* the frame that says at.mark is still to come */
    uint64_t highest; /* index that the segment has held, also of what became void */
};

/* Begins with this segment, knowing of a mark. */
void replay_init(struct replay *self, const struct log_head *head,
                 const struct raft_snapshot *base);
void replay_fini(struct replay *self);

/* The next segment begins. */
void replay_head(struct replay *self, const struct log_head *head);

/* NULL: taken. Else what can't be, and nothing was changed; static. */
const char *replay_frame(struct replay *self, struct str body);

/* NULL: it is a whole log. */
const char *replay_end(const struct replay *self);

/* What was taken so far becomes a whole log: at least what the mark says is in it, and committed.
 */
void replay_settle(struct replay *self);

#endif
