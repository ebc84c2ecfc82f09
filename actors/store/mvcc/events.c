#include <stdlib.h>

#include "actors/store/mvcc/range.h"
#include "actors/store/mvcc/record.h"
#include "common/base/array.h"

enum { first_cap = 16 };

struct gathering {
    struct mvcc *state;
    struct arena *arena;
    mvcc_wants_prev_fn *wants_prev;
    const void *context;
    Mvccpb__Event **events; /* owned */
    size_t count, cap;
    size_t bytes;
};

/* What the key was before main, as a Range there would say. */
static Mvccpb__KeyValue *previous(struct gathering *self, struct str name, int64_t main)
{
    uint32_t key = key_index_find(&self->state->index, name);
    struct key_state state;
    Mvccpb__KeyValue kv;

    if (main - 1 < self->state->compacted || key == KEY_NONE ||
        !key_index_at(&self->state->index, key, main - 1, &state)) {
        return NULL;
    }
    record_read(self->state, state.mod, &kv);
    self->bytes += kv.key.len + kv.value.len;
    return key_value_keep(&kv, self->arena);
}

static void add(struct gathering *self, const struct record *record)
{
    Mvccpb__Event *event = arena_get(self->arena, sizeof(*event));
    Mvccpb__KeyValue kv;

    if (key_value_read(record->bytes, &kv) != ERR_OK) {
        state_damaged(self->state, ERR_CORRUPT);
        return;
    }
    mvccpb__event__init(event);
    if (record->tombstone) {
        event->type = MVCCPB__EVENT__EVENT_TYPE__DELETE;
        kv.mod_revision = record->revision.main;
    }
    event->kv = key_value_keep(&kv, self->arena);
    self->bytes += kv.key.len + kv.value.len;
    /* a put that creates has none, though the same transaction may have deleted one before it */
    if ((record->tombstone || kv.create_revision != kv.mod_revision) && self->wants_prev != NULL &&
        self->wants_prev(self->context, str_of_bytes(kv.key))) {
        event->prev_kv = previous(self, str_of_bytes(kv.key), record->revision.main);
    }
    if (self->count == self->cap) {
        self->events = array_grow(self->events, &self->cap, first_cap, sizeof(Mvccpb__Event *));
    }
    self->events[self->count++] = event;
}

struct mvcc_events mvcc_events(struct mvcc *self, int64_t from, size_t bytes_max,
                               mvcc_wants_prev_fn *wants_prev, const void *context,
                               struct arena *arena)
{
    struct gathering gathering = {
        .state = self, .arena = arena, .wants_prev = wants_prev, .context = context};
    struct record_scan scan = record_scan(self, (struct revision){from, 0});
    struct mvcc_events events = {.to = from - 1};
    struct record record;
    Mvccpb__Event **given;

    assert(from > self->compacted && from > 0);
    while (record_scan_next(&scan, &record)) {
        if (record.revision.main > events.to) {
            if (events.to >= from && gathering.bytes >= bytes_max) {
                break;
            }
            events.to = record.revision.main;
        }
        add(&gathering, &record);
    }
    given = arena_get(arena, gathering.count * sizeof(Mvccpb__Event *));
    if (gathering.count > 0) {
        memcpy(given, gathering.events, gathering.count * sizeof(Mvccpb__Event *));
    }
    events.events = given;
    events.count = gathering.count;
    free(gathering.events);
    return events;
}
