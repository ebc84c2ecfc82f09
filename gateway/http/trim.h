/* Gives memory back to the system when many connections have gone. What they leave is free
 * but scattered, and would stay with the process for good. */
#ifndef GATEWAY_HTTP_TRIM_H
#define GATEWAY_HTTP_TRIM_H

#include <stdbool.h>
#include <stdint.h>

/* When memory was, and may be, given back. */
struct trim {
    uint64_t highest; /* most connections there were since */
    int64_t closed_ms;
    int64_t last_ms;
};

void trim_opened(struct trim *self, uint64_t connections);
void trim_closed(struct trim *self, int64_t now_ms);
/* Whether it is worth it now; then free what is kept for reuse, and call trim_give_back. */
bool trim_is_due(const struct trim *self, uint64_t connections, int64_t now_ms);
void trim_give_back(struct trim *self, uint64_t connections, int64_t now_ms);

#endif
