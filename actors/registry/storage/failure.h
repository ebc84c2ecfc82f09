/* The journal can't be written or synced: what was being written is given up, changes are in memory
 * only, and a new epoch begins.
 */
#ifndef ACTORS_REGISTRY_STORAGE_FAILURE_H
#define ACTORS_REGISTRY_STORAGE_FAILURE_H

#include "actors/registry/storage/storage_state.h"

static const int64_t failure_retry_ms = 10000;

void failure_new_epoch(struct storage *self);

/* Why is in volume->reason. seen: the next start may find files of the present epoch. As long as it
 * can't, failing again and again does not begin epoch after epoch, each of which costs every
 * follower a whole snapshot. */
void failure_begin(struct storage *self, int64_t now_ms, bool seen);

#endif
