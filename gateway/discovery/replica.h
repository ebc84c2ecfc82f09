/* The gateway's copy of what the other actors say: the registry's instances with
 * what was rendered of them, protection, storage, nodes. It follows the registry,
 * the replicator and the evictor (common/runtime/follower.h) and answers from the
 * last known state while any of them is down.
 *
 * It tells its observers (parked polls, streams) which app a change concerns, by
 * the hash of the app's name, while the change is applied: they take a note and do
 * the work in their own turn.
 */
#ifndef GATEWAY_DISCOVERY_REPLICA_H
#define GATEWAY_DISCOVERY_REPLICA_H

#include "common/base/log.h"
#include "common/naming/registry.h"
#include "common/runtime/actor.h"
#include "gateway/discovery/replica_facts.h"

struct replica;
struct cache; /* cache.h: rendered JSON by slot and app */
struct delta; /* delta.h: what changed since a position */

/* renew_refresh_ms: how far renew_timestamp in cached bodies may lag. log: borrowed, may be NULL.
 */
struct replica *replica_new(int64_t renew_refresh_ms, const struct log *log);
/* The same with a random seed: nobody can choose names that crowd in its tables. */
struct replica *replica_new_seeded(int64_t renew_refresh_ms, const struct log *log, uint64_t seed);
void replica_destroy(struct replica **self);

/* For actor_options: links to registry, replicator and evictor with their
 * followers and topics. Borrowed while the replica lives. */
enum { replica_link_count = 3 };
const struct actor_link *replica_links(const struct replica *self);

const struct registry *replica_registry(const struct replica *self);
struct cache *replica_cache(const struct replica *self);
struct delta *replica_delta(const struct replica *self);

/* Counts changes: equal versions, equal documents (but for heartbeats). */
uint64_t replica_version(const struct replica *self);
/* Mono ms, when the app was last changed here, or all was caught up with anew. */
int64_t replica_changed_ms(const struct replica *self, uint32_t app);
/* Wall ns of the first catch-up; 0 before it. */
int64_t replica_since(const struct replica *self);

/* ── where it stands ────────────────────────────────────────────────────────*/

/* The first catch-up with the registry is done: the gateway may listen. Stays true. */
bool replica_ready(const struct replica *self);
/* Has everything up to the newest it knows of. */
bool replica_current(const struct replica *self);
/* Whether it holds what a reply of (epoch, seq) promised: that seq is reached, or a
 * catch-up into an epoch after that one is finished. */
bool replica_reached(const struct replica *self, uint64_t epoch, uint64_t seq);
/* Somebody knows of a change that has not come: the registry's follower asks at once. */
void replica_hurry(struct replica *self);
/* How long the registry has been silent; 0 while it speaks (up to 3 ticks) or was never heard. */
int64_t replica_stale_ms(const struct replica *self, const struct now *now);
/* When the registry decided the change that was applied last, wall ns; 0: none was. */
int64_t replica_last_change_ns(const struct replica *self);
/* For STATS, readyz?verbose: the follower of any of the three. */
void replica_follower(const struct replica *self, enum actor_name of, struct follower_state *state);
/* A follower stopped for good (a fact it can't understand): end the process. NULL, or why. */
const char *replica_broken(const struct replica *self);

/* Asked now and then; true: many instances have gone since, see registry_has_shrunk. */
bool replica_has_shrunk(struct replica *self);

/* ── standing facts ─────────────────────────────────────────────────────────*/

struct replica_protect replica_protect(const struct replica *self, const struct now *now);
struct replica_storage replica_storage(const struct replica *self);
struct replica_protection replica_protection(const struct replica *self, const struct now *now);
/* This node and its peers. Borrowed until the next turn. */
const struct replica_node *replica_nodes(const struct replica *self, size_t *count);
/* Whether every peer held the same as this node when the replicator last looked, once a tick. */
bool replica_in_step(const struct replica *self);
bool replica_is_alone(const struct replica *self); /* it has no peers */

/* ── a witness ──────────────────────────────────────────────────────────────*/

/* Is told what comes, whole, before it is taken in. */
struct replica_witness {
    /* A change that follows on what is held, of this epoch; not what a snapshot holds, nor what is
     * old. before: what stands there, NULL: nothing that lives. */
    void (*change)(void *state, const struct change *change, const struct instance *before,
                   uint64_t epoch, const struct now *now);
    void (*fact)(void *state, const struct msg *fact, const struct now *now); /* any other */
    void *state;
};
/* One at most; copied. */
void replica_witness(struct replica *self, const struct replica_witness *witness);

/* ── observers ──────────────────────────────────────────────────────────────*/

/* Names an app for observers: hash over env and appid, and the replica's seed. */
uint64_t replica_app_hash(const struct replica *self, struct str env, struct str appid);
uint64_t app_hash_of(uint64_t seed, struct str env, struct str appid); /* of a replica with that */

typedef void replica_changed_fn(void *state, uint64_t app_hash);
enum { replica_observer_max = 4 };
void replica_observe(struct replica *self, replica_changed_fn *changed, void *state);
/* Before state dies. */
void replica_unobserve(struct replica *self, void *state);

#endif
