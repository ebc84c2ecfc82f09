#include "gateway/http/heap_trim.h"

#include <malloc.h>

/* Fewer leave less than the next ones will ask for again. */
static const uint64_t gone_min = 1000;

/* It takes 2 to 8 ms after 19,000 connections, so it is neither done while they still go nor often.
 */
static const int64_t pause_ms = 2000;
static const int64_t quiet_ms = 200;

void heap_trim_opened(struct heap_trim *self, uint64_t connections)
{
    if (connections > self->highest) {
        self->highest = connections;
    }
}

void heap_trim_closed(struct heap_trim *self, int64_t now_ms)
{
    self->closed_ms = now_ms;
}

bool heap_trim_is_due(const struct heap_trim *self, uint64_t connections, int64_t now_ms)
{
    return self->highest >= connections + gone_min && now_ms >= self->closed_ms + quiet_ms &&
           now_ms >= self->last_ms + pause_ms;
}

void heap_trim_give_back(struct heap_trim *self, uint64_t connections, int64_t now_ms)
{
    self->highest = connections;
    self->last_ms = now_ms;
    (void)malloc_trim(0);
}
