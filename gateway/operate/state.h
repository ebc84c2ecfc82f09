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
/* S(NAME, actor, whether it is among sizes, its name in STATS, its name in status): what is added up
 * over all processes of an actor. */
#define SUM_TABLE(S)                                                                                \
    S(SYNCS,          REGISTRY, false, "syncs_total",           "")                                 \
    S(SYNC_US,        REGISTRY, false, "sync_us_total",         "")                                 \
    S(SYNC_US_MAX,    REGISTRY, true,  "sync_us_max",           "")                                 \
    S(JOURNAL_BYTES,  REGISTRY, true,  "journal_bytes",         "")                                 \
    S(SNAPSHOT_SEQ,   REGISTRY, true,  "snapshot_seq",          "")                                 \
    S(SNAPSHOT_BYTES, REGISTRY, true,  "snapshot_bytes",        "")                                 \
    S(DAMAGED_FILES,  REGISTRY, false, "storage_damage_total",  "")                                 \
    S(LOST_CHANGES,   REGISTRY, true,  "storage_lost_changes",  "")                                 \
    S(MEMORY_ONLY,    REGISTRY, true,  "memory_only_changes",   "")                                 \
    S(IDLE,           REGISTRY, true,  "idle",                  "")                                 \
    S(CONNECTIONS,    GATEWAY,  true,  "http_connections",      "connections")                      \
    S(CONNECTIONS_MAX,GATEWAY,  true,  "http_connections_max",  "connections_max")                  \
    S(PARKED,         GATEWAY,  true,  "polls_waiting",         "parked_polls")                     \
    S(STREAMS,        GATEWAY,  true,  "streams_open",          "streams")                          \
    S(REQUESTS,       GATEWAY,  false, "http_requests",         "requests_total")                   \
    S(REFUSED,        GATEWAY,  false, "http_refused",          "refused_total")                    \
    S(WRITES,         GATEWAY,  false, "writes_sent",           "writes_total")                     \
    S(WRITES_EXPIRED, GATEWAY,  false, "writes_expired",        "writes_expired_total")             \
    S(MEMORY,         GATEWAY,  true,  "http_memory_bytes",     "memory_bytes")                     \
    S(MEMORY_MAX,     GATEWAY,  true,  "http_memory_max_bytes", "memory_max_bytes")
// clang-format on

enum sum_name {
#define SUM_ENUM(NAME, actor, in_sizes, counter, member) SUM_##NAME,
    SUM_TABLE(SUM_ENUM)
#undef SUM_ENUM
        SUM_COUNT
};

struct sum {
    bool known; /* somebody has told it */
    int64_t value;
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
