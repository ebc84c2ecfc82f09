#include "actors/store/node/node_state.h"
#include "common/base/array.h"

void node_answer(struct raft_node *self, uint64_t number, enum err err, uint64_t index,
                 size_t body_at)
{
    struct raft_answer answer = {.number = number, .err = err, .index = index};

    answer.body.len = self->bodies.len - body_at;
    ARRAY_ROOM(self->answers, self->answer_count, self->answer_cap, 64);
    self->answers[self->answer_count++] = answer;
}

const struct raft_answer *raft_node_answers(struct raft_node *self, size_t *count)
{
    const char *at = self->bodies.data;

    for (size_t i = 0; i < self->answer_count; i++) {
        self->answers[i].body.data = at;
        at += self->answers[i].body.len;
    }
    *count = self->answer_count;
    self->answers_handed = true;
    return self->answers;
}
