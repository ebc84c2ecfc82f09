/* One frame of the journal or of a snapshot, decoded once: all of it is judged before
 * any of it is applied, and what applying will look for is on its way into the
 * processor's cache meanwhile.
 */
#ifndef ACTORS_REGISTRY_STORAGE_FRAME_H
#define ACTORS_REGISTRY_STORAGE_FRAME_H

#include "common/naming/registry.h"
#include "common/wire/codec.h"

struct frame_change {
    struct change change; /* borrows from the body */
    struct hash128 key;   /* of its identity */
    const char *fault;    /* static; NULL: it is sound. Else it is not to be applied: sound.h */
};

/* {0} at first. */
struct frame_changes {
    struct frame_change *items; /* owned */
    size_t count;
    size_t cap;
    bool is_foot; /* the frame is a FOOT, and nothing else */
    struct msg_foot foot;
    struct buf work; /* owned */
};

/* False: something in the body is neither PUT nor GONE nor a FOOT alone. */
bool frame_read(struct frame_changes *self, struct str body, const struct registry *registry);
void frame_changes_fini(struct frame_changes *self);

#endif
