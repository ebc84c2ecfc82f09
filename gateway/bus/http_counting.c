#include "gateway/bus/http_counting.h"

void http_counting_put(const struct http *self, const struct counting *to)
{
    struct http_counts http;

    http_counts(self, &http);
    counting_put(to, METRIC_HTTP_CONNECTIONS, http.connections);
    counting_put(to, METRIC_HTTP_CONNECTIONS_MAX, http.connections_max);
    counting_put(to, METRIC_HTTP_PARKED_REQUESTS, http.parked);
    counting_put(to, METRIC_HTTP_STREAMS, http.streams);
    counting_put(to, METRIC_HTTP_MEMORY, http.memory_held);
    counting_put(to, METRIC_HTTP_MEMORY_MAX, http.memory_max);
    counting_put(to, METRIC_HTTP_REQUESTS, http.requests_total);
    counting_put(to, METRIC_HTTP_REFUSED, http.refused_total);
    counting_put(to, METRIC_HTTP_SLOW, http.slow_total);
    counting_put(to, METRIC_HTTP_EMPTIED, http.emptied_total);
    counting_put(to, METRIC_HTTP_CROWDED, http.crowded_total);
    counting_put(to, METRIC_HTTP_TRIMS, http.trims_total);
}
