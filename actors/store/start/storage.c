/* A new store's log begins; one that was there is open already. */
#include "actors/store/start/stages.h"

enum err stage_storage(struct start *self)
{
    return self->disk_log == NULL ? stage_open_log(self) : ERR_OK;
}
