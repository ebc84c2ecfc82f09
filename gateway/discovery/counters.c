/* The gateway's own counters and sizes. */
#include "gateway/bus/http_counting.h"
#include "gateway/bus/pending.h"
#include "gateway/discovery/early.h"
#include "gateway/discovery/form_origin.h"
#include "gateway/discovery/poll.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/stream.h"

static void count_writes(const struct gateway *self, const struct counting *to)
{
    struct pending_counts writes;

    pending_counts(self->pending, &writes);
    counting_durations(to, METRIC_WRITE, NULL, &self->writes_took);
    counting_put(to, METRIC_GATEWAY_WRITES, writes.sent_total);
    counting_put(to, METRIC_GATEWAY_WRITES_RESENT, writes.resent_total);
    counting_put(to, METRIC_GATEWAY_WRITES_EXPIRED, writes.expired_total);
    counting_put(to, METRIC_GATEWAY_WRITES_REFUSED, writes.refused_total);
    counting_put(to, METRIC_GATEWAY_PENDING_WRITES, writes.commands);
    counting_put(to, METRIC_GATEWAY_PENDING_BYTES, writes.bytes);
    counting_put(to, METRIC_GATEWAY_DISBELIEVED_FORMS, form_origin_doubts_total(self->form_origin));
    counting_put(to, METRIC_GATEWAY_EARLY_REQUESTS, early_count(self->early));
}

static void count_readers(const struct gateway *self, const struct counting *to)
{
    struct polls_counts polls;
    struct streams_counts streams;

    polls_counts(self->polls, &polls);
    counting_put(to, METRIC_HTTP_PARKED_POLLS, polls.parked);
    counting_durations(to, METRIC_PUSH, NULL, &polls.pushes);
    counting_put(to, METRIC_GATEWAY_POLLS_PARKED, polls.parked_total);
    counting_put(to, METRIC_GATEWAY_POLLS_WOKEN, polls.woken_total);
    counting_put(to, METRIC_GATEWAY_POLLS_EXPIRED, polls.expired_total);
    counting_put(to, METRIC_GATEWAY_POLLS_SPARED, polls.spared_total);
    counting_put(to, METRIC_GATEWAY_POLLS_GONE, polls.gone_total);
    counting_put(to, METRIC_GATEWAY_POLLED_APPS, polls.apps);
    streams_counts(self->streams, &streams);
    counting_put(to, METRIC_GATEWAY_STREAMS, streams.open);
    counting_put(to, METRIC_GATEWAY_STREAMS_OPENED, streams.opened_total);
    counting_put(to, METRIC_GATEWAY_STREAM_EVENTS, streams.events_total);
    counting_put(to, METRIC_GATEWAY_STREAM_FULL_STATES, streams.full_total);
    counting_put(to, METRIC_GATEWAY_STREAMS_SPARED, streams.spared_total);
}

static void count_replica(const struct gateway *self, const struct counting *to)
{
    struct now now = self->clock->now(self->clock);
    struct follower_state registry;
    struct registry_counts held;

    replica_follower(self->replica, ACTOR_REGISTRY, &registry);
    registry_counts(replica_registry(self->replica), &held);
    counting_put(to, METRIC_GATEWAY_REPLICA_SEQ, registry.seq);
    counting_put(to, METRIC_GATEWAY_REPLICA_INSTANCES, held.live);
    counting_put(to, METRIC_GATEWAY_REPLICA_APPS, held.apps);
    counting_put(to, METRIC_GATEWAY_REPLICA_SCHEDULES, held.schedules);
    counting_put(to, METRIC_GATEWAY_REPLICA_TOMBSTONES, held.tombstones);
    counting_put(to, METRIC_GATEWAY_REPLICA_BYTES, held.memory_bytes);
    counting_put(to, METRIC_GATEWAY_REPLICA_STALE, (uint64_t)replica_stale_ms(self->replica, &now));
    counting_put(to, METRIC_GATEWAY_REPLICA_STALE_MAX, (uint64_t)self->config->gateway_stale_limit);
}

void gateway_count(void *state, const struct counting *to)
{
    const struct gateway *self = state;

    http_counting_put(self->http, to);
    count_writes(self, to);
    count_readers(self, to);
    count_replica(self, to);
}
