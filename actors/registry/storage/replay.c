#include "actors/registry/storage/replay.h"

#include "actors/registry/storage/head.h"
#include "actors/registry/storage/name.h"
#include "common/journal/reader.h"

struct replay {
    struct recovery *recovery;
    struct segment segment;
    struct frame_changes changes; /* owned; of the frame in hand */
    uint64_t count;
    bool foot;
    bool always;
    bool same_machine;
    bool copied;
};

/* Whether the frame in hand is what may follow here. */
static bool changes_valid(struct replay *self)
{
    const struct frame_changes *changes = &self->changes;
    uint64_t seq = self->segment.last_seq;

    if (changes->is_foot) {
        return changes->foot.seq == seq && changes->foot.count == self->count;
    }
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->items[i].change.seq != ++seq || seq > seq_max) {
            return false;
        }
    }
    return true;
}

static void changes_apply(struct replay *self, uint64_t at)
{
    struct recovery *recovery = self->recovery;
    struct recovered *out = recovery->out;
    const struct storage_options *options = recovery->options;

    for (size_t i = 0; i < self->changes.count; i++) {
        const struct frame_change *item = &self->changes.items[i];
        const struct change *change = &item->change;
        struct applied applied = {.ignored = true, .slot = REGISTRY_NONE, .app = REGISTRY_NONE};

        if (change->seq > out->seq && item->fault != NULL) {
            damage_unsound(&out->damage, at, item);
        } else if (change->seq > out->seq) {
            registry_apply_keyed(recovery->registry, change, item->key, &applied);
        }
        seq_raise(&out->seq, change->seq);
        if (item->fault != NULL) {
            continue;
        }
        out->highest_at = change->at > out->highest_at ? change->at : out->highest_at;
        if (options->loaded != NULL) {
            options->loaded(options->context, change, &applied);
        }
    }
    self->count += self->changes.count;
}

/* NULL: all of it is good, up to its end or a torn last write. */
static const char *replay_frames(struct replay *self, struct reader *reader, uint64_t *at)
{
    struct str body;
    enum record_state state;

    self->segment.bytes = reader->offset;
    while ((state = reader_next(reader, &body, at)) == RECORD_OK) {
        if (self->foot) {
            return "something behind the end";
        }
        if (!frame_read(&self->changes, body, self->recovery->registry) || !changes_valid(self)) {
            return "a record that does not follow";
        }
        self->foot = self->changes.is_foot;
        if (!self->foot) {
            changes_apply(self, *at);
            segment_extend(&self->segment, self->segment.last_seq + 1,
                           self->segment.last_seq + self->changes.count, reader->offset - *at);
        }
    }
    if (state == RECORD_DAMAGED) {
        return "a bad checksum";
    }
    if (state == RECORD_TORN) {
        log_event(self->recovery->volume->log, LOG_INFO, "storage_torn",
                  "the last write was cut short; it was not answered yet", log_uint("offset", *at),
                  log_uint("segment_after_seq", self->segment.prev_seq));
    }
    return NULL;
}

/* The segment begins after seq: what is missing before it is lost. */
static void close_gap(struct recovery *self, uint64_t seq)
{
    struct recovered *out = self->out;

    if (seq != out->seq && !self->broken) {
        damage_found(&out->damage, 0,
                     seq > out->seq ? "the changes before this file are missing"
                                    : "it overlaps the file before it");
    }
    if (seq > out->seq) {
        lost_add(&out->damage.lost, out->seq + 1, seq);
        out->seq = seq;
    }
    self->broken = false;
}

/* *wrong: as of replay_frames. Errors: ERR_IO: it can't be read. */
static enum err replay_segment(struct replay *self, struct name name, bool checked, uint64_t *at,
                               const char **wrong)
{
    struct recovery *recovery = self->recovery;
    struct recovered *out = recovery->out;
    struct str machine_boot = recovery->options->machine_boot;
    struct reader reader;
    struct msg_head head;
    enum err err;

    *at = 0;
    if (reader_init(&reader, recovery->volume, name.text, 0, UINT64_MAX) != ERR_OK) {
        return ERR_IO;
    }
    err = head_read(&reader, &head);
    if (err != ERR_OK || head.seq + 1 != name_seq(name)) {
        reader_fini(&reader);
        *wrong = "no valid head";
        return err == ERR_IO ? ERR_IO : ERR_OK;
    }
    if (checked) {
        close_gap(recovery, head.seq);
    }
    self->always = head.always;
    self->same_machine = machine_boot.len > 0 && str_eq(head.machine_boot, machine_boot);
    self->copied = head.place != 0 &&
                   head.place != reader.volume->disk->place(reader.volume->disk, reader.file);
    self->segment = (struct segment){
        .name = name, .epoch = head.epoch, .prev_seq = head.seq, .last_seq = head.seq};
    out->epoch = head.epoch;
    out->highest_at = head.highest_at > out->highest_at ? head.highest_at : out->highest_at;
    *wrong = replay_frames(self, &reader, at);
    reader_fini(&reader);
    return reader.unreadable ? ERR_IO : ERR_OK;
}

static void keep_segment(struct segments *kept, struct segment *segment)
{
    const struct segment *before =
        kept->count > kept->history_from ? &kept->items[kept->count - 1] : NULL;

    if (before != NULL &&
        (before->epoch != segment->epoch || before->last_seq != segment->prev_seq)) {
        kept->history_from = kept->count;
    }
    segments_add(kept, segment);
}

/* Whether the snapshot holds all that the i'th segment says. */
static bool is_covered(const struct recovery *self, size_t i)
{
    return self->based && i + 1 < self->segments.count &&
           name_seq(self->segments.items[i + 1]) <= self->out->snapshot_seq + 1;
}

/* Whether a covered segment is no longer of use for its write ids either: then it is not read,
 * which also ends the history that begins with it. */
static bool is_past(const struct recovery *self, size_t i)
{
    struct reader reader;
    struct msg_head next;
    bool past;

    if (reader_init(&reader, self->volume, self->segments.items[i + 1].text, 0, UINT64_MAX) !=
        ERR_OK) {
        return false; /* it will be refused in its turn */
    }
    past = head_read(&reader, &next) == ERR_OK && next.highest_at < self->options->writes_from;
    reader_fini(&reader);
    return past;
}

static enum err pass_over(struct recovery *self, size_t i)
{
    struct segments *kept = &self->out->segments;
    struct name name = self->segments.items[i];
    struct segment segment = {.name = name,
                              .prev_seq = name_seq(name) - 1,
                              .last_seq = name_seq(self->segments.items[i + 1]) - 1};
    struct reader reader;

    if (reader_init(&reader, self->volume, name.text, 0, UINT64_MAX) != ERR_OK) {
        return ERR_IO;
    }
    segment.bytes = reader.size;
    reader_fini(&reader);
    segments_add(kept, &segment);
    kept->history_from = kept->count;
    return ERR_OK;
}

/* What the i'th segment means for what was published. */
static void judge_segment(struct recovery *self, size_t i, const struct replay *replay)
{
    struct recovered *out = self->out;

    out->closed = replay->foot;
    if (self->broken || i + 1 < self->segments.count) {
        return;
    }
    if (!replay->foot && !replay->always && !replay->same_machine) {
        out->new_epoch = "the machine went down with changes that were not synced";
    }
    if (replay->copied) {
        out->new_epoch = "the directory is a copy, and its original may have published more";
    }
}

/* A segment that the snapshot covers is read for its write ids and as history only: nothing that
 * is wrong with it is missing. Errors: ERR_IO: it can't be read. */
static enum err load_segment(struct recovery *self, size_t i)
{
    struct recovered *out = self->out;
    struct name name = self->segments.items[i];
    bool covered = is_covered(self, i);
    struct replay replay = {.recovery = self};
    const char *wrong = NULL;
    uint64_t at;
    enum err err;

    if (covered && is_past(self, i)) {
        return pass_over(self, i);
    }
    damage_take(&out->damage, name);
    err = replay_segment(&replay, name, !covered, &at, &wrong);
    frame_changes_fini(&replay.changes);
    if (err != ERR_OK) {
        segment_fini(&replay.segment);
        return err;
    }
    seq_raise(&out->above, name_seq(name) - 1);
    seq_raise(&out->above, out->seq);
    self->broken = wrong != NULL && !covered;
    if (self->broken) {
        damage_found(&out->damage, at, wrong);
        self->behind = behind_look(self->volume, name, at, self->registry);
        damage_add_file(&out->damage);
    } else if (wrong != NULL) {
        damage_harmless(&out->damage, at, wrong);
    }
    judge_segment(self, i, &replay);
    if (self->broken || out->damage.unsound > 0) {
        segment_fini(&replay.segment);
    } else if (replay.segment.epoch == 0) {
        return pass_over(self, i); /* no head: only the name says what it is, and what is to go */
    } else {
        keep_segment(&out->segments, &replay.segment);
    }
    return ERR_OK;
}

enum err replay_segments(struct recovery *self)
{
    for (size_t i = 0; i < self->segments.count; i++) {
        if (load_segment(self, i) != ERR_OK) {
            return volume_refused(self->volume, self->segments.items[i].text);
        }
    }
    return ERR_OK;
}
