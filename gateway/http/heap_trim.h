/* Gives memory back to the system when many connections have gone. What they leave is free
 * but scattered, and would stay with the process for good. */
#ifndef GATEWAY_HTTP_HEAP_TRIM_H
#define GATEWAY_HTTP_HEAP_TRIM_H

#include <stdbool.h>
#include <stdint.h>

/* When memory was, and may be, given back. */
struct heap_trim {
    uint64_t highest; /* most connections there were since */
    int64_t closed_ms;
    int64_t last_ms;
};

void heap_trim_opened(struct heap_trim *self, uint64_t connections);
void heap_trim_closed(struct heap_trim *self, int64_t now_ms);
/* Whether it is worth it now; then free what is kept for reuse, and call heap_trim_give_back. */
bool heap_trim_is_due(const struct heap_trim *self, uint64_t connections, int64_t now_ms);
void heap_trim_give_back(struct heap_trim *self, uint64_t connections, int64_t now_ms);

#endif
