/* The stages of a start, each in the file of its name. Errors: as start_run. */
#ifndef ACTORS_STORE_START_STAGES_H
#define ACTORS_STORE_START_STAGES_H

#include "actors/store/start/start.h"

typedef enum err stage_fn(struct start *self);
typedef void stage_undo_fn(struct start *self);

/* For the line on the log of the stage that runs; what it borrows stays until that is written. */
void start_say(struct start *self, struct log_field field);
void start_say_id(struct start *self, const char *name, uint64_t id);

// clang-format off
/* S(number, name, begins, undone, note): NULL where there is nothing to do */
#define STAGE_TABLE(S)                                                                          \
    S( 1, "flags",                    stage_flags,         NULL,                   NULL)         \
    S( 2, "logger",                   stage_logger,        NULL,                   NULL)         \
    S( 3, "host-defaults",            stage_host_defaults, NULL,                   NULL)         \
    S( 4, "data-dir",                 stage_data_dir,      stage_data_dir_undo,    NULL)         \
    S( 5, "peer-listeners",           NULL,                NULL,                   "one-member") \
    S( 6, "client-listeners",         NULL,                NULL,                   "gateway")    \
    S( 7, "auto-compaction",          stage_auto_compaction, NULL,                 NULL)         \
    S( 8, "server-config",            stage_server_config, NULL,                   NULL)         \
    S( 9, "request-size",             stage_request_size,  NULL,                   NULL)         \
    S(10, "snapshotter",              NULL,                NULL,                   "one-member") \
    S(11, "have-log",                 stage_have_log,      NULL,                   NULL)         \
    S(12, "backend",                  stage_backend,       stage_backend_undo,     NULL)         \
    S(13, "log-from-snapshot",        stage_log,           stage_log_undo,         NULL)         \
    S(14, "cluster",                  stage_cluster,       NULL,                   NULL)         \
    S(15, "storage",                  stage_storage,       NULL,                   NULL)         \
    S(16, "raft",                     stage_raft,          NULL,                   NULL)         \
    S(17, "statistics",               NULL,                NULL,                   "actor")      \
    S(18, "lessor",                   stage_lessor,        NULL,                   NULL)         \
    S(19, "token-provider",           NULL,                NULL,                   "none")       \
    S(20, "mvcc",                     stage_mvcc,          stage_mvcc_undo,        NULL)         \
    S(21, "corruption-checker",       NULL,                NULL,                   "one-member") \
    S(22, "auth-store",               NULL,                NULL,                   "none")       \
    S(23, "compactor",                NULL,                NULL,                   "mvcc")       \
    S(24, "alarms",                   NULL,                NULL,                   "none")       \
    S(25, "applier",                  NULL,                NULL,                   "mvcc")       \
    S(26, "lease-checkpointer",       stage_lease_checkpointer, NULL,              NULL)         \
    S(27, "peer-transport",           NULL,                NULL,                   "one-member") \
    S(28, "initial-corruption-check", stage_initial_check, NULL,                   NULL)         \
    S(29, "start",                    stage_start,         NULL,                   NULL)         \
    S(30, "serve-peers",              NULL,                NULL,                   "one-member") \
    S(31, "serve-clients",            NULL,                NULL,                   "gateway")    \
    S(32, "serve-metrics",            NULL,                NULL,                   "actor")      \
    S(33, "notify",                   NULL,                NULL,                   "actor")      \
    S(34, "wait",                     NULL,                NULL,                   "actor")
// clang-format on

enum { stage_loop = 31 }; /* from here on the loop runs */

stage_fn stage_flags, stage_auto_compaction, stage_lease_checkpointer, stage_logger,
    stage_host_defaults, stage_data_dir, stage_server_config, stage_request_size, stage_have_log,
    stage_backend, stage_log, stage_cluster, stage_storage, stage_raft, stage_lessor, stage_mvcc,
    stage_initial_check, stage_start;
stage_undo_fn stage_data_dir_undo, stage_backend_undo, stage_log_undo, stage_mvcc_undo;

/* What one of two stages does: log, if it was there, else storage. */
enum err stage_open_log(struct start *self);

#endif
