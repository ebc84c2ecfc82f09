#include "actors/registry/storage/checkpoint.h"

#include <assert.h>

#include "actors/registry/storage/failure.h"
#include "actors/registry/storage/head.h"
#include "actors/registry/storage/name.h"

static const uint32_t uncovered_segments_max = 64; /* a registry restarted in a loop leaves many */

struct msg_head checkpoint_head(struct storage *self, const struct registry *registry)
{
    int64_t at = registry_highest_at(registry);

    self->highest_at = at > self->highest_at ? at : self->highest_at;
    return (struct msg_head){.format = head_format,
                             .epoch = self->epoch,
                             .seq = self->seq,
                             .machine_boot = self->options.machine_boot,
                             .highest_at = self->highest_at,
                             .always = self->options.sync == STORAGE_SYNC_ALWAYS};
}

bool checkpoint_runs(const struct storage *self)
{
    return self->snapshot.file >= 0;
}

/* Whether what the last snapshot does not cover has grown long. */
static bool is_wanted(const struct storage *self)
{
    uint64_t bytes = storage_written(self);
    uint32_t count = 1;
    uint64_t limit = self->options.snapshot_bytes;

    for (size_t i = 0; i < self->segments.count; i++) {
        if (self->segments.items[i].prev_seq >= self->snapshot_seq) {
            bytes += self->segments.items[i].bytes;
            count++;
        }
    }
    limit = self->snapshot_bytes > limit ? self->snapshot_bytes : limit;
    return bytes > limit || count > uncovered_segments_max;
}

bool checkpoint_due(const struct storage *self, int64_t now_ms)
{
    return now_ms >= self->checkpoint_due_ms &&
           (self->state == STORAGE_FAILED || (self->state == STORAGE_OK && is_wanted(self)));
}

/* seen: as of failure_begin. */
static void give_up(struct storage *self, int64_t now_ms, bool seen)
{
    if (self->state == STORAGE_HEALING) {
        failure_begin(self, now_ms, seen);
        return;
    }
    log_event(self->volume.log, LOG_WARN, "snapshot_failed", "the journal goes on",
              log_text("reason", self->volume.reason), log_int("retry_ms", failure_retry_ms));
    snapshot_drop(&self->snapshot);
    self->checkpoint_due_ms = now_ms + failure_retry_ms;
}

/* The present segment ends in order and one with nothing in it takes its place. */
static void rotate(struct storage *self, const struct msg_head *head, int64_t now_ms)
{
    struct journal next;
    enum err err = head_begin(&next, &self->volume, head, self->options.allocate_bytes);

    if (err != ERR_OK) {
        journal_drop(&next);
        give_up(self, now_ms, false);
        return;
    }
    err = foot_finish(&self->journal);
    segments_add(&self->segments, &self->journal.segment);
    self->journal = next;
    if (err == ERR_OK) {
        err = journal_publish(&self->journal);
    }
    if (err == ERR_OK) {
        err = volume_sync_dir(&self->volume);
    }
    if (err != ERR_OK) {
        failure_begin(self, now_ms, true);
    }
}

void checkpoint_begin(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    struct msg_head head = checkpoint_head(self, registry);
    enum err err = ERR_OK;

    assert(!checkpoint_runs(self) && self->turn.len == 0);
    if (self->state == STORAGE_FAILED) {
        self->state = STORAGE_HEALING;
        err = head_begin(&self->journal, &self->volume, &head, self->options.allocate_bytes);
    }
    if (err == ERR_OK) {
        err = snapshot_begin(&self->snapshot, &self->volume, &head);
    }
    if (err != ERR_OK) {
        give_up(self, now_ms, false);
    } else if (self->journal.segment.last_seq > self->journal.segment.prev_seq) {
        rotate(self, &head, now_ms);
    }
}

static void healed(struct storage *self)
{
    self->state = STORAGE_OK;
    self->kept = self->seq;
    damage_keep_lost(&self->damage);
    damage_set_aside(&self->damage);
    (void)volume_remove(&self->volume, "failed"); /* mostly not there */
    (void)volume_sync_dir(&self->volume);
    segments_drop_empty(&self->segments, self->snapshot_seq);
    self->segments.history_from = self->segments.count;
    if (self->failure_count > 0) {
        log_event(self->volume.log, LOG_INFO, "storage_ok", "changes are kept on disk again",
                  log_uint("from_seq", self->snapshot_seq));
    }
}

/* The snapshot takes its name once the segment behind it is synced up to its FOOT's seq. */
static void end(struct storage *self, int64_t now_ms)
{
    bool healing = self->state == STORAGE_HEALING;
    bool seen = false;
    enum err err = journal_sync(&self->journal);

    if (err != ERR_OK) {
        failure_begin(self, now_ms, false);
        return;
    }
    err = snapshot_finish(&self->snapshot, self->seq);
    if (err == ERR_OK && healing) {
        seen = true;
        err = journal_publish(&self->journal);
    }
    if (err == ERR_OK) {
        err = snapshot_publish(&self->snapshot);
    }
    if (err == ERR_OK) {
        err = volume_sync_dir(&self->volume);
    }
    if (err != ERR_OK) {
        give_up(self, now_ms, seen);
        return;
    }
    if (self->snapshot_seq != 0 && self->snapshot_seq != self->snapshot.seq) {
        names_add(&self->retention.snapshots, name_make(NAME_SNAPSHOT, self->snapshot_seq));
    }
    self->snapshot_seq = self->snapshot.seq;
    self->snapshot_bytes = self->snapshot.bytes;
    retention_covered(&self->retention, self->snapshot_seq, now_ms);
    snapshot_drop(&self->snapshot);
    if (healing) {
        healed(self);
    }
}

void checkpoint_step(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    bool done = false;

    assert(checkpoint_runs(self) && self->turn.len == 0);
    if (snapshot_slice(&self->snapshot, registry, self->options.age, self->options.context,
                       &done) != ERR_OK) {
        give_up(self, now_ms, false);
    } else if (done) {
        end(self, now_ms);
    }
}
