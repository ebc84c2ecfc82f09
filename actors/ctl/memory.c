#include "actors/ctl/memory.h"

void memory_init(struct memory *self)
{
    self->seen = json_object();
}

void memory_fini(struct memory *self)
{
    json_decref(self->seen);
    self->seen = NULL;
}

json_t *memory_swap(struct memory *self, struct str name, json_t *now)
{
    json_t *before = json_incref(json_object_getn(self->seen, name.data, name.len));

    if (now == NULL || json_is_null(now)) {
        (void)json_object_deln(self->seen, name.data, name.len);
        return before;
    }
    if (before == NULL && json_object_size(self->seen) >= memory_things_max) {
        (void)json_object_clear(self->seen);
    }
    (void)json_object_setn(self->seen, name.data, name.len, now); /* no UTF-8: not kept */
    return before;
}
