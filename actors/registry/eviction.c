#include "actors/registry/eviction.h"

#include <stddef.h>

/* The evictor may be this many of our ticks behind what we have said. */
static const uint64_t ticks_behind_max = 3;

/* After we stood still the heartbeats that waited for us come first; what the evictor asked for
 * before, or a round that was under way, would meet them unheard. */
static const int64_t listen_ms = 3000;

void eviction_init(struct eviction *self)
{
    *self = (struct eviction){.round_awake_ms = -1, .stood_awake_ms = -1};
}

void eviction_stood_still(struct eviction *self, int64_t awake_ms)
{
    self->left = 0;
    self->stood_awake_ms = awake_ms;
}

const char *eviction_refusal(const struct eviction *self, const struct eviction_rules *rules,
                             const struct msg_evict *order, int64_t awake_ms)
{
    if (order->tick + ticks_behind_max < rules->tick) {
        return "the evictor's picture is over three ticks old";
    }
    if (self->stood_awake_ms >= 0 && awake_ms - self->stood_awake_ms < listen_ms) {
        return "the registry stood still and listens first to who is alive";
    }
    if (self->round_awake_ms >= 0 && awake_ms - self->round_awake_ms < rules->interval_ms / 2) {
        return "the last round is less than half an interval ago";
    }
    if (order->idle_ms < rules->idle_ms) {
        return "idle_ms is below this registry's evictor.idle";
    }
    return NULL;
}

void eviction_begin(struct eviction *self, const struct msg_evict *order, uint32_t limit,
                    int64_t awake_ms)
{
    self->left = order->limit < limit ? order->limit : limit;
    self->next = 0;
    self->idle_ms = order->idle_ms;
    self->round_awake_ms = awake_ms;
}
