/* What a leader knows of one member, and how much it may send to it. Pure.
 *
 *   PROBE      one message at a time: where do the logs agree?
 *   REPLICATE  next runs ahead of match, within the limits of what is in flight
 *   SNAPSHOT   a snapshot is on its way; nothing else
 *
 * Source: etcd-io/raft, tracker.
 */
#ifndef ACTORS_STORE_RAFT_PROGRESS_H
#define ACTORS_STORE_RAFT_PROGRESS_H

#include "actors/store/raft/quorum.h"

enum raft_progress_state { RAFT_PROBE, RAFT_REPLICATE, RAFT_SNAPSHOT };

struct raft_inflight {
    uint64_t last; /* index of the message's last entry */
    uint64_t bytes;
};

/* A ring of messages with entries that are not acknowledged. */
struct raft_inflights {
    struct raft_inflight *ring; /* owned, of max */
    unsigned max;
    unsigned begin;
    unsigned count;
    uint64_t bytes;
    uint64_t bytes_max;
};

struct raft_progress {
    uint64_t id;
    bool learner;
    enum raft_progress_state state;
    uint64_t match; /* known to agree up to here; below next */
    uint64_t next;
    uint64_t sent_commit;
    uint64_t pending_snapshot; /* SNAPSHOT: its index */
    bool active;               /* heard since the last check of the quorum */
    bool paused;
    struct raft_inflights inflights;
    enum raft_vote vote; /* in this candidacy */
    uint64_t read_round; /* of reads, acknowledged in this term */
};

/* At most inflight_max messages and inflight_bytes_max bytes (a message more) in flight. */
void raft_progress_init(struct raft_progress *self, uint64_t id, bool learner, uint64_t next,
                        const struct raft_settings *settings);
void raft_progress_fini(struct raft_progress *self);
/* As at the begin of a term; id, learner and vote stay. */
void raft_progress_reset(struct raft_progress *self, uint64_t match, uint64_t next);

void raft_progress_probe(struct raft_progress *self);
void raft_progress_replicate(struct raft_progress *self);
void raft_progress_snapshot(struct raft_progress *self, uint64_t index);

bool raft_progress_is_paused(const struct raft_progress *self);
bool raft_inflights_are_full(const struct raft_inflights *self);
void raft_progress_sent(struct raft_progress *self, unsigned count, uint64_t bytes);

/* index was acknowledged. False: that is no news. */
bool raft_progress_acked(struct raft_progress *self, uint64_t index);
void raft_progress_free(struct raft_progress *self, uint64_t index); /* in flight up to it */
/* The message behind index was refused; they may agree at hint. False: it was an old one. */
bool raft_progress_refused(struct raft_progress *self, uint64_t index, uint64_t hint);

/* Would a message now tell the member of more that is committed and that it has been sent? */
bool raft_progress_lacks_commit(const struct raft_progress *self, uint64_t commit);

#endif
