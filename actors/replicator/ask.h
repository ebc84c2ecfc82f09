/* What the replicator asks, of its registry and of other nodes. */
#ifndef ACTORS_REPLICATOR_ASK_H
#define ACTORS_REPLICATOR_ASK_H

#include "actors/replicator/inflight.h"
#include "actors/replicator/peers.h"
#include "common/naming/change.h"
#include "common/runtime/actor.h"

/* answer NULL: none came. */
typedef void ask_answered_fn(struct replicator *self, const struct ask *ask,
                             const struct msg *answer, const struct now *now, struct outbox *out);

/* Sends msg to the registry or to ask->peer, whichever the kind says, under an id of its own, which
 * it returns; takes ask->keys. 0: no room, nobody was asked. */
uint64_t replicator_ask(struct replicator *self, struct ask *ask, struct msg *msg,
                        const struct now *now, struct outbox *out);
/* A peer's number and life, for an ask of this kind. */
struct ask replicator_ask_for(const struct replicator *self, enum ask_kind kind,
                              const struct peer *peer);
/* How far a state spreads that came from this zone. */
enum spread replicator_spread_from(const struct replicator *self, struct str zone);
/* MERGEs of these records, in portions, each asked with a copy of ask. Returns how many left;
 * *whole: all did. */
uint32_t replicator_merge(struct replicator *self, const struct ask *ask,
                          const struct msg_merge *merge, const struct now *now, struct outbox *out,
                          bool *whole);
/* Takes up to max records off the list's bytes, and no more than merge_bytes_max, but one at least.
 */
struct msg_list list_cut(struct str *rest, uint32_t max);

#endif
