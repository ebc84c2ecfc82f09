#include "actors/store/upkeep.h"

#include "actors/store/propose.h"
#include "actors/store/store_state.h"
#include "common/etcdapi/kv.pb-c.h"

enum {
    own_ms = 7000,  /* until when an entry of the store's own may be on its way */
    again_ms = 500, /* after one that was refused */
};

/* A full disk refuses for hours: what is due meanwhile must keep nobody busy. */
static uint64_t propose(struct store *self, const struct now *now)
{
    uint64_t number = store_propose(self, now->mono_ms + own_ms);

    if (number == 0) {
        self->proposes_at_ms = self->awake.ms + again_ms;
    }
    return number;
}

/* Only the leader expires, one entry at a time. */
static void expire_leases(struct store *self, const struct now *now)
{
    int64_t ids[keyspace_expire_max];
    struct raft_node_status node;
    size_t count;

    raft_node_status(self->node, &node);
    if (self->expiring || node.role != RAFT_LEADER) {
        return;
    }
    count = lessor_due(self->keyspace.lessor, self->awake.ms, ids, keyspace_expire_max);
    if (count == 0) {
        return;
    }
    self->body.len = 0;
    keyspace_expire(&self->body, ids, count);
    self->expiry = propose(self, now);
    self->expiring = self->expiry != 0;
    if (!self->expiring) {
        lessor_again(self->keyspace.lessor, self->awake.ms);
    }
}

/* One that is not written down now is at its next time. One of which nobody knows whether it will
 * be applied is followed by an empty one: when that is applied, it is, or never will be. */
static void checkpoint_leases(struct store *self, const struct now *now)
{
    struct lease_rest rests[keyspace_checkpoint_max];
    struct raft_node_status node;
    size_t count = 0;

    raft_node_status(self->node, &node);
    if (self->checkpoint != 0 || node.role != RAFT_LEADER) {
        return;
    }
    if (!self->checkpointing) {
        count = lessor_rests(self->keyspace.lessor, self->awake.ms, rests, keyspace_checkpoint_max);
    }
    if (count > 0 || self->checkpointing) {
        self->body.len = 0;
        keyspace_checkpoint(&self->body, rests, count);
        self->checkpoint = propose(self, now);
        self->checkpointing = self->checkpointing || self->checkpoint != 0;
    }
}

/* What another has compacted meanwhile is as good. */
static void is_compacted(struct store *self, const struct raft_answer *answer)
{
    struct str response;
    enum etcd_error error;

    self->compacting = false;
    if (answer->err != ERR_OK || answer->body.len == 0) {
        return;
    }
    error = keyspace_answer(answer->body, &response);
    if (error == ETCD_OK || error == ETCD_ERROR_COMPACTED) {
        compactor_done(&self->compactor, self->compacts_at, self->awake.ms);
    }
}

static void compact_by_itself(struct store *self, const struct now *now)
{
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    struct raft_node_status node;

    raft_node_status(self->node, &node);
    request.revision =
        compactor_tick(&self->compactor, self->awake.ms,
                       mvcc_position(self->keyspace.mvcc).revision, node.role == RAFT_LEADER);
    if (request.revision == 0 || self->compacting) {
        return;
    }
    self->packed.len = 0;
    self->packed.len = protobuf_c_message_pack(
        &request.base,
        (uint8_t *)buf_reserve(&self->packed, protobuf_c_message_get_packed_size(&request.base)));
    self->body.len = 0;
    keyspace_call(&self->body, ETCD_METHOD_COMPACT, buf_str(&self->packed));
    self->compaction = propose(self, now);
    self->compacting = self->compaction != 0;
    self->compacts_at = request.revision;
}

void upkeep_turn(struct store *self, const struct now *now)
{
    if (self->awake.ms >= self->proposes_at_ms) {
        expire_leases(self, now);
        checkpoint_leases(self, now);
    }
}

int64_t upkeep_due_ms(const struct store *self)
{
    int64_t due_ms = lessor_due_ms(self->keyspace.lessor);

    return due_ms > self->proposes_at_ms ? due_ms : self->proposes_at_ms;
}

void upkeep_tick(struct store *self, const struct now *now)
{
    compact_by_itself(self, now);
}

bool upkeep_answered(struct store *self, const struct raft_answer *answer)
{
    if (self->expiring && answer->number == self->expiry) {
        self->expiring = false;
        if (answer->err != ERR_OK) {
            lessor_again(self->keyspace.lessor, self->awake.ms);
        }
    } else if (self->checkpoint != 0 && answer->number == self->checkpoint) {
        self->checkpoint = 0;
        self->checkpointing = answer->err != ERR_OK;
    } else if (self->compacting && answer->number == self->compaction) {
        is_compacted(self, answer);
    } else {
        return false;
    }
    return true;
}
