/* What clients ask to be changed. */
#ifndef ACTORS_REGISTRY_CLIENT_COMMANDS_H
#define ACTORS_REGISTRY_CLIENT_COMMANDS_H

#include "common/runtime/actor.h"

struct registry_actor;

actor_handle_fn on_register, on_renew, on_cancel, on_set, on_schedule;

#endif
