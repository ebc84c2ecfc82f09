#include "actors/store/compactor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

static const int64_t hour_ms = 3600000;
static const int64_t revision_every_ms = 300000;
enum { notes_each = 10 };

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How often the revision is noted. */
static int64_t step_ms(const struct compactor *self)
{
    return self->mode == COMPACTION_PERIODIC ? at_most(self->retention, hour_ms) / notes_each
                                             : revision_every_ms;
}

static void note(struct compactor *self, int64_t revision)
{
    assert(self->noted_max > 0);
    if (self->noted_count == self->noted_max) {
        self->noted_count--;
        memmove(self->noted, self->noted + 1, self->noted_count * sizeof(self->noted[0]));
    }
    self->noted[self->noted_count++] = revision;
}

void compactor_init(struct compactor *self, enum compaction_mode mode, int64_t retention,
                    int64_t awake_ms)
{
    *self = (struct compactor){
        .mode = mode, .retention = retention, .done_ms = awake_ms, .wait_ms = retention};
    if (mode == COMPACTION_OFF) {
        return;
    }
    assert(retention > 0 && step_ms(self) > 0);
    if (mode == COMPACTION_PERIODIC) {
        self->noted_max = (size_t)(retention / step_ms(self)) + 1;
        self->noted = heap_array(self->noted_max, sizeof(self->noted[0]));
    }
    self->next_ms = awake_ms + step_ms(self);
}

void compactor_fini(struct compactor *self)
{
    free(self->noted);
    *self = (struct compactor){0};
}

/* The oldest note is older than the retention, by one note at most, once that has passed. */
static int64_t periodic(struct compactor *self, int64_t awake_ms, bool leads)
{
    int64_t revision = self->noted[0];

    return leads && awake_ms - self->done_ms >= self->wait_ms && revision != self->done ? revision
                                                                                        : 0;
}

int64_t compactor_tick(struct compactor *self, int64_t awake_ms, int64_t revision, bool leads)
{
    int64_t at;

    if (self->mode == COMPACTION_PERIODIC && self->noted_count == 0) {
        note(self, revision);
    }
    if (self->mode == COMPACTION_OFF || awake_ms < self->next_ms) {
        return 0;
    }
    self->next_ms += step_ms(self);
    if (self->mode == COMPACTION_REVISION) {
        at = revision - self->retention;
        return leads && at > 0 && at != self->done ? at : 0;
    }
    at = periodic(self, awake_ms, leads);
    note(self, revision);
    return at;
}

void compactor_done(struct compactor *self, int64_t revision, int64_t awake_ms)
{
    self->done = revision;
    self->done_ms = awake_ms;
    if (self->mode == COMPACTION_PERIODIC) {
        self->wait_ms = at_most(self->retention, hour_ms);
    }
}
