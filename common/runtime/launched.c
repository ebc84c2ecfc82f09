#include "common/runtime/launched.h"

#include <stdio.h>
#include <stdlib.h>

void launched_read(struct launched *self)
{
    const char *reason = getenv("LAUNCHER_RESTART_REASON");

    *self = (struct launched){0};
    (void)str_to_u32(str_from(getenv("LAUNCHER_RESTARTS")), &self->restarts);
    (void)snprintf(self->reason, sizeof(self->reason), "%s", reason != NULL ? reason : "");
}
