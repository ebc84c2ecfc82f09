/* Counts the instances of one app by how they are, over as many turns as it takes: the app may
 * change meanwhile, or go. */
#ifndef GATEWAY_OPERATE_CENSUS_H
#define GATEWAY_OPERATE_CENSUS_H

#include "common/base/clock.h"
#include "common/naming/registry.h"

struct census {
    uint64_t up;
    uint64_t waiting;
    uint64_t idle;   /* of both: silent for longer than idle_ms */
    struct buf zone; /* those up to here are counted; empty: none */
    struct buf hostname;
};

void census_fini(struct census *self);
void census_begin(struct census *self); /* from the first; keeps its memory */

/* Silence of a live instance, ms; a clock that was put back reads as 0. */
int64_t instance_age_ms(const struct instance *instance, const struct now *now);

/* each: called for every instance, in order of zones and hostnames; may be NULL. True: all are
 * counted. budget: instances that may be looked at; what was is taken off. */
typedef void census_each_fn(void *context, const struct instance *instance);
bool census_go(struct census *self, const struct registry *registry, uint32_t app, int64_t idle_ms,
               const struct now *now, size_t *budget, census_each_fn *each, void *context);

#endif
