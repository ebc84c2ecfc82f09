/* What the registry says. */
#ifndef ACTORS_REPLICATOR_FACTS_H
#define ACTORS_REPLICATOR_FACTS_H

#include "common/runtime/follower.h"

extern const struct follower_owner replicator_facts;

#endif
