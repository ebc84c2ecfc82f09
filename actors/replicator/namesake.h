/* Other nodes with this node's name, and the names it had itself (namesake.c says what is done
 * about them). */
#ifndef ACTORS_REPLICATOR_NAMESAKE_H
#define ACTORS_REPLICATOR_NAMESAKE_H

#include "actors/replicator/ask.h"
#include "actors/replicator/http_answer.h"

enum former_state { FORMER_NONE, FORMER_ASK, FORMER_CANCEL, FORMER_GONE };

/* What this node was called before: its registration is to be cancelled. ASK: whether this node's
 * id answers at its address, first. */
struct former {
    enum former_state state;
    struct buf zone;
    struct buf name;
    struct buf addr;
    int64_t dirty; /* of the registration that was seen last */
    uint32_t made; /* how often it was made anew */
    bool late;     /* it says to be younger than this process: a clock was set, or a copy's */
};

/* A registration of infra.discovery in the own env. True: it is of this node, or of one that has
 * its name: of no other. */
bool namesake_record(struct replicator *self, const struct msg_put *put, struct str addr,
                     struct str id, const struct now *now);
/* What a node tells of infra.discovery, before the registry has it. */
void namesake_told(struct replicator *self, const struct msg_list *records, const struct now *now);
/* Who is at a namesake's address. */
void namesake_who(struct replicator *self, struct peer *peer, enum err err,
                  const struct answer_who *who, const struct now *now);
/* Registers this node once nobody else is known to have its name, and cancels what it was called
 * before. */
void namesake_step(struct replicator *self, const struct now *now, struct outbox *out);
void namesake_tick(struct replicator *self, const struct now *now);
/* Of what is told to a node that was just met: it may not know it yet. */
void namesake_keys(const struct replicator *self, struct buf *keys);
int64_t namesake_due_ms(const struct replicator *self); /* as actor_spec.due_ms */
void namesake_fini(struct replicator *self);
ask_answered_fn namesake_on_former;

#endif
