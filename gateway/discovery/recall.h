/* What polls were answered lately, by whoever and whatever connection they came: a number for a
 * key, until a time. Bounded: when there is no room the one that would be forgotten soonest is
 * forgotten now, and a client is told once more what it was told before.
 */
#ifndef GATEWAY_DISCOVERY_RECALL_H
#define GATEWAY_DISCOVERY_RECALL_H

#include <stdbool.h>
#include <stdint.h>

struct recall;

struct recall *recall_new(void);
void recall_destroy(struct recall **self);

/* key: a hash that clients can't choose. Replaces what is there. */
void recall_put(struct recall *self, uint64_t key, int64_t value, int64_t until_ms);
/* value may be NULL. */
bool recall_find(const struct recall *self, uint64_t key, int64_t now_ms, int64_t *value);

#endif
