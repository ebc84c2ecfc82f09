/* The gateway's own counters and sizes. */
#include "gateway/discovery/early.h"
#include "gateway/discovery/metrics.h"
#include "gateway/discovery/pending.h"
#include "gateway/discovery/poll.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/stream.h"
#include "gateway/discovery/trust.h"

struct counting {
    struct msg_counts *counts;
    struct buf *store;
};

static void put(struct counting *to, const char *name, uint64_t value)
{
    counts_add(to->counts, to->store, name, (int64_t)value);
}

static void count_http(const struct gateway *self, struct counting *counters,
                       struct counting *sizes)
{
    struct http_counts http;

    http_counts(self->http, &http);
    put(counters, "http_requests", http.requests_total);
    put(counters, "http_refused", http.refused_total);
    put(counters, "http_slow", http.slow_total);
    put(counters, "http_trims", http.trims_total);
    put(counters, "http_crowded", http.crowded_total);
    put(sizes, "http_connections", http.connections);
    put(sizes, "http_connections_max", http.connections_max);
    put(sizes, "http_parked", http.parked);
    put(counters, "http_emptied", http.emptied_total);
    put(sizes, "http_memory_bytes", http.memory_held);
    put(sizes, "http_memory_max_bytes", http.memory_max);
    put(sizes, "http_streams", http.streams);
}

static void count_writes(const struct gateway *self, struct counting *counters,
                         struct counting *sizes)
{
    struct pending_counts writes;

    pending_counts(self->pending, &writes);
    put(counters, "writes_sent", writes.sent_total);
    put(counters, "writes_resent", writes.resent_total);
    put(counters, "writes_expired", writes.expired_total);
    put(counters, "writes_refused", writes.refused_total);
    put(counters, "forms_not_believed", trust_doubts_total(self->trust));
    put(sizes, "writes_pending", writes.writes);
    put(sizes, "writes_pending_bytes", writes.bytes);
    put(sizes, "early_waiting", early_count(self->early));
}

static void count_readers(const struct gateway *self, struct counting *counters,
                          struct counting *sizes)
{
    struct polls_counts polls;
    struct streams_counts streams;

    polls_counts(self->polls, &polls);
    put(counters, "polls_parked", polls.parked_total);
    put(counters, "polls_woken", polls.woken_total);
    put(counters, "polls_expired", polls.expired_total);
    put(counters, "polls_spared", polls.spared_total);
    put(counters, "polls_gone", polls.gone_total);
    put(sizes, "polls_waiting", polls.parked);
    put(sizes, "polls_apps", polls.apps);
    streams_counts(self->streams, &streams);
    put(counters, "streams_opened", streams.opened_total);
    put(counters, "stream_events", streams.events_total);
    put(counters, "stream_full_states", streams.full_total);
    put(counters, "streams_spared", streams.spared_total);
    put(sizes, "streams_open", streams.open);
}

static void count_replica(const struct gateway *self, struct counting *counters,
                          struct counting *sizes)
{
    struct now now = self->clock->now(self->clock);
    struct follower_state registry;
    struct registry_counts held;

    replica_follower(self->replica, ACTOR_REGISTRY, &registry);
    registry_counts(replica_registry(self->replica), &held);
    put(counters, "replica_catch_ups", registry.catch_ups);
    put(counters, "replica_snapshots", registry.snapshots);
    put(sizes, "replica_seq", registry.seq);
    put(sizes, "replica_instances", held.live);
    put(sizes, "replica_apps", held.apps);
    put(sizes, "replica_schedules", held.schedules);
    put(sizes, "replica_tombstones", held.tombstones);
    put(sizes, "replica_bytes", held.memory_bytes);
    put(sizes, "replica_stale_milliseconds", (uint64_t)replica_stale_ms(self->replica, &now));
    put(sizes, "protect_on", replica_protect(self->replica, &now).on);
    put(sizes, "self_protection_on", replica_protection(self->replica, &now).on);
    put(sizes, "storage_ok", replica_storage(self->replica).ok);
}

void gateway_count(void *state, struct msg_counts *counters, struct buf *counter_store,
                   struct msg_counts *sizes, struct buf *size_store)
{
    const struct gateway *self = state;
    struct counting to_counters = {counters, counter_store};
    struct counting to_sizes = {sizes, size_store};

    count_http(self, &to_counters, &to_sizes);
    count_writes(self, &to_counters, &to_sizes);
    count_readers(self, &to_counters, &to_sizes);
    count_replica(self, &to_counters, &to_sizes);
}
