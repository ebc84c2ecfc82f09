/* Other nodes' questions to this node's registry. */
#ifndef ACTORS_REPLICATOR_RELAY_H
#define ACTORS_REPLICATOR_RELAY_H

#include "actors/replicator/ask.h"

enum { relays_max = 1024, relays_each = 128 };
actor_handle_fn relay_question;
ask_answered_fn relay_on_answer;

#endif
