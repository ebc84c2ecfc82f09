/* The writes of the last while by their ids, so that one sent twice is done once:
 * the gateway sends again when an answer does not come, and the registry may have
 * died between doing and answering. Filled again from the journal at start.
 */
#ifndef ACTORS_REGISTRY_WRITE_IDS_H
#define ACTORS_REGISTRY_WRITE_IDS_H

#include <stdbool.h>
#include <stdint.h>

enum { writes_max = 1 << 20 };

struct write_ids;

struct write_ids *write_ids_new(int64_t keep_ms);
void write_ids_destroy(struct write_ids **self);

/* The write (gateway, number) ended in the change with this seq; of several changes the last one
 * told counts. Over writes_max the oldest is forgotten early. (0, 0) is no id and is not kept. */
void write_ids_add(struct write_ids *self, uint64_t gateway, uint64_t number, uint64_t seq,
                   int64_t mono_ms);

/* True and seq when it was done. */
bool write_ids_find(const struct write_ids *self, uint64_t gateway, uint64_t number, uint64_t *seq);

void write_ids_expire(struct write_ids *self, int64_t mono_ms,
                      uint32_t max); /* forgets up to max */
uint32_t write_ids_count(const struct write_ids *self);

#endif
