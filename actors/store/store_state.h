/* What the files of the store share. */
#ifndef ACTORS_STORE_STORE_STATE_H
#define ACTORS_STORE_STORE_STATE_H

#include "actors/store/compactor.h"
#include "actors/store/event_reads.h"
#include "actors/store/facts.h"
#include "actors/store/hashes.h"
#include "actors/store/keep_alive.h"
#include "actors/store/parts.h"
#include "actors/store/store.h"
#include "actors/store/version.h"
#include "actors/store/waiting.h"
#include "common/base/awake.h"

struct store {
    struct store_options options;
    struct keyspace keyspace;
    struct disk_log *disk_log; /* borrowed */
    struct raft_node *node;
    struct waiting waiting;
    bool caught_up;   /* all that an earlier run may have told of is applied again */
    bool catching_up; /* read catch_up will say so */
    uint64_t catch_up;
    struct facts facts;
    struct event_reads event_reads;
    struct keep_alives keep_alives;
    struct hashes hashes;
    struct parts parts;
    struct compactor compactor;
    struct version version;
    bool compacting; /* by itself: an entry is on its way, number compaction */
    uint64_t compaction;
    int64_t compacts_at;
    int64_t paced; /* the revision of the last step of a compaction */
    struct awake awake;
    struct arena arena; /* of the call or answer at hand */
    struct buf packed;
    struct buf body;
    int64_t flushed_ms;     /* when it was tried last */
    int64_t proposes_at_ms; /* awake: not before, as the log took none */
    bool expiring;          /* an entry that expires leases is on its way, number expiry */
    uint64_t expiry;
    bool checkpointing;  /* what is left of leases may be on its way to be written down */
    uint64_t checkpoint; /* the number of the entry that is awaited for it; 0: none */
    enum err failed;
    uint64_t calls_total;
    uint64_t refused_total;
};

#endif
