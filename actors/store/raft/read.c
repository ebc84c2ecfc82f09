#include "actors/store/raft/read.h"

#include <assert.h>
#include <string.h>

#include "actors/store/raft/outbox.h"
#include "common/base/array.h"

static const size_t first_cap = 16;
static const size_t pending_max = 4096;

static void answer(struct raft *self, const struct raft_read *read, uint64_t index)
{
    struct raft_msg msg = {
        .type = RAFT_MSG_READ_RESP, .to = read->member, .index = index, .read = *read};

    if (read->member == self->settings.id) {
        raft_tell_read(self, read->number, index);
    } else {
        raft_send(self, &msg);
    }
}

/* An older leader may have committed what this one does not know to be, until it has committed an
 * entry of its own. That holds for a sole voter too: it may just have become one. */
static bool knows_committed(const struct raft *self)
{
    return raft_log_term(&self->log, self->log.committed) == self->term;
}

static void place(struct raft *self)
{
    struct raft_reads *reads = &self->reads;

    while (reads->placed < reads->count) {
        reads->pending[reads->placed++].index = self->log.committed;
    }
    reads->round_due = reads->placed > 0;
    raft_reads_confirm(self);
}

void raft_reads_ask(struct raft *self, const struct raft_read *read)
{
    struct raft_reads *reads = &self->reads;

    assert(self->role == RAFT_LEADER);
    if (reads->count == pending_max) {
        return;
    }
    ARRAY_ROOM(reads->pending, reads->count, reads->cap, first_cap);
    reads->pending[reads->count++] = (struct raft_pending_read){.read = *read};
    if (knows_committed(self)) {
        place(self);
    }
}

void raft_reads_committed(struct raft *self)
{
    if (self->reads.placed < self->reads.count && knows_committed(self)) {
        place(self);
    }
}

uint64_t raft_reads_round(const struct raft *self)
{
    return self->reads.placed == 0 ? 0 : self->reads.confirmed + self->reads.placed;
}

void raft_reads_acknowledged(struct raft *self, struct raft_progress *from, uint64_t round)
{
    if (round > from->read_round) {
        from->read_round = round;
        raft_reads_confirm(self);
    }
}

void raft_reads_confirm(struct raft *self)
{
    struct raft_reads *reads = &self->reads;
    uint64_t rounds[raft_members_max];
    unsigned count = 0;
    uint64_t reached;
    size_t done;

    for (unsigned i = 0; i < self->member_count; i++) {
        const struct raft_progress *member = &self->members[i];

        if (member->id == self->settings.id) {
            rounds[count++] = reads->confirmed + reads->placed;
        } else if (!member->learner) {
            rounds[count++] = member->read_round;
        }
    }
    reached = raft_quorum_reached(rounds, count);
    if (reads->placed == 0 || reached <= reads->confirmed) {
        return;
    }
    done = (size_t)(reached - reads->confirmed);
    if (done > reads->placed) {
        return; /* acknowledged what was never asked */
    }
    for (size_t i = 0; i < done; i++) {
        answer(self, &reads->pending[i].read, reads->pending[i].index);
    }
    reads->count -= done;
    memmove(reads->pending, reads->pending + done, reads->count * sizeof(*reads->pending));
    reads->placed -= done;
    reads->confirmed = reached;
    reads->round_due = reads->round_due && reads->placed > 0;
}

void raft_reads_forget(struct raft *self)
{
    self->reads.count = 0;
    self->reads.placed = 0;
    self->reads.confirmed = 0;
    self->reads.round_due = false;
}
