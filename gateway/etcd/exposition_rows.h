/* The names that etcd's dashboards know, with where each value comes from. tests/golden's data of
 * exceptions holds those of etcd's that are not here, each with the reason.
 *
 * S(name, type, key, help): a number of the store's STATS. Left out when the store does not tell
 * it. H(name, key, help): a histogram of durations of the store's: its STATS hold KEY_us, the sum,
 * and KEY_le_0 … KEY_le_14, how many took no longer than 1 ms doubled so often and longer than the
 *   bucket before; the last: longer than all.
 */
#ifndef GATEWAY_ETCD_EXPOSITION_ROWS_H
#define GATEWAY_ETCD_EXPOSITION_ROWS_H

// clang-format off
#define EXPOSITION_STORE_TABLE(S) \
    S("etcd_server_is_learner",                     "gauge",   "learner",               "1 while this member has no vote.")                             \
    S("etcd_server_proposals_committed_total",      "gauge",   "committed",             "Entries of the log that are decided.")                         \
    S("etcd_server_proposals_applied_total",        "gauge",   "applied",               "Entries of the log that are applied here.")                    \
    S("etcd_server_proposals_pending",              "gauge",   "calls_waiting",         "Calls that wait for their entry.")                             \
    S("etcd_server_proposals_failed_total",         "counter", "calls_failed",          "Calls whose entry was not decided in time.")                   \
    S("etcd_server_read_indexes_failed_total",      "counter", "reads_failed",          "Reads that no majority confirmed in time.")                    \
    S("etcd_server_heartbeat_send_failures_total",  "counter", "heartbeats_lost",       "Heartbeats to members that could not be sent.")                \
    S("etcd_server_quota_backend_bytes",            "gauge",   "quota_bytes",           "Bytes the store may hold.")                                    \
    S("etcd_mvcc_db_total_size_in_bytes",           "gauge",   "db_bytes",              "Bytes of the file with the revisions.")                        \
    S("etcd_debugging_mvcc_db_total_size_in_bytes", "gauge",   "db_bytes",              "Bytes of the file with the revisions.")                        \
    S("etcd_mvcc_db_total_size_in_use_in_bytes",    "gauge",   "db_used_bytes",         "Of these, bytes that are in use.")                             \
    S("etcd_mvcc_db_open_read_transactions",        "gauge",   "db_readers",            "Reads of that file that are open.")                            \
    S("etcd_mvcc_put_total",                        "counter", "puts",                  "Keys written.")                                                \
    S("etcd_debugging_mvcc_put_total",              "counter", "puts",                  "Keys written.")                                                \
    S("etcd_mvcc_delete_total",                     "counter", "deletes",               "Ranges deleted.")                                              \
    S("etcd_debugging_mvcc_delete_total",           "counter", "deletes",               "Ranges deleted.")                                              \
    S("etcd_mvcc_range_total",                      "counter", "ranges",                "Ranges read.")                                                 \
    S("etcd_debugging_mvcc_range_total",            "counter", "ranges",                "Ranges read.")                                                 \
    S("etcd_mvcc_txn_total",                        "counter", "txns",                  "Transactions.")                                                \
    S("etcd_debugging_mvcc_txn_total",              "counter", "txns",                  "Transactions.")                                                \
    S("etcd_debugging_mvcc_keys_total",             "gauge",   "keys",                  "Keys that are there.")                                         \
    S("etcd_debugging_mvcc_total_put_size_in_bytes", "gauge",  "put_bytes",             "Bytes of keys and values written.")                            \
    S("etcd_debugging_mvcc_events_total",           "counter", "events",                "Changes of keys that watches were told of.")                   \
    S("etcd_debugging_mvcc_db_compaction_keys_total", "counter", "compacted_keys",      "Revisions removed by compactions.")                            \
    S("etcd_debugging_lease_granted_total",         "counter", "leases_granted",        "Leases granted.")                                              \
    S("etcd_debugging_lease_revoked_total",         "counter", "leases_revoked",        "Leases revoked.")                                              \
    S("etcd_debugging_lease_renewed_total",         "counter", "leases_renewed",        "Leases kept alive.")                                           \
    S("etcd_debugging_server_lease_expired_total",  "counter", "leases_expired",        "Leases that ran out.")                                         \
    S("etcd_debugging_auth_revision",               "gauge",   "auth_revision",         "Revision of users and roles.")                                 \
    S("etcd_disk_wal_write_bytes_total",            "gauge",   "log_bytes",             "Bytes of the log.")                                            \
    S("etcd_disk_defrag_inflight",                  "gauge",   "defragmenting",         "1 while the file is made smaller.")

#define EXPOSITION_HISTOGRAM_TABLE(H) \
    H("etcd_disk_wal_fsync_duration_seconds",      "log_sync",  "How long it took to make the log's writes durable.") \
    H("etcd_disk_backend_commit_duration_seconds", "db_commit", "How long it took to make the revisions durable.")
// clang-format on

enum { exposition_buckets = 14 };

#endif
