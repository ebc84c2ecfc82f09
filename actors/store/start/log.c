/* The log of a store that was there, from the mark its state is behind. */
#include <stdio.h>
#include <stdlib.h>

#include "actors/store/start/stages.h"

enum err stage_open_log(struct start *self)
{
    char path[disk_path_max];
    const struct disk_log_options options = {.disk = self->dir.disk,
                                             .clock = self->clock,
                                             .log = self->log,
                                             .dir = path,
                                             .cluster = self->identity.cluster,
                                             .member = self->identity.member,
                                             .seed = prng_next(&self->prng)};

    (void)snprintf(path, sizeof(path), "%s/raft", self->path);
    return disk_log_open(&options, &self->disk_log, &self->found);
}

enum err stage_log(struct start *self)
{
    enum err err = ERR_OK;

    if (self->fresh) {
        start_say(self, log_text("found", "nothing"));
        return ERR_OK;
    }
    err = stage_open_log(self);
    if (err == ERR_OK) {
        start_say(self, log_uint("mark", self->found.mark.index));
        start_say(self, log_uint("entries", self->found.count));
        start_say(self, log_uint("commit", self->found.hard.commit));
        start_say(self, log_flag("damage_cut", self->found.cut));
    }
    return err;
}

static void forget_found(struct disk_log_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        free(found->entries[i].data);
    }
    free(found->entries);
    *found = (struct disk_log_found){0};
}

void stage_log_undo(struct start *self)
{
    forget_found(&self->found);
    disk_log_close(&self->disk_log);
}
