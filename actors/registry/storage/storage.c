#include "actors/registry/storage/storage.h"

#include <assert.h>
#include <errno.h>

#include "actors/registry/storage/checkpoint.h"
#include "actors/registry/storage/failure.h"
#include "actors/registry/storage/history.h"
#include "actors/registry/storage/name.h"
#include "common/journal/record.h"

static const int64_t sync_every_ms = 1000;

enum err storage_sync_from(struct str name, enum storage_sync *sync)
{
#define STORAGE_SYNC_NAME(NAME, text)                                                              \
    if (str_eq(name, STR(text))) {                                                                 \
        *sync = STORAGE_SYNC_##NAME;                                                               \
        return ERR_OK;                                                                             \
    }
    STORAGE_SYNC_TABLE(STORAGE_SYNC_NAME)
#undef STORAGE_SYNC_NAME
    return ERR_INVALID;
}

/* ── the turn ───────────────────────────────────────────────────────────────*/

static void add_frame(struct storage *self, struct str body, uint64_t last_seq)
{
    size_t mark = record_begin(&self->turn);

    buf_add_str(&self->turn, body);
    record_end(&self->turn, mark);
    segment_extend(&self->journal.segment, self->appended + 1, last_seq, self->turn.len - mark);
    self->appended = last_seq;
}

/* As much of the body as goes into one frame, whole messages; taken off it. Empty: not even one. */
static struct str take_piece(struct str *body, uint64_t *last_seq)
{
    struct str rest = *body;
    struct str piece = {body->data, 0};
    struct msg msg;

    while (msg_decode(&rest, &msg) == ERR_OK && (size_t)(rest.data - body->data) <= frame_max) {
        piece.len = (size_t)(rest.data - body->data);
        ++*last_seq;
    }
    *body = (struct str){body->data + piece.len, body->len - piece.len};
    return piece;
}

enum err storage_append(struct storage *self, struct str body, uint64_t first_seq,
                        uint64_t last_seq)
{
    uint64_t seq = self->appended;

    assert(first_seq == self->appended + 1 && last_seq >= first_seq && body.len > 0);
    for (struct str rest = body; body.len > frame_max && rest.len > 0;) {
        if (take_piece(&rest, &seq).len == 0) {
            return ERR_TOO_LARGE;
        }
    }
    if (self->state == STORAGE_FAILED) {
        self->appended = last_seq;
        return ERR_OK;
    }
    while (body.len > frame_max) {
        struct str piece;

        seq = self->appended;
        piece = take_piece(&body, &seq);
        add_frame(self, piece, seq);
    }
    add_frame(self, body, last_seq);
    return ERR_OK;
}

static enum err write_turn(struct storage *self)
{
    enum err err;

    if (self->appended > seq_max) { /* no start would find what is numbered above it */
        return volume_failed(&self->volume, "number changes in", self->journal.name.text,
                             -EOVERFLOW);
    }
    err = journal_write(&self->journal, storage_written(self), buf_str(&self->turn));
    self->turn.len = 0;
    if (err == ERR_OK && self->options.sync == STORAGE_SYNC_ALWAYS) {
        err = journal_sync(&self->journal);
    }
    return err;
}

enum err storage_commit(struct storage *self, int64_t now_ms)
{
    enum err err = self->turn.len > 0 ? write_turn(self) : ERR_OK;

    self->seq = self->appended;
    if (err == ERR_OK && self->state == STORAGE_OK && self->options.sync != STORAGE_SYNC_SECOND) {
        self->kept = self->seq;
    }
    if (err != ERR_OK) {
        failure_begin(self, now_ms, false);
    }
    return self->state == STORAGE_OK ? ERR_OK : ERR_IO;
}

static void sync_each_second(struct storage *self, int64_t now_ms)
{
    if (self->options.sync != STORAGE_SYNC_SECOND || self->state != STORAGE_OK ||
        now_ms - self->synced_ms < sync_every_ms) {
        return;
    }
    self->synced_ms = now_ms;
    if (journal_sync(&self->journal) != ERR_OK) {
        failure_begin(self, now_ms, true);
    } else {
        self->kept = self->seq;
    }
}

bool storage_step(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    if (self->appended != self->seq) {
        return true; /* only between turns is the registry what the journal says */
    }
    sync_each_second(self, now_ms);
    if (checkpoint_runs(self)) {
        checkpoint_step(self, registry, now_ms);
    } else if (checkpoint_due(self, now_ms)) {
        checkpoint_begin(self, registry, now_ms);
    } else if (retention_removable(&self->retention, now_ms)) {
        retention_remove(&self->retention, now_ms);
    } else {
        return false;
    }
    return checkpoint_runs(self) || retention_removable(&self->retention, now_ms);
}

bool storage_last_try(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    if (self->state == STORAGE_FAILED) {
        checkpoint_begin(self, registry, now_ms);
    }
    while (self->state == STORAGE_HEALING) {
        checkpoint_step(self, registry, now_ms);
    }
    return self->state == STORAGE_OK;
}

void storage_forget_lost(struct storage *self)
{
    damage_forget(&self->damage);
}

struct storage_position storage_position(const struct storage *self)
{
    return (struct storage_position){.epoch = self->epoch, .seq = self->seq};
}

/* ── history ────────────────────────────────────────────────────────────────*/

enum err storage_history(struct storage *self, uint64_t after_seq, size_t max_bytes,
                         struct buf *records, uint32_t *count, uint64_t *last_seq)
{
    const struct segment *segment;
    enum err err;

    if (self->state != STORAGE_OK || after_seq > self->seq) {
        return ERR_STALE;
    }
    if (after_seq == self->seq) {
        *count = 0;
        *last_seq = after_seq;
        return ERR_OK;
    }
    segment = after_seq >= self->journal.segment.prev_seq
                  ? &self->journal.segment
                  : segments_find(&self->segments, after_seq + 1);
    if (segment == NULL) {
        return ERR_STALE;
    }
    err = history_read(&self->volume, segment,
                       segment == &self->journal.segment ? storage_written(self) : segment->bytes,
                       after_seq, max_bytes, records, count, last_seq);
    if (err != ERR_OK) {
        log_event(self->volume.log, LOG_WARN, "history_unreadable",
                  "followers take a snapshot instead", log_text("reason", self->volume.reason));
        return ERR_STALE;
    }
    return ERR_OK;
}

/* ── sums ───────────────────────────────────────────────────────────────────*/

void storage_stats(const struct storage *self, struct storage_stats *out)
{
    const struct segments *held = &self->segments;

    *out = (struct storage_stats){
        .ok = self->state == STORAGE_OK,
        .reason = self->state == STORAGE_OK ? "" : self->reason,
        .journal_bytes = storage_written(self),
        .segment_count = (uint32_t)held->count + (self->state == STORAGE_OK ? 1 : 0),
        .history_seq = self->seq,
        .snapshot_seq = self->snapshot_seq,
        .snapshot_bytes = self->snapshot_bytes,
        .snapshot_running = checkpoint_runs(self),
        .sync_count = self->volume.sync_count,
        .syncs = self->volume.syncs,
        .sync_ns_max = self->volume.sync_ns_max,
        .sync_ns_total = self->volume.sync_ns_total,
        .failure_count = self->failure_count,
        .memory_changes = self->state == STORAGE_OK ? 0 : self->seq - self->kept,
        .damage_count = self->damage.count,
        .lost = self->damage.lost,
    };
    for (size_t i = 0; i < held->count; i++) {
        out->journal_bytes += held->items[i].bytes;
    }
    if (self->state == STORAGE_OK) {
        out->history_seq = held->history_from < held->count
                               ? held->items[held->history_from].prev_seq
                               : self->journal.segment.prev_seq;
    }
}

void storage_stats_reset_max(struct storage *self)
{
    self->volume.sync_ns_max = 0;
}
