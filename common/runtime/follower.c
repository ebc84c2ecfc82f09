#include "common/runtime/follower.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/phases.h"

static const int64_t resend_ms = 1000;
static const int64_t silence_ticks = 3;
static const size_t kept_bytes_max = (size_t)256 << 10; /* one turn takes them all */
/* Our ids have the top bit: the owner's own commands go over the same link. */
static const uint64_t id_mark = UINT64_C(1) << 63;

enum phase {
    PHASE_NEW,
    PHASE_HISTORY,  /* asked FACTS; what is published meanwhile is kept */
    PHASE_SNAPSHOT, /* asked SNAPSHOT; kept as well */
    PHASE_SWEEP,    /* has all; removes over several turns what the snapshot did not hold */
    PHASE_CURRENT,
    PHASE_BROKEN,
    PHASE_COUNT
};

static const unsigned follows[PHASE_COUNT] = {
    [PHASE_NEW] = PHASE(PHASE_HISTORY) | PHASE(PHASE_BROKEN),
    [PHASE_HISTORY] = PHASE(PHASE_HISTORY) | PHASE(PHASE_SNAPSHOT) | PHASE(PHASE_SWEEP) |
                      PHASE(PHASE_CURRENT) | PHASE(PHASE_BROKEN),
    [PHASE_SNAPSHOT] = PHASE(PHASE_SNAPSHOT) | PHASE(PHASE_HISTORY) | PHASE(PHASE_BROKEN),
    [PHASE_SWEEP] = PHASE(PHASE_HISTORY) | PHASE(PHASE_CURRENT) | PHASE(PHASE_BROKEN),
    [PHASE_CURRENT] = PHASE(PHASE_HISTORY) | PHASE(PHASE_BROKEN),
};

struct follower {
    enum actor_name source;
    uint32_t index;
    int64_t tick_ms;
    const struct follower_owner *owner;
    void *state;

    enum phase phase;
    uint64_t epoch;
    uint64_t boot;
    uint64_t seq;
    bool ever_current;
    int64_t heard_ms;
    uint64_t catch_ups;
    uint64_t snapshots;

    uint64_t asked_id; /* of the newest question; answers to older ones are late */
    int64_t asked_ms;
    bool hurried;       /* follower_hurry was called while CURRENT */
    bool waiting;       /* the newest question has no answer yet */
    unsigned fruitless; /* answers in a row that brought nothing though more is known of */

    uint64_t newest_epoch; /* the newest position any fact has named */
    uint64_t newest_boot;  /* a later run of the source may have come back with less */
    uint64_t newest_seq;
    struct buf kept; /* facts heard while catching up, in order */
    bool lost;       /* some did not fit */

    uint64_t cursor;          /* of the slice that is asked for */
    bool first_slice;         /* none of this snapshot has come yet */
    struct msg_tick snapshot; /* position of its first slice */
    bool sweep_due;
    struct buf slice; /* records of the last one: taken while the source makes the next */
    bool slice_fresh; /* it came in this turn, and the question for the next has not left */
};

struct follower *follower_new(enum actor_name source, uint32_t index, int64_t tick_ms,
                              const struct follower_owner *owner, void *state)
{
    struct follower *self = malloc(sizeof(*self));

    assert(self != NULL);
    assert(tick_ms > 0);
    *self = (struct follower){.source = source,
                              .index = index,
                              .tick_ms = tick_ms,
                              .owner = owner,
                              .state = state,
                              .heard_ms = -1,
                              .asked_id = id_mark};
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

static void enter(struct follower *self, enum phase phase)
{
    assert(phases_may(follows, self->phase, phase));
    self->phase = phase;
}

static void stop(struct follower *self, unsigned type)
{
    enter(self, PHASE_BROKEN);
    buf_fini(&self->kept);
    buf_fini(&self->slice);
    if (self->owner->broken != NULL) {
        self->owner->broken(self->state, type);
    }
}

static bool is_fact(enum msg_type type)
{
    return msg_type_class(type) == MSG_CLASS_FACT;
}

static bool is_record(enum msg_type type)
{
    return msg_type_class(type) == MSG_CLASS_CHANGE;
}

/* ── asking ── */

static void ask(struct follower *self, struct msg *question, const struct now *now,
                struct outbox *out)
{
    question->as_command.id = ++self->asked_id;
    self->asked_ms = now->mono_ms;
    self->waiting = true;
    outbox_command(out, self->source, self->index, question); /* lost: asked again in 1 s */
}

static void ask_history(struct follower *self, const struct now *now, struct outbox *out)
{
    struct msg question = {.type = MSG_TYPE_FACTS};

    enter(self, PHASE_HISTORY);
    self->hurried = false;
    question.as_facts.epoch = self->epoch;
    question.as_facts.from = self->seq;
    ask(self, &question, now, out);
}

/* Asks on, but not in a circle: a source that twice had nothing new is given a second. */
static void ask_on(struct follower *self, const struct now *now, struct outbox *out)
{
    if (self->fruitless < 2) {
        ask_history(self, now, out);
    }
}

static void ask_slice(struct follower *self, const struct now *now, struct outbox *out)
{
    struct msg question = {.type = MSG_TYPE_SNAPSHOT};

    question.as_snapshot.cursor = self->cursor;
    ask(self, &question, now, out);
}

static void begin_snapshot(struct follower *self, const struct now *now, struct outbox *out)
{
    enter(self, PHASE_SNAPSHOT);
    self->cursor = 0;
    self->first_slice = true;
    self->slice.len = 0;
    ask_slice(self, now, out);
}

/* Whoever wants no snapshot goes on from here: whatever is before it is not heard. */
static void leap(struct follower *self, uint64_t epoch, uint64_t boot, uint64_t seq,
                 const struct now *now)
{
    self->epoch = epoch;
    self->boot = boot;
    self->seq = seq;
    if (self->owner->gap != NULL) {
        self->owner->gap(self->state, now);
    }
}

/* ── taking ── */

enum taken {
    TAKEN,
    TAKEN_GAP,    /* something before it is missing, or it is of another history */
    TAKEN_BROKEN, /* stop() was called */
};

enum order { ANY_ORDER, SEQ_ORDER };

static enum taken take_records(struct follower *self, struct msg_list list, enum order order,
                               const struct now *now)
{
    struct msg record;

    if (self->owner->record == NULL) {
        return TAKEN;
    }
    while (list.bytes.len != 0) {
        enum err err = msg_decode(&list.bytes, &record);
        uint64_t seq;

        if (err != ERR_OK || !is_record(record.type)) {
            stop(self, err == ERR_MALFORMED ? 0 : record.type);
            return TAKEN_BROKEN;
        }
        seq = record.as_gone.seq; /* PUT and GONE begin alike */
        if (order == SEQ_ORDER) {
            if (seq <= self->seq) {
                continue;
            }
            if (seq != self->seq + 1) {
                return TAKEN_GAP;
            }
            self->seq = seq;
        }
        self->owner->record(self->state, &record, now);
    }
    return TAKEN;
}

static enum taken take_standing(struct follower *self, struct msg_list list, const struct now *now)
{
    struct msg fact;

    while (list.bytes.len != 0) {
        enum err err = msg_decode(&list.bytes, &fact);

        if (err == ERR_OK) {
            self->owner->fact(self->state, &fact, now);
        } else if (err == ERR_MALFORMED || !msg_type_skippable(fact.type)) {
            stop(self, err == ERR_MALFORMED ? 0 : fact.type);
            return TAKEN_BROKEN;
        }
    }
    return TAKEN;
}

static enum taken take_turn(struct follower *self, const struct msg_turn *turn,
                            const struct now *now)
{
    enum taken taken;

    if (turn->seq <= self->seq) {
        return TAKEN;
    }
    if (self->owner->record == NULL) {
        self->seq = turn->seq;
        return TAKEN;
    }
    if (turn->prev > self->seq) {
        return TAKEN_GAP;
    }
    taken = take_records(self, turn->records, SEQ_ORDER, now);
    if (taken == TAKEN && self->seq != turn->seq) {
        return TAKEN_GAP;
    }
    return taken;
}

/* A fact that names a present state. Where the source's facts are all of this
 * kind they are numbered one by one; the registry's carry its seq and move nothing. */
static enum taken take_state(struct follower *self, const struct msg *fact, const struct now *now)
{
    uint64_t seq = fact->as_fact.seq;

    if (seq < self->seq) {
        return TAKEN; /* an answer has told us of a later state */
    }
    self->owner->fact(self->state, fact, now);
    if (self->owner->record == NULL) {
        if (seq > self->seq + 1) {
            return TAKEN_GAP;
        }
        self->seq = seq;
    }
    return TAKEN;
}

/* A fact of our epoch, with nothing before it outstanding. */
static enum taken take_fact(struct follower *self, const struct msg *fact, const struct now *now)
{
    if (fact->as_fact.seq > self->seq) {
        self->boot = fact->as_fact.boot;
    }
    switch (fact->type) {
    case MSG_TYPE_TURN:
        return take_turn(self, &fact->as_turn, now);
    case MSG_TYPE_RENEWED:
        if (self->owner->record == NULL && fact->as_fact.seq > self->seq) {
            self->seq = fact->as_fact.seq; /* only records lie between */
        }
        return fact->as_fact.seq > self->seq ? TAKEN_GAP : TAKEN;
    case MSG_TYPE_TICK:
        return fact->as_fact.seq > self->seq ? TAKEN_GAP : TAKEN;
    default:
        return take_state(self, fact, now);
    }
}

/* ── catching up ── */

static void tell_current(struct follower *self, const struct now *now)
{
    if (self->owner->current != NULL) {
        self->owner->current(self->state, self->epoch, self->seq, now);
    }
}

static void become_current(struct follower *self, const struct now *now)
{
    enter(self, PHASE_CURRENT);
    self->ever_current = true;
    self->catch_ups++;
    tell_current(self, now);
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
        if (fact.as_fact.epoch == self->epoch) {
            taken = take_fact(self, &fact, now);
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
        (self->newest_epoch == self->epoch && self->newest_seq > self->seq)) {
        self->lost = false;
        ask_on(self, now, out);
        return;
    }
    self->fruitless = 0;
    if (self->sweep_due) {
        enter(self, PHASE_SWEEP);
        return;
    }
    become_current(self, now);
}

static void on_history(struct follower *self, const struct msg_history *history,
                       const struct now *now, struct outbox *out)
{
    bool skips = self->owner->gap != NULL;
    uint64_t before = self->seq;
    enum taken taken;

    if (history->epoch != self->epoch || history->head < self->seq) {
        if (!skips) {
            begin_snapshot(self, now, out);
            return;
        }
        leap(self, history->epoch, history->boot, history->head, now);
    }
    self->boot = history->boot;
    taken = take_records(self, history->records, SEQ_ORDER, now);
    if (taken == TAKEN_GAP && skips) {
        leap(self, history->epoch, history->boot, history->head, now);
        taken = TAKEN;
    }
    if (taken == TAKEN) {
        taken = take_standing(self, history->standing, now);
    } else if (taken == TAKEN_GAP) {
        begin_snapshot(self, now, out); /* its history has a hole */
    }
    if (taken != TAKEN) {
        return;
    }
    if (self->owner->record == NULL) {
        self->seq = history->head;
    }
    self->fruitless = self->seq > before ? 0 : self->fruitless + 1;
    if (self->seq < history->head) {
        ask_on(self, now, out);
    } else {
        settle(self, now, out);
    }
}

static enum taken take_slice(struct follower *self, const struct now *now)
{
    struct msg_list list = {.bytes = buf_str(&self->slice)};

    self->slice.len = 0;
    return take_records(self, list, ANY_ORDER, now);
}

static void on_chunk(struct follower *self, const struct msg_chunk *chunk, const struct now *now,
                     struct outbox *out)
{
    if (self->first_slice) {
        self->first_slice = false;
        self->snapshot =
            (struct msg_tick){.epoch = chunk->epoch, .boot = chunk->boot, .seq = chunk->seq};
        if (self->owner->begin != NULL) {
            self->owner->begin(self->state);
        }
    } else if (chunk->epoch != self->snapshot.epoch || chunk->boot != self->snapshot.boot) {
        begin_snapshot(self, now, out);
        return;
    }
    if (take_slice(self, now) != TAKEN) {
        return;
    }
    if (chunk->next != 0) {
        self->cursor = chunk->next;
        ask_slice(self, now, out);
        buf_add_str(&self->slice, chunk->records.bytes);
        self->slice_fresh = true;
        return;
    }
    buf_fini(&self->slice);
    if (take_records(self, chunk->records, ANY_ORDER, now) != TAKEN ||
        take_standing(self, chunk->standing, now) != TAKEN) {
        return;
    }
    self->epoch = self->snapshot.epoch;
    self->boot = self->snapshot.boot;
    self->seq = self->snapshot.seq;
    self->snapshots++;
    self->sweep_due = self->owner->sweep != NULL;
    self->fruitless = 0;
    ask_history(self, now, out);
}

static void on_result(struct follower *self, const struct msg_result *result, const struct now *now,
                      struct outbox *out)
{
    if (self->phase == PHASE_SNAPSHOT) { /* it can't go on from our cursor: in 1 s from the start */
        self->cursor = 0;
        self->first_slice = true;
        self->slice.len = 0;
        return;
    }
    if (result->err != ERR_STALE) {
        return; /* not ready yet: asked again in 1 s */
    }
    if (result->epoch != 0 && (self->owner->gap != NULL ||
                               (self->owner->record == NULL && result->epoch != self->epoch))) {
        /* Who takes no records needs no snapshot: the standing facts come with any history. */
        self->fruitless = result->epoch == self->epoch ? self->fruitless + 1 : 0;
        leap(self, result->epoch, result->boot, result->seq, now);
        ask_on(self, now, out);
        return;
    }
    begin_snapshot(self, now, out);
}

/* ── the doors ── */

static void on_one_fact(struct follower *self, const struct msg *fact, struct str bytes,
                        const struct now *now, struct outbox *out)
{
    const struct msg_fact_head *head = &fact->as_fact;
    bool settled = self->phase == PHASE_CURRENT || self->phase == PHASE_SWEEP;
    bool repeats = fact->type == MSG_TYPE_TICK || fact->type == MSG_TYPE_RENEWED;
    uint64_t before = self->seq;
    enum taken taken = TAKEN_GAP;

    self->heard_ms = now->mono_ms;
    if (head->epoch != self->newest_epoch || head->boot != self->newest_boot ||
        head->seq > self->newest_seq) {
        self->newest_epoch = head->epoch;
        self->newest_boot = head->boot;
        self->newest_seq = head->seq;
    }
    if (fact->type == MSG_TYPE_RENEWED && self->phase != PHASE_SNAPSHOT && self->epoch != 0) {
        self->owner->fact(self->state, fact, now);
    }
    if (settled && head->epoch == self->epoch) {
        taken = take_fact(self, fact, now);
    }
    if (taken == TAKEN_BROKEN) {
        return;
    }
    if (taken == TAKEN_GAP) {
        if (!repeats) {
            keep(self, bytes);
        }
        if (settled) {
            ask_history(self, now, out);
        }
    } else if (self->phase == PHASE_CURRENT && self->seq != before) {
        tell_current(self, now);
    }
}

void follower_on_fact(struct follower *self, struct str frame, const struct now *now,
                      struct outbox *out)
{
    while (frame.len != 0 && self->phase != PHASE_BROKEN) {
        struct str bytes = frame;
        struct msg fact;
        enum err err = msg_decode(&frame, &fact);

        bytes.len -= frame.len;
        if (err == ERR_OK && is_fact(fact.type)) {
            on_one_fact(self, &fact, bytes, now, out);
        } else if (err != ERR_UNSUPPORTED || !msg_type_skippable(fact.type)) {
            stop(self, err == ERR_MALFORMED ? 0 : fact.type);
        }
    }
}

bool follower_on_answer(struct follower *self, const struct msg *msg, const struct now *now,
                        struct outbox *out)
{
    uint64_t id = msg_id(msg);

    if (msg->type != MSG_TYPE_CHUNK && msg->type != MSG_TYPE_HISTORY &&
        msg->type != MSG_TYPE_RESULT) {
        return false;
    }
    if (id <= id_mark || id > self->asked_id) {
        return false;
    }
    if (id != self->asked_id || !self->waiting || self->phase == PHASE_BROKEN) {
        return true; /* late: it was asked again since */
    }
    self->heard_ms = now->mono_ms;
    if (msg->type == MSG_TYPE_RESULT) {
        self->waiting = false;
        on_result(self, &msg->as_result, now, out);
    } else if (msg->type == MSG_TYPE_CHUNK && self->phase == PHASE_SNAPSHOT) {
        self->waiting = false;
        on_chunk(self, &msg->as_chunk, now, out);
    } else if (msg->type == MSG_TYPE_HISTORY && self->phase == PHASE_HISTORY) {
        self->waiting = false;
        on_history(self, &msg->as_history, now, out);
    }
    return true;
}

void follower_hurry(struct follower *self)
{
    if (self->phase == PHASE_HISTORY || self->phase == PHASE_SNAPSHOT) {
        self->asked_ms = INT64_MIN / 2;
    } else if (self->phase == PHASE_CURRENT) {
        self->hurried = true;
    }
}

int64_t follower_due_ms(const struct follower *self)
{
    if (self->slice.len > 0) {
        return INT64_MIN;
    }
    switch (self->phase) {
    case PHASE_HISTORY:
    case PHASE_SNAPSHOT:
        return self->asked_ms + resend_ms;
    case PHASE_CURRENT:
        return self->hurried ? INT64_MIN : self->heard_ms + silence_ticks * self->tick_ms + 1;
    case PHASE_BROKEN:
        return INT64_MAX;
    default:
        return INT64_MIN;
    }
}

void follower_step(struct follower *self, const struct now *now, struct outbox *out)
{
    if (self->slice.len > 0 && !self->slice_fresh) {
        (void)take_slice(self, now);
    }
    self->slice_fresh = false;
    if (self->slice.len > 0 || now->mono_ms < follower_due_ms(self)) {
        return;
    }
    if (self->phase == PHASE_SNAPSHOT) {
        ask_slice(self, now, out);
    } else if (self->phase != PHASE_SWEEP) {
        self->fruitless = 0;
        ask_history(self, now, out);
    } else if (!self->owner->sweep(self->state, now)) {
        self->sweep_due = false;
        become_current(self, now);
    }
}

void follower_state(const struct follower *self, struct follower_state *state)
{
    *state = (struct follower_state){
        .current = self->phase == PHASE_CURRENT,
        .ever_current = self->ever_current,
        .epoch = self->epoch,
        .boot = self->boot,
        .seq = self->seq,
        .heard_ms = self->heard_ms,
        .catch_ups = self->catch_ups,
        .snapshots = self->snapshots,
    };
}
