#include "common/runtime/follower_facts.h"

enum taken follower_stop(struct follower *self, enum err err, unsigned type)
{
    follower_enter(self, FOLLOWER_BROKEN);
    buf_fini(&self->kept);
    buf_fini(&self->slice);
    if (self->owner->broken != NULL) {
        self->owner->broken(self->state, err == ERR_MALFORMED ? 0 : type);
    }
    return TAKEN_BROKEN;
}

enum taken follower_take_records(struct follower *self, struct msg_list list,
                                 enum record_order order, const struct now *now)
{
    struct msg record;

    if (self->owner->record == NULL) {
        return TAKEN;
    }
    while (list.bytes.len != 0) {
        enum err err = msg_decode(&list.bytes, &record);
        uint64_t seq;

        if (err != ERR_OK || msg_type_class(record.type) != MSG_CLASS_CHANGE) {
            return follower_stop(self, err, record.type);
        }
        seq = record.as_change.seq;
        if (order == SEQ_ORDER) {
            if (seq <= self->at.seq) {
                continue;
            }
            if (seq != self->at.seq + 1) {
                return TAKEN_GAP;
            }
            self->at.seq = seq;
        }
        self->owner->record(self->state, &record, now);
    }
    return TAKEN;
}

enum taken follower_take_slice(struct follower *self, const struct now *now)
{
    struct msg_list list = {.bytes = buf_str(&self->slice)};

    self->slice.len = 0;
    return follower_take_records(self, list, ANY_ORDER, now);
}

enum taken follower_take_standing(struct follower *self, struct msg_list list,
                                  const struct now *now)
{
    struct msg fact;

    while (list.bytes.len != 0) {
        enum err err = msg_decode(&list.bytes, &fact);

        if (err == ERR_OK) {
            self->owner->fact(self->state, &fact, now);
        } else if (err == ERR_MALFORMED || !msg_type_skippable(fact.type)) {
            return follower_stop(self, err, fact.type);
        }
    }
    return TAKEN;
}

static enum taken take_turn(struct follower *self, const struct msg_turn *turn,
                            const struct now *now)
{
    enum taken taken;

    if (turn->seq <= self->at.seq) {
        return TAKEN;
    }
    if (self->owner->record == NULL) {
        self->at.seq = turn->seq;
        return TAKEN;
    }
    if (turn->prev > self->at.seq) {
        return TAKEN_GAP;
    }
    taken = follower_take_records(self, turn->records, SEQ_ORDER, now);
    if (taken == TAKEN && self->at.seq != turn->seq) {
        return TAKEN_GAP;
    }
    return taken;
}

/* A fact that names a present state. Where the source's facts are all of this
 * kind they are numbered one by one; the registry's carry its seq and move nothing. */
static enum taken take_state(struct follower *self, const struct msg *fact, const struct now *now)
{
    uint64_t seq = fact->as_fact.seq;

    if (seq < self->at.seq) {
        return TAKEN; /* an answer has told us of a later state */
    }
    self->owner->fact(self->state, fact, now);
    if (self->owner->record == NULL) {
        if (seq > self->at.seq + 1 && !self->owner->jumps) {
            return TAKEN_GAP;
        }
        self->at.seq = seq;
    }
    return TAKEN;
}

enum taken follower_take_fact(struct follower *self, const struct msg *fact, const struct now *now)
{
    if (fact->as_fact.seq > self->at.seq) {
        self->at.boot = fact->as_fact.boot;
    }
    switch (fact->type) {
    case MSG_TYPE_TURN:
        return take_turn(self, &fact->as_turn, now);
    case MSG_TYPE_RENEWED:
        if (self->owner->record == NULL && fact->as_fact.seq > self->at.seq) {
            self->at.seq = fact->as_fact.seq; /* only records lie between */
        }
        break;
    case MSG_TYPE_TICK:
        break;
    default:
        return take_state(self, fact, now);
    }
    return fact->as_fact.seq > self->at.seq ? TAKEN_GAP : TAKEN;
}
