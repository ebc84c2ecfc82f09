#include "actors/store/counts.h"

#include <stdio.h>

#include "actors/store/store_state.h"

/* NAME_us, NAME_le_0 … NAME_le_14: as struct durations has them. */
static void add_durations(struct msg_counts *counters, struct buf *store, const char *name,
                          const struct durations *took)
{
    enum { name_max = 64 };
    char text[name_max];

    (void)snprintf(text, sizeof(text), "%s_us", name);
    counts_add(counters, store, text, took->us);
    for (unsigned i = 0; i < durations_steps; i++) {
        if (took->counts[i] > 0) {
            (void)snprintf(text, sizeof(text), "%s_le_%u", name, i);
            counts_add(counters, store, text, (int64_t)took->counts[i]);
        }
    }
}

void store_count(void *state, struct msg_counts *counters, struct buf *counter_store,
                 struct msg_counts *sizes, struct buf *size_store)
{
    const struct store *self = state;
    struct mvcc_position at = mvcc_position(self->keyspace.mvcc);
    struct backend_size size = self->keyspace.backend->size(self->keyspace.backend);
    struct raft_node_status node;
    struct disk_log_stats log;
    const struct mvcc_counts *mvcc = mvcc_counts(self->keyspace.mvcc);

    raft_node_status(self->node, &node);
    disk_log_stats(self->disk_log, &log);
    counts_add(counters, counter_store, "calls", (int64_t)self->calls_total);
    counts_add(counters, counter_store, "refused", (int64_t)self->refused_total);
    counts_add(counters, counter_store, "applied", (int64_t)node.applied);
    counts_add(counters, counter_store, "events_told", (int64_t)self->facts.events_total);
    counts_add(counters, counter_store, "event_facts", (int64_t)self->facts.events_facts_total);
    counts_add(counters, counter_store, "key_events", (int64_t)self->facts.key_events_total);
    counts_add(counters, counter_store, "event_reads", (int64_t)self->event_reads.answers_total);
    counts_add(counters, counter_store, "events_read", (int64_t)self->event_reads.events_total);
    counts_add(counters, counter_store, "parts", (int64_t)self->parts.sent_total);
    counts_add(counters, counter_store, "flushes", (int64_t)self->keyspace.flushes_total);
    add_durations(counters, counter_store, "flush", &self->keyspace.flushes);
    counts_add(counters, counter_store, "log_syncs", (int64_t)log.sync_count);
    add_durations(counters, counter_store, "log_sync", &log.syncs);
    counts_add(counters, counter_store, "puts", (int64_t)mvcc->puts);
    counts_add(counters, counter_store, "put_bytes", (int64_t)mvcc->put_bytes);
    counts_add(counters, counter_store, "deletes", (int64_t)mvcc->deletes);
    counts_add(counters, counter_store, "ranges", (int64_t)mvcc->ranges);
    counts_add(counters, counter_store, "txns", (int64_t)mvcc->txns);
    counts_add(sizes, size_store, "revision", at.revision);
    counts_add(sizes, size_store, "compacted", at.compacted);
    counts_add(sizes, size_store, "keys", (int64_t)mvcc_key_count(self->keyspace.mvcc));
    counts_add(sizes, size_store, "leases", (int64_t)lessor_count(self->keyspace.lessor));
    counts_add(sizes, size_store, "unflushed_bytes",
               (int64_t)mvcc_unflushed_bytes(self->keyspace.mvcc));
    counts_add(sizes, size_store, "db_bytes", (int64_t)size.bytes);
    counts_add(sizes, size_store, "db_used_bytes", (int64_t)size.used);
    counts_add(sizes, size_store, "log_bytes", (int64_t)node.log_bytes);
    counts_add(sizes, size_store, "pending_calls", (int64_t)node.call_count);
    counts_add(sizes, size_store, "pending_reads", (int64_t)node.read_count);
    counts_add(sizes, size_store, "pending_event_reads", (int64_t)self->event_reads.count);
    counts_add(sizes, size_store, "pending_keep_alives", (int64_t)self->keep_alives.count);
    counts_add(sizes, size_store, "pending_hashes", (int64_t)self->hashes.count);
    counts_add(sizes, size_store, "pending_parts", (int64_t)self->parts.count);
}
