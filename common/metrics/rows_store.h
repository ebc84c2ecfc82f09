/* What the store of etcd's API tells. muster-etcd's own page has etcd's names.
 *
 * A part of metrics.h, which says how it is to be read and is what is included. */
#ifndef COMMON_METRICS_ROWS_STORE_H
#define COMMON_METRICS_ROWS_STORE_H

// clang-format off
#define METRIC_STORE_ROWS(M) \
    M(STORE_REVISION,        "store_revision",              GAUGE,     PLAIN, "", "The newest revision.") \
    M(STORE_COMPACTED,       "store_compacted_revision",    GAUGE,     PLAIN, "", "Revisions below it are compacted.") \
    M(STORE_KEYS,            "store_keys",                  GAUGE,     PLAIN, "", "Keys that are there.") \
    M(STORE_LEASES,          "store_leases",                GAUGE,     PLAIN, "", "Leases that are there.") \
    M(STORE_UNFLUSHED,       "store_unflushed_bytes",       GAUGE,     PLAIN, "", "Bytes of revisions that are in the log and not in their file yet.") \
    M(STORE_DB,              "store_db_bytes",              GAUGE,     PLAIN, "", "Bytes of the file with the revisions.") \
    M(STORE_DB_USED,         "store_db_used_bytes",         GAUGE,     PLAIN, "", "Of these, bytes that are in use.") \
    M(STORE_LOG,             "store_log_bytes",             GAUGE,     PLAIN, "", "Bytes of the log.") \
    M(STORE_PENDING_CALLS,   "store_pending_calls",         GAUGE,     PLAIN, "", "Calls that wait for their entry.") \
    M(STORE_PENDING_READS,   "store_pending_reads",         GAUGE,     PLAIN, "", "Reads that wait to be sure they read the newest.") \
    M(STORE_PENDING_EVENT_READS, "store_pending_event_reads", GAUGE,   PLAIN, "", "Questions for past events that are being answered.") \
    M(STORE_PENDING_KEEP_ALIVES, "store_pending_keep_alives", GAUGE,   PLAIN, "", "Renewals of leases that wait for their entry.") \
    M(STORE_PENDING_HASHES,  "store_pending_hashes",        GAUGE,     PLAIN, "", "Hashes of all keys that are being made.") \
    M(STORE_PENDING_PARTS,   "store_pending_parts",         GAUGE,     PLAIN, "", "Large answers that are being sent.") \
    M(STORE_CALLS,           "store_calls_total",           COUNTER,   PLAIN, "", "Calls that were taken.") \
    M(STORE_REFUSED,         "store_refused_calls_total",   COUNTER,   PLAIN, "", "Calls that were refused.") \
    M(STORE_APPLIED,         "store_applied_entries_total", COUNTER,   PLAIN, "", "Entries of the log that are decided and applied here.") \
    M(STORE_EVENTS_TOLD,     "store_events_total",          COUNTER,   PLAIN, "", "Changes of keys that gateways were told of.") \
    M(STORE_EVENT_FACTS,     "store_event_facts_total",     COUNTER,   PLAIN, "", "Facts they were told with.") \
    M(STORE_KEY_EVENTS,      "store_key_events_total",      COUNTER,   PLAIN, "", "Changes told under the readable topics of single keys.") \
    M(STORE_EVENT_READS,     "store_event_reads_total",     COUNTER,   PLAIN, "", "Questions for past events that were answered.") \
    M(STORE_EVENTS_READ,     "store_events_read_total",     COUNTER,   PLAIN, "", "Past events that were read for them.") \
    M(STORE_PARTS,           "store_parts_total",           COUNTER,   PLAIN, "", "Parts of large answers that were sent.") \
    M(STORE_FLUSH,           "store_flush_seconds",         HISTOGRAM, US,    "", "How long it took to make the revisions durable.") \
    M(STORE_LOG_SYNC,        "store_log_sync_seconds",      HISTOGRAM, US,    "", "How long it took to make the log's writes durable.") \
    M(STORE_PUTS,            "store_puts_total",            COUNTER,   PLAIN, "", "Keys written.") \
    M(STORE_PUT_BYTES,       "store_put_bytes_total",       COUNTER,   PLAIN, "", "Bytes of keys and values written.") \
    M(STORE_DELETES,         "store_deletes_total",         COUNTER,   PLAIN, "", "Ranges deleted.") \
    M(STORE_RANGES,          "store_ranges_total",          COUNTER,   PLAIN, "", "Ranges read.") \
    M(STORE_TXNS,            "store_txns_total",            COUNTER,   PLAIN, "", "Transactions.")
// clang-format on

#endif
