/* How long ago each of many slots last gave a sign of life, and which of them are
 * past a limit: heartbeats of live instances against the idle limit, tombstones
 * against the end of their life.
 *
 * Time is the awake clock's (ms that this process was able to notice, from 0 at
 * its start), so that nobody grows old while the registry is down or stopped. A
 * slot hangs in a bucket by its time; buckets are limit / 64 wide; one that is
 * past the limit stands in the array of the old. Every call is O(1), but
 * ages_advance, which looks at a bounded number.
 */
#ifndef ACTORS_REGISTRY_AGES_H
#define ACTORS_REGISTRY_AGES_H

#include <stdbool.h>
#include <stdint.h>

struct ages;

struct ages *ages_new(int64_t limit_ms);
void ages_destroy(struct ages **self);

/* Takes slot in, or moves it. age_ms 0 is now. With an age older than what is
 * known of slot nothing happens: an age only grows, the youngest heard counts. */
void ages_touch(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms);
void ages_drop(struct ages *self, uint32_t slot); /* not held: nothing happens */

/* Age now; -1 when slot is not held. */
int64_t ages_of(const struct ages *self, uint32_t slot, int64_t awake_ms);

/* Moves slots that have come past the limit to the old ones; looks at up to max. True: call
 * again, there may be more. A slot heard within limit / 64 of max others or more
 * may be found that much later. */
bool ages_advance(struct ages *self, int64_t awake_ms, uint32_t max);

uint32_t ages_count(const struct ages *self);

/* The old ones, in no order: 0 … ages_old_count - 1. Any touch or drop moves them about.
 * Swapping two lets a caller draw at random without drawing one twice. */
uint32_t ages_old_count(const struct ages *self);
uint32_t ages_old(const struct ages *self, uint32_t i);
void ages_old_swap(struct ages *self, uint32_t i, uint32_t j);

#endif
