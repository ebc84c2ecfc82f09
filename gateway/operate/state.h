/* What the files of gateway/operate share. */
#ifndef GATEWAY_OPERATE_STATE_H
#define GATEWAY_OPERATE_STATE_H

#include "common/base/clock_watch.h"
#include "gateway/operate/routes.h"
#include "gateway/operate/verdict.h"

struct asker;
struct job;
struct losses;
struct events;
struct roster;
struct logs;

// clang-format off
/* S(NAME, actor, row, member): a row of the table of metrics, added up over all processes of its actor,
 * and its name in status. Of a histogram: its sum, in µs. */
#define SUM_TABLE(S)                                                                    \
    S(SYNC_US,        REGISTRY, REGISTRY_SYNC,           "")                            \
    S(SYNC_US_MAX,    REGISTRY, REGISTRY_SYNC_MAX,       "")                            \
    S(JOURNAL_BYTES,  REGISTRY, REGISTRY_JOURNAL,        "")                            \
    S(SNAPSHOT_SEQ,   REGISTRY, REGISTRY_SNAPSHOT_SEQ,   "")                            \
    S(SNAPSHOT_BYTES, REGISTRY, REGISTRY_SNAPSHOT,       "")                            \
    S(DAMAGED_FILES,  REGISTRY, REGISTRY_DAMAGED_FILES,  "")                            \
    S(LOST_CHANGES,   REGISTRY, REGISTRY_LOST_CHANGES,   "")                            \
    S(MEMORY_ONLY,    REGISTRY, REGISTRY_MEMORY_CHANGES, "")                            \
    S(IDLE,           REGISTRY, REGISTRY_IDLE,           "")                            \
    S(CONNECTIONS,    GATEWAY,  HTTP_CONNECTIONS,        "connections")                 \
    S(CONNECTIONS_MAX,GATEWAY,  HTTP_CONNECTIONS_MAX,    "connections_max")             \
    S(PARKED,         GATEWAY,  HTTP_PARKED_POLLS,       "parked_polls")                \
    S(STREAMS,        GATEWAY,  GATEWAY_STREAMS,         "streams")                     \
    S(REQUESTS,       GATEWAY,  HTTP_REQUESTS,           "requests_total")              \
    S(REFUSED,        GATEWAY,  HTTP_REFUSED,            "refused_total")               \
    S(WRITES,         GATEWAY,  GATEWAY_WRITES,          "writes_total")                \
    S(WRITES_EXPIRED, GATEWAY,  GATEWAY_WRITES_EXPIRED,  "writes_expired_total")        \
    S(MEMORY,         GATEWAY,  HTTP_MEMORY,             "memory_bytes")                \
    S(MEMORY_MAX,     GATEWAY,  HTTP_MEMORY_MAX,         "memory_max_bytes")
// clang-format on

enum sum_name {
#define SUM_ENUM(NAME, actor, row, member) SUM_##NAME,
    SUM_TABLE(SUM_ENUM)
#undef SUM_ENUM
        SUM_COUNT
};

struct sum {
    bool known; /* somebody has told it */
    int64_t value;
    uint64_t count; /* of a histogram: of how many it is the sum */
};

struct fullest {
    uint64_t used;
    uint64_t max;
};

enum { processes_max = 64 }; /* of an actor: gateway.processes, etcd.processes */

struct operate {
    struct operate_view view;
    struct pattern_vars vars; /* of the request that is served */
    struct buf open;          /* view.open */
    const struct operate_route *routes;
    size_t route_count;
    struct asker *askers; /* owns */
    struct job *jobs;     /* owns */
    size_t job_count;
    struct losses *losses; /* owns */
    struct events *events; /* owns */
    struct roster *roster; /* owns */
    struct logs *logs;     /* owns */

    /* of the last round */
    int64_t round_ms; /* mono; 0: there was none */
    struct sum sums[SUM_COUNT];
    uint32_t gateways;
    uint32_t gateways_answered;
    struct fullest memory;
    struct fullest connections;
    struct buf silent;                            /* names of actors */
    int64_t heard_ms[ACTOR_COUNT][processes_max]; /* mono, when one answered last; 0: never */

    struct verdict verdict;
    int64_t since[CHECK_COUNT]; /* wall ns */
    int64_t out_of_step_ms;     /* mono, since when; 0: it is in step */
    struct clock_watch clock;
    int64_t clock_set_by_ms; /* when it was last */
    int64_t clock_set_ms;    /* mono, when that was */
};

/* handlers, each in the file of its name */
operate_fn operate_front, operate_openapi, operate_config;
operate_fn operate_status, operate_actors;
operate_fn operate_apps, operate_app, operate_pollers, operate_schedules;
operate_fn operate_cluster, operate_events, operate_logs;

#endif
