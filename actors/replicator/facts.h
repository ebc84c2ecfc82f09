/* What the replicator does with the registry's facts: sends them on as far as they spread. */
#ifndef ACTORS_REPLICATOR_FACTS_H
#define ACTORS_REPLICATOR_FACTS_H

#include "common/runtime/follower.h"

extern const struct follower_owner replicator_facts;

#endif
