/* A turn of an actor, the one there is: the shell, the simulator and the tests give it what came
 * and carry off what it sends.
 *
 *   turn_begin ─► what came: turn_command, turn_answer, turn_peer_answer, turn_fact; guests
 *              ─► turn_time ─► turn_end ─► lane SYNCED ─► turn_due_ms: when the next one begins
 *
 * Pure: it knows no socket and no clock. All calls of one turn are given the same now.
 */
#ifndef COMMON_RUNTIME_TURN_H
#define COMMON_RUNTIME_TURN_H

#include "common/runtime/actor.h"

enum { turn_types_max = 256 }; /* of messages */

struct turn {
    const struct actor_spec *spec; /* NULL: it only follows */
    void *state;                   /* borrowed, as the next two */
    struct outbox *out;
    const struct actor_link *links;
    size_t link_count;
    actor_handle_fn *handlers[turn_types_max]; /* by type */
    actor_handle_fn *door_handlers[turn_types_max];
    int64_t tick_due_ms;
    bool begun;
};

/* tick_due_ms: when the first tick is. */
void turn_init(struct turn *self, const struct actor_spec *spec, void *state, struct outbox *out,
               const struct actor_link *links, size_t link_count, int64_t tick_due_ms);

/* Time has come to now, for the core too. Again within one turn: nothing happens. */
void turn_begin(struct turn *self, const struct now *now);

/* Hands a command to its handler, of those for other nodes if it came that way. False: there is
 * none for it. */
bool turn_command(struct turn *self, const struct address *from, const struct msg *msg,
                  const struct now *now);
/* An answer that came over link `at`: its follower's, or the core's. False: neither wants it. */
bool turn_answer(struct turn *self, size_t at, const struct msg *msg, const struct now *now);
void turn_peer_answer(struct turn *self, uint32_t peer, const struct msg *msg,
                      const struct now *now);
/* A fact of the one that link `at` follows. */
void turn_fact(struct turn *self, size_t at, struct str body, const struct now *now);

/* The tick, if it is due (those that were missed don't pile up), and the followers' steps. */
void turn_time(struct turn *self, const struct now *now);

/* Sends all that waits in a lane. */
typedef void turn_send_fn(void *context, enum outbox_lane lane);
/* Lane NOW leaves, the core ends its turn (appends, syncs), and what it says before others wait for
 * that leaves too. Lane SYNCED is the caller's to send, last. */
void turn_end(struct turn *self, const struct now *now, turn_send_fn *send, void *context);

/* What is subscribed to over link `at`, from the end of this turn on; and whether a topic is. */
const char *const *turn_topics(const struct turn *self, size_t at);
bool turn_follows(const struct turn *self, size_t at, struct str topic);

/* When something is due, mono ms; INT64_MAX: nothing. Whether the next turn is to begin at once is
 * the outbox's to say (outbox_take_again). */
int64_t turn_due_ms(const struct turn *self, const struct now *now);

#endif
