#include "actors/registry/storage/retention.h"

#include <assert.h>
#include <string.h>

#include "actors/registry/storage/name.h"

static const unsigned kept_share = 4; /* see keep_ms in storage.h */

void retention_init(struct retention *self, struct volume *volume, struct segments *segments,
                    int64_t keep_ms, uint64_t snapshot_bytes)
{
    *self = (struct retention){.volume = volume,
                               .segments = segments,
                               .keep_ms = keep_ms,
                               .many_bytes = kept_share * snapshot_bytes,
                               .remover = {.file = -1}};
}

void retention_fini(struct retention *self)
{
    remover_drop(&self->remover);
    names_fini(&self->snapshots);
}

void retention_covered(struct retention *self, uint64_t snapshot_seq, int64_t now_ms)
{
    self->snapshot_due_ms = now_ms + self->keep_ms;
    for (size_t i = 0; i < self->segments->count; i++) {
        struct segment *segment = &self->segments->items[i];

        if (segment->free_ms == INT64_MAX && segment->last_seq <= snapshot_seq &&
            segment->prev_seq < snapshot_seq) {
            segment->free_ms = now_ms + self->keep_ms;
        }
    }
}

void retention_hurry(struct retention *self, int64_t now_ms)
{
    for (size_t i = 0; i < self->segments->count; i++) {
        struct segment *segment = &self->segments->items[i];

        if (segment->free_ms != INT64_MAX) {
            segment->free_ms = now_ms;
        }
    }
    self->snapshot_due_ms = now_ms;
}

static uint64_t bytes(const struct segments *segments)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < segments->count; i++) {
        sum += segments->items[i].free_ms != INT64_MAX ? segments->items[i].bytes : 0;
    }
    return sum;
}

/* One is kept for a while, in case the last one turns out to be damaged. */
static bool snapshot_removable(const struct retention *self, int64_t now_ms)
{
    return self->snapshots.count > 1 ||
           (self->snapshots.count == 1 && now_ms >= self->snapshot_due_ms);
}

static bool segment_removable(const struct retention *self, int64_t now_ms)
{
    int64_t early_ms = self->keep_ms - self->keep_ms / kept_share;
    int64_t free_ms;

    if (self->segments->count == 0 || self->segments->items[0].free_ms == INT64_MAX) {
        return false;
    }
    free_ms = self->segments->items[0].free_ms;
    return now_ms >= free_ms ||
           (now_ms >= free_ms - early_ms && bytes(self->segments) > self->many_bytes);
}

bool retention_removable(const struct retention *self, int64_t now_ms)
{
    return remover_runs(&self->remover) || snapshot_removable(self, now_ms) ||
           segment_removable(self, now_ms);
}

static struct name take_oldest(struct names *names)
{
    size_t oldest = 0;
    struct name name;

    for (size_t i = 1; i < names->count; i++) {
        oldest = strcmp(names->items[i].text, names->items[oldest].text) < 0 ? i : oldest;
    }
    name = names->items[oldest];
    names->items[oldest] = names->items[--names->count];
    return name;
}

void retention_remove(struct retention *self, int64_t now_ms)
{
    struct name name;
    enum err err;

    assert(retention_removable(self, now_ms));
    if (remover_runs(&self->remover)) {
        err = remover_step(&self->remover);
    } else if (snapshot_removable(self, now_ms)) {
        name = take_oldest(&self->snapshots);
        err = remover_begin(&self->remover, self->volume, name, name_unfinished(name));
    } else {
        name = self->segments->items[0].name;
        segments_drop_first(self->segments);
        err = remover_begin(&self->remover, self->volume, name, name_unfinished(name));
    }
    if (err != ERR_OK) {
        log_event(self->volume->log, LOG_WARN, "storage_remove", "an old file stays",
                  log_text("reason", self->volume->reason));
    }
}
