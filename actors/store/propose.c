#include "actors/store/propose.h"

#include "actors/store/store_state.h"

uint64_t store_propose(struct store *self, int64_t deadline_ms)
{
    uint64_t number = self->waiting.next;

    if (raft_node_call(self->node, number, buf_str(&self->body), deadline_ms) != ERR_OK) {
        return 0;
    }
    waiting_done(&self->waiting, waiting_add(&self->waiting));
    return number;
}
