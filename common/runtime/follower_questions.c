#include "common/runtime/follower_questions.h"

static void ask(struct follower *self, struct msg *question, const struct now *now,
                struct outbox *out)
{
    question->as_command.id = ++self->asked_id;
    self->asked_ms = now->mono_ms;
    self->waiting = true;
    outbox_command(out, self->source, self->index, question); /* lost: asked again in 1 s */
}

void follower_ask_history(struct follower *self, const struct now *now, struct outbox *out)
{
    struct msg question = {.type = MSG_TYPE_FACTS};

    follower_enter(self, FOLLOWER_HISTORY);
    self->hurried = false;
    question.as_facts.epoch = self->at.epoch;
    question.as_facts.from = self->at.seq;
    ask(self, &question, now, out);
}

void follower_ask_on(struct follower *self, const struct now *now, struct outbox *out)
{
    if (self->fruitless < 2) {
        follower_ask_history(self, now, out);
    }
}

void follower_ask_slice(struct follower *self, const struct now *now, struct outbox *out)
{
    struct msg question = {.type = MSG_TYPE_SNAPSHOT};

    question.as_snapshot.cursor = self->cursor;
    ask(self, &question, now, out);
}

void follower_rewind(struct follower *self)
{
    self->cursor = 0;
    self->first_slice = true;
    self->slice.len = 0;
}

void follower_ask_snapshot(struct follower *self, const struct now *now, struct outbox *out)
{
    follower_enter(self, FOLLOWER_SNAPSHOT);
    follower_rewind(self);
    follower_ask_slice(self, now, out);
}
