#include "actors/registry/storage/damage.h"

#include <inttypes.h>
#include <stdio.h>

void damage_fini(struct damage *self)
{
    names_fini(&self->files);
}

void damage_say(const struct damage *self, const struct volume *volume)
{
    struct buf text = {0};

    lost_print(&self->lost, &text);
    log_event(volume->log, LOG_ERROR, "storage_lost",
              "%" PRIu32 " places in %s are damaged: %.*s; what is damaged is set aside as "
              "*.damaged; %s",
              self->count, volume->dir, STR_ARG(buf_str(&text)),
              self->lost.any ? "peers fill in what they hold; musterctl storage --acknowledge says "
                               "that it is known"
                             : "a snapshot or another file holds what it said");
    buf_fini(&text);
}

void damage_keep_lost(struct damage *self, struct volume *volume)
{
    if (!self->lost.any || self->lost_kept) {
        return;
    }
    self->lost_kept = lost_write(&self->lost, volume) == ERR_OK;
    if (!self->lost_kept) {
        log_event(volume->log, LOG_WARN, "lost_not_noted", "%s: the next start will not know of it",
                  volume->reason);
    }
}

void damage_forget(struct damage *self, struct volume *volume)
{
    if (self->lost.any) {
        self->lost = (struct lost){0};
        self->lost_kept = false;
        (void)volume_remove(volume, "lost");
        (void)volume_sync_dir(volume);
    }
}

void damage_set_aside(struct damage *self, struct volume *volume)
{
    for (size_t i = 0; i < self->files.count; i++) {
        const char *from = self->files.items[i].text;
        struct name to;

        (void)snprintf(to.text, sizeof(to.text), "%.50s.damaged", from);
        if (volume_rename(volume, from, to.text) != ERR_OK) {
            log_event(volume->log, LOG_WARN, "storage_set_aside", "%s", volume->reason);
        }
    }
    names_fini(&self->files);
}
