#include "actors/registry/storage/frame.h"

#include <stdlib.h>

#include "common/base/array.h"
#include "common/naming/convert.h"
#include "common/naming/sound.h"

static struct frame_change *add(struct frame_changes *self)
{
    ARRAY_ROOM(self->items, self->count, self->cap, 16);
    return &self->items[self->count++];
}

bool frame_read(struct frame_changes *self, struct str body, const struct registry *registry)
{
    struct msg msg;

    self->count = 0;
    self->is_foot = false;
    while (body.len > 0) {
        struct frame_change *item;

        if (msg_decode(&body, &msg) != ERR_OK) {
            return false;
        }
        if (msg.type == MSG_TYPE_FOOT) {
            self->is_foot = self->count == 0 && body.len == 0;
            self->foot = msg.as_foot;
            return self->is_foot;
        }
        item = add(self);
        if (change_from_msg(&msg, &item->change) != ERR_OK) {
            return false;
        }
        item->fault = sound_change(&item->change, &self->work);
        item->key = identity_key(&item->change.instance.id);
        registry_expect(registry, item->key);
    }
    return true;
}

void frame_changes_fini(struct frame_changes *self)
{
    free(self->items);
    buf_fini(&self->work);
    *self = (struct frame_changes){0};
}
