#include "common/runtime/follower.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/runtime/follower_facts.h"
#include "common/runtime/follower_questions.h"

static const int64_t resend_ms = 1000;
static const int64_t silence_ticks = 3;
static const size_t kept_bytes_max = (size_t)256 << 10; /* one turn takes them all */

struct follower *follower_new(enum actor_name source, uint32_t index, int64_t tick_ms,
                              const struct follower_owner *owner, void *state)
{
    struct follower *self = heap_get(sizeof(*self));

    assert(tick_ms > 0 && owner->fact != NULL);
    *self = (struct follower){.source = source,
                              .index = index,
                              .tick_ms = tick_ms,
                              .owner = owner,
                              .state = state,
                              .at.heard_ms = -1,
                              .asked_id = follower_id_mark};
    return self;
}

void follower_destroy(struct follower **self)
{
    if (*self != NULL) {
        buf_fini(&(*self)->kept);
        buf_fini(&(*self)->slice);
        free(*self);
        *self = NULL;
    }
}

static void keep(struct follower *self, struct str bytes)
{
    if (self->kept.len + bytes.len > kept_bytes_max) {
        buf_fini(&self->kept);
        self->lost = true;
        return;
    }
    buf_add_str(&self->kept, bytes);
}

static void on_one_fact(struct follower *self, const struct msg *fact, struct str bytes,
                        const struct now *now, struct outbox *out)
{
    const struct msg_fact_head *head = &fact->as_fact;
    bool settled = self->phase == FOLLOWER_CURRENT || self->phase == FOLLOWER_SWEEP;
    bool repeats = fact->type == MSG_TYPE_TICK || fact->type == MSG_TYPE_RENEWED;
    uint64_t before = self->at.seq;
    enum taken taken = TAKEN_GAP;

    self->at.heard_ms = now->mono_ms;
    if (head->epoch != self->newest.epoch || head->boot != self->newest.boot ||
        head->seq > self->newest.seq) {
        self->newest = *head;
    }
    if (fact->type == MSG_TYPE_RENEWED && self->phase != FOLLOWER_SNAPSHOT && self->at.epoch != 0) {
        self->owner->fact(self->state, fact, now);
    }
    if (settled && head->epoch == self->at.epoch) {
        taken = follower_take_fact(self, fact, now);
    }
    if (taken == TAKEN_BROKEN) {
        return;
    }
    if (taken == TAKEN_GAP) {
        if (!repeats) {
            keep(self, bytes);
        }
        if (settled) {
            follower_ask_history(self, now, out);
        }
    } else if (self->phase == FOLLOWER_CURRENT && self->at.seq != before) {
        follower_tell_current(self, now);
    }
}

void follower_on_fact(struct follower *self, struct str frame, const struct now *now,
                      struct outbox *out)
{
    while (frame.len != 0 && self->phase != FOLLOWER_BROKEN) {
        struct str bytes = frame;
        struct msg fact;
        enum err err = msg_decode(&frame, &fact);

        bytes.len -= frame.len;
        if (err == ERR_OK && msg_type_class(fact.type) == MSG_CLASS_FACT) {
            on_one_fact(self, &fact, bytes, now, out);
        } else if (err != ERR_UNSUPPORTED || !msg_type_skippable(fact.type)) {
            (void)follower_stop(self, err, fact.type);
        }
    }
}

void follower_hurry(struct follower *self)
{
    if (self->phase == FOLLOWER_HISTORY || self->phase == FOLLOWER_SNAPSHOT) {
        self->asked_ms = INT64_MIN / 2;
    } else if (self->phase == FOLLOWER_CURRENT) {
        self->hurried = true;
    }
}

int64_t follower_due_ms(const struct follower *self)
{
    if (self->slice.len > 0) {
        return INT64_MIN;
    }
    switch (self->phase) {
    case FOLLOWER_HISTORY:
    case FOLLOWER_SNAPSHOT:
        return self->asked_ms + resend_ms;
    case FOLLOWER_CURRENT:
        return self->hurried ? INT64_MIN : self->at.heard_ms + silence_ticks * self->tick_ms + 1;
    case FOLLOWER_BROKEN:
        return INT64_MAX;
    default:
        return INT64_MIN;
    }
}

void follower_step(struct follower *self, const struct now *now, struct outbox *out)
{
    if (self->slice.len > 0 && !self->slice_fresh) {
        (void)follower_take_slice(self, now);
    }
    self->slice_fresh = false;
    if (self->slice.len > 0 || now->mono_ms < follower_due_ms(self)) {
        return;
    }
    if (self->phase == FOLLOWER_SNAPSHOT) {
        follower_ask_slice(self, now, out);
    } else if (self->phase != FOLLOWER_SWEEP) {
        self->fruitless = 0;
        follower_ask_history(self, now, out);
    } else if (!self->owner->sweep(self->state, now)) {
        self->sweep_due = false;
        follower_become_current(self, now);
    }
}

void follower_state(const struct follower *self, struct follower_state *state)
{
    *state = self->at;
    state->current = self->phase == FOLLOWER_CURRENT;
}
