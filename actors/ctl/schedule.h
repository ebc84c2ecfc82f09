/* The schedule of an app for people. */
#ifndef ACTORS_CTL_SCHEDULE_H
#define ACTORS_CTL_SCHEDULE_H

#include "common/naming/instance.h"

/* Of an entry that holds one: a row each weight, with what share of its clients' requests it is. */
void schedule_table(const struct instance *schedule, struct buf *to);

#endif
