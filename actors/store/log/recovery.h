/* What a start finds in a log's directory. Reads all that is needed, and changes no file but where
 * a sole voter has been told to cut what is damaged.
 *
 * Of the last segment a bad frame is a torn tail, which goes without a word, unless a whole frame
 * behind it says that it was on disk for good when that one was written. In an earlier segment, and
 * of a HEAD, it is damage: the next segment is named only when all before it is synced. The very
 * last frames of a log that did not end in order have none behind them: a bit that went bad there
 * can't be told from a write that the power cut short.
 */
#ifndef ACTORS_STORE_LOG_RECOVERY_H
#define ACTORS_STORE_LOG_RECOVERY_H

#include "actors/store/log/replay.h"
#include "actors/store/log/segments.h"

/* A frame that nothing proves to be on disk for good yet: its bytes were read, but they may stand
 * in the memory of the system only, where a sync that failed has left them. To be written anew. */
struct log_unproven {
    struct buf body; /* owned */
    uint64_t highest;
    struct log_standing after;
};

struct log_recovered {
    bool fresh;                  /* no segment was there */
    bool cut;                    /* damage: all from some place on is gone, as it was told to */
    struct replay replay;        /* owned: the end */
    struct log_standing proven;  /* where what is unproven goes on */
    struct log_unproven *frames; /* owned */
    size_t frame_count;
    size_t frame_cap;
    struct log_segments segments;   /* owned; also those not needed any more */
    struct log_segments unfinished; /* owned; only names: what no start needs */
};

struct log_identity {
    uint64_t cluster;
    uint64_t member;
};

/* On success the caller ends what is in out with log_recovered_fini; the replay's entries it may
 * take. cut: a sole voter may lose what stands from damage on.
 * Errors, each logged with the file and what to do: ERR_CORRUPT: damage; ERR_UNUSABLE: a file can't
 * be read, or is another member's; ERR_UNSUPPORTED: of another format; ERR_IO. */
enum err log_recovery_run(struct volume *volume, const struct log_identity *identity, bool cut,
                          struct log_recovered *out);
void log_recovered_fini(struct log_recovered *self);

#endif
