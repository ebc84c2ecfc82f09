/* How long ago each of many slots last gave a sign of life, and which of them are
 * past a limit: heartbeats of live instances against the idle limit, tombstones
 * against the end of their life.
 *
 * Time is the awake clock's (ms that this process was able to notice, from 0 at
 * its start), so that nobody grows old while the registry is down or stopped. A
 * slot hangs in a bucket by its time; buckets are limit / 4096 wide; one that is
 * past the limit stands in the array of the old. Every call is O(1), but
 * ages_advance and ages_expiring, which look at a bounded number.
 */
#ifndef ACTORS_REGISTRY_AGES_H
#define ACTORS_REGISTRY_AGES_H

#include <stdbool.h>
#include <stdint.h>

struct ages;

enum { ages_times_max = 3 };

/* expiring_ms: below limit_ms, when a slot is handed out by ages_expiring; times: how often, 1 …
 * ages_times_max, the later ones spread evenly over what is left to limit_ms. */
struct ages *ages_new(int64_t limit_ms, int64_t expiring_ms, unsigned times);
void ages_destroy(struct ages **self);

/* Takes slot in, or moves it. age_ms 0 is now. An age older than what is known of slot may make its
 * true age younger, and else does nothing: an age only grows, the youngest heard counts. */
void ages_touch(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms);
/* Whether a sign of life given so long ago counts as one: not less than apart_ms away from the last
 * that did, since a client may give it to several nodes, and they to each other. */
bool ages_counts(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms,
                 int64_t apart_ms);
void ages_drop(struct ages *self, uint32_t slot); /* not held: nothing happens */

/* Age now; -1 when slot is not held. */
int64_t ages_of(const struct ages *self, uint32_t slot, int64_t awake_ms);
bool ages_is_old(const struct ages *self, uint32_t slot); /* among the old; not held: false */

/* What is told to other nodes. An age here blames nobody for time that this process did not notice:
 * it is 0 at our start, and stands still while we do. To another node that would be a lie that
 * keeps the silent alive, so it is told how long ago the last sign of life truly was, or that we
 * don't know. */

/* Takes slot in at our start with age 0; it was truly heard true_age_ms ago, -1: who knows. One
 * that is held gets the younger of what is known. */
void ages_restore(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t true_age_ms);
/* This process just stood still for so long without the awake clock: every true age grows by it. */
void ages_stood_still(struct ages *self, int64_t ms);
/* True age now; -1: not held, or not known. Never below ages_of. */
int64_t ages_true(const struct ages *self, uint32_t slot, int64_t awake_ms);

/* Hands out up to max slots whose age came past expiring_ms, or the next of its times, since they
 * were touched, up to limit / 4096 late; not for a time that was over when it came in, nor when
 * ages_advance found it past the limit first. Past several of them at once is handed out once.
 * Returns how many; fewer than max: no more for now. */
uint32_t ages_expiring(struct ages *self, int64_t awake_ms, uint32_t *slots, uint32_t max);

/* Moves slots that have come past the limit to the end of the old ones; looks at up to max. True:
 * call again, there may be more. A slot heard within limit / 4096 of max others or more may be
 * found that much later. */
bool ages_advance(struct ages *self, int64_t awake_ms, uint32_t max);

uint32_t ages_count(const struct ages *self);

/* The old ones, in no order: 0 … ages_old_count - 1. Any touch or drop moves them about.
 * Swapping two lets a caller draw at random without drawing one twice. */
uint32_t ages_old_count(const struct ages *self);
uint32_t ages_old(const struct ages *self, uint32_t i);
void ages_old_swap(struct ages *self, uint32_t i, uint32_t j);

#endif
