#include "actors/registry/questions.h"

#include <assert.h>

void questions_add(struct questions *self, const struct address *from, const struct msg *msg)
{
    struct question *question;

    if (self->count == questions_max) {
        return;
    }
    question = &self->ring[(self->first + self->count++) % questions_max];
    *question = (struct question){.from = *from, .msg = *msg};
    question->msg.unknown = (struct str){0};
    question->msg.unknown_count = 0;
}

const struct question *questions_first(const struct questions *self)
{
    return self->count > 0 ? &self->ring[self->first] : NULL;
}

void questions_drop(struct questions *self)
{
    assert(self->count > 0);
    self->first = (self->first + 1) % questions_max;
    self->count--;
}
