#include "actors/ctl/seen.h"

void seen_init(struct seen *self)
{
    self->things = json_object();
}

void seen_fini(struct seen *self)
{
    json_decref(self->things);
    self->things = NULL;
}

json_t *seen_swap(struct seen *self, struct str name, json_t *now)
{
    json_t *before = json_incref(json_object_getn(self->things, name.data, name.len));

    if (now == NULL || json_is_null(now)) {
        (void)json_object_deln(self->things, name.data, name.len);
        return before;
    }
    if (before == NULL && json_object_size(self->things) >= seen_things_max) {
        (void)json_object_clear(self->things);
    }
    (void)json_object_setn(self->things, name.data, name.len, now); /* no UTF-8: not kept */
    return before;
}
