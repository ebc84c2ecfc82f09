/* The gateway's own counters and sizes. */
#include "gateway/bus/counting.h"
#include "gateway/bus/pending.h"
#include "gateway/discovery/early.h"
#include "gateway/discovery/form_origin.h"
#include "gateway/discovery/poll.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/stream.h"

static void count_writes(const struct gateway *self, struct counting *counters,
                         struct counting *sizes)
{
    struct pending_counts writes;

    pending_counts(self->pending, &writes);
    counting_put(counters, "writes_sent", writes.sent_total);
    counting_put(counters, "writes_resent", writes.resent_total);
    counting_put(counters, "writes_expired", writes.expired_total);
    counting_put(counters, "writes_refused", writes.refused_total);
    counting_put(counters, "forms_not_believed", form_origin_doubts_total(self->form_origin));
    counting_put(sizes, "writes_pending", writes.commands);
    counting_put(sizes, "writes_pending_bytes", writes.bytes);
    counting_put(sizes, "early_waiting", early_count(self->early));
}

static void count_readers(const struct gateway *self, struct counting *counters,
                          struct counting *sizes)
{
    struct polls_counts polls;
    struct streams_counts streams;

    polls_counts(self->polls, &polls);
    counting_put(counters, "polls_parked", polls.parked_total);
    counting_put(counters, "polls_woken", polls.woken_total);
    counting_put(counters, "polls_expired", polls.expired_total);
    counting_put(counters, "polls_spared", polls.spared_total);
    counting_put(counters, "polls_gone", polls.gone_total);
    counting_put(sizes, "polls_waiting", polls.parked);
    counting_put(sizes, "polls_apps", polls.apps);
    streams_counts(self->streams, &streams);
    counting_put(counters, "streams_opened", streams.opened_total);
    counting_put(counters, "stream_events", streams.events_total);
    counting_put(counters, "stream_full_states", streams.full_total);
    counting_put(counters, "streams_spared", streams.spared_total);
    counting_put(sizes, "streams_open", streams.open);
}

static void count_replica(const struct gateway *self, struct counting *counters,
                          struct counting *sizes)
{
    struct now now = self->clock->now(self->clock);
    struct follower_state registry;
    struct registry_counts held;

    replica_follower(self->replica, ACTOR_REGISTRY, &registry);
    registry_counts(replica_registry(self->replica), &held);
    counting_put(counters, "replica_catch_ups", registry.catch_ups);
    counting_put(counters, "replica_snapshots", registry.snapshots);
    counting_put(sizes, "replica_seq", registry.seq);
    counting_put(sizes, "replica_instances", held.live);
    counting_put(sizes, "replica_apps", held.apps);
    counting_put(sizes, "replica_schedules", held.schedules);
    counting_put(sizes, "replica_tombstones", held.tombstones);
    counting_put(sizes, "replica_bytes", held.memory_bytes);
    counting_put(sizes, "replica_stale_milliseconds",
                 (uint64_t)replica_stale_ms(self->replica, &now));
    counting_put(sizes, "protect_on", replica_protect(self->replica, &now).on);
    counting_put(sizes, "self_protection_on", replica_protection(self->replica, &now).on);
    counting_put(sizes, "storage_ok", replica_storage(self->replica).ok);
}

void gateway_count(void *state, struct msg_counts *counters, struct buf *counter_store,
                   struct msg_counts *sizes, struct buf *size_store)
{
    const struct gateway *self = state;
    struct counting to_counters = {counters, counter_store};
    struct counting to_sizes = {sizes, size_store};

    counting_http(self->http, &to_counters, &to_sizes);
    count_writes(self, &to_counters, &to_sizes);
    count_readers(self, &to_counters, &to_sizes);
    count_replica(self, &to_counters, &to_sizes);
}
