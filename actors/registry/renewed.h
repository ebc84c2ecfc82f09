/* Heartbeats heard since the last RENEWED, packed, by how far they are to spread. */
#ifndef ACTORS_REGISTRY_RENEWED_H
#define ACTORS_REGISTRY_RENEWED_H

#include "common/naming/convert.h"

struct renewed {
    uint64_t tick;
    struct buf heartbeats[SPREAD_COUNT];
};

/* Bytes held. */
size_t renewed_len(const struct renewed *self);
/* age_ms: of now; it goes on counting until renewed_age. */
void renewed_add(struct renewed *self, enum spread spread, const struct heartbeat *heartbeat,
                 int64_t mono_ms);
/* To be called once before they are sent: their ages are those of now. */
void renewed_age(struct renewed *self, int64_t mono_ms);
void renewed_clear(struct renewed *self);
void renewed_fini(struct renewed *self);

#endif
