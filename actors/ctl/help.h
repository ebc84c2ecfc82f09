/* Manual pages of musterctl and of its verbs. */
#ifndef ACTORS_CTL_HELP_H
#define ACTORS_CTL_HELP_H

#include "actors/ctl/ctl.h"

void help_all(struct buf *to);
void help_verb(const struct ctl_verb *verb, struct buf *to);

#endif
