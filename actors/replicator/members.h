/* Who is in infra.discovery, and the ways to them: each node there, or configured, has a place
 * among the peers, and a way is open to those that are talked to. */
#ifndef ACTORS_REPLICATOR_MEMBERS_H
#define ACTORS_REPLICATOR_MEMBERS_H

#include "actors/replicator/ask.h"
#include "actors/replicator/http_answer.h"

struct members {
    bool due;       /* ask the registry for all of them */
    bool under_way; /* asked */
    bool again;     /* something changed meanwhile */
    int64_t asked_ms;
    bool known;   /* asked once, and answered */
    bool changed; /* ways are to be opened or closed */
    bool seek;    /* ask seeds at once, not at the tick */
    bool said_full;
    bool said_twice;  /* that another node says to be this one */
    int64_t hold_ms;  /* mono, until when the own name is looked for; -1: not yet */
    int64_t began_ns; /* wall, when this process began */
    bool name_taken;  /* a node that answers has it: this one must not be */
};

/* Once a turn: opens and closes ways where something has changed. */
void members_step(struct replicator *self, const struct now *now, struct outbox *out);
/* Once a tick: now and then all nodes are asked of the registry again; seeds are asked who they
 * are. */
void members_tick(struct replicator *self, const struct now *now, struct outbox *out);
/* A record of the registry's facts, whatever it is of. */
void members_record(struct replicator *self, const struct msg *record, const struct now *now);
ask_answered_fn members_on_nodes;

/* Who is at a node's address has answered, or not. */
void members_who(struct replicator *self, struct peer *peer, enum err err,
                 const struct answer_who *who, const struct now *now);

#endif
