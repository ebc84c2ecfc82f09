/* Gives memory back to the system when many connections have gone. What they leave is free
 * but scattered, and would stay with the process for good. */
#include <malloc.h>

#include "gateway/http/server.h"

/* Fewer leave less than the next ones will ask for again. */
static const uint64_t gone_min = 1000;

/* It takes 2 to 8 ms after 19,000 connections, so it is neither done while they still go nor often.
 */
static const int64_t pause_ms = 2000;
static const int64_t quiet_ms = 200;

void trim_opened(struct http *http)
{
    if (http->counts.connections > http->trim.highest) {
        http->trim.highest = http->counts.connections;
    }
}

void trim_closed(struct http *http)
{
    http->trim.closed_ms = http->now.mono_ms;
}

void trim_turn(struct http *http)
{
    struct trim *self = &http->trim;

    if (self->highest < http->counts.connections + gone_min ||
        http->now.mono_ms < self->closed_ms + quiet_ms ||
        http->now.mono_ms < self->last_ms + pause_ms) {
        return;
    }
    self->highest = http->counts.connections;
    self->last_ms = http->now.mono_ms;
    request_free_all(http);
    (void)malloc_trim(0);
    http->counts.trims_total++;
}
