/* The names that etcd's dashboards know, with where each value comes from. tests/golden's data of
 * exceptions holds those of etcd's that are not here, each with the reason.
 *
 *   S(name, type, ROW, help)   METRIC_STORE_ROW of the store's STATS; left out when it tells none
 *
 *   H(name, ROW, help)         the same of a histogram, from 1 ms to 8,192 ms
 */
#ifndef GATEWAY_ETCD_EXPOSITION_ROWS_H
#define GATEWAY_ETCD_EXPOSITION_ROWS_H

// clang-format off
#define EXPOSITION_STORE_TABLE(S) \
    S("etcd_server_proposals_committed_total",        "gauge",   APPLIED,         "Entries of the log that are decided and applied here.") \
    S("etcd_server_proposals_applied_total",          "gauge",   APPLIED,         "Entries of the log that are applied here.")             \
    S("etcd_server_proposals_pending",                "gauge",   PENDING_CALLS,   "Calls that wait for their entry.")                      \
    S("etcd_mvcc_db_total_size_in_bytes",             "gauge",   DB,              "Bytes of the file with the revisions.")                 \
    S("etcd_debugging_mvcc_db_total_size_in_bytes",   "gauge",   DB,              "Bytes of the file with the revisions.")                 \
    S("etcd_mvcc_db_total_size_in_use_in_bytes",      "gauge",   DB_USED,         "Of these, bytes that are in use.")                      \
    S("etcd_mvcc_put_total",                          "counter", PUTS,            "Keys written.")                                         \
    S("etcd_debugging_mvcc_put_total",                "counter", PUTS,            "Keys written.")                                         \
    S("etcd_mvcc_delete_total",                       "counter", DELETES,         "Ranges deleted.")                                       \
    S("etcd_debugging_mvcc_delete_total",             "counter", DELETES,         "Ranges deleted.")                                       \
    S("etcd_mvcc_range_total",                        "counter", RANGES,          "Ranges read.")                                          \
    S("etcd_debugging_mvcc_range_total",              "counter", RANGES,          "Ranges read.")                                          \
    S("etcd_mvcc_txn_total",                          "counter", TXNS,            "Transactions.")                                         \
    S("etcd_debugging_mvcc_txn_total",                "counter", TXNS,            "Transactions.")                                         \
    S("etcd_debugging_mvcc_keys_total",               "gauge",   KEYS,            "Keys that are there.")                                  \
    S("etcd_debugging_mvcc_total_put_size_in_bytes",  "gauge",   PUT_BYTES,       "Bytes of keys and values written.")                     \
    S("etcd_disk_wal_write_bytes_total",              "gauge",   LOG,             "Bytes of the log.")

#define EXPOSITION_HISTOGRAM_TABLE(H) \
    H("etcd_disk_wal_fsync_duration_seconds",      LOG_SYNC,    "How long it took to make the log's writes durable.") \
    H("etcd_disk_backend_commit_duration_seconds", FLUSH,      "How long it took to make the revisions durable.")
// clang-format on

#endif
