#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/log/file_name.h"
#include "actors/store/log/rotation.h"
#include "common/base/heap.h"
#include "common/base/prng.h"
#include "common/journal/record.h"

static const uint64_t segment_bytes_default = UINT64_C(16) << 20;
static const int64_t patience_ms = 10000; /* of a start, with what the moment keeps it from */

static struct disk_log *disk_log_new(const struct disk_log_options *options)
{
    struct disk_log *self = heap_new(sizeof(*self));
    size_t dir_bytes = strlen(options->dir) + 1;
    char *dir = heap_get(dir_bytes);

    assert(options->member != 0);
    memcpy(dir, options->dir, dir_bytes);
    self->options = *options;
    self->options.segment_bytes =
        options->segment_bytes == 0 ? segment_bytes_default : options->segment_bytes;
    self->volume = (struct volume){.disk = options->disk,
                                   .clock = options->clock,
                                   .log = options->log,
                                   .dir = dir,
                                   .patience_ms = patience_ms};
    self->options.dir = dir;
    self->lock = -1;
    self->journal.file = -1;
    self->remover.file = -1;
    spares_init(&self->spares, &self->volume, self->options.segment_bytes);
    return self;
}

static void disk_log_free(struct disk_log **self)
{
    journal_drop(&(*self)->journal);
    segment_fini(&(*self)->journal.segment);
    remover_drop(&(*self)->remover);
    spares_fini(&(*self)->spares);
    volume_close(&(*self)->volume, &(*self)->lock);
    free((*self)->older.items);
    buf_fini(&(*self)->frame);
    free((*self)->volume.dir);
    free(*self);
    *self = NULL;
}

static uint64_t draw_id(uint64_t seed)
{
    struct prng prng;

    prng_init(&prng, seed);
    return prng_next(&prng) | log_id_bit;
}

static void remove_unfinished(struct disk_log *self, const struct log_recovered *found)
{
    for (size_t i = 0; i < found->unfinished.count; i++) {
        (void)volume_remove(&self->volume, found->unfinished.items[i].name.text);
    }
}

/* The rest of what was found, which nothing proves to be on disk: into the new segment. */
static enum err write_anew(struct disk_log *self, const struct log_recovered *found,
                           struct journal *journal)
{
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < found->frame_count; i++) {
        const struct log_unproven *from = &found->frames[i];
        size_t mark;

        self->frame.len = 0;
        mark = record_begin(&self->frame);
        buf_add_str(&self->frame, buf_str(&from->body));
        record_end(&self->frame, mark);
        err = journal_write(journal, journal->segment.bytes, buf_str(&self->frame));
        segment_extend(&journal->segment, from->after.seq, from->after.seq, self->frame.len);
        self->highest = from->highest > self->highest ? from->highest : self->highest;
    }
    return err == ERR_OK ? journal_sync(journal) : err;
}

/* A segment of that name is replaced: all that it holds is in the new one. */
static void forget_replaced(struct disk_log *self)
{
    struct log_segments *older = &self->older;

    if (older->count > 0 && older->items[older->count - 1].prev_seq == self->at.seq) {
        older->count--;
    }
}

/* Every start begins a segment: what is proven stays where it is, the rest goes into it. */
static enum err begin_segment(struct disk_log *self, struct log_recovered *found)
{
    enum err err;

    self->id =
        found->replay.log != 0 && !found->cut ? found->replay.log : draw_id(self->options.seed);
    self->at = found->proven;
    self->older = found->segments;
    found->segments = (struct log_segments){0};
    forget_replaced(self);
    remove_unfinished(self, found);
    while (spares_step(&self->spares, 0)) { /* there is room from the first write on */
    }
    err = log_rotation_begin(self, &self->journal);
    err = err == ERR_OK ? write_anew(self, found, &self->journal) : err;
    err = err == ERR_OK ? log_rotation_publish(self, &self->journal) : err;
    self->at = found->replay.at;
    self->mark = self->at.mark;
    self->hard = self->at.hard;
    self->synced = self->at.seq;
    self->durable = self->at.last;
    return err == ERR_OK ? ERR_OK : disk_log_failed(self);
}

static void tell_found(struct log_recovered *found, struct disk_log_found *out)
{
    struct replay *replay = &found->replay;

    *out = (struct disk_log_found){.fresh = replay->at.mark.index == 0,
                                   .cut = found->cut,
                                   .hard = replay->at.hard,
                                   .mark = replay->at.mark,
                                   .entries = replay->entries,
                                   .count = replay->count};
    replay->entries = NULL;
    replay->count = 0;
}

enum err disk_log_open(const struct disk_log_options *options, struct disk_log **self,
                       struct disk_log_found *found)
{
    struct disk_log *made = disk_log_new(options);
    struct log_identity identity = {options->cluster, options->member};
    struct log_recovered recovered = {0};
    enum err err = volume_take(&made->volume, &made->lock);

    if (err == ERR_OK) {
        err = log_recovery_run(&made->volume, &identity, options->cut_damage, &recovered);
    }
    if (err == ERR_OK) {
        made->volume.patience_ms = 0;
        err = begin_segment(made, &recovered);
    }
    if (err == ERR_OK) {
        tell_found(&recovered, found);
        *self = made;
    } else {
        disk_log_free(&made);
    }
    log_recovered_fini(&recovered);
    return err;
}

/* A last frame, of the hard state alone: it proves all before it. */
static void end(struct disk_log *self)
{
    struct disk_log_write last = {.hard = self->hard, .first = self->at.last + 1, .sync = true};

    if (self->at.mark.index > 0 && disk_log_sync(self) == ERR_OK) {
        (void)disk_log_write(self, &last);
    }
}

void disk_log_close(struct disk_log **self)
{
    if (*self == NULL) {
        return;
    }
    if (!(*self)->failed) {
        end(*self);
    }
    disk_log_free(self);
}
