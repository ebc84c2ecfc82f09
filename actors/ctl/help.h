/* Manual pages of musterctl and of its verbs, and of the configuration. */
#ifndef ACTORS_CTL_HELP_H
#define ACTORS_CTL_HELP_H

#include "actors/ctl/ctl.h"
#include "common/config/manual.h"

/* With verbs: what each of them does, too, as its own --help has it. */
enum help_depth { HELP_OVERVIEW, HELP_WITH_VERBS };
void help_all(struct manual *page, const struct ctl_verb *verbs, enum help_depth depth);
void help_verb(const struct ctl_verb *verb, struct manual *page);

void help_config(struct manual *page); /* of muster.toml */

#endif
