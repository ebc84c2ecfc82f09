/* Takes what has come off the sockets of an actor, frame by frame and message by message, and hands
 * it to the turn or to what every actor answers alike. A socket may take up a bounded part of a
 * turn: what is beyond waits for the next, which follows at once.
 */
#ifndef COMMON_RUNTIME_INTAKE_H
#define COMMON_RUNTIME_INTAKE_H

#include "common/runtime/admin.h"
#include "common/runtime/sockets.h"
#include "common/runtime/turn.h"

struct intake {
    const struct actor_options *options; /* borrowed, as the next */
    struct sockets *sockets;
    struct turn *turn;
    struct admin *admin;
    struct outbox *out;
    struct inbox commands;
    struct inbox door;
    struct inbox *answers; /* owned; one a link */
    struct inbox fact;     /* what the other sockets brought last */
    bool waits;            /* some input is left over from this turn; the caller takes it back */
};

void intake_init(struct intake *self, const struct actor_options *options, struct sockets *sockets,
                 struct turn *turn, struct admin *admin, struct outbox *out);
void intake_fini(struct intake *self);

/* there: the socket has something. To ask one in vain costs libzmq two system calls, so only those
 * are asked of which wait_for has found that they do; what is left over is taken anyway. */
void intake_commands(struct intake *self, bool there, const struct now *now);
void intake_door(struct intake *self, bool there, const struct now *now); /* from other nodes */
void intake_answers(struct intake *self, size_t link, bool there, const struct now *now);
void intake_way(struct intake *self, uint32_t peer, bool there, const struct now *now);

/* Of a socket that has something. */
void intake_facts(struct intake *self, size_t link, const struct now *now);
void intake_subscriptions(struct intake *self);

#endif
