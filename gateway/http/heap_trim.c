#include "gateway/http/heap_trim.h"

#include <malloc.h>

/* Fewer leave less than the next ones will ask for again. */
static const uint64_t gone_min = 1000;

/* It takes 2 to 8 ms after 19,000 connections, so it is neither done while they still go nor often.
 */
static const int64_t pause_ms = 2000;
static const int64_t quiet_ms = 200;

bool heap_trim_is_due(struct heap_trim *self, uint64_t count, int64_t now_ms)
{
    if (count < self->count) {
        self->fell_ms = now_ms;
    }
    if (count > self->highest) {
        self->highest = count;
    }
    self->count = count;
    return self->highest >= count + gone_min && now_ms >= self->fell_ms + quiet_ms &&
           now_ms >= self->last_ms + pause_ms;
}

void heap_trim_give_back(struct heap_trim *self, int64_t now_ms)
{
    self->highest = self->count;
    self->last_ms = now_ms;
    (void)malloc_trim(0);
}
