#include "actors/registry/answers.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/heap.h"

struct merged *merged_new(void)
{
    struct merged *self = heap_new(sizeof(*self));

    return self;
}

void merged_destroy(struct merged **self)
{
    if (*self != NULL) {
        buf_fini(&(*self)->text);
        buf_fini(&(*self)->want);
        buf_fini(&(*self)->store);
        free(*self);
        *self = NULL;
    }
}

static void add(struct answers *self, const struct answer *answer)
{
    ARRAY_ROOM(self->items, self->count, self->cap, 64);
    self->items[self->count++] = *answer;
}

void answers_add(struct answers *self, const struct address *to, uint64_t id, uint64_t seq)
{
    add(self, &(struct answer){.to = *to, .id = id, .seq = seq});
}

void answers_add_merged(struct answers *self, const struct address *to, uint64_t id, uint64_t seq,
                        struct merged **merged)
{
    add(self, &(struct answer){.to = *to, .id = id, .seq = seq, .merged = *merged});
    *merged = NULL;
}

static void send_merged(const struct answer *answer, const struct position *at, struct outbox *out)
{
    const struct merged *merged = answer->merged;
    struct msg msg = {.type = MSG_TYPE_MERGED};

    msg.as_merged = (struct msg_merged){
        .id = answer->id,
        .err = merged->err,
        .epoch = at->epoch,
        .boot = at->boot,
        .seq = answer->seq,
        .want = buf_str(&merged->want),
        .newer = merged->newer,
        .text = buf_str(&merged->text),
    };
    (void)outbox_reply(out, OUTBOX_SYNCED, &answer->to, &msg); /* full: the asker asks again */
}

void answers_send(struct answers *self, const struct position *at, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    msg.as_result.epoch = at->epoch;
    msg.as_result.boot = at->boot;
    for (size_t i = 0; i < self->count; i++) {
        struct answer *answer = &self->items[i];

        assert(answer->seq <= at->seq); /* nobody is promised what is not there */
        if (answer->merged != NULL) {
            send_merged(answer, at, out);
            merged_destroy(&answer->merged);
            continue;
        }
        msg.as_result.id = answer->id;
        msg.as_result.seq = answer->seq;
        (void)outbox_reply(out, OUTBOX_SYNCED, &answer->to, &msg); /* full: the asker asks again */
    }
    self->count = 0;
}

void answers_fini(struct answers *self)
{
    while (self->count > 0) {
        merged_destroy(&self->items[--self->count].merged);
    }
    free(self->items);
    *self = (struct answers){0};
}

void answer_now(const struct position *at, const struct address *to, const struct msg *result,
                struct outbox *out)
{
    struct msg msg = *result;

    msg.as_result.epoch = at->epoch;
    msg.as_result.boot = at->boot;
    (void)outbox_reply(out, OUTBOX_NOW, to, &msg); /* full: the asker asks again */
}
