/* States that one muster node sends, until the registry has taken them. */
#ifndef ACTORS_REPLICATOR_INBOUND_H
#define ACTORS_REPLICATOR_INBOUND_H

#include "actors/replicator/ask.h"

struct inbound;

/* inbound_each, relays_each: of one node, once half of all places are taken: the others' part. */
enum { inbound_max = 512, inbound_each = 16, inbound_bytes_max = 64 << 20 };
void inbound_init(struct replicator *self);
void inbound_fini(struct replicator *self);
uint32_t inbound_count(const struct replicator *self);
actor_handle_fn inbound_states;
ask_answered_fn inbound_on_merged;

#endif
