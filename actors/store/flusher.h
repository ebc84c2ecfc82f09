/* Writes sealed tails into the backend: in a thread of its own, the only one of the house, or,
 * where time is virtual, at once.
 *
 *   loop ──flusher_hand(tail)──► thread: tail_flush ──► flusher_fd readable ──► flusher_take ──►
 * loop
 *
 * One tail at a time. Until it is taken back the tail is not changed, and nobody else writes the
 * backend; reads of the backend go on in the loop meanwhile.
 */
#ifndef ACTORS_STORE_FLUSHER_H
#define ACTORS_STORE_FLUSHER_H

#include "actors/store/mvcc/tail.h"
#include "common/base/clock.h"

struct flusher;

/* backend, clock: borrowed. clock: the thread's, which takes its time by it; NULL: no thread.
 * Errors: ERR_FULL (no thread or descriptor is to be had; errno says why). */
enum err flusher_new(struct flusher **self, struct backend *backend, const struct clock *clock);
/* What was handed over is written before. */
void flusher_destroy(struct flusher **self);

/* tail: sealed; borrowed until it is taken back. Not while one is. */
void flusher_hand(struct flusher *self, const struct tail *tail);
bool flusher_is_busy(const struct flusher *self); /* one is handed over, not taken back */

struct flushed {
    enum err err; /* tail_flush's */
    char text[backend_text_max];
    int64_t took_us; /* 0 without a thread */
};
/* wait: until it is done. False: there is none, or it is not done yet. */
bool flusher_take(struct flusher *self, bool wait, struct flushed *out);

int flusher_fd(const struct flusher *self); /* -1: there is no thread */

#endif
