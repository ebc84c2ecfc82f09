/* The newest facts of the store that follow each other without a gap: for who has missed little,
 * and for when a gap before them has been read.
 *
 *   (from … to]      from: what the first one ended the gap with; empty: from = to
 */
#ifndef GATEWAY_ETCD_WATCH_RECENT_H
#define GATEWAY_ETCD_WATCH_RECENT_H

#include "common/base/str.h"

/* One fact: the revisions above `before` up to `revision`. */
struct watch_fact {
    int64_t before, revision;
    size_t len;
    char events[]; /* EVENTs, encoded */
};

struct watch_recent {
    struct watch_fact **facts; /* owned; from `first` on, in order */
    size_t first, count, cap;
    size_t bytes, bytes_max;
    int64_t from, to;
};

void watch_recent_fini(struct watch_recent *self);
/* Forgets all; the next fact is to follow revision. */
void watch_recent_begin(struct watch_recent *self, int64_t revision);
/* revision > before. One that does not follow the last one is the first of a new run. The oldest
 * ones make room. */
void watch_recent_add(struct watch_recent *self, int64_t before, int64_t revision,
                      struct str events);
/* The first fact with revisions above `revision`; NULL: none, or what follows it is not here. */
const struct watch_fact *watch_recent_after(const struct watch_recent *self, int64_t revision);

#endif
