#include "tests/store/mvcc/gather.h"

#include <stdlib.h>

#include "common/base/array.h"

enum { first_cap = 16 };

struct gathering {
    struct mvcc *mvcc;
    struct arena *arena;
    Mvccpb__Event **events;
    size_t count, cap;
    size_t bytes, bytes_max;
    int64_t from, to;
    bool prev;
};

static Mvccpb__KeyValue *unpacked(struct arena *arena, struct str kv)
{
    ProtobufCAllocator allocator = arena_allocator(arena);
    Mvccpb__KeyValue *made =
        mvccpb__key_value__unpack(&allocator, kv.len, (const uint8_t *)kv.data);

    assert(made != NULL);
    return made;
}

static bool take(void *context, const struct mvcc_event *event)
{
    struct gathering *self = context;
    Mvccpb__Event *made = arena_get(self->arena, sizeof(*made));

    if (event->revision > self->to) {
        if (self->to >= self->from && self->bytes >= self->bytes_max) {
            return false;
        }
        self->to = event->revision;
    }
    mvccpb__event__init(made);
    made->type =
        event->deletes ? MVCCPB__EVENT__EVENT_TYPE__DELETE : MVCCPB__EVENT__EVENT_TYPE__PUT;
    made->kv = unpacked(self->arena, event->kv);
    self->bytes += made->kv->key.len + made->kv->value.len;
    if (self->prev) {
        struct str before = mvcc_event_before(self->mvcc, event);

        made->prev_kv = before.len > 0 ? unpacked(self->arena, before) : NULL;
        self->bytes += before.len;
    }
    if (self->count == self->cap) {
        self->events = array_grow(self->events, &self->cap, first_cap, sizeof(Mvccpb__Event *));
    }
    self->events[self->count++] = made;
    return true;
}

struct gathered gather(struct mvcc *mvcc, int64_t from, size_t bytes_max, bool prev,
                       struct arena *arena)
{
    struct gathering gathering = {.mvcc = mvcc,
                                  .arena = arena,
                                  .bytes_max = bytes_max,
                                  .from = from,
                                  .to = from - 1,
                                  .prev = prev};
    Mvccpb__Event **given;

    mvcc_events(mvcc, from, 0, take, &gathering);
    given = arena_get(arena, gathering.count * sizeof(Mvccpb__Event *));
    if (gathering.count > 0) {
        memcpy(given, gathering.events, gathering.count * sizeof(Mvccpb__Event *));
    }
    free(gathering.events);
    return (struct gathered){given, gathering.count, gathering.to};
}
