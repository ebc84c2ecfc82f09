#include "actors/store/start/stages.h"

enum err stage_host_defaults(struct start *self)
{
    start_say(self, log_text("member_name", self->config->etcd_name));
    start_say(self, log_text("advertise", self->config->etcd_advertise));
    return ERR_OK;
}
