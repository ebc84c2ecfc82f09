/* Reads musterctl's command line and runs its verb. */
#ifndef ACTORS_CTL_COMMAND_LINE_H
#define ACTORS_CTL_COMMAND_LINE_H

#include "actors/ctl/ctl.h"

/* What is wrong with it, or with what it asks for, is said on ctl->err. */
enum ctl_exit command_line_run(struct ctl *ctl, int argc, char **argv);

#endif
