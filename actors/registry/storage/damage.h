/* What a start has found damaged, and what that has cost: files to be set aside once all that is
 * valid in them is in a snapshot, and the changes that are lost until somebody has dealt with it.
 */
#ifndef ACTORS_REGISTRY_STORAGE_DAMAGE_H
#define ACTORS_REGISTRY_STORAGE_DAMAGE_H

#include "actors/registry/storage/lost.h"
#include "actors/registry/storage/names.h"

struct damage {
    struct names files; /* owned; to be set aside */
    uint32_t count;     /* damaged files, gaps between them, records that are not sound */
    struct lost lost;
    bool lost_kept; /* in its file */
};

void damage_fini(struct damage *self);
void damage_say(const struct damage *self, const struct volume *volume); /* on the log */

/* What the disk refuses of these is as it was for the next start. */
void damage_keep_lost(struct damage *self, struct volume *volume); /* once */
void damage_forget(struct damage *self, struct volume *volume);    /* nothing is lost any more */
void damage_set_aside(struct damage *self, struct volume *volume); /* as *.damaged */

#endif
