/* Is it us? Everything that can be wrong with a node as far as a gateway knows it, as one list of
 * checks, and the worst of it in one sentence. Pure: what it is told is all that it knows. */
#ifndef GATEWAY_OPERATE_VERDICT_H
#define GATEWAY_OPERATE_VERDICT_H

#include <stdint.h>

#include "common/base/str.h"

enum check_level { CHECK_OK, CHECK_NOTICE, CHECK_BAD };

// clang-format off
/* C(NAME, name): of two that are as bad the upper one is told first. */
#define CHECK_TABLE(C)               \
    C(REPLICA,     "replica")        \
    C(REGISTRY,    "registry")       \
    C(PROTECT,     "protect")        \
    C(MEMORY,      "memory")         \
    C(CONNECTIONS, "connections")    \
    C(STORAGE,     "storage")        \
    C(DAMAGE,      "damage")         \
    C(EVICTOR,     "evictor")        \
    C(REPLICATOR,  "replicator")     \
    C(ACTORS,      "actors")         \
    C(SYNC,        "sync")           \
    C(PEERS,       "peers")          \
    C(NODES,       "nodes")          \
    C(EVICTION,    "eviction")       \
    C(DIGESTS,     "digests")        \
    C(CLOCK,       "clock")          \
    C(OPEN,        "open")
// clang-format on

enum check_name {
#define CHECK_ENUM(NAME, name) CHECK_OF_##NAME,
    CHECK_TABLE(CHECK_ENUM)
#undef CHECK_ENUM
        CHECK_COUNT
};

/* All zeros with caught_up, storage_ok, evictor_heard, replicator_heard and in_step set: a node
 * that is well and knows nobody. Texts are borrowed. */
struct verdict_facts {
    bool caught_up;
    int64_t stale_ms;       /* silence of the registry; 0: it speaks */
    int64_t stale_limit_ms; /* after which polls are refused */

    bool protect_on; /* reads are refused */
    int64_t protect_left_ms;
    struct str protect_reason;
    bool syncing; /* began with nothing, and has not got what its peers hold */

    uint64_t memory_held; /* for clients, by the gateway that holds most of what it may … */
    uint64_t memory_max;  /* … 0: not known */
    uint64_t connections; /* the same */
    uint64_t connections_max;

    bool storage_ok;
    struct str storage_reason;
    bool damaged;
    struct str damage;

    bool evictor_heard;
    bool replicator_heard;
    struct str silent; /* names of other actors that do not answer */

    uint32_t peers;
    uint32_t peers_lost;
    struct str lost;    /* their names */
    struct str trouble; /* why a node is of no use as it is */
    bool in_step;       /* all peers hold the same */
    int64_t out_of_step_ms;

    bool protection_on; /* nobody is evicted */
    struct str protection_reason;
    uint64_t heard;
    uint64_t expected;
    uint64_t threshold;
    int64_t next_round_ms;

    int64_t clock_set_by_ms; /* of this host, when it was last; 0: it was not, or is long known */
    int64_t clock_set_ago_ms;

    struct str open; /* what lets more people in than those of this host */
    uint64_t instances;
    uint64_t apps;
};

struct check {
    enum check_level level;
    struct buf text;
};

/* All zeros is empty. */
struct verdict {
    enum check_level level; /* of the worst */
    struct buf text;        /* one sentence */
    struct check checks[CHECK_COUNT];
};

void verdict_fini(struct verdict *self);
void verdict_judge(struct verdict *self, const struct verdict_facts *facts);

const char *check_name(enum check_name name);
const char *check_level_text(enum check_level level); /* ok, notice, bad */

/* "12 s", "3 min", "2 h", "5 d": rounded up, for people. */
void duration_print(struct buf *to, int64_t ms);

#endif
