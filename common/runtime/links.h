/* Whom an actor follows, and how that goes. */
#ifndef COMMON_RUNTIME_LINKS_H
#define COMMON_RUNTIME_LINKS_H

#include "common/runtime/actor.h"

/* Whether all that is followed has been caught up with; adds how it is to words. */
bool links_ready(const struct actor_options *options, struct buf *words);

/* Says on the log who of them has never been heard, and where it is looked for. */
void links_name_missing(const struct actor_options *options);

#endif
