#include <inttypes.h>

#include "actors/store/start/stages.h"

enum err stage_raft(struct start *self)
{
    const struct disk_log_found *found = &self->found;

    buf_printf(&self->said, " term=%" PRIu64 " commit=%" PRIu64 " last=%" PRIu64 " found=%s",
               found->hard.term, found->hard.commit, found->mark.index + found->count,
               found->fresh ? "new" : "existing");
    return ERR_OK;
}
