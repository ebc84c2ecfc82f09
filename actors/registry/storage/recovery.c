#include "actors/registry/storage/recovery.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actors/registry/storage/frame.h"
#include "actors/registry/storage/head.h"
#include "actors/registry/storage/name.h"
#include "actors/registry/storage/snapshot.h"
#include "common/journal/reader.h"

struct recovery {
    struct volume *volume;
    struct str machine_boot;
    int64_t writes_from;
    struct registry *registry;
    storage_loaded_fn *each;
    void *context;
    struct recovered *out;
    struct names segments;  /* names, oldest first: 16 digits sort as numbers do */
    struct names snapshots; /* the same */
    bool based;             /* a whole snapshot is loaded */
    bool base_unsound;      /* and will be set aside all the same */
    uint64_t foot_seq;      /* which the segments must reach */
    bool broken;            /* the last segment was damaged: a gap after it is no news */
    uint64_t broken_to;     /* the greatest seq found behind that damage; 0: none was */
    bool broken_whole;      /* and all that follows it could be read */
    struct lost lost;
    struct name unsound_in; /* the last file that a record was passed over in */
    uint32_t unsound;       /* how many in it */
};

enum {
    unsound_said_max = 10,               /* of one file, on the log */
    behind_bytes_max = 64 * 1024 * 1024, /* of a damaged segment, looked at for what is lost */
};

static void on_file(void *context, const char *text)
{
    struct recovery *self = context;
    uint64_t seq;
    struct name name;
    enum name_kind kind;

    if (text == NULL) { /* what was listed so far does not count */
        names_fini(&self->segments);
        names_fini(&self->snapshots);
        names_fini(&self->out->unfinished);
        return;
    }
    kind = name_parse(text, &seq);
    if (strcmp(text, "failed") == 0) {
        self->out->marked_failed = true;
    }
    if (kind == NAME_OTHER) {
        return;
    }
    name = name_make(kind, seq);
    if (kind == NAME_SEGMENT) {
        names_add(&self->segments, name);
    } else if (kind == NAME_SNAPSHOT) {
        names_add(&self->snapshots, name);
    } else {
        names_add(&self->out->unfinished, name);
    }
}

static uint64_t seq_of(struct name name)
{
    uint64_t seq = 0;

    (void)name_parse(name.text, &seq);
    return seq;
}

static enum err check_formats(struct recovery *self, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i].text;
        struct reader reader;
        struct msg_head head;
        enum err err;

        err = reader_init(&reader, self->volume, name, 0, UINT64_MAX);
        if (err == ERR_OK) {
            err = head_read(&reader, &head);
            reader_fini(&reader);
        }
        if (err == ERR_IO) {
            return volume_refused(self->volume, name);
        }
        if (err == ERR_UNSUPPORTED) {
            log_event(self->volume->log, LOG_ERROR, "storage_format",
                      "file=%s/%s was not written in format %d: start the version of muster that "
                      "wrote it, or move the directory away to begin without it",
                      self->volume->dir, name, head_format);
            return err;
        }
    }
    return ERR_OK;
}

static void raise_to(uint64_t *value, uint64_t other)
{
    *value = other > *value ? other : *value;
}

static void log_damage(const struct recovery *self, const char *name, uint64_t offset,
                       const char *what, const char *done)
{
    log_event(self->volume->log, LOG_ERROR, "storage_damaged",
              "file=%s/%s offset=%" PRIu64 ": %s; %s", self->volume->dir, name, offset, what, done);
}

static void report(struct recovery *self, const char *name, uint64_t offset, const char *what)
{
    self->out->damage_count++;
    log_damage(self, name, offset, what, "what stands before it is kept");
}

/* A record that is not sound: it alone is passed over, and its file set aside. */
static void on_unsound(void *context, uint64_t at, const struct frame_change *item)
{
    struct recovery *self = context;
    const struct change *change = &item->change;

    if (self->unsound++ == 0) {
        self->out->damage_count++;
        names_add(&self->out->damaged, self->unsound_in);
    }
    lost_add(&self->lost, change->seq, change->seq == 0 ? 0 : change->seq);
    if (self->unsound <= unsound_said_max) {
        log_event(self->volume->log, LOG_ERROR, "storage_unsound",
                  "file=%s/%s offset=%" PRIu64 " seq=%" PRIu64 ": %s; this record is passed over%s",
                  self->volume->dir, self->unsound_in.text, at, change->seq, item->fault,
                  self->unsound == unsound_said_max ? ", as are others of this file" : "");
    }
}

static void begin_file(struct recovery *self, struct name name)
{
    self->unsound_in = name;
    self->unsound = 0;
}

/* ── snapshots ──────────────────────────────────────────────────────────────*/

/* The newest whole one is what segments are replayed onto. What is valid of damaged newer ones is
 * taken as well: their entries are facts, and older states do not replace them. */
static enum err load_snapshots(struct recovery *self)
{
    struct recovered *out = self->out;
    struct snapshot_sink sink = {self->registry, self->each, self->context, on_unsound, self};

    for (size_t i = self->snapshots.count; i-- > 0;) {
        struct name name = self->snapshots.items[i];
        struct snapshot_loaded loaded;

        raise_to(&out->above, seq_of(name));
        if (self->based) {
            names_add(&out->old_snapshots, name);
            continue;
        }
        begin_file(self, name);
        if (snapshot_load(self->volume, seq_of(name), &sink, &loaded) != ERR_OK) {
            return volume_refused(self->volume, name.text);
        }
        raise_to(&out->above, loaded.foot_seq);
        out->epoch = out->epoch != 0 ? out->epoch : loaded.epoch;
        out->highest_at = loaded.highest_at > out->highest_at ? loaded.highest_at : out->highest_at;
        if (!loaded.whole) {
            report(self, name.text, loaded.bytes, loaded.why);
            if (self->unsound == 0) {
                names_add(&out->damaged, name);
            }
            continue;
        }
        self->base_unsound = loaded.unsound > 0;
        self->based = true;
        self->foot_seq = loaded.foot_seq;
        out->seq = loaded.seq;
        out->snapshot_seq = loaded.seq;
        out->snapshot_bytes = loaded.bytes;
    }
    return ERR_OK;
}

/* ── segments ───────────────────────────────────────────────────────────────*/

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

    for (size_t i = 0; i < self->changes.count; i++) {
        const struct frame_change *item = &self->changes.items[i];
        const struct change *change = &item->change;
        struct applied applied = {.ignored = true, .slot = REGISTRY_NONE, .app = REGISTRY_NONE};

        if (item->fault != NULL) {
            if (change->seq > out->seq) {
                on_unsound(recovery, at, item);
                out->seq = change->seq;
            }
            continue;
        }
        if (change->seq > out->seq) {
            registry_apply_keyed(recovery->registry, change, item->key, &applied);
            out->seq = change->seq;
        }
        out->highest_at = change->at > out->highest_at ? change->at : out->highest_at;
        if (recovery->each != NULL) {
            recovery->each(recovery->context, change, &applied);
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
                  "offset=%" PRIu64 " of the segment after seq %" PRIu64
                  ": the last write was cut short; it was not answered yet",
                  *at, self->segment.prev_seq);
    }
    return NULL;
}

/* Where a later file goes on: all between is lost. */
static void lost_add_gap(struct recovery *self, uint64_t to)
{
    if (to > self->out->seq) {
        lost_add(&self->lost, self->out->seq + 1, to);
    }
    self->broken = false;
}

/* Looks behind the damage for what the segment said up to which seq: nothing of it is applied. */
static void look_behind(struct recovery *self, struct name name, uint64_t at)
{
    struct frame_changes changes = {0};
    struct buf bytes = {0};
    struct reader reader;
    struct str rest;
    struct str body;
    size_t moved = 1;

    self->broken_to = 0;
    self->broken_whole = false;
    if (reader_init(&reader, self->volume, name.text, at, UINT64_MAX) != ERR_OK) {
        return;
    }
    while (moved > 0 && bytes.len < behind_bytes_max) {
        char *to = buf_reserve(&bytes, 1 << 20);

        moved = 0;
        (void)volume_read(self->volume, &reader.file, name.text, at + bytes.len, to, 1 << 20,
                          &moved);
        bytes.len += moved;
    }
    reader_fini(&reader);
    rest = buf_str(&bytes);
    while (rest.len > 0) {
        size_t on = record_seek(rest);
        enum record_state state = RECORD_END;

        if (on == 0) {
            break;
        }
        rest = (struct str){rest.data + on, rest.len - on};
        while ((state = record_next(&rest, &body)) == RECORD_OK) {
            if (frame_read(&changes, body, self->registry) && changes.count > 0) {
                uint64_t seq = changes.items[changes.count - 1].change.seq;

                raise_to(&self->broken_to, seq <= seq_max ? seq : 0);
            }
        }
        self->broken_whole = state != RECORD_DAMAGED && moved == 0;
    }
    frame_changes_fini(&changes);
    buf_fini(&bytes);
}

/* *wrong: as of replay_frames. Errors: ERR_IO: it can't be read. */
static enum err replay_segment(struct replay *self, struct name name, bool checked, uint64_t *at,
                               const char **wrong)
{
    struct recovery *recovery = self->recovery;
    struct recovered *out = recovery->out;
    struct reader reader;
    struct msg_head head;
    enum err err;

    *at = 0;
    if (reader_init(&reader, recovery->volume, name.text, 0, UINT64_MAX) != ERR_OK) {
        return ERR_IO;
    }
    err = head_read(&reader, &head);
    if (err != ERR_OK || head.seq + 1 != seq_of(name)) {
        reader_fini(&reader);
        *wrong = "no valid head";
        return err == ERR_IO ? ERR_IO : ERR_OK;
    }
    if (checked && head.seq != out->seq && !recovery->broken) {
        report(recovery, name.text, 0,
               head.seq > out->seq ? "the changes before this file are missing"
                                   : "it overlaps the file before it");
    }
    if (checked) {
        lost_add_gap(recovery, head.seq);
    }
    raise_to(&out->seq, checked ? head.seq : 0);
    self->always = head.always;
    self->same_machine =
        recovery->machine_boot.len > 0 && str_eq(head.machine_boot, recovery->machine_boot);
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
           seq_of(self->segments.items[i + 1]) <= self->out->snapshot_seq + 1;
}

/* Whether a covered segment is no longer of use for its write ids either: then it is not read,
 * which also ends the history that begins with it. */
static bool is_past(struct recovery *self, size_t i)
{
    struct reader reader;
    struct msg_head next;
    bool past;

    if (reader_init(&reader, self->volume, self->segments.items[i + 1].text, 0, UINT64_MAX) !=
        ERR_OK) {
        return false; /* it will be refused in its turn */
    }
    past = head_read(&reader, &next) == ERR_OK && next.highest_at < self->writes_from;
    reader_fini(&reader);
    return past;
}

static enum err pass_over(struct recovery *self, size_t i)
{
    struct segments *kept = &self->out->segments;
    struct name name = self->segments.items[i];
    struct segment segment = {.name = name,
                              .prev_seq = seq_of(name) - 1,
                              .last_seq = seq_of(self->segments.items[i + 1]) - 1};
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
    begin_file(self, name);
    err = replay_segment(&replay, name, !covered, &at, &wrong);
    frame_changes_fini(&replay.changes);
    if (err != ERR_OK) {
        segment_fini(&replay.segment);
        return err;
    }
    raise_to(&out->above, seq_of(name) - 1);
    raise_to(&out->above, out->seq);
    self->broken = wrong != NULL && !covered;
    if (self->broken) {
        report(self, name.text, at, wrong);
        look_behind(self, name, at);
        if (self->unsound == 0) {
            names_add(&out->damaged, name);
        }
    } else if (wrong != NULL) {
        log_damage(self, name.text, at, wrong, "a snapshot holds what it said");
    }
    judge_segment(self, i, &replay);
    if (self->broken || self->unsound > 0) {
        segment_fini(&replay.segment);
    } else if (replay.segment.epoch == 0) {
        return pass_over(self, i); /* no head: only the name says what it is, and what is to go */
    } else {
        keep_segment(&out->segments, &replay.segment);
    }
    return ERR_OK;
}

static enum err load_segments(struct recovery *self)
{
    for (size_t i = 0; i < self->segments.count; i++) {
        if (load_segment(self, i) != ERR_OK) {
            return volume_refused(self->volume, self->segments.items[i].text);
        }
    }
    return ERR_OK;
}

/* What is lost at the end of all files. */
static void judge_end(struct recovery *self)
{
    struct recovered *out = self->out;
    uint64_t to = self->foot_seq;

    if (out->damage_count == 0) {
        return;
    }
    raise_to(&to, out->above);
    if (self->broken) {
        raise_to(&to, self->broken_to);
        self->lost.more = self->broken_to == 0 || !self->broken_whole;
        raise_to(&to, self->broken_to == 0 ? out->seq + 1 : 0);
    }
    if (to > out->seq) {
        lost_add(&self->lost, out->seq + 1, to);
    }
    raise_to(&out->above, to);
    out->lost_now = self->lost.to > 0 || self->lost.more;
    self->lost.any = out->lost_now;
    lost_join(&out->lost, &self->lost);
}

static void judge(struct recovery *self)
{
    struct recovered *out = self->out;

    if (self->based && (self->segments.count == 0 || out->seq < self->foot_seq) && !self->broken) {
        report(self, self->snapshots.items[self->snapshots.count - 1].text, 0,
               "the journal that belongs to it is missing or too short");
    }
    judge_end(self);
    if (self->base_unsound) {
        out->snapshot_seq = 0; /* it covers nothing once it has been set aside */
    }
    if (out->damage_count > 0) {
        out->new_epoch = "damage was found";
    } else if (out->marked_failed) {
        out->new_epoch = "changes had been in memory only";
    } else if (out->epoch == 0) {
        out->new_epoch = "the directory was empty";
    }
    raise_to(&out->above, out->seq);
}

enum err recovery_run(struct volume *volume, const struct storage_options *options,
                      struct registry *registry, struct recovered *out)
{
    struct recovery self = {.volume = volume,
                            .machine_boot = options->machine_boot,
                            .writes_from = options->writes_from,
                            .registry = registry,
                            .each = options->loaded,
                            .context = options->context,
                            .out = out};
    enum err err;

    *out = (struct recovered){0};
    err = volume_list(volume, on_file, &self);
    if (err != ERR_OK) {
        err = volume_refused(volume, NULL);
    }
    if (err == ERR_OK && lost_read(&out->lost, volume) != ERR_OK) {
        err = volume_refused(volume, "lost");
    }
    names_sort(&self.segments);
    names_sort(&self.snapshots);
    err = err == ERR_OK ? check_formats(&self, &self.snapshots) : err;
    err = err == ERR_OK ? check_formats(&self, &self.segments) : err;
    err = err == ERR_OK ? load_snapshots(&self) : err;
    err = err == ERR_OK ? load_segments(&self) : err;
    if (err == ERR_OK) {
        judge(&self);
    }
    names_fini(&self.segments);
    names_fini(&self.snapshots);
    if (err != ERR_OK) {
        recovered_fini(out);
    }
    return err;
}

void recovered_fini(struct recovered *self)
{
    segments_fini(&self->segments);
    names_fini(&self->old_snapshots);
    names_fini(&self->unfinished);
    names_fini(&self->damaged);
    *self = (struct recovered){0};
}
