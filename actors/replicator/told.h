/* States that nodes which speak HTTP have told, until the registry has taken them: their answers
 * come outside a turn's messages, and go to it a few at a time. Bounded. */
#ifndef ACTORS_REPLICATOR_TOLD_H
#define ACTORS_REPLICATOR_TOLD_H

#include "actors/replicator/posts.h"

struct told_records {
    uint32_t peer;
    uint64_t life; /* of that peer's place in the table */
    enum posts_source source;
    int64_t told_ms; /* mono */
    uint32_t count;
    struct buf records; /* count of them, encoded */
};

struct told_queue {
    struct told_records *ring; /* owned */
    uint32_t first;
    uint32_t count;
    uint32_t merges; /* under way: the user's count */
};

void told_init(struct told_queue *self);
void told_fini(struct told_queue *self);

bool told_has_room(const struct told_queue *self);
/* Copies the records. There is room. */
void told_add(struct told_queue *self, uint32_t peer, uint64_t life, enum posts_source source,
              const struct msg_list *records, int64_t mono_ms);
/* The oldest, until told_drop; NULL: there is none. */
struct told_records *told_first(struct told_queue *self);
void told_drop(struct told_queue *self);
/* Some wait, or their merge is under way. */
bool told_any(const struct told_queue *self);

#endif
