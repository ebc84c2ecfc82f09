/* The files this node's schedules stand in: every *.json of a directory, read at the start and
 * whenever one changes, and handed to the registry as it would be by a command. A file that goes
 * takes its schedule with it, unless another one speaks of the same app; one that is bad is logged,
 * and what it said before stays.
 *
 * At the start a file counts by the time it was written: a restart changes nothing, and in the
 * cluster the newest one wins. A file that changes later is an order and counts from then.
 *
 * A guest of the actor's loop. Editors write a file anew, or move it away and another one in:
 * what is gone is gone only after a second.
 */
#ifndef ACTORS_REGISTRY_SCHEDULES_H
#define ACTORS_REGISTRY_SCHEDULES_H

#include "actors/registry/registry.h"

struct schedules;

/* Of the directory registry.schedules, else DIR/schedules. It need not be there: it is looked for
 * every 5 s, and its absence is said where it was named. actor and log are borrowed. NULL: no
 * descriptors left; said. */
struct schedules *schedules_new(struct registry_actor *actor, const struct config *config,
                                struct log *log);
void schedules_destroy(struct schedules **self);

/* For actor_options.guests; borrows self. */
struct actor_guest schedules_guest(struct schedules *self);

#endif
