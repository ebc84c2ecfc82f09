/* The frames of a log, to bytes: a HEAD, which begins a segment, and one frame a write.
 *
 *   LOG_HEAD {format, log, cluster, member, seq, from, term, vote, commit, last, mark}
 *   LOG_WRITE {log, seq, synced, term, vote, commit, first}  LOG_MARK?  LOG_ENTRY…
 *
 * They are messages like all else that is kept: the bytes of an entry stand in one as they are, so
 * that it costs a copy and a checksum, and nothing but them grows with its size.
 */
#ifndef ACTORS_STORE_LOG_FRAME_H
#define ACTORS_STORE_LOG_FRAME_H

#include "actors/store/raft/raft.h"
#include "common/wire/codec.h"

enum {
    log_format = 1,
    log_entry_bytes_max = frame_max - 1024, /* of an entry's data: it goes into one frame */
};

/* So great may an index be: none is reached. */
static const uint64_t log_index_max = (uint64_t)1 << 62;
/* Set in the id of every log: it takes as many bytes in each. */
static const uint64_t log_id_bit = (uint64_t)1 << 63;

/* What stands in the log when a segment begins. */
struct log_head {
    uint64_t log;
    uint64_t cluster;
    uint64_t member;
    uint64_t seq;
    uint64_t from;
    struct raft_hard hard;
    uint64_t last;
    struct raft_snapshot mark;
};

struct log_frame {
    uint64_t log;
    uint64_t seq;
    uint64_t synced;
    struct raft_hard hard;
    uint64_t first;
    const struct raft_snapshot *mark; /* NULL: none */
    const struct raft_entry *entries; /* count from first on; borrowed */
    unsigned count;
};

/* The message borrows from store. */
struct msg log_head_message(const struct log_head *head, struct buf *store);
/* Errors: ERR_CORRUPT: body is no HEAD; ERR_UNSUPPORTED: of another format. */
enum err log_head_read(struct str body, struct log_head *head);

/* Appends a whole frame. */
void log_frame_add(struct buf *to, const struct log_frame *frame);
/* So many of these go into one frame, at least one. */
unsigned log_frame_fitting(const struct raft_entry *entries, unsigned count);

/* False: it says nothing that a mark can be. */
bool log_mark_read(const struct msg_log_mark *msg, struct raft_snapshot *mark);

/* The first bytes of the body of every frame of this log but a HEAD. */
enum { log_frame_prefix_bytes = 11 };
void log_frame_prefix(uint64_t log, unsigned char prefix[log_frame_prefix_bytes]);

#endif
