/* What the source answers: HISTORY and the slices of a snapshot take the copy to the head that they
 * name, then what was kept meanwhile takes it on. */
#include <assert.h>

#include "common/runtime/follower_facts.h"
#include "common/runtime/follower_questions.h"

static void move(struct follower *self, struct msg_fact_head to)
{
    self->at.epoch = to.epoch;
    self->at.boot = to.boot;
    self->at.seq = to.seq;
}

/* Whoever wants no snapshot goes on from here: whatever is before it is not heard. */
static void leap(struct follower *self, struct msg_fact_head to, const struct now *now)
{
    move(self, to);
    if (self->owner->gap != NULL) {
        self->owner->gap(self->state, now);
    }
}

/* Takes the kept facts of this epoch; on a gap the rest stays. */
static enum taken replay(struct follower *self, const struct now *now)
{
    struct buf kept = self->kept;
    struct str rest = buf_str(&kept);
    enum taken taken = TAKEN;

    self->kept = (struct buf){0};
    while (rest.len != 0 && taken == TAKEN) {
        struct str from_here = rest;
        struct msg fact;
        enum err err = msg_decode(&rest, &fact);

        assert(err == ERR_OK); /* it was decoded before it was kept */
        (void)err;
        if (fact.as_fact.epoch == self->at.epoch) {
            taken = follower_take_fact(self, &fact, now);
        }
        if (taken == TAKEN_GAP) {
            buf_add_str(&self->kept, from_here);
        }
    }
    buf_fini(&kept);
    return taken;
}

/* The head an answer named is reached: is there anything later that we know of? */
static void settle(struct follower *self, const struct now *now, struct outbox *out)
{
    enum taken taken = replay(self, now);

    if (taken == TAKEN_BROKEN) {
        return;
    }
    if (taken == TAKEN_GAP || self->lost ||
        (self->newest.epoch == self->at.epoch && self->newest.seq > self->at.seq)) {
        self->lost = false;
        follower_ask_on(self, now, out);
        return;
    }
    self->fruitless = 0;
    if (self->sweep_due) {
        follower_enter(self, FOLLOWER_SWEEP);
        return;
    }
    follower_become_current(self, now);
}

static void on_history(struct follower *self, const struct msg_history *history,
                       const struct now *now, struct outbox *out)
{
    bool skips = self->owner->gap != NULL;
    struct msg_fact_head head = {history->epoch, history->boot, history->head};
    uint64_t before = self->at.seq;
    enum taken taken;

    if (history->epoch != self->at.epoch || history->head < self->at.seq) {
        if (!skips) {
            follower_ask_snapshot(self, now, out);
            return;
        }
        leap(self, head, now);
    }
    self->at.boot = history->boot;
    taken = follower_take_records(self, history->records, SEQ_ORDER, now);
    if (taken == TAKEN_GAP && skips) {
        leap(self, head, now);
        taken = TAKEN;
    }
    if (taken == TAKEN) {
        taken = follower_take_standing(self, history->standing, now);
    } else if (taken == TAKEN_GAP) {
        follower_ask_snapshot(self, now, out); /* its history has a hole */
    }
    if (taken != TAKEN) {
        return;
    }
    if (self->owner->record == NULL) {
        self->at.seq = history->head;
    }
    self->fruitless = self->at.seq > before ? 0 : self->fruitless + 1;
    if (self->at.seq < history->head) {
        follower_ask_on(self, now, out);
    } else {
        settle(self, now, out);
    }
}

static void on_chunk(struct follower *self, const struct msg_chunk *chunk, const struct now *now,
                     struct outbox *out)
{
    if (self->first_slice) {
        self->first_slice = false;
        self->snapshot = (struct msg_fact_head){chunk->epoch, chunk->boot, chunk->seq};
        if (self->owner->begin != NULL) {
            self->owner->begin(self->state);
        }
    } else if (chunk->epoch != self->snapshot.epoch || chunk->boot != self->snapshot.boot) {
        follower_ask_snapshot(self, now, out);
        return;
    }
    if (follower_take_slice(self, now) != TAKEN) {
        return;
    }
    if (chunk->next != 0) {
        self->cursor = chunk->next;
        follower_ask_slice(self, now, out);
        buf_add_str(&self->slice, chunk->records.bytes);
        self->slice_fresh = true;
        return;
    }
    buf_fini(&self->slice);
    if (follower_take_records(self, chunk->records, ANY_ORDER, now) != TAKEN ||
        follower_take_standing(self, chunk->standing, now) != TAKEN) {
        return;
    }
    move(self, self->snapshot);
    self->at.snapshots++;
    self->sweep_due = self->owner->sweep != NULL;
    self->fruitless = 0;
    follower_ask_history(self, now, out);
}

static void on_result(struct follower *self, const struct msg_result *result, const struct now *now,
                      struct outbox *out)
{
    if (self->phase == FOLLOWER_SNAPSHOT) {
        follower_rewind(self); /* it can't go on from our cursor: in 1 s from the start */
        return;
    }
    if (result->err != ERR_STALE) {
        return; /* not ready yet: asked again in 1 s */
    }
    if (result->epoch != 0 && (self->owner->gap != NULL ||
                               (self->owner->record == NULL && result->epoch != self->at.epoch))) {
        /* Who takes no records needs no snapshot: the standing facts come with any history. */
        self->fruitless = result->epoch == self->at.epoch ? self->fruitless + 1 : 0;
        leap(self, (struct msg_fact_head){result->epoch, result->boot, result->seq}, now);
        follower_ask_on(self, now, out);
        return;
    }
    follower_ask_snapshot(self, now, out);
}

bool follower_on_answer(struct follower *self, const struct msg *msg, const struct now *now,
                        struct outbox *out)
{
    uint64_t id = msg_id(msg);

    if (msg->type != MSG_TYPE_CHUNK && msg->type != MSG_TYPE_HISTORY &&
        msg->type != MSG_TYPE_RESULT) {
        return false;
    }
    if (id <= follower_id_mark || id > self->asked_id) {
        return false;
    }
    if (id != self->asked_id || !self->waiting || self->phase == FOLLOWER_BROKEN) {
        return true; /* late: it was asked again since */
    }
    self->at.heard_ms = now->mono_ms;
    if (msg->type == MSG_TYPE_RESULT) {
        self->waiting = false;
        on_result(self, &msg->as_result, now, out);
    } else if (msg->type == MSG_TYPE_CHUNK && self->phase == FOLLOWER_SNAPSHOT) {
        self->waiting = false;
        on_chunk(self, &msg->as_chunk, now, out);
    } else if (msg->type == MSG_TYPE_HISTORY && self->phase == FOLLOWER_HISTORY) {
        self->waiting = false;
        on_history(self, &msg->as_history, now, out);
    }
    return true;
}
