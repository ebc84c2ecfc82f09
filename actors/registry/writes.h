/* The writes of the last while by their ids, so that one sent twice is done once:
 * the gateway sends again when an answer does not come, and the registry may have
 * died between doing and answering. Filled again from the journal at start.
 */
#ifndef ACTORS_REGISTRY_WRITES_H
#define ACTORS_REGISTRY_WRITES_H

#include <stdbool.h>
#include <stdint.h>

enum { writes_max = 1 << 20 };

struct writes;

struct writes *writes_new(int64_t keep_ms);
void writes_destroy(struct writes **self);

/* The write (gateway, number) ended in the change with this seq; of several changes the last one
 * told counts. Over writes_max the oldest is forgotten early. (0, 0) is no id and is not kept. */
void writes_add(struct writes *self, uint64_t gateway, uint64_t number, uint64_t seq,
                int64_t mono_ms);

/* True and seq when it was done. */
bool writes_find(const struct writes *self, uint64_t gateway, uint64_t number, uint64_t *seq);

void writes_expire(struct writes *self, int64_t mono_ms, uint32_t max); /* forgets up to max */
uint32_t writes_count(const struct writes *self);

#endif
