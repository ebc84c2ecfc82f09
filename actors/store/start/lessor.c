
#include "actors/store/start/stages.h"

enum err stage_lessor(struct start *self)
{
    start_say(self, log_int("ttl_min_s", store_lease_ttl_min_s(&self->options)));
    return ERR_OK;
}
