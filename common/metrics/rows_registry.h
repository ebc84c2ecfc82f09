/* What the registry tells.
 *
 * A part of metrics.h, which says how it is to be read and is what is included. */
#ifndef COMMON_METRICS_ROWS_REGISTRY_H
#define COMMON_METRICS_ROWS_REGISTRY_H

// clang-format off
#define METRIC_REGISTRY_ROWS(M) \
    M(REGISTRY_INSTANCES,        "registry_instances",               GAUGE,     PLAIN, "",        "Instances that are registered.") \
    M(REGISTRY_INSTANCES_MAX,    "registry_instances_max",           GAUGE,     PLAIN, "",        "Instances there may be.") \
    M(REGISTRY_IDLE,             "registry_idle_instances",          GAUGE,     PLAIN, "",        "Registered instances whose heartbeats have stopped for evictor.idle.") \
    M(REGISTRY_APPS,             "registry_apps",                    GAUGE,     PLAIN, "",        "Apps that have, or lately had, an instance or a schedule.") \
    M(REGISTRY_SCHEDULES,        "registry_schedules",               GAUGE,     PLAIN, "",        "Apps whose zones have weights.") \
    M(REGISTRY_TOMBSTONES,       "registry_tombstones",              GAUGE,     PLAIN, "",        "Instances that have ended and are remembered.") \
    M(REGISTRY_MEMORY,           "registry_memory_bytes",            GAUGE,     PLAIN, "",        "Memory of what is registered.") \
    M(REGISTRY_DIGEST_ENTRIES,   "registry_digest_entries",          GAUGE,     PLAIN, "",        "Records that the digests for peers are made of.") \
    M(REGISTRY_REMEMBERED,       "registry_remembered_writes",       GAUGE,     PLAIN, "",        "Writes remembered so that none is done twice.") \
    M(REGISTRY_BACKLOG,          "registry_backlog_changes",         GAUGE,     PLAIN, "",        "Changes at hand for followers that lag behind.") \
    M(REGISTRY_INIT_PROTECT,     "registry_init_protect_on",         GAUGE,     PLAIN, "",        "Whether the node, just started with nothing, answers no reads yet: 1, or 0.") \
    M(REGISTRY_COMMANDS,         "registry_commands_total",          COUNTER,   PLAIN, "command", "Commands that the registry has decided, by kind.") \
    M(REGISTRY_REFUSED,          "registry_refused_commands_total",  COUNTER,   PLAIN, "",        "Commands that the registry has refused.") \
    M(REGISTRY_EXPIRED,          "registry_expired_commands_total",  COUNTER,   PLAIN, "",        "Commands that came after their deadline, and were not done.") \
    M(REGISTRY_REPEATED,         "registry_repeated_writes_total",   COUNTER,   PLAIN, "",        "Writes that had been done already, and were answered alike.") \
    M(REGISTRY_CHANGES,          "registry_changes_total",           COUNTER,   PLAIN, "",        "Changes of what is registered.") \
    M(REGISTRY_HEARTBEATS,       "registry_heartbeats_total",        COUNTER,   PLAIN, "",        "Heartbeats heard, of clients and by way of peers.") \
    M(REGISTRY_EVICTIONS,        "registry_evictions_total",         COUNTER,   PLAIN, "reason",  "Instances evicted: idle, or silent for evictor.idle_ceiling (ceiling).") \
    M(REGISTRY_EXPIRING,         "registry_expiring_total",          COUNTER,   PLAIN, "",        "Instances that peers were asked about before they turned idle.") \
    M(REGISTRY_MERGED,           "registry_merged_states_total",     COUNTER,   PLAIN, "",        "States of peers that were newer, and were taken.") \
    M(REGISTRY_MALFORMED,        "registry_refused_states_total",    COUNTER,   PLAIN, "",        "States of peers that break a rule, and were refused.") \
    M(REGISTRY_FORGOTTEN,        "registry_forgotten_total",         COUNTER,   PLAIN, "",        "Remembered ends of instances that were old enough to be forgotten.") \
    M(REGISTRY_CHUNKS,           "registry_snapshot_chunks_total",   COUNTER,   PLAIN, "",        "Slices of the state given to followers.") \
    M(REGISTRY_HISTORY_ANSWERS,  "registry_history_answers_total",   COUNTER,   PLAIN, "",        "Stretches of history given to followers.") \
    M(REGISTRY_STAMPS_AHEAD,     "registry_stamps_ahead_total",      COUNTER,   PLAIN, "",        "Writes whose timestamp is more than a day ahead of this clock.") \
    M(REGISTRY_SYNC,             "registry_sync_seconds",            HISTOGRAM, US,    "",        "How long the disk took to make written changes durable.") \
    M(REGISTRY_SYNC_MAX,         "registry_sync_max_seconds",        GAUGE,     US,    "",        "The longest time the disk took for that since the start.") \
    M(REGISTRY_STORAGE_OK,       "registry_storage_ok",              GAUGE,     PLAIN, "",        "Whether changes reach the disk: 1, or 0.") \
    M(REGISTRY_STORAGE_FAILURES, "registry_storage_failures_total",  COUNTER,   PLAIN, "",        "Times the disk failed.") \
    M(REGISTRY_MEMORY_CHANGES,   "registry_memory_only_changes",     GAUGE,     PLAIN, "",        "Changes that were answered and are on no disk.") \
    M(REGISTRY_DAMAGED_FILES,    "registry_damaged_files",           GAUGE,     PLAIN, "",        "Damaged files, gaps and records that this start has found.") \
    M(REGISTRY_DAMAGED,          "registry_damaged",                 GAUGE,     PLAIN, "",        "Whether damage has cost what nobody has dealt with yet: 1, or 0.") \
    M(REGISTRY_LOST_CHANGES,     "registry_lost_changes_total",      COUNTER,   PLAIN, "",        "Changes lost by damage; from 0 again once peers gave them or a person knows.") \
    M(REGISTRY_JOURNAL,          "registry_journal_bytes",           GAUGE,     PLAIN, "",        "Bytes of the journal.") \
    M(REGISTRY_SEGMENTS,         "registry_journal_segments",        GAUGE,     PLAIN, "",        "Files of the journal.") \
    M(REGISTRY_SNAPSHOT,         "registry_snapshot_bytes",          GAUGE,     PLAIN, "",        "Bytes of the last snapshot.") \
    M(REGISTRY_SNAPSHOT_SEQ,     "registry_snapshot_seq",            GAUGE,     PLAIN, "",        "Number of the newest fact that the last snapshot holds.") \
    M(REGISTRY_SNAPSHOT_RUNNING, "registry_snapshot_running",        GAUGE,     PLAIN, "",        "Whether a snapshot is being written: 1, or 0.")
// clang-format on

#endif
