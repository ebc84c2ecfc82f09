#include "actors/registry/storage/failure.h"

#include <string.h>

void failure_new_epoch(struct storage *self)
{
    do {
        self->epoch = prng_next(&self->prng);
    } while (self->epoch == 0);
}

/* So that a start which finds the disk as it was before the failure does not go on as if nothing
 * had been published since. The disk may refuse this too: then what is missing shows as a gap. */
static void mark_failed(struct storage *self)
{
    int file = -1;

    if (volume_open(&self->volume, "failed", DISK_CREATE, &file) == ERR_OK) {
        volume_close(&self->volume, &file);
        (void)volume_sync_dir(&self->volume);
    }
}

void failure_begin(struct storage *self, int64_t now_ms, bool seen)
{
    bool was_ok = self->state == STORAGE_OK;

    memcpy(self->reason, self->volume.reason, sizeof(self->reason));
    self->trouble = self->volume.trouble;
    if (was_ok || seen) {
        failure_new_epoch(self);
        mark_failed(self);
    }
    if (was_ok && self->journal.published) {
        /* Kept for what it is: a file that can be removed once a snapshot covers it. */
        segments_add(&self->segments, &self->journal.segment);
    }
    journal_drop(&self->journal);
    segment_fini(&self->journal.segment);
    snapshot_drop(&self->snapshot);
    self->turn.len = 0;
    self->segments.history_from = self->segments.count;
    self->state = STORAGE_FAILED;
    self->checkpoint_due_ms = now_ms + failure_retry_ms;
    retention_hurry(&self->retention, now_ms); /* it may be room that is wanting */
    self->failure_count++;
    log_event(self->volume.log, was_ok ? LOG_ERROR : LOG_WARN, "storage_failed",
              "changes are kept in memory only: free or repair the disk",
              log_text("reason", self->reason), log_text("dir", self->options.dir),
              log_int("retry_ms", failure_retry_ms));
}
