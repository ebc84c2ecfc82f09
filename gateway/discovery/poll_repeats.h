/* What polls that are repeated were answered, whatever connection they come by.
 *
 * SDKs ignore an app without an instance in an answer, and poll on with the latest_timestamp they
 * had, for ever answered at once. A polls request that repeats one answered within the last
 * seconds, by the same hostname, for the same apps with the same latest_timestamps, counts as if
 * the client had taken those apps' new ones (differences row 27).
 *
 * A poll with a latest_timestamp of another node that is ahead of ours is answered in full once
 * where it may have missed something, and not again (differences row 26).
 */
#ifndef GATEWAY_DISCOVERY_POLL_REPEATS_H
#define GATEWAY_DISCOVERY_POLL_REPEATS_H

#include "gateway/discovery/updates.h"

struct poll_repeats;

/* seed: random, so that no client can choose whose answers it has. */
struct poll_repeats *poll_repeats_new(uint64_t seed);
void poll_repeats_destroy(struct poll_repeats **self);

/* A poll begins: names it, and sets given where its claim was answered before. */
void poll_repeats_begin(const struct poll_repeats *self, struct str hostname,
                        struct updates_asked *asked, const struct now *now);
/* It was answered with news at once. */
void poll_repeats_answer(struct poll_repeats *self, const struct updates_asked *asked,
                         const struct updates_answer *answer, const struct now *now);
/* It has waited to its end for nothing; what was taken for its own still is. */
void poll_repeats_expired(struct poll_repeats *self, const struct updates_asked *asked,
                          const struct now *now);

/* Whether it was answered in full before with each of its latest_timestamps that is ahead. */
bool poll_repeats_had_all(const struct poll_repeats *self, const struct gateway *gateway,
                          const struct updates_asked *asked, const struct now *now);
/* It is now, or its wait has ended since. */
void poll_repeats_has_all(struct poll_repeats *self, const struct gateway *gateway,
                          const struct updates_asked *asked, const struct now *now);

#endif
