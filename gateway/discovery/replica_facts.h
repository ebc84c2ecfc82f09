/* What the actors behind the gateway last told of themselves. Texts are borrowed until the next
 * fact. */
#ifndef GATEWAY_DISCOVERY_REPLICA_FACTS_H
#define GATEWAY_DISCOVERY_REPLICA_FACTS_H

#include "common/base/clock.h"
#include "common/wire/codec.h"

/* Init-protect of the registry. */
struct replica_protect {
    bool on;
    bool syncing; /* the registry started with nothing, and its peers' state is not here yet */
    int64_t left_ms;
    struct str reason;
};

/* The registry's journal. ok is true until it says otherwise. */
struct replica_storage {
    bool ok;
    struct str reason;
    bool damaged; /* and nobody has dealt with it */
    struct str damage;
};

/* Self-protection, as the evictor last told; known is false before it did. */
struct replica_protection {
    bool known;
    bool on;
    struct str reason;
    uint64_t heard;
    uint64_t expected;
    uint64_t threshold;
    uint64_t live;
    int64_t next_round_ms; /* from now on; not below 0 */
};

/* This node and its peers as the replicator last told; empty before it did. */
struct replica_node {
    struct str addr;
    struct str zone;
    struct str node_id; /* empty: it has none, or is not known */
    struct str trouble; /* why it is of no use, in words; empty: it is of use */
    uint32_t status;
    bool self;
};

/* {0}: nothing yet. */
struct replica_facts {
    struct replica_protect protect;
    int64_t protect_ends_ms; /* mono */
    struct buf protect_reason;
    bool storage_bad;
    struct buf storage_reason;
    bool storage_damaged;
    struct buf storage_damage;
    struct replica_protection protection; /* next_round_ms: mono */
    struct buf protection_reason;
    struct replica_node *nodes; /* owned, their texts in node_text */
    size_t node_count;
    struct buf node_text;
    bool in_step;
};
void replica_facts_fini(struct replica_facts *self);

/* Of any of those actors; one of another type is left alone. */
void replica_facts_take(struct replica_facts *self, const struct msg *msg, const struct now *now);

struct replica_protect replica_facts_protect(const struct replica_facts *self,
                                             const struct now *now);
struct replica_storage replica_facts_storage(const struct replica_facts *self);
struct replica_protection replica_facts_protection(const struct replica_facts *self,
                                                   const struct now *now);

#endif
