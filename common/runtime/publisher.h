/* Facts of an actor that has no history to serve: its present state is a few
 * standing facts (evictor: PROTECTION; replicator: NODES; gateway: none). Keeps the last of
 * each type and answers SNAPSHOT and FACTS with them; sends TICK.
 * The registry, whose facts are a log, does this itself.
 */
#ifndef COMMON_RUNTIME_PUBLISHER_H
#define COMMON_RUNTIME_PUBLISHER_H

#include "common/runtime/actor.h"

enum { publisher_standing_max = 4 };

struct publisher {
    enum actor_name actor;
    uint32_t index;
    struct position at; /* epoch = boot = random per run; seq counts publish calls */
    struct {
        enum msg_type type;
        struct buf frame;
    } standing[publisher_standing_max];
};

void publisher_init(struct publisher *self, enum actor_name actor, uint32_t index, uint64_t epoch);
void publisher_fini(struct publisher *self);

/* Stamps epoch, boot and the next seq on msg (a fact type) and sends it on topic. keep: it is a
 * standing fact: the last of its type is given to those who ask. */
void publisher_publish(struct publisher *self, const char *topic, struct msg *msg, bool keep,
                       struct outbox *out);
/* The same without a new seq, for an actor whose history has numbers of its own: at is the
 * actor's to keep. */
void publisher_say(struct publisher *self, const char *topic, struct msg *msg, bool keep,
                   struct outbox *out);
void publisher_tick(struct publisher *self, struct outbox *out);

/* Handler for SNAPSHOT and FACTS: put it in the actor's table through a one-line wrapper. */
void publisher_answer(struct publisher *self, const struct address *from, const struct msg *msg,
                      struct outbox *out);

#endif
