#include "actors/registry/renewed.h"

#include <assert.h>

size_t renewed_len(const struct renewed *self)
{
    size_t len = 0;

    for (unsigned i = 0; i < SPREAD_COUNT; i++) {
        len += self->heartbeats[i].len;
    }
    return len;
}

void renewed_add(struct renewed *self, enum spread spread, const struct heartbeat *heartbeat,
                 int64_t mono_ms)
{
    struct heartbeat kept = *heartbeat;

    assert(spread < SPREAD_COUNT);
    kept.age_ms -= (uint32_t)mono_ms; /* until renewed_age it lacks the time then, modulo 2^32 */
    heartbeat_pack(&self->heartbeats[spread], &kept);
}

void renewed_age(struct renewed *self, int64_t mono_ms)
{
    for (unsigned i = 0; i < SPREAD_COUNT; i++) {
        heartbeats_age(&self->heartbeats[i], (uint32_t)mono_ms);
    }
}

void renewed_clear(struct renewed *self)
{
    for (unsigned i = 0; i < SPREAD_COUNT; i++) {
        self->heartbeats[i].len = 0;
    }
}

void renewed_fini(struct renewed *self)
{
    for (unsigned i = 0; i < SPREAD_COUNT; i++) {
        buf_fini(&self->heartbeats[i]);
    }
}
