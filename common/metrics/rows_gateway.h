/* What the gateways of the discovery API tell; labelled with the index of each.
 *
 * A part of metrics.h, which says how it is to be read and is what is included. */
#ifndef COMMON_METRICS_ROWS_GATEWAY_H
#define COMMON_METRICS_ROWS_GATEWAY_H

// clang-format off
#define METRIC_GATEWAY_ROWS(M) \
    M(HTTP_REQUEST,               "http_request_seconds",              HISTOGRAM, MS,  "route,code", "How long requests took until they were answered; polls wait for news.") \
    M(HTTP_CONNECTIONS,           "http_connections",                  GAUGE,   PLAIN, "", "Connections of clients that are open.") \
    M(HTTP_CONNECTIONS_MAX,       "http_connections_max",              GAUGE,   PLAIN, "", "Connections of clients there may be.") \
    M(HTTP_PARKED_POLLS,          "http_parked_polls",                 GAUGE,   PLAIN, "", "Polls that wait for news.") \
    M(HTTP_PARKED_REQUESTS,       "http_parked_requests",              GAUGE,   PLAIN, "", "Requests of all kinds that wait for something.") \
    M(HTTP_STREAMS,               "http_streams",                      GAUGE,   PLAIN, "", "Answers that are made while they are read.") \
    M(HTTP_MEMORY,                "http_memory_bytes",                 GAUGE,   PLAIN, "", "Memory held for clients.") \
    M(HTTP_MEMORY_MAX,            "http_memory_max_bytes",             GAUGE,   PLAIN, "", "Memory that may be held for clients.") \
    M(HTTP_REQUESTS,              "http_received_requests_total",      COUNTER, PLAIN, "", "Requests whose header has come.") \
    M(HTTP_REFUSED,               "http_refused_requests_total",       COUNTER, PLAIN, "", "Requests that could not be read, and were refused.") \
    M(HTTP_SLOW,                  "http_slow_requests_total",          COUNTER, PLAIN, "", "Requests cut off since they took too long to come.") \
    M(HTTP_EMPTIED,               "http_emptied_requests_total",       COUNTER, PLAIN, "", "Requests ended since too much memory was held for clients.") \
    M(HTTP_CROWDED,               "http_crowded_out_connections_total", COUNTER, PLAIN, "", "Connections that gave up their place to others.") \
    M(HTTP_TRIMS,                 "http_heap_trims_total",             COUNTER, PLAIN, "", "Times memory was given back to the system.") \
    M(WRITE,                      "write_seconds",                     HISTOGRAM, MS,  "", "From a write's arrival until it is durable and its client is answered.") \
    M(PUSH,                       "push_seconds",                      HISTOGRAM, US,  "", "From a change until the last poll that waits for it is answered.") \
    M(GATEWAY_WRITES,             "gateway_writes_total",              COUNTER, PLAIN, "", "Writes and heartbeats sent to the registry.") \
    M(GATEWAY_WRITES_RESENT,      "gateway_writes_resent_total",       COUNTER, PLAIN, "", "Writes sent to the registry once more.") \
    M(GATEWAY_WRITES_EXPIRED,     "gateway_writes_expired_total",      COUNTER, PLAIN, "", "Writes the registry did not answer in time.") \
    M(GATEWAY_WRITES_REFUSED,     "gateway_writes_refused_total",      COUNTER, PLAIN, "", "Writes refused since too many were under way.") \
    M(GATEWAY_PENDING_WRITES,     "gateway_pending_writes",            GAUGE,   PLAIN, "", "Writes that wait for the registry.") \
    M(GATEWAY_PENDING_BYTES,      "gateway_pending_writes_bytes",      GAUGE,   PLAIN, "", "Bytes of the writes that wait for the registry.") \
    M(GATEWAY_DISBELIEVED_FORMS,  "gateway_disbelieved_forms_total",   COUNTER, PLAIN, "", "Forms that claim to come from a node, and are not believed.") \
    M(GATEWAY_EARLY_REQUESTS,     "gateway_early_requests",            GAUGE,   PLAIN, "", "Requests that wait for the first exchange with a peer.") \
    M(GATEWAY_POLLS_PARKED,       "gateway_polls_parked_total",        COUNTER, PLAIN, "", "Polls that had to wait.") \
    M(GATEWAY_POLLS_WOKEN,        "gateway_polls_woken_total",         COUNTER, PLAIN, "", "Polls answered with news after a wait.") \
    M(GATEWAY_POLLS_EXPIRED,      "gateway_polls_expired_total",       COUNTER, PLAIN, "", "Polls whose time passed without news.") \
    M(GATEWAY_POLLS_SPARED,       "gateway_polls_spared_total",        COUNTER, PLAIN, "", "Polls ended early to make a place for others.") \
    M(GATEWAY_POLLS_GONE,         "gateway_polls_gone_total",          COUNTER, PLAIN, "", "Polls whose client went away.") \
    M(GATEWAY_POLLED_APPS,        "gateway_polled_apps",               GAUGE,   PLAIN, "", "Different apps that polls wait for.") \
    M(GATEWAY_STREAMS,            "gateway_streams",                   GAUGE,   PLAIN, "", "Event streams of clients that are open.") \
    M(GATEWAY_STREAMS_OPENED,     "gateway_streams_opened_total",      COUNTER, PLAIN, "", "Event streams that clients have opened.") \
    M(GATEWAY_STREAM_EVENTS,      "gateway_stream_events_total",       COUNTER, PLAIN, "", "Events sent on event streams.") \
    M(GATEWAY_STREAM_FULL_STATES, "gateway_stream_full_states_total",  COUNTER, PLAIN, "", "Whole states sent on event streams.") \
    M(GATEWAY_STREAMS_SPARED,     "gateway_streams_spared_total",      COUNTER, PLAIN, "", "Event streams ended early to make a place for others.") \
    M(GATEWAY_REPLICA_SEQ,        "gateway_replica_seq",               GAUGE,   PLAIN, "", "Number of the registry's newest fact that the copy holds.") \
    M(GATEWAY_REPLICA_INSTANCES,  "gateway_replica_instances",         GAUGE,   PLAIN, "", "Instances in the gateway's copy of the registry.") \
    M(GATEWAY_REPLICA_APPS,       "gateway_replica_apps",              GAUGE,   PLAIN, "", "Apps in the gateway's copy.") \
    M(GATEWAY_REPLICA_SCHEDULES,  "gateway_replica_schedules",         GAUGE,   PLAIN, "", "Schedules in the gateway's copy.") \
    M(GATEWAY_REPLICA_TOMBSTONES, "gateway_replica_tombstones",        GAUGE,   PLAIN, "", "Ended instances that the gateway's copy remembers.") \
    M(GATEWAY_REPLICA_BYTES,      "gateway_replica_bytes",             GAUGE,   PLAIN, "", "Memory of the gateway's copy.") \
    M(GATEWAY_REPLICA_STALE,      "gateway_replica_stale_seconds",     GAUGE,   MS,    "", "For how long the registry has been silent to the gateway; 0: it is not.") \
    M(GATEWAY_REPLICA_STALE_MAX,  "gateway_replica_stale_max_seconds", GAUGE,   MS,    "", "Silence of the registry after which polls are refused.")
// clang-format on

#endif
