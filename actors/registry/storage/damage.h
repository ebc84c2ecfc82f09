/* What a start has found damaged, and what that has cost: files to be set aside once all that is
 * valid in them is in a snapshot, and the changes that are lost until somebody has dealt with it.
 */
#ifndef ACTORS_REGISTRY_STORAGE_DAMAGE_H
#define ACTORS_REGISTRY_STORAGE_DAMAGE_H

#include "actors/registry/storage/frame.h"
#include "actors/registry/storage/lost.h"
#include "actors/registry/storage/names.h"

struct damage {
    struct volume *volume; /* borrowed */
    struct names files;    /* owned; to be set aside */
    uint32_t count; /* damaged files, gaps between them, files with records that are not sound */
    struct lost lost;
    bool lost_kept;   /* in its file */
    struct name name; /* of the file in hand */
    uint32_t unsound; /* records of it that were passed over */
};

void damage_fini(struct damage *self);

/* Files are taken in hand one after the other. What is found goes on the log at once. */
void damage_take(struct damage *self, struct name name);
/* A record that is not sound, in the frame at that offset: it alone is lost, and the file is to be
 * set aside. */
void damage_unsound(struct damage *self, uint64_t offset, const struct frame_change *item);
void damage_found(struct damage *self, uint64_t offset, const char *what);
/* The same, but a snapshot holds what the file said: no damage. */
void damage_harmless(const struct damage *self, uint64_t offset, const char *what);
void damage_add_file(struct damage *self); /* is to be set aside, too */

void damage_say(const struct damage *self); /* all of it, on the log */

/* What the disk refuses of these is as it was for the next start. */
void damage_keep_lost(struct damage *self); /* once */
void damage_forget(struct damage *self);    /* nothing is lost any more */
void damage_set_aside(struct damage *self); /* as *.damaged */

#endif
