/* Other nodes' questions, asked of the own registry under an id of our own, and its answers under
 * theirs. */
#include "actors/replicator/relay.h"

#include <assert.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/state.h"

static void refuse(struct replicator *self, const struct address *to, uint64_t id, enum err err,
                   const char *text, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    self->counters.relays_refused++;
    msg.as_result = (struct msg_result){.id = id,
                                        .err = err,
                                        .epoch = self->publisher.at.epoch,
                                        .boot = self->publisher.at.boot,
                                        .seq = self->publisher.at.seq,
                                        .text = str_from(text)};
    outbox_reply(out, OUTBOX_NOW, to, &msg);
}

static size_t bytes_of(const struct msg *question)
{
    switch (question->type) {
    case MSG_TYPE_LOOKUP:
        return question->as_lookup.keys.len;
    case MSG_TYPE_DIGEST:
        return question->as_digest.branches.len;
    case MSG_TYPE_LEAVES:
        return question->as_leaves.leaves.len;
    default:
        return 0;
    }
}

/* One node's questions take no more than half of the places, unless nobody else has any. */
static bool has_room(const struct replicator *self, const struct address *from)
{
    return self->relays < relays_max / 2 ||
           (self->relays < relays_max && inflight_relayed(self->inflight, from) < relays_each);
}

void relay_question(void *state, const struct address *from, const struct msg *msg,
                    const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    struct ask ask = {.kind = ASK_RELAY, .to = *from, .their_id = msg_id(msg)};
    struct msg question = *msg;

    question.unknown = (struct str){0}; /* our registry is of our own version */
    question.unknown_count = 0;
    if (bytes_of(msg) > question_bytes_max) {
        refuse(self, from, msg_id(msg), ERR_TOO_LARGE, "ask for 64 KiB at once at most", out);
        return;
    }
    if (!has_room(self, from) || replicator_ask(self, &ask, &question, now, out) == 0) {
        refuse(self, from, msg_id(msg), ERR_BUSY, "too many questions of other nodes wait here",
               out);
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
        msg.as_answer.id = ask->their_id;
        outbox_reply(out, OUTBOX_NOW, &ask->to, &msg);
    }
}
