/* What every actor answers alike: PING, STATS, LOG_LEVEL, LINES, SHUTDOWN, and what it
 * says to a command it does not have. */
#ifndef COMMON_RUNTIME_ADMIN_H
#define COMMON_RUNTIME_ADMIN_H

#include "common/runtime/actor.h"
#include "common/runtime/launched.h"
#include "common/runtime/sockets.h"
#include "common/runtime/turn_cost.h"

struct admin {
    const struct actor_options *options; /* borrowed */
    const struct sockets *sockets;       /* borrowed */
    struct str name;                     /* borrowed: "registry", "gateway.0" */
    struct launched launched;
    int64_t started_ms;
    uint64_t turns;
    uint64_t commands;
    uint64_t door_commands; /* of other nodes */
    uint64_t answers;
    uint64_t peer_answers; /* from other nodes */
    uint64_t facts;
    uint64_t unsupported;
    uint64_t malformed;
    uint64_t full_turns; /* turns that left work waiting */
    uint64_t gathered;   /* pauses made for a crowd */
    uint64_t clock_sets; /* times that somebody set the time of day */
    struct turn_cost cost;
};

/* Answers msg in lane NOW if it is one of the five; else false. */
bool admin_answer(struct admin *self, const struct address *from, const struct msg *msg,
                  const struct now *now, struct outbox *out);
/* RESULT UNSUPPORTED. type: as decoded, in the table or not. */
void admin_refuse(struct admin *self, const struct address *from, unsigned type, uint64_t id,
                  struct outbox *out);

#endif
