/* The first steps of a storage's life and its last: what recovery has found is gone on behind, or
 * everything is written anew. */
#include <stdlib.h>
#include <string.h>

#include "actors/registry/storage/checkpoint.h"
#include "actors/registry/storage/failure.h"
#include "actors/registry/storage/head.h"
#include "actors/registry/storage/recovery.h"
#include "common/base/heap.h"

static const int64_t patience_ms = 10000; /* of a start, with what the moment keeps it from */
static const uint64_t snapshot_bytes_default = UINT64_C(64) << 20;
static const uint64_t allocate_bytes_default = UINT64_C(1) << 20;
static const int64_t keep_ms_default = 60000;

static struct storage *storage_new(const struct storage_options *options)
{
    struct storage *self = heap_new(sizeof(*self));
    struct storage_options *mine;

    self->options = *options;
    mine = &self->options;
    mine->snapshot_bytes =
        mine->snapshot_bytes != 0 ? mine->snapshot_bytes : snapshot_bytes_default;
    mine->allocate_bytes =
        mine->allocate_bytes != 0 ? mine->allocate_bytes : allocate_bytes_default;
    mine->keep_ms = mine->keep_ms != 0 ? mine->keep_ms : keep_ms_default;
    mine->machine_boot.data = heap_text(options->machine_boot);
    self->volume = (struct volume){.disk = options->disk,
                                   .clock = options->clock,
                                   .log = options->log,
                                   .dir = heap_text(str_from(options->dir))};
    mine->dir = self->volume.dir;
    prng_init(&self->prng, options->seed);
    self->lock = -1;
    self->journal.file = -1;
    self->snapshot.file = -1;
    retention_init(&self->retention, &self->volume, &self->segments, mine->keep_ms,
                   mine->snapshot_bytes);
    return self;
}

/* Goes on behind what was found: in a new segment, whose HEAD says who writes now. Errors: ERR_IO;
 * ERR_UNUSABLE, said: the last segment can't be opened. */
static enum err go_on(struct storage *self, const struct registry *registry, bool closed)
{
    struct msg_head head = checkpoint_head(self, registry);
    enum err err = ERR_OK;

    segments_drop_empty(&self->segments, self->seq); /* the new one takes its name */
    if (self->segments.count > 0 && !closed) {
        err = segment_trim(&self->segments.items[self->segments.count - 1], &self->volume);
    }
    if (err == ERR_OK) {
        err = head_begin(&self->journal, &self->volume, &head, self->options.allocate_bytes);
    }
    if (err == ERR_OK) {
        err = journal_publish(&self->journal);
    }
    return err == ERR_OK ? volume_sync_dir(&self->volume) : err;
}

/* Whether what kept a start from writing is no matter of the disk: it would only go on in memory
 * where a person has to see to it. */
static bool is_refused(const struct storage *self)
{
    return self->state == STORAGE_FAILED && disk_trouble_of(self->trouble) != DISK_LASTING;
}

/* Errors: ERR_UNUSABLE, said. */
static enum err begin(struct storage *self, struct recovered *found,
                      const struct registry *registry, int64_t now_ms)
{
    bool anew = found->damage.count > 0 || found->marked_failed;
    enum err err;

    for (size_t i = 0; i < found->unfinished.count; i++) {
        (void)volume_remove(&self->volume, found->unfinished.items[i].text);
    }
    self->segments = found->segments;
    if (found->new_epoch != NULL) {
        self->segments.history_from = self->segments.count;
    }
    for (size_t i = 0; i < self->segments.count; i++) {
        if (self->segments.items[i].epoch == 0) {
            self->segments.items[i].free_ms = now_ms; /* was not even read */
        }
    }
    self->retention.snapshots = found->old_snapshots;
    self->snapshot_seq = found->snapshot_seq;
    self->snapshot_bytes = found->snapshot_bytes;
    self->highest_at = found->highest_at;
    self->epoch = found->epoch;
    self->seq = anew ? found->above + 1 : found->seq;
    self->appended = self->seq;
    self->kept = self->seq;
    self->damage = found->damage;
    self->synced_ms = now_ms;
    retention_covered(&self->retention, self->snapshot_seq, now_ms);
    found->segments = (struct segments){0};
    found->old_snapshots = (struct names){0};
    found->damage = (struct damage){0};
    if (found->new_epoch != NULL) {
        failure_new_epoch(self);
    }
    if (self->damage.count > 0) {
        damage_say(&self->damage);
    }
    damage_keep_lost(
        &self->damage); /* before anything is set aside: a start that is cut short finds it again */
    if (anew) {
        /* At once, under a seq of its own, so that no file that is there is written over. */
        self->state = STORAGE_FAILED;
        (void)storage_last_try(self, registry, now_ms);
    } else {
        err = go_on(self, registry, found->closed);
        if (err == ERR_UNUSABLE) {
            return err;
        }
        if (err != ERR_OK) {
            failure_begin(self, now_ms, true);
        }
    }
    if (is_refused(self)) {
        return volume_refused(&self->volume, NULL);
    }
    log_event(self->volume.log, LOG_INFO, "storage_open",
              found->new_epoch != NULL ? "a new epoch" : NULL, LOG_HEX("epoch", self->epoch),
              log_uint("seq", self->seq), log_text("reason", found->new_epoch));
    return ERR_OK;
}

static void storage_free(struct storage **self)
{
    struct storage *gone = *self;

    retention_fini(&gone->retention);
    segments_fini(&gone->segments);
    segment_fini(&gone->journal.segment);
    damage_fini(&gone->damage);
    buf_fini(&gone->turn);
    volume_close(&gone->volume, &gone->lock);
    free((char *)gone->options.machine_boot.data);
    free(gone->volume.dir);
    free(gone);
    *self = NULL;
}

enum err storage_open(const struct storage_options *options, struct registry *registry,
                      int64_t now_ms, struct storage **self, struct storage_restored *restored)
{
    struct storage *made = storage_new(options);
    struct recovered found;
    enum err err;

    made->volume.patience_ms = patience_ms;
    err = volume_take(&made->volume, &made->lock);
    if (err == ERR_OK) {
        err = recovery_run(&made->volume, &made->options, registry, &found);
    }
    if (err != ERR_OK) {
        storage_free(&made);
        return err;
    }
    *restored = (struct storage_restored){.restored = found.epoch != 0 || found.damage.count > 0,
                                          .highest_at = found.highest_at,
                                          .damage_count = found.damage.count};
    err = begin(made, &found, registry, now_ms);
    recovered_fini(&found);
    made->volume.patience_ms = 0;
    if (err != ERR_OK) {
        storage_free(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void storage_close(struct storage **self)
{
    struct storage *gone = *self;

    if (gone == NULL) {
        return;
    }
    snapshot_drop(&gone->snapshot);
    if (gone->state == STORAGE_OK && gone->appended == gone->seq &&
        foot_finish(&gone->journal) != ERR_OK) {
        log_event(gone->volume.log, LOG_ERROR, "storage_close",
                  "the last changes may not be on disk", log_text("reason", gone->volume.reason));
    }
    journal_drop(&gone->journal);
    storage_free(self);
}
