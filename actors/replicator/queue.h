/* What waits to be posted to one peer, oldest first. An order number says how entries of two queues
 * lie between each other. */
#ifndef ACTORS_REPLICATOR_QUEUE_H
#define ACTORS_REPLICATOR_QUEUE_H

#include "common/naming/instance.h"
#include "common/wire/codec.h"

struct queued {
    struct queued *next;
    unsigned work; /* the user's: what is to be done with it */
    uint64_t order;
    struct hash128 key;
    int64_t since_ms;
    size_t len;
    char record[]; /* encoded */
};

struct queue {
    struct queued *first;
    struct queued **last; /* where the next is hung */
    uint32_t count;
    size_t bytes; /* of the records */
};

/* Copies the record. free() ends one that is in no queue. */
struct queued *queued_new(unsigned work, uint64_t order, int64_t since_ms, const struct msg *record,
                          const struct identity *id);

void queue_init(struct queue *self); /* it must stay where it is */
/* Both own the entry until it is taken. */
void queue_add(struct queue *self, struct queued *entry);
void queue_add_first(struct queue *self, struct queued *entry);
/* at: where an entry hangs: &self->first, or &next of the one before it. */
struct queued *queue_take(struct queue *self, struct queued **at);

#endif
