/* Gives memory back to the system when many connections, or what else they hold, have gone. What
 * they leave is free but scattered, and would stay with the process for good: 430 MB after 16,000
 * connections of HTTP/2. */
#ifndef GATEWAY_HTTP_HEAP_TRIM_H
#define GATEWAY_HTTP_HEAP_TRIM_H

#include <stdbool.h>
#include <stdint.h>

/* When memory was, and may be, given back. {0}: of a process that has none yet. */
struct heap_trim {
    uint64_t highest; /* of count, since */
    uint64_t count;   /* as it was last told */
    int64_t fell_ms;
    int64_t last_ms;
};

/* Once a turn; count: of what holds memory. Whether it is worth it now; then free what is kept for
 * reuse, and call heap_trim_give_back. */
bool heap_trim_is_due(struct heap_trim *self, uint64_t count, int64_t now_ms);
void heap_trim_give_back(struct heap_trim *self, int64_t now_ms);

#endif
