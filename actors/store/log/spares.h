/* Room on the disk that is the log's already: whole segments of zeros, made before they are needed,
 * a piece at a time, so that neither a full disk nor the making of a file is met by a write.
 */
#ifndef ACTORS_STORE_LOG_SPARES_H
#define ACTORS_STORE_LOG_SPARES_H

#include "common/journal/volume.h"

enum { spares_count = 2, spares_piece_bytes = 256 * 1024 };

struct spare {
    struct name name;
    uint64_t bytes; /* of zeros, synced */
};

struct spares {
    struct volume *volume; /* borrowed */
    uint64_t segment_bytes;
    uint64_t number; /* of the last one made */
    struct spare whole[spares_count];
    unsigned count;
    struct spare made; /* being made while file is >= 0 */
    int file;          /* owned */
    int64_t again_ms;  /* not before: the disk had no room */
    bool refused;      /* the last try met no room */
};

void spares_init(struct spares *self, struct volume *volume, uint64_t segment_bytes);
void spares_fini(struct spares *self); /* leaves the files to the next start, which removes them */

/* A piece of one, if one is wanted and it is time. True: more is to be made now. What the disk
 * refuses is tried again a second later. */
bool spares_step(struct spares *self, int64_t now_ms);

/* Takes one. False: there is none. */
bool spares_take(struct spares *self, struct spare *out);

uint64_t spares_room(const struct spares *self); /* bytes, in whole ones */

#endif
