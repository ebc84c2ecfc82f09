/* A snapshot of the whole and the segment that goes on behind it: made when the journal has grown
 * long, and to come back from a failure. One that can't be made is put off; the journal goes on, or
 * the state is failed still.
 */
#ifndef ACTORS_REGISTRY_STORAGE_CHECKPOINT_H
#define ACTORS_REGISTRY_STORAGE_CHECKPOINT_H

#include "actors/registry/storage/storage_state.h"

/* What a file that is begun now says first. */
struct msg_head checkpoint_head(struct storage *self, const struct registry *registry);

bool checkpoint_runs(const struct storage *self);
bool checkpoint_due(const struct storage *self, int64_t now_ms); /* of none that runs */

/* Both between turns only. */
void checkpoint_begin(struct storage *self, const struct registry *registry, int64_t now_ms);
/* A bounded piece of one that runs. */
void checkpoint_step(struct storage *self, const struct registry *registry, int64_t now_ms);

#endif
