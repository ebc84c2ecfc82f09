#include "gateway/bus/http_counting.h"

#include "gateway/http/tally.h"

/* Where a path has a part in braces, metrics say :env. */
static struct str route_label(const char *route, struct buf *text)
{
    text->len = 0;
    for (; *route != '\0'; route++) {
        if (*route != '}') {
            buf_add_char(text, *route == '{' ? ':' : *route);
        }
    }
    return buf_str(text);
}

static void put_tally(const struct http_tally *tally, const struct counting *to)
{
    struct http_tally_row row;
    uint32_t cursor = 0;
    struct buf text = {0};

    while (http_tally_next(tally, &cursor, &row)) {
        const struct str labels[] = {route_label(row.route, &text), str_from(row.code)};

        counting_durations(to, METRIC_HTTP_REQUEST, labels, row.took);
    }
    buf_fini(&text);
}

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
    put_tally(http_tally(self), to);
}
