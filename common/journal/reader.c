#include "common/journal/reader.h"

#include <stdio.h>
#include <string.h>

static const size_t window_bytes = (size_t)256 << 10;

enum err reader_init(struct reader *self, struct volume *volume, const char *name, uint64_t offset,
                     uint64_t end)
{
    struct reader made = {.volume = volume, .file = -1, .offset = offset};
    enum err err = volume_open(volume, name, DISK_READ, &made.file);

    if (err != ERR_OK) {
        return err;
    }
    (void)snprintf(made.name.text, sizeof(made.name.text), "%s", name);
    err = volume_size(volume, made.file, name, &made.size);
    if (err != ERR_OK) {
        volume_close(volume, &made.file);
        return err;
    }
    made.size = made.size < end ? made.size : end;
    *self = made;
    return ERR_OK;
}

void reader_fini(struct reader *self)
{
    volume_close(self->volume, &self->file);
    buf_fini(&self->window);
}

static struct str rest_of(const struct reader *self)
{
    return self->window.len == 0
               ? (struct str){"", 0}
               : (struct str){self->window.data + self->used, self->window.len - self->used};
}

/* Where the window ends in the file. */
static uint64_t seen_to(const struct reader *self)
{
    return self->offset + (self->window.len - self->used);
}

/* Makes the window hold `need` bytes from offset on, or all there are. */
static void fill(struct reader *self, size_t need)
{
    if (rest_of(self).len >= need) {
        return;
    }
    if (self->used > 0) {
        self->window.len -= self->used;
        memmove(self->window.data, self->window.data + self->used, self->window.len);
        self->used = 0;
    }
    need = need > window_bytes ? need : window_bytes;
    while (self->window.len < need && seen_to(self) < self->size) {
        uint64_t left = self->size - seen_to(self);
        size_t more = need - self->window.len;
        char *to = buf_reserve(&self->window, more);
        size_t moved = 0;

        self->unreadable = volume_read(self->volume, &self->file, self->name.text, seen_to(self),
                                       to, left < more ? left : more, &moved) != ERR_OK;
        if (moved == 0) {
            self->size = seen_to(self);
            return;
        }
        self->window.len += moved;
    }
}

/* Whether only zeros follow what the window shows. Gives the window up. */
static bool zeros_to_end(struct reader *self)
{
    uint64_t offset = self->offset;
    bool zeros = true;

    while (zeros && seen_to(self) < self->size) {
        self->offset = seen_to(self);
        self->window.len = 0;
        self->used = 0;
        fill(self, window_bytes);
        zeros = record_only_zeros(rest_of(self));
    }
    self->offset = offset;
    self->window.len = 0;
    self->used = 0;
    return zeros && !self->unreadable;
}

enum record_state reader_next(struct reader *self, struct str *body, uint64_t *at)
{
    struct str rest;
    enum record_state state;

    *at = self->offset;
    fill(self, record_head_bytes);
    fill(self, record_wants(rest_of(self)));
    rest = rest_of(self);
    state = record_next(&rest, body);
    if (state == RECORD_OK) {
        size_t taken = rest_of(self).len - rest.len;

        self->used += taken;
        self->offset += taken;
        return RECORD_OK;
    }
    if (self->unreadable || (state != RECORD_DAMAGED && !zeros_to_end(self))) {
        return RECORD_DAMAGED;
    }
    return state;
}
