#include "actors/store/log/disk_log.h"

#include <assert.h>

#include "actors/store/log/file_name.h"
#include "actors/store/log/rotation.h"

enum err disk_log_failed(struct disk_log *self)
{
    self->failed = true;
    log_event(self->volume.log, LOG_ERROR, "log_failed",
              "this member ends, and the next start judges what is there; free or repair "
              "the disk",
              log_text("reason", self->volume.reason), log_text("dir", self->volume.dir));
    return ERR_IO;
}

static enum err write_bytes(struct disk_log *self, uint64_t seq, struct str frame)
{
    uint64_t offset = self->journal.segment.bytes;

    self->used += frame.len;
    segment_extend(&self->journal.segment, seq, seq, frame.len);
    return journal_write(&self->journal, offset, frame);
}

static bool is_full(const struct disk_log *self, size_t more)
{
    const struct segment *segment = &self->journal.segment;

    return segment->last_seq > segment->prev_seq &&
           segment->bytes + more > self->options.segment_bytes;
}

/* What a log that ends there can say. */
static struct raft_hard clamped(struct raft_hard hard, uint64_t last)
{
    hard.commit = hard.commit < last ? hard.commit : last;
    return hard;
}

/* One frame of a write, with the entries that go into it. */
static enum err write_frame(struct disk_log *self, const struct disk_log_write *write, unsigned at,
                            unsigned count)
{
    uint64_t first = write->first + at;
    uint64_t last = first - 1 + count;
    bool marks = self->mark_waits && (write->snapshot == NULL || at == 0);
    struct log_frame frame = {.log = self->id,
                              .seq = self->at.seq + 1,
                              .synced = self->synced,
                              .hard = clamped(write->hard, last),
                              .first = first,
                              .mark = marks ? &self->mark : NULL,
                              .entries = count == 0 ? NULL : write->entries + at,
                              .count = count};
    enum err err = ERR_OK;

    self->frame.len = 0;
    log_frame_add(&self->frame, &frame);
    if (is_full(self, self->frame.len)) {
        err = log_rotate(self);
        frame.synced = self->synced;
        self->frame.len = 0;
        log_frame_add(&self->frame, &frame);
    }
    if (err != ERR_OK) {
        return err;
    }
    err = write_bytes(self, frame.seq, buf_str(&self->frame));
    self->at.seq = frame.seq;
    self->at.last = last;
    self->at.hard = frame.hard;
    self->highest = last > self->highest ? last : self->highest;
    if (marks) {
        self->at.mark = self->mark;
        self->mark_waits = false;
    }
    return err;
}

static void check(const struct disk_log *self, const struct disk_log_write *write)
{
    const struct raft_hard *hard = &self->hard;

    assert(!self->failed && write->first > hard->commit);
    assert(write->hard.term >= hard->term && write->hard.commit >= hard->commit);
    assert(write->hard.term > hard->term || write->hard.vote == hard->vote || hard->vote == 0);
    assert(write->snapshot == NULL || write->first == write->snapshot->index + 1);
    assert(write->snapshot != NULL || write->first <= self->at.last + 1);
    assert(write->count == 0 || write->entries[0].index == write->first);
    assert(write->hard.commit < write->first + write->count);
}

static void begin_anew(struct disk_log *self, const struct raft_snapshot *snapshot)
{
    assert(snapshot->index > self->mark.index);
    self->mark = *snapshot;
    self->mark_waits = true;
}

enum err disk_log_write(struct disk_log *self, const struct disk_log_write *write)
{
    bool only_commit = write->count == 0 && write->snapshot == NULL && !write->sync &&
                       write->first == self->at.last + 1;
    unsigned done = 0;
    enum err err = ERR_OK;

    check(self, write);
    self->hard = write->hard;
    if (only_commit) {
        return ERR_OK;
    }
    if (write->snapshot != NULL) {
        begin_anew(self, write->snapshot);
    }
    self->durable = self->durable < write->first ? self->durable : write->first - 1;
    do {
        unsigned count =
            write->count == 0 ? 0 : log_frame_fitting(write->entries + done, write->count - done);

        err = write_frame(self, write, done, count);
        done += count;
    } while (err == ERR_OK && done < write->count);
    if (err == ERR_OK && write->sync) {
        err = disk_log_sync(self);
    }
    return err == ERR_OK ? ERR_OK : disk_log_failed(self);
}

void disk_log_cover(struct disk_log *self, const struct raft_snapshot *mark)
{
    assert(mark->index <= self->durable && mark->index <= self->hard.commit);
    if (mark->index > self->mark.index) {
        self->mark = *mark;
        self->mark_waits = true;
    }
}

/* ── between writes ─────────────────────────────────────────────────────────*/

static void remove_oldest(struct disk_log *self)
{
    struct name name = self->older.items[0].name;
    struct name to = log_file_name(LOG_FILE_UNFINISHED, self->older.items[0].prev_seq + 1);

    (void)remover_begin(&self->remover, &self->volume, name, to); /* else the next start does it */
    log_segments_drop_first(&self->older);
}

/* At least as much as was used: while the disk has room, so has the log, however it is written. */
static bool make_room(struct disk_log *self, int64_t now_ms)
{
    uint64_t made = 0;
    bool more = true;

    do {
        more = spares_step(&self->spares, now_ms);
        made += spares_piece_bytes;
    } while (more && made < self->used);
    self->used = 0;
    return more;
}

bool disk_log_step(struct disk_log *self, int64_t now_ms)
{
    bool more = false;

    if (self->failed) {
        return false;
    }
    if (remover_runs(&self->remover)) {
        (void)remover_step(&self->remover);
        more = true;
    } else if (self->older.count > 0 && self->older.items[0].last_seq <= self->from) {
        remove_oldest(self);
        more = true;
    }
    return make_room(self, now_ms) || more;
}

uint64_t disk_log_durable(const struct disk_log *self)
{
    return self->durable;
}

uint64_t disk_log_room(const struct disk_log *self)
{
    uint64_t used = self->journal.segment.bytes;
    uint64_t there = self->journal.allocated;

    return spares_room(&self->spares) + (there > used ? there - used : 0);
}

bool disk_log_is_short(const struct disk_log *self)
{
    return disk_log_room(self) < self->options.segment_bytes;
}

void disk_log_stats(const struct disk_log *self, struct disk_log_stats *out)
{
    *out = (struct disk_log_stats){.bytes = self->journal.segment.bytes,
                                   .segment_count = (uint32_t)self->older.count + 1,
                                   .room_bytes = disk_log_room(self),
                                   .frame_count = self->at.seq,
                                   .sync_count = self->volume.sync_count,
                                   .sync_ns_max = self->volume.sync_ns_max,
                                   .sync_ns_total = self->volume.sync_ns_total,
                                   .syncs = self->volume.syncs};
    for (size_t i = 0; i < self->older.count; i++) {
        out->bytes += self->older.items[i].bytes;
    }
}
