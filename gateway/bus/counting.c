#include "gateway/bus/counting.h"

void counting_put(struct counting *to, const char *name, uint64_t value)
{
    counts_add(to->counts, to->store, name, (int64_t)value);
}

void counting_http(const struct http *self, struct counting *counters, struct counting *sizes)
{
    struct http_counts http;

    http_counts(self, &http);
    counting_put(counters, "http_requests", http.requests_total);
    counting_put(counters, "http_refused", http.refused_total);
    counting_put(counters, "http_slow", http.slow_total);
    counting_put(counters, "http_trims", http.trims_total);
    counting_put(counters, "http_crowded", http.crowded_total);
    counting_put(sizes, "http_connections", http.connections);
    counting_put(sizes, "http_connections_max", http.connections_max);
    counting_put(sizes, "http_parked", http.parked);
    counting_put(counters, "http_emptied", http.emptied_total);
    counting_put(sizes, "http_memory_bytes", http.memory_held);
    counting_put(sizes, "http_memory_max_bytes", http.memory_max);
    counting_put(sizes, "http_streams", http.streams);
}
