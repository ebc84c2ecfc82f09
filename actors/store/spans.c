#include "actors/store/spans.h"

#include <stdlib.h>

#include "common/base/array.h"

enum { first_cap = 4, list_max = 2 * spans_max };

void spans_clear(struct spans *self)
{
    self->bytes.len = 0;
    self->count = 0;
    self->settled = 0;
    self->all = false;
}

void spans_fini(struct spans *self)
{
    buf_fini(&self->bytes);
    free(self->items);
    *self = (struct spans){0};
}

static struct str from_of(const struct spans *self, const struct span *span)
{
    return (struct str){self->bytes.data + span->from, span->from_len};
}

static struct str end_of(const struct spans *self, const struct span *span)
{
    return (struct str){self->bytes.data + span->end, span->end_len};
}

static int compare(const void *left, const void *right, void *context)
{
    return str_cmp(from_of(context, left), from_of(context, right));
}

static void settle(struct spans *self)
{
    size_t kept = 0;

    qsort_r(self->items, self->count, sizeof(self->items[0]), compare, self);
    for (size_t i = 0; i < self->count; i++) {
        const struct span *span = &self->items[i];
        struct span *last = kept > 0 ? &self->items[kept - 1] : NULL;

        if (last == NULL || (!last->rest && str_cmp(end_of(self, last), from_of(self, span)) < 0)) {
            self->items[kept++] = *span;
        } else if (!last->rest &&
                   (span->rest || str_cmp(end_of(self, last), end_of(self, span)) < 0)) {
            last->end = span->end;
            last->end_len = span->end_len;
            last->rest = span->rest;
        }
    }
    self->count = kept;
    self->settled = kept;
    self->all = self->all || kept > spans_max;
}

/* Of those that are settled the last that does not begin behind key; NULL: none. */
static const struct span *find(const struct spans *self, struct str key)
{
    size_t low = 0;
    size_t high = self->settled;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(from_of(self, &self->items[middle]), key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? &self->items[low - 1] : NULL;
}

bool spans_has(struct spans *self, struct str key)
{
    const struct span *span;

    if (self->settled < self->count) {
        settle(self);
    }
    if (self->all) {
        return true;
    }
    span = find(self, key);
    return span != NULL && (span->rest || str_cmp(key, end_of(self, span)) < 0);
}

/* Whether a settled one holds it already: what is said again takes no room. */
static bool is_there(const struct spans *self, struct str from, struct str end)
{
    const struct span *span = find(self, from);

    if (span == NULL || span->rest) {
        return span != NULL;
    }
    if (end.len == 0) {
        return str_cmp(from, end_of(self, span)) < 0;
    }
    return !str_eq(end, STR("\0")) && str_cmp(end, end_of(self, span)) <= 0;
}

static uint32_t keep(struct spans *self, struct str bytes)
{
    uint32_t at = (uint32_t)self->bytes.len;

    buf_add_str(&self->bytes, bytes);
    return at;
}

void spans_add(struct spans *self, struct str from, struct str end)
{
    bool alone = end.len == 0;
    struct span span = {.from_len = (uint32_t)from.len, .rest = str_eq(end, STR("\0"))};

    if (!alone && !span.rest && str_cmp(end, from) <= 0) {
        return; /* it holds nothing */
    }
    if (self->count == list_max) {
        settle(self);
    }
    self->all = self->all || from.len > spans_bytes_max || end.len > spans_bytes_max ||
                self->bytes.len + 2 * from.len + end.len >= spans_bytes_max;
    if (self->all || is_there(self, from, end)) {
        return;
    }
    span.from = keep(self, from);
    span.end = keep(self, alone ? from : end);
    span.end_len = (uint32_t)(alone ? from.len + 1 : end.len);
    if (alone) {
        buf_add_char(&self->bytes, 0); /* the key next to it */
    }
    ARRAY_ROOM(self->items, self->count, self->cap, first_cap);
    self->items[self->count++] = span;
}
