/* How one segment of a log takes the place of another. Errors of all: ERR_IO, reason in volume. */
#ifndef ACTORS_STORE_LOG_ROTATION_H
#define ACTORS_STORE_LOG_ROTATION_H

#include "actors/store/log/disk_log_state.h"

/* The segment that begins behind at.seq, with its HEAD, synced, in reserved room where there is
 * some; nameless yet. */
enum err log_rotation_begin(struct disk_log *self, struct journal *journal);

/* It takes its name, for good. */
enum err log_rotation_publish(struct disk_log *self, struct journal *journal);

/* A segment is named only when all before it is synced: its name proves that. */
enum err log_rotate(struct disk_log *self);

#endif
