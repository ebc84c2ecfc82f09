/* What a log there is of, and whose. */
#include <errno.h>
#include <stdio.h>

#include "actors/store/log/file_name.h"
#include "actors/store/start/stages.h"

struct count {
    unsigned segments;
    uint64_t last;
};

static void count_one(void *context, const char *name)
{
    struct count *self = context;
    uint64_t number;

    if (name == NULL) {
        *self = (struct count){0};
    } else if (log_file_parse(name, &number) == LOG_FILE_SEGMENT) {
        self->segments++;
        self->last = number > self->last ? number : self->last;
    }
}

enum err stage_have_log(struct start *self)
{
    struct volume raft = self->dir;
    struct count count = {0};
    char path[disk_path_max];
    enum err err = ERR_OK;

    (void)snprintf(path, sizeof(path), "%s/raft", self->path);
    raft.dir = path;
    if (!self->fresh) {
        err = identity_read(&self->dir, &self->identity);
    }
    if (err == ERR_OK) {
        err = volume_list(&raft, count_one, &count);
        if (err != ERR_OK) {
            err = raft.trouble == -ENOENT ? ERR_OK : volume_refused(&raft, NULL);
        }
    }
    start_say(self, log_uint("segments", count.segments));
    start_say(self, log_uint("last", count.last));
    return err;
}
