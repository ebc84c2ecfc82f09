/* Memory held for clients, in sum: each of them is bounded, but there are many. Counted are the
 * bodies they send, the answers they do not read (one that is shared counts once) and what handlers
 * say they keep for them. Over the limit the largest go (relief.h). */
#ifndef GATEWAY_HTTP_MEMORY_H
#define GATEWAY_HTTP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct response;

struct memory {
    uint64_t max;
    uint64_t held;
};

/* max: 0: a quarter of the machine's or cgroup's, shared by so many processes. */
void memory_init(struct memory *self, uint64_t max, unsigned sharers);
bool memory_is_full(const struct memory *self);
/* What is counted with *weight bytes holds so many from now on; *weight follows. */
void memory_weigh(struct memory *self, size_t *weight, size_t bytes);
void memory_hold(struct memory *self, struct response *response);
void memory_release(struct memory *self, struct response *response);

#endif
