/* The last lines of an actor's log, for whoever asks (LINES) and whoever listens to
 * log.<actor>.<level> (LINE). */
#ifndef COMMON_RUNTIME_LINES_H
#define COMMON_RUNTIME_LINES_H

#include "common/runtime/actor.h"

/* In lane NOW. name: the actor's, "gateway.0". A log that keeps nothing: no lines. */
void lines_answer(const struct log *log, struct str name, const struct position *at,
                  const struct address *to, const struct msg_lines *asked, struct outbox *out);

/* Publishes what has been written since line *next, as far as it is still kept and somebody
 * subscribes to it; moves *next on. */
void lines_publish(const struct log *log, struct str name, const struct position *at,
                   uint64_t *next, struct outbox *out);

#endif
