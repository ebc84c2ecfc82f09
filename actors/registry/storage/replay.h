/* Replays the journal's segments onto the snapshot that is loaded, oldest first. One that the
 * snapshot covers is read for its write ids and as history only.
 */
#ifndef ACTORS_REGISTRY_STORAGE_REPLAY_H
#define ACTORS_REGISTRY_STORAGE_REPLAY_H

#include "actors/registry/storage/recovery_state.h"

/* Errors: ERR_UNUSABLE, said: one can't be read. */
enum err replay_segments(struct recovery *recovery);

#endif
