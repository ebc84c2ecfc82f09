/* What other nodes tell and ask, through the replicator. */
#ifndef ACTORS_REGISTRY_PEER_COMMANDS_H
#define ACTORS_REGISTRY_PEER_COMMANDS_H

#include "common/runtime/actor.h"

struct registry_actor;

actor_handle_fn on_merge, on_lookup, on_app;

#endif
