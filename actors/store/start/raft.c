
#include "actors/store/start/stages.h"

enum err stage_raft(struct start *self)
{
    const struct disk_log_found *found = &self->found;

    start_say(self, log_uint("term", found->hard.term));
    start_say(self, log_uint("commit", found->hard.commit));
    start_say(self, log_uint("last", found->mark.index + found->count));
    start_say(self, log_text("found", found->fresh ? "new" : "existing"));
    return ERR_OK;
}
