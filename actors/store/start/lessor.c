#include <inttypes.h>

#include "actors/store/start/stages.h"

enum err stage_lessor(struct start *self)
{
    buf_printf(&self->said, " ttl_min_s=%" PRId64, store_lease_ttl_min_s(&self->options));
    return ERR_OK;
}
