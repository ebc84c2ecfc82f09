/* What shells offer behind musterctl and muster. */
#ifndef ACTORS_CTL_COMPLETION_H
#define ACTORS_CTL_COMPLETION_H

#include "actors/ctl/ctl.h"

/* Scripts for bash and zsh, from the tables of verbs and options. */
void completion_bash(const struct ctl_verb *verbs, struct buf *to);
void completion_zsh(const struct ctl_verb *verbs, struct buf *to);

#endif
