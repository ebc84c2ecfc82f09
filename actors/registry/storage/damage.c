#include "actors/registry/storage/damage.h"

#include <stdio.h>

enum { unsound_said_max = 10 }; /* of one file, on the log */

void damage_fini(struct damage *self)
{
    names_fini(&self->files);
}

void damage_take(struct damage *self, struct name name)
{
    self->name = name;
    self->unsound = 0;
}

void damage_unsound(struct damage *self, uint64_t offset, const struct frame_change *item)
{
    uint64_t seq = item->change.seq;

    if (self->unsound++ == 0) {
        self->count++;
        names_add(&self->files, self->name);
    }
    lost_add(&self->lost, seq, seq);
    if (self->unsound <= unsound_said_max) {
        log_event(self->volume->log, LOG_ERROR, "storage_unsound",
                  self->unsound == unsound_said_max
                      ? "this record is passed over, as are others of this file"
                      : "this record is passed over",
                  log_text("dir", self->volume->dir), log_text("file", self->name.text),
                  log_uint("offset", offset), log_uint("seq", seq),
                  log_text("reason", item->fault));
    }
}

static void log_damage(const struct damage *self, uint64_t offset, const char *what,
                       const char *done)
{
    log_event(self->volume->log, LOG_ERROR, "storage_damaged", done,
              log_text("dir", self->volume->dir), log_text("file", self->name.text),
              log_uint("offset", offset), log_text("reason", what));
}

void damage_found(struct damage *self, uint64_t offset, const char *what)
{
    self->count++;
    log_damage(self, offset, what, "what stands before it is kept");
}

void damage_harmless(const struct damage *self, uint64_t offset, const char *what)
{
    log_damage(self, offset, what, "a snapshot holds what it said");
}

void damage_add_file(struct damage *self)
{
    if (self->unsound == 0) { /* else it is there already */
        names_add(&self->files, self->name);
    }
}

void damage_say(const struct damage *self)
{
    const struct volume *volume = self->volume;
    struct buf text = {0};

    lost_print(&self->lost, &text);
    log_event(volume->log, LOG_ERROR, "storage_lost",
              self->lost.any
                  ? "what is damaged is set aside as *.damaged; peers fill in what they hold; "
                    "musterctl storage --acknowledge says that it is known"
                  : "what is damaged is set aside as *.damaged; a snapshot or another file "
                    "holds what it said",
              log_text("dir", volume->dir), log_uint("places", self->count),
              log_uint("lost_changes", self->lost.count), log_flag("maybe_more", self->lost.more),
              log_uint("lost_from_seq", self->lost.from), log_uint("lost_to_seq", self->lost.to),
              log_buf("reason", &text));
    buf_fini(&text);
}

void damage_keep_lost(struct damage *self)
{
    struct volume *volume = self->volume;

    if (!self->lost.any || self->lost_kept) {
        return;
    }
    self->lost_kept = lost_write(&self->lost, volume) == ERR_OK;
    if (!self->lost_kept) {
        log_event(volume->log, LOG_WARN, "lost_not_noted", "the next start will not know of it",
                  log_text("reason", volume->reason));
    }
}

void damage_forget(struct damage *self)
{
    if (self->lost.any) {
        self->lost = (struct lost){0};
        self->lost_kept = false;
        (void)volume_remove(self->volume, "lost");
        (void)volume_sync_dir(self->volume);
    }
}

void damage_set_aside(struct damage *self)
{
    for (size_t i = 0; i < self->files.count; i++) {
        const char *from = self->files.items[i].text;
        struct name to;

        (void)snprintf(to.text, sizeof(to.text), "%.50s.damaged", from);
        if (volume_rename(self->volume, from, to.text) != ERR_OK) {
            log_event(self->volume->log, LOG_WARN, "storage_set_aside", "it stays where it is",
                      log_text("reason", self->volume->reason));
        }
    }
    names_fini(&self->files);
}
