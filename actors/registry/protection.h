/* Whether this node, started with nothing, answers reads before it has met a peer: it must not tell
 * clients that their services are gone. Pure. */
#ifndef ACTORS_REGISTRY_PROTECTION_H
#define ACTORS_REGISTRY_PROTECTION_H

#include <stdbool.h>
#include <stdint.h>

struct protection {
    bool on;
    bool syncing;       /* what its peers hold is not here yet */
    int64_t until_ms;   /* mono; both end then */
    const char *reason; /* static text */
};

struct protection_rules {
    bool wanted; /* registry.protect, and there are nodes of its own zone */
    bool peers;  /* there are peers of any zone */
    int64_t wait_ms;
};

/* empty: nothing was read back. */
void protection_init(struct protection *self, const struct protection_rules *rules, bool empty,
                     int64_t mono_ms);
bool protection_is_over(const struct protection *self, int64_t mono_ms);
/* reason: static text. False: there was nothing to end. */
bool protection_end(struct protection *self, const char *reason);
/* Until it ends by itself. */
int64_t protection_left_ms(const struct protection *self, int64_t mono_ms);

#endif
