#include "actors/registry/storage/recovery.h"

#include <string.h>

#include "actors/registry/storage/head.h"
#include "actors/registry/storage/name.h"
#include "actors/registry/storage/replay.h"
#include "actors/registry/storage/snapshot.h"
#include "common/journal/reader.h"

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
                      "it was not written in the format this version reads: start the version of "
                      "muster that wrote it, or move the directory away to begin without it",
                      log_text("dir", self->volume->dir), log_text("file", name),
                      log_int("format", head_format));
            return err;
        }
    }
    return ERR_OK;
}

/* The newest whole one is what segments are replayed onto. What is valid of damaged newer ones is
 * taken as well: their entries are facts, and older states do not replace them. */
static enum err load_snapshots(struct recovery *self)
{
    struct recovered *out = self->out;
    struct snapshot_sink sink = {self->registry, self->options->loaded, self->options->context,
                                 &out->damage};

    for (size_t i = self->snapshots.count; i-- > 0;) {
        struct name name = self->snapshots.items[i];
        struct snapshot_loaded loaded;

        seq_raise(&out->above, name_seq(name));
        if (self->based) {
            names_add(&out->old_snapshots, name);
            continue;
        }
        damage_take(&out->damage, name);
        if (snapshot_load(self->volume, name_seq(name), &sink, &loaded) != ERR_OK) {
            return volume_refused(self->volume, name.text);
        }
        seq_raise(&out->above, loaded.foot_seq);
        out->epoch = out->epoch != 0 ? out->epoch : loaded.epoch;
        out->highest_at = loaded.highest_at > out->highest_at ? loaded.highest_at : out->highest_at;
        if (!loaded.whole) {
            damage_found(&out->damage, loaded.bytes, loaded.why);
            damage_add_file(&out->damage);
            continue;
        }
        self->base_unsound = out->damage.unsound > 0;
        self->based = true;
        self->foot_seq = loaded.foot_seq;
        out->seq = loaded.seq;
        out->snapshot_seq = loaded.seq;
        out->snapshot_bytes = loaded.bytes;
    }
    return ERR_OK;
}

/* What is lost at the end of all files. */
static void judge_end(struct recovery *self)
{
    struct recovered *out = self->out;
    struct lost *lost = &out->damage.lost;
    uint64_t to = self->foot_seq;

    seq_raise(&to, out->above);
    if (self->broken) {
        seq_raise(&to, self->behind.seq);
        seq_raise(&to, self->behind.seq == 0 ? out->seq + 1 : 0);
        lost->more = self->behind.seq == 0 || !self->behind.whole;
    }
    if (to > out->seq) {
        lost_add(lost, out->seq + 1, to);
    }
    seq_raise(&out->above, to);
    lost->any = lost->to > 0 || lost->more;
    out->damage.lost_kept = !lost->any;
}

static void judge(struct recovery *self)
{
    struct recovered *out = self->out;

    if (self->based && (self->segments.count == 0 || out->seq < self->foot_seq) && !self->broken) {
        damage_take(&out->damage, self->snapshots.items[self->snapshots.count - 1]);
        damage_found(&out->damage, 0, "the journal that belongs to it is missing or too short");
    }
    if (out->damage.count > 0) {
        judge_end(self);
    }
    if (self->base_unsound) {
        out->snapshot_seq = 0; /* it covers nothing once it has been set aside */
    }
    if (out->damage.count > 0) {
        out->new_epoch = "damage was found";
    } else if (out->marked_failed) {
        out->new_epoch = "changes had been in memory only";
    } else if (out->epoch == 0) {
        out->new_epoch = "the directory was empty";
    }
    seq_raise(&out->above, out->seq);
}

enum err recovery_run(struct volume *volume, const struct storage_options *options,
                      struct registry *registry, struct recovered *out)
{
    struct recovery self = {.volume = volume, .options = options, .registry = registry, .out = out};
    struct lost earlier;
    enum err err;

    *out = (struct recovered){.damage = {.volume = volume, .lost_kept = true}};
    err = volume_list(volume, on_file, &self);
    if (err != ERR_OK) {
        err = volume_refused(volume, NULL);
    }
    if (err == ERR_OK && lost_read(&earlier, volume) != ERR_OK) {
        err = volume_refused(volume, "lost");
    }
    names_sort(&self.segments);
    names_sort(&self.snapshots);
    err = err == ERR_OK ? check_formats(&self, &self.snapshots) : err;
    err = err == ERR_OK ? check_formats(&self, &self.segments) : err;
    err = err == ERR_OK ? load_snapshots(&self) : err;
    err = err == ERR_OK ? replay_segments(&self) : err;
    if (err == ERR_OK) {
        judge(&self);
        lost_join(&out->damage.lost, &earlier);
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
    damage_fini(&self->damage);
    *self = (struct recovered){0};
}
