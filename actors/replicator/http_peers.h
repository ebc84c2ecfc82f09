/* Nodes that speak HTTP only: what they are posted, and what they tell. */
#ifndef ACTORS_REPLICATOR_HTTP_PEERS_H
#define ACTORS_REPLICATOR_HTTP_PEERS_H

#include "actors/replicator/ask.h"
#include "actors/replicator/posts.h"

extern const struct posts_owner http_peers_owner;
void http_peers_init(struct replicator *self);
void http_peers_fini(struct replicator *self);
/* Hands on to the registry what was told, some a turn. */
void http_peers_step(struct replicator *self, const struct now *now, struct outbox *out);
/* The registry's tick. */
void http_peers_tick(struct replicator *self, const struct now *now, struct outbox *out);
ask_answered_fn http_peers_on_renews, http_peers_on_told;

#endif
