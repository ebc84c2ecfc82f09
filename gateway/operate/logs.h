/* The logs of all actors of this node, as one stream: GET /muster/v1/logs. While somebody reads it
 * every actor is asked for its new lines (LINES) twice a second; else nobody is.
 */
#ifndef GATEWAY_OPERATE_LOGS_H
#define GATEWAY_OPERATE_LOGS_H

#include "common/runtime/actor.h"
#include "gateway/operate/state.h"

struct logs;
struct tails;

/* targets: whom to ask; borrowed. */
struct logs *logs_new(const struct actor_link *targets, size_t count);
/* After http_destroy. */
void logs_destroy(struct logs **self);

/* Lines of an actor; of no question that is under way: ignored. */
void logs_tail(struct logs *self, enum actor_name from, uint32_t index,
               const struct msg_tail *tail);
/* Asks, and takes in what was answered, in the order of its times. */
void logs_turn(struct logs *self, const struct now *now, struct outbox *out);
int64_t logs_due_ms(const struct logs *self);
struct tails *logs_tails(const struct logs *self);

/* The level and time that a line of JSON says of itself. False: it is none of a log's. */
bool logs_read_line(struct str line, unsigned *level, int64_t *wall_ns);

#endif
