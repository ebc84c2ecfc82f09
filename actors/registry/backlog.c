#include "actors/registry/backlog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

void backlog_init(struct backlog *self, size_t max_bytes)
{
    *self = (struct backlog){.max_bytes = max_bytes};
}

void backlog_fini(struct backlog *self)
{
    buf_fini(&self->bytes);
    free(self->ends);
    *self = (struct backlog){0};
}

void backlog_clear(struct backlog *self)
{
    self->bytes.len = 0;
    self->count = 0;
    self->dead = 0;
}

static size_t begin_of(const struct backlog *self, uint32_t i)
{
    return self->dead + i == 0 ? 0 : self->ends[self->dead + i - 1];
}

/* Dead records cost at most a quarter of the held ones; each byte is moved four times at most. */
static void compact(struct backlog *self)
{
    size_t gone = begin_of(self, 0);

    if (gone < self->max_bytes / 4) {
        return;
    }
    memmove(self->bytes.data, self->bytes.data + gone, self->bytes.len - gone);
    self->bytes.len -= gone;
    for (uint32_t i = 0; i < self->count; i++) {
        self->ends[i] = self->ends[self->dead + i] - gone;
    }
    self->dead = 0;
}

void backlog_add(struct backlog *self, uint64_t seq, struct str record)
{
    if (self->count == 0) {
        backlog_clear(self);
        self->first_seq = seq;
    }
    assert(seq == self->first_seq + self->count);
    ARRAY_ROOM(self->ends, self->dead + self->count, self->cap, 256);
    buf_add_str(&self->bytes, record);
    self->ends[self->dead + self->count++] = self->bytes.len;
    while (self->bytes.len - begin_of(self, 0) > self->max_bytes && self->count > 1) {
        self->dead++;
        self->count--;
        self->first_seq++;
    }
    compact(self);
}

bool backlog_read(const struct backlog *self, uint64_t from, size_t max_bytes, struct str *records,
                  uint32_t *count)
{
    size_t begin;
    uint32_t first;
    uint32_t taken = 0;

    if (self->count == 0 || from + 1 < self->first_seq ||
        from + 1 >= self->first_seq + self->count) {
        return false;
    }
    first = (uint32_t)(from + 1 - self->first_seq);
    begin = begin_of(self, first);
    while (first + taken < self->count &&
           (taken == 0 || self->ends[self->dead + first + taken] - begin <= max_bytes)) {
        taken++;
    }
    *records = (struct str){self->bytes.data + begin,
                            taken == 0 ? 0 : self->ends[self->dead + first + taken - 1] - begin};
    *count = taken;
    return true;
}
