#include "actors/replicator/queue.h"

#include "common/base/heap.h"

struct queued *queued_new(unsigned work, uint64_t order, int64_t since_ms, const struct msg *record,
                          const struct identity *id)
{
    struct buf encoded = {0};
    struct queued *entry;

    msg_encode(&encoded, record);
    entry = heap_get(sizeof(*entry) + encoded.len);
    *entry = (struct queued){.work = work,
                             .order = order,
                             .key = identity_key(id),
                             .since_ms = since_ms,
                             .len = encoded.len};
    memcpy(entry->record, encoded.data, encoded.len);
    buf_fini(&encoded);
    return entry;
}

void queue_init(struct queue *self)
{
    *self = (struct queue){.last = &self->first};
}

void queue_add(struct queue *self, struct queued *entry)
{
    entry->next = NULL;
    *self->last = entry;
    self->last = &entry->next;
    self->count++;
    self->bytes += entry->len;
}

void queue_add_first(struct queue *self, struct queued *entry)
{
    entry->next = self->first;
    self->last = self->first == NULL ? &entry->next : self->last;
    self->first = entry;
    self->count++;
    self->bytes += entry->len;
}

struct queued *queue_take(struct queue *self, struct queued **at)
{
    struct queued *entry = *at;

    assert(entry != NULL && self->count > 0);
    *at = entry->next;
    self->last = entry->next == NULL ? at : self->last;
    self->count--;
    self->bytes -= entry->len;
    return entry;
}
