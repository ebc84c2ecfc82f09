#include "gateway/bus/round.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/wire/codec.h"

static const int64_t wait_ms = 500;

/* What one target has said. */
struct said {
    struct buf frame; /* the msg borrows from it */
    struct msg msg;
    int64_t answered_ms;
    bool there;
};

struct round {
    const struct actor_link *targets;
    size_t target_count;
    struct said *said; /* by target */
    size_t missing;
    uint64_t id; /* of the commands of the round that runs, or ran last */
    bool runs;
    int64_t deadline_ms;
    struct round_waiter *waiters;
};

struct round *round_new(const struct actor_link *targets, size_t count)
{
    struct round *self = heap_new(sizeof(*self));

    self->said = heap_array(count, sizeof(*self->said));
    self->targets = targets;
    self->target_count = count;
    return self;
}

static void forget(struct round *self)
{
    for (size_t i = 0; i < self->target_count; i++) {
        buf_fini(&self->said[i].frame);
        self->said[i] = (struct said){0};
    }
}

void round_destroy(struct round **self)
{
    if (*self != NULL) {
        forget(*self);
        free((*self)->said);
        free(*self);
        *self = NULL;
    }
}

static void begin(struct round *self, const struct now *now, struct outbox *out)
{
    self->runs = true;
    self->id++;
    self->missing = self->target_count;
    self->deadline_ms = now->mono_ms + wait_ms;
    for (size_t i = 0; i < self->target_count; i++) {
        struct msg stats = {.type = MSG_TYPE_STATS};

        stats.as_stats.id = self->id;
        /* what the outbox has no room for stays without an answer */
        (void)outbox_command(out, self->targets[i].to, self->targets[i].index, &stats);
    }
}

void round_join(struct round *self, struct round_waiter *waiter, const struct now *now,
                struct outbox *out)
{
    assert(waiter->done != NULL);
    waiter->next = self->waiters;
    self->waiters = waiter;
    if (!self->runs) {
        begin(self, now, out);
    }
}

void round_leave(struct round *self, struct round_waiter *waiter)
{
    struct round_waiter **at = &self->waiters;

    while (*at != waiter) {
        at = &(*at)->next;
    }
    *at = waiter->next;
}

static bool is_of(const struct actor_link *target, enum actor_name from, uint32_t index)
{
    return target->to == from && target->index == index;
}

void round_counters(struct round *self, enum actor_name from, uint32_t index, const struct msg *msg,
                    const struct now *now)
{
    assert(msg->type == MSG_TYPE_COUNTERS);
    if (!self->runs || msg->as_counters.id != self->id) {
        return;
    }
    for (size_t i = 0; i < self->target_count; i++) {
        struct said *said = &self->said[i];
        struct str rest;

        if (!is_of(&self->targets[i], from, index) || said->there) {
            continue;
        }
        msg_encode(&said->frame, msg);
        rest = buf_str(&said->frame);
        said->there = msg_decode(&rest, &said->msg) == ERR_OK;
        said->answered_ms = now->mono_ms;
        assert(said->there); /* it was decoded before it came here */
        self->missing--;
    }
}

void round_turn(struct round *self, const struct now *now)
{
    if (!self->runs || (self->missing > 0 && now->mono_ms < self->deadline_ms)) {
        return;
    }
    while (self->waiters != NULL) {
        struct round_waiter *waiter = self->waiters;

        self->waiters = waiter->next;
        waiter->done(waiter, self, now);
    }
    self->runs = false;
    forget(self);
}

int64_t round_due_ms(const struct round *self)
{
    return self->runs ? self->deadline_ms : INT64_MAX;
}

size_t round_count(const struct round *self)
{
    return self->target_count;
}

void round_answer(const struct round *self, size_t at, struct round_answer *answer)
{
    const struct said *said = &self->said[at];

    assert(at < self->target_count);
    *answer = (struct round_answer){
        .from = self->targets[at].to,
        .index = self->targets[at].index,
        .counters = said->there ? &said->msg.as_counters : NULL,
        .answered_ms = said->answered_ms,
    };
}
