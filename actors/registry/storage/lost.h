/* What damage has cost: how many changes that were answered once are gone, and which. Kept in the
 * file "lost" of the storage's directory until a person, or what peers gave, has dealt with it.
 */
#ifndef ACTORS_REGISTRY_STORAGE_LOST_H
#define ACTORS_REGISTRY_STORAGE_LOST_H

#include "common/journal/volume.h"

struct lost {
    bool any;
    bool more;      /* there may have been others behind them: nobody can tell how many */
    uint64_t count; /* of changes known to be lost … */
    uint64_t from;  /* … the first seq … */
    uint64_t to;    /* … and the last, 0: not even one is known */
};

/* Changes from … to are lost. from > to: none; but it is noted that there was damage. */
void lost_add(struct lost *self, uint64_t from, uint64_t to);
/* What a file said beside what was found now; the same is not counted twice. */
void lost_join(struct lost *self, const struct lost *other);

/* "12 changes are lost, seq 5 to 16". */
void lost_print(const struct lost *self, struct buf *to);

/* No file: nothing is lost. One that says nothing sound: how much is not known. Errors: ERR_IO: it
 * can't be read; volume says why. */
enum err lost_read(struct lost *self, struct volume *volume);
/* Replaces the file, synced. Errors: ERR_IO, reason in volume. */
enum err lost_write(const struct lost *self, struct volume *volume);

#endif
