/* Whom an actor follows, and how that goes. */
#ifndef COMMON_RUNTIME_LINKS_H
#define COMMON_RUNTIME_LINKS_H

#include "common/runtime/actor.h"

/* Whether all that is followed has been caught up with; adds how it is to words. */
bool links_ready(const struct actor_options *options, struct buf *words);

/* What the log was told last of one that is followed. */
struct link_watch {
    bool lost;
    int64_t since_ms; /* mono, when it was heard last before that */
    uint64_t boot;
};

/* Says on the log when one that is followed has fallen silent (registry_lost, …) and when it is
 * heard again (registry_back), after how long. watch: one for each link, zeros to begin with. */
void links_watch(const struct actor_options *options, struct link_watch *watch,
                 const struct now *now);

/* Says on the log who of them has never been heard, and where it is looked for. */
void links_name_missing(const struct actor_options *options);

#endif
