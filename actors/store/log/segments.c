#include "actors/store/log/segments.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/log/file_name.h"
#include "common/base/array.h"

struct listing {
    struct log_segments *segments;
    struct log_segments *unfinished;
};

void log_segments_add(struct log_segments *self, const struct log_segment *segment)
{
    ARRAY_ROOM(self->items, self->count, self->cap, 16);
    self->items[self->count++] = *segment;
}

void log_segments_drop_first(struct log_segments *self)
{
    assert(self->count > 0);
    self->count--;
    memmove(self->items, self->items + 1, self->count * sizeof(self->items[0]));
}

static void on_name(void *context, const char *text)
{
    struct listing *out = context;
    struct log_segment found = {0};
    uint64_t number = 0;
    enum log_file kind;

    if (text == NULL) { /* the list begins anew */
        out->segments->count = 0;
        out->unfinished->count = 0;
        return;
    }
    kind = log_file_parse(text, &number);
    if (kind == LOG_FILE_OTHER) {
        return;
    }
    found.name = log_file_name(kind, number);
    found.prev_seq = number - 1;
    log_segments_add(kind == LOG_FILE_SEGMENT ? out->segments : out->unfinished, &found);
}

static int by_seq(const void *a, const void *b)
{
    const struct log_segment *left = a;
    const struct log_segment *right = b;

    return left->prev_seq < right->prev_seq ? -1 : left->prev_seq > right->prev_seq;
}

enum err log_segments_list(struct volume *volume, struct log_segments *segments,
                           struct log_segments *unfinished)
{
    struct listing listing = {segments, unfinished};

    if (volume_list(volume, on_name, &listing) != ERR_OK) {
        return volume_refused(volume, NULL);
    }
    if (segments->count > 0) {
        qsort(segments->items, segments->count, sizeof(segments->items[0]), by_seq);
    }
    for (size_t i = 0; i + 1 < segments->count; i++) {
        segments->items[i].last_seq = segments->items[i + 1].prev_seq;
    }
    return ERR_OK;
}
