/* A backup: the whole of a registry at one seq, in the framed records that its snapshots and its
 * journal are made of.
 *
 *   HEAD {epoch, seq 100, highest_at: when it was taken}
 *   [PUT, GONE, …]  […]    every entry, as it was when it was read, each with the seq of its last
 * change [PUT, GONE, …]         the changes that came meanwhile, in order, up to FOOT's seq FOOT
 * {count, seq 117}
 *
 * Read from the first to the last, later ones replacing earlier ones, it is what the registry held
 * at FOOT's seq.
 */
#ifndef ACTORS_CTL_BACKUP_FILE_H
#define ACTORS_CTL_BACKUP_FILE_H

#include "common/naming/change.h"
#include "common/wire/codec.h"

/* Greatest file that is read. */
static const size_t backup_bytes_max = (size_t)16 << 30;

struct backup_info {
    uint64_t epoch;
    uint64_t seq;      /* what it holds is as it was there */
    int64_t taken_ns;  /* wall */
    uint64_t count;    /* of records */
    uint64_t bytes;    /* of the valid part */
    const char *fault; /* static; NULL: it is whole */
};

/* change borrows until the return; false ends the reading. */
typedef bool backup_each_fn(void *state, const struct change *change);

/* Of any bytes. each may be NULL. Errors: ERR_CORRUPT: not whole, or each wanted no more:
 * info->fault says why, info->bytes where; ERR_UNSUPPORTED: of another version. */
enum err backup_read(struct str bytes, backup_each_fn *each, void *state, struct backup_info *info);

/* Frames, for the writer. */
void backup_frame(struct buf *to, const struct msg *msg);

#endif
