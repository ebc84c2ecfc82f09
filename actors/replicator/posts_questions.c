#include "actors/replicator/posts_questions.h"

enum { slice_bytes_max = 512 * 1024 };

void question_turn(struct posts *self, struct question *question, enum question_state state)
{
    self->questions_waiting +=
        (uint32_t)(state == QUESTION_WAITS) - (question->state == QUESTION_WAITS);
    self->reads += (uint32_t)(state == QUESTION_READ) - (question->state == QUESTION_READ);
    question->state = state;
    if (state != QUESTION_READ) {
        buf_fini(&question->body);
    }
}

static void ask(struct posts *self, uint32_t peer, enum post_work work)
{
    if (posts_is_open(self, peer)) {
        struct question *question = &self->peers[peer].questions[work - WORK_NODES];

        if (question->state == QUESTION_NONE) {
            question_turn(self, question, QUESTION_WAITS);
        }
    }
}

void posts_ask_nodes(struct posts *self, uint32_t peer)
{
    ask(self, peer, WORK_NODES);
}

void posts_ask_who(struct posts *self, uint32_t peer)
{
    ask(self, peer, WORK_WHO);
}

void posts_ask_all(struct posts *self, uint32_t peer)
{
    ask(self, peer, WORK_ALL);
}

enum posts_source question_source(enum post_work work)
{
    return work == WORK_NODES ? POSTS_NODES : POSTS_ALL;
}

static void read_slice(struct posts *self, uint32_t number, unsigned i)
{
    struct posts_peer *peer = &self->peers[number];
    struct question *question = &peer->questions[i];
    uint64_t generation = peer->generation;
    uint64_t passed = question->reader.passed;
    enum posts_source source = question_source(WORK_NODES + i);
    enum answer_step step = ANSWER_RECORD;
    struct msg_list records = {0};
    struct buf store = {0};
    bool ended;

    for (unsigned n = 0; n < posts_slice_max && store.len < slice_bytes_max &&
                         (step == ANSWER_RECORD || step == ANSWER_PASSED);
         n++) {
        step = answer_next(&question->reader, &records, &store);
    }
    self->counts.passed += question->reader.passed - passed;
    ended = step == ANSWER_END || step == ANSWER_BROKEN;
    if (ended) {
        question_turn(self, question, QUESTION_NONE);
    }
    if (records.count > 0) {
        self->owner->records(self->state, number, source, &records, &self->now);
    }
    buf_fini(&store);
    if (ended && peer->generation == generation) {
        self->owner->answered(self->state, number, source,
                              step == ANSWER_END ? ERR_OK : ERR_UNAVAILABLE, &self->now);
    }
}

bool posts_step(struct posts *self, const struct now *now)
{
    self->now = *now;
    for (uint32_t i = 0; self->reads > 0 && i < self->peer_count * question_count; i++) {
        if (self->peers[i / question_count].questions[i % question_count].state == QUESTION_READ) {
            read_slice(self, i / question_count, i % question_count);
            return true;
        }
    }
    return false;
}
