/* Other nodes' questions, asked of the own registry under an id of our own, and its answers under
 * theirs. */
#include <assert.h>

#include "actors/replicator/state.h"

static void refuse(struct replicator *self, const struct address *to, uint64_t id, enum err err,
                   struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    self->counters.relays_refused++;
    msg.as_result = (struct msg_result){.id = id,
                                        .err = err,
                                        .epoch = self->publisher.at.epoch,
                                        .boot = self->publisher.at.boot,
                                        .seq = self->publisher.at.seq,
                                        .text = STR("too many questions of other nodes wait here")};
    outbox_reply(out, OUTBOX_NOW, to, &msg);
}

void relay_question(void *state, const struct address *from, const struct msg *msg,
                    const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    struct ask ask = {.kind = ASK_RELAY, .to = *from, .their_id = msg_id(msg)};
    struct msg question = *msg;

    if (self->relays >= relays_max || replicator_ask(self, &ask, &question, now, out) == 0) {
        refuse(self, from, msg_id(msg), ERR_BUSY, out);
        return;
    }
    self->relays++;
    self->counters.relayed++;
}

void relay_on_answer(struct replicator *self, const struct ask *ask, const struct msg *answer,
                     const struct now *now, struct outbox *out)
{
    struct msg msg;

    (void)now;
    assert(self->relays > 0);
    self->relays--;
    if (answer != NULL) {
        msg = *answer;
        msg.as_ping.id = ask->their_id; /* the id is every answer's first field */
        outbox_reply(out, OUTBOX_NOW, &ask->to, &msg);
    }
}
