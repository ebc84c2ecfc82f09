#include "actors/store/counts.h"

#include "actors/store/store_state.h"

void store_count(void *state, const struct counting *to)
{
    const struct store *self = state;
    struct mvcc_position at = mvcc_position(self->keyspace.mvcc);
    struct backend_size size = self->keyspace.backend->size(self->keyspace.backend);
    struct raft_node_status node;
    struct disk_log_stats log;
    const struct mvcc_counts *mvcc = mvcc_counts(self->keyspace.mvcc);

    raft_node_status(self->node, &node);
    disk_log_stats(self->disk_log, &log);
    counting_put(to, METRIC_STORE_CALLS, self->calls_total);
    counting_put(to, METRIC_STORE_REFUSED, self->refused_total);
    counting_put(to, METRIC_STORE_APPLIED, node.applied);
    counting_put(to, METRIC_STORE_EVENTS_TOLD, self->facts.events_total);
    counting_put(to, METRIC_STORE_EVENT_FACTS, self->facts.events_facts_total);
    counting_put(to, METRIC_STORE_KEY_EVENTS, self->facts.key_events_total);
    counting_put(to, METRIC_STORE_EVENT_READS, self->event_reads.answers_total);
    counting_put(to, METRIC_STORE_EVENTS_READ, self->event_reads.events_total);
    counting_put(to, METRIC_STORE_PARTS, self->parts.sent_total);
    counting_durations(to, METRIC_STORE_FLUSH, NULL, &self->keyspace.flushes);
    counting_durations(to, METRIC_STORE_LOG_SYNC, NULL, &log.syncs);
    counting_put(to, METRIC_STORE_PUTS, mvcc->puts);
    counting_put(to, METRIC_STORE_PUT_BYTES, mvcc->put_bytes);
    counting_put(to, METRIC_STORE_DELETES, mvcc->deletes);
    counting_put(to, METRIC_STORE_RANGES, mvcc->ranges);
    counting_put(to, METRIC_STORE_TXNS, mvcc->txns);
    counting_put(to, METRIC_STORE_REVISION, (uint64_t)at.revision);
    counting_put(to, METRIC_STORE_COMPACTED, (uint64_t)at.compacted);
    counting_put(to, METRIC_STORE_KEYS, mvcc_key_count(self->keyspace.mvcc));
    counting_put(to, METRIC_STORE_LEASES, lessor_count(self->keyspace.lessor));
    counting_put(to, METRIC_STORE_UNFLUSHED, mvcc_unflushed_bytes(self->keyspace.mvcc));
    counting_put(to, METRIC_STORE_DB, size.bytes);
    counting_put(to, METRIC_STORE_DB_USED, size.used);
    counting_put(to, METRIC_STORE_LOG, node.log_bytes);
    counting_put(to, METRIC_STORE_PENDING_CALLS, node.call_count);
    counting_put(to, METRIC_STORE_PENDING_READS, node.read_count);
    counting_put(to, METRIC_STORE_PENDING_EVENT_READS, self->event_reads.count);
    counting_put(to, METRIC_STORE_PENDING_KEEP_ALIVES, self->keep_alives.count);
    counting_put(to, METRIC_STORE_PENDING_HASHES, self->hashes.count);
    counting_put(to, METRIC_STORE_PENDING_PARTS, self->parts.count);
}
