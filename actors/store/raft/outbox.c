#include "actors/store/raft/outbox.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/array.h"

static const size_t first_cap = 16;

/* A vote is asked for in a term that may not be durable: one that forgets it could lead it twice.
 * A pre-vote promises nothing, but its answer shows the term it was given in. */
static bool waits_for_disk(enum raft_msg_type type)
{
    return type == RAFT_MSG_VOTE || type == RAFT_MSG_VOTE_RESP || type == RAFT_MSG_PREVOTE_RESP ||
           type == RAFT_MSG_APPEND_RESP;
}

void raft_send(struct raft *self, const struct raft_msg *msg)
{
    struct raft_msgs *queue = waits_for_disk(msg->type) ? &self->outbox.later : &self->outbox.now;
    struct raft_msg *added;

    assert(msg->to != self->settings.id && msg->to != 0);
    if (queue->handed) {
        queue->count = 0;
        queue->handed = false;
    }
    ARRAY_ROOM(queue->items, queue->count, queue->cap, first_cap);
    added = &queue->items[queue->count++];
    *added = *msg;
    added->from = self->settings.id;
    if (added->term == 0) {
        added->term = self->term;
    }
}

void raft_tell_read(struct raft *self, uint64_t number, uint64_t index)
{
    struct raft_outbox *outbox = &self->outbox;

    if (outbox->reads_handed) {
        outbox->read_count = 0;
        outbox->reads_handed = false;
    }
    ARRAY_ROOM(outbox->reads, outbox->read_count, outbox->read_cap, first_cap);
    outbox->reads[outbox->read_count++] = (struct raft_read_state){number, index};
}

void raft_outbox_fini(struct raft_outbox *self)
{
    free(self->now.items);
    free(self->later.items);
    free(self->reads);
    *self = (struct raft_outbox){0};
}
