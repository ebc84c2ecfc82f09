/* What the launcher tells a process of the runs before it: LAUNCHER_RESTARTS, how many ended
 * without being asked to, and LAUNCHER_RESTART_REASON, how the last one did. Neither is set when
 * something else starts it. */
#ifndef COMMON_RUNTIME_LAUNCHED_H
#define COMMON_RUNTIME_LAUNCHED_H

#include "common/base/str.h"

struct launched {
    uint32_t restarts;
    char reason[128]; /* cut there; "": none */
};

/* What is no number is 0. */
void launched_read(struct launched *self);

#endif
