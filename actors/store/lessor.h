/* When leases end: the times that the state machine, which has no clock, leaves to its member. Only
 * the leader's count; the others keep theirs all the same, for the day they lead.
 *
 * Time is awake time (common/base/awake.h): a store that stood still expires nobody for it. None
 * ends before its holder was told. Source: etcd's lessor (server/lease/lessor.go).
 */
#ifndef ACTORS_STORE_LESSOR_H
#define ACTORS_STORE_LESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lessor;

/* checkpoint_ms: how often what is left of a lease is to be written down, of those whose rest is
 * longer; 0: never. */
struct lessor *lessor_new(int64_t checkpoint_ms);
void lessor_destroy(struct lessor **self);

/* It was granted, or it was there at the start: rest_s are left of it from now on. */
void lessor_add(struct lessor *self, int64_t id, int64_t ttl_s, int64_t rest_s, int64_t awake_ms);
void lessor_remove(struct lessor *self, int64_t id); /* revoked or expired; may not be there */
/* A sign of life: its whole TTL is left. False: there is none, or it is ending. */
bool lessor_renew(struct lessor *self, int64_t id, int64_t awake_ms, int64_t *ttl_s);
/* Its revoke is proposed; and what became of that is known, or nobody will know. */
void lessor_revoke(struct lessor *self, int64_t id);
void lessor_revoked(struct lessor *self, int64_t id);
/* It is revoked or expires soon, but not yet. */
bool lessor_is_ending(const struct lessor *self, int64_t id);
/* What is left, in whole seconds, rounded down; 0: it is ending. False: there is none. */
bool lessor_rest(const struct lessor *self, int64_t id, int64_t awake_ms, int64_t *rest_s);

/* When it ends, awake ms (0: it is ending, or there is none), and its place among those of that ms.
 */
struct lease_end {
    int64_t at_ms;
    uint64_t place;
};
struct lease_end lessor_end(const struct lessor *self, int64_t id);

/* Those whose time is over, max at most: they are ending, and not told again until lessor_again. */
size_t lessor_due(struct lessor *self, int64_t awake_ms, int64_t *ids, size_t max);
/* Nobody knows what became of what was told: all that are ending are told once more. */
void lessor_again(struct lessor *self, int64_t awake_ms);
/* What is left of those whose time to be written down has come, max at most: each is told once
 * every checkpoint_ms. */
struct lease_rest {
    int64_t id;
    int64_t rest_s; /* rounded up: none ends early for it; 0: all of its TTL */
};
size_t lessor_rests(struct lessor *self, int64_t awake_ms, struct lease_rest *rests, size_t max);
/* Whether its rest was among the last that were told: while those are on their way into the log, a
 * sign of life alone would be overtaken by them. */
bool lessor_rest_is_last(const struct lessor *self, int64_t id);
int64_t
lessor_due_ms(const struct lessor *self); /* awake ms, of both; INT64_MAX: none is to come */
size_t lessor_count(const struct lessor *self);

#endif
