#include "actors/store/start/stages.h"

enum err stage_host_defaults(struct start *self)
{
    buf_printf(&self->said, " name=%s advertise=%s", self->config->etcd_name,
               self->config->etcd_advertise);
    return ERR_OK;
}
