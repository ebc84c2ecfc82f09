/* Who was evicted in a round, for the one line on the log that it gets: how many, and the first
 * ten by name. */
#ifndef ACTORS_REGISTRY_EVICTED_H
#define ACTORS_REGISTRY_EVICTED_H

#include "common/base/log.h"
#include "common/naming/instance.h"

enum { evicted_named_max = 10 };

struct evicted {
    uint32_t count;
    uint32_t named;
    struct buf names; /* "env/appid/zone/hostname" each, packed */
};

void evicted_fini(struct evicted *self);
void evicted_add(struct evicted *self, const struct identity *id);
/* Says it, and begins anew; nothing of a round that has evicted nobody. idle_ms: the silence that
 * was asked for; protection: that is the ceiling. */
void evicted_say(struct evicted *self, const struct log *log, int64_t idle_ms, bool protection);

#endif
