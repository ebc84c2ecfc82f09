/* The schedule of an app for people. */
#ifndef ACTORS_CTL_SCHEDULE_H
#define ACTORS_CTL_SCHEDULE_H

#include "actors/ctl/rows.h"
#include "common/naming/instance.h"

/* Of an entry that holds one: a row each weight, with what share of its clients' requests it is. */
extern const struct column schedule_columns[];
void schedule_rows(const struct instance *schedule, struct rows *rows);

#endif
