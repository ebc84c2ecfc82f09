#include "common/base/log_tail.h"

#include <stdlib.h>

#include "common/base/heap.h"

void log_tail_init(struct log_tail *self)
{
    *self = (struct log_tail){.next = 1, .first = 1};
}

static void drop_oldest(struct log_tail *self)
{
    struct str *text = &self->lines[self->first++ % log_tail_lines_max].text;

    self->bytes -= text->len;
    free((void *)text->data);
    *text = (struct str){0};
}

void log_tail_fini(struct log_tail *self)
{
    while (self->first < self->next) {
        drop_oldest(self);
    }
    assert(self->bytes == 0);
}

void log_tail_add(struct log_tail *self, enum log_level level, struct str line)
{
    size_t at = self->next % log_tail_lines_max;
    char *copy;

    assert(line.len > 0 && line.len <= log_tail_bytes_max);
    while (self->first < self->next && (self->next - self->first == log_tail_lines_max ||
                                        self->bytes + line.len > log_tail_bytes_max)) {
        drop_oldest(self);
    }
    copy = heap_array(line.len, 1);
    memcpy(copy, line.data, line.len);
    self->lines[at].level = level;
    self->lines[at].text = (struct str){copy, line.len};
    self->bytes += line.len;
    self->next++;
}

struct str log_tail_line(const struct log_tail *self, uint64_t number, enum log_level *level)
{
    size_t at = number % log_tail_lines_max;

    assert(number >= self->first && number < self->next);
    *level = self->lines[at].level;
    return self->lines[at].text;
}
