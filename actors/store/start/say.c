#include <assert.h>

#include "actors/store/start/stages.h"

void start_say(struct start *self, struct log_field field)
{
    assert(self->said.count < start_fields_max);
    self->said.fields[self->said.count++] = field;
    self->said.fields[self->said.count] = (struct log_field){.kind = LOG_END};
}

void start_say_id(struct start *self, const char *name, uint64_t id)
{
    start_say(self, log_hex(name, id, self->said.ids[self->said.count]));
}
