/* The digests of two nodes, branch by branch, and what is lacking here. */
#ifndef ACTORS_REGISTRY_ANTI_ENTROPY_H
#define ACTORS_REGISTRY_ANTI_ENTROPY_H

#include "common/runtime/actor.h"

struct registry_actor;

actor_handle_fn on_digest, on_leaves, on_compare;

#endif
