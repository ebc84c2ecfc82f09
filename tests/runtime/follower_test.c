#include "common/runtime/follower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "tests/runtime/source.h"

enum { tick_ms = 1000, queue_max = 64 };

struct fixture {
    struct source source;
    struct follower *follower;
    struct outbox *out;
    struct clock_virtual clock;
    struct buf wire;     /* the frame in hand */
    struct buf question; /* taken by take_question; decoded into asked */
    struct msg asked;

    /* the copy */
    uint64_t key_seq[source_keys];
    bool seen[source_keys]; /* since begin */
    unsigned sweep_at;
    bool protect;

    /* what was heard */
    unsigned records;
    unsigned renewed;
    unsigned protects;
    unsigned begins;
    unsigned currents;
    unsigned broken;
    unsigned broken_type;
    uint64_t current_epoch;
    uint64_t current_seq;
};

static void on_record(void *state, const struct msg *msg, const struct now *now)
{
    struct fixture *self = state;
    unsigned key = source_key(msg);

    (void)now;
    self->records++;
    if (!self->seen[key] || msg->as_gone.seq > self->key_seq[key]) {
        self->key_seq[key] = msg->as_gone.seq;
    }
    self->seen[key] = true;
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    if (msg->type == MSG_TYPE_RENEWED) {
        self->renewed++;
    } else if (msg->type == MSG_TYPE_PROTECT) {
        self->protects++;
        self->protect = msg->as_protect.on;
    }
}

static void on_begin(void *state)
{
    struct fixture *self = state;

    self->begins++;
    self->sweep_at = 0;
    memset(self->seen, 0, sizeof(self->seen));
}

static bool on_sweep(void *state, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    for (unsigned i = 0; i < 12 && self->sweep_at < source_keys; i++, self->sweep_at++) {
        if (!self->seen[self->sweep_at]) {
            self->key_seq[self->sweep_at] = 0;
        }
    }
    return self->sweep_at < source_keys;
}

/* Whenever the copy says it is current with the source's present seq, it is equal to it. */
static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct fixture *self = state;

    (void)now;
    self->currents++;
    self->current_epoch = epoch;
    self->current_seq = seq;
    if (epoch == self->source.epoch && seq == self->source.head) {
        assert_memory_equal(self->source.key_seq, self->key_seq, sizeof(self->key_seq));
    }
}

static void on_broken(void *state, unsigned type)
{
    struct fixture *self = state;

    self->broken++;
    self->broken_type = type;
}

static const struct follower_owner owner = {
    .record = on_record,
    .fact = on_fact,
    .begin = on_begin,
    .sweep = on_sweep,
    .current = on_current,
    .broken = on_broken,
};

static int setup_with(void **state, const struct follower_owner *callbacks)
{
    static struct fixture self;

    self = (struct fixture){.out = outbox_new(1000000)};
    source_init(&self.source, 77);
    clock_virtual_init(&self.clock, 5000, 1);
    self.follower = follower_new(ACTOR_REGISTRY, 0, tick_ms, callbacks, &self);
    *state = &self;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, &owner);
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    follower_destroy(&self->follower);
    assert_null(self->follower);
    outbox_destroy(&self->out);
    buf_fini(&self->wire);
    buf_fini(&self->question);
    return 0;
}

static const struct now *now(struct fixture *self)
{
    return &self->clock.at;
}

/* Hands over what a source_… call or msg_encode put into wire. */
static void hear(struct fixture *self)
{
    follower_on_fact(self->follower, buf_str(&self->wire), now(self), self->out);
    self->wire.len = 0;
}

static void turn(struct fixture *self, unsigned key, unsigned count)
{
    source_turn(&self->source, &self->wire, key, count);
}

static void tick(struct fixture *self)
{
    clock_virtual_advance(&self->clock, tick_ms);
    source_renewed(&self->source, &self->wire);
    hear(self);
    follower_step(self->follower, now(self), self->out);
}

/* The question that waits, into asked; its type, 0 if there is none. */
static unsigned take_question(struct fixture *self)
{
    struct outbox_item item;
    struct outbox_item more;
    size_t cursor = 0;
    struct str rest;

    if (!outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        return 0;
    }
    assert_false(outbox_next(self->out, OUTBOX_SYNCED, &cursor, &more));
    assert_int_equal(OUTBOX_COMMAND, item.kind);
    assert_int_equal(ACTOR_REGISTRY, item.actor);
    self->question.len = 0;
    buf_add_str(&self->question, item.frame);
    outbox_clear(self->out, OUTBOX_SYNCED);
    rest = buf_str(&self->question);
    assert_int_equal(ERR_OK, msg_decode(&rest, &self->asked));
    assert_int_equal(0, rest.len);
    return self->asked.type;
}

static bool give_answer(struct fixture *self, struct str frame)
{
    struct msg msg;

    assert_int_equal(ERR_OK, msg_decode(&frame, &msg));
    return follower_on_answer(self->follower, &msg, now(self), self->out);
}

/* The source answers what was asked last, now. */
static void answer(struct fixture *self)
{
    struct buf frame = {0};

    source_answer(&self->source, &self->asked, &frame);
    assert_true(give_answer(self, buf_str(&frame)));
    buf_fini(&frame);
}

/* Answers until nothing is asked and nothing is left to sweep. */
static void settle(struct fixture *self)
{
    for (int i = 0; i < 100; i++) {
        follower_step(self->follower, now(self), self->out);
        if (take_question(self) != 0) {
            answer(self);
        }
    }
    assert_int_equal(0, take_question(self));
}

static struct follower_state state_of(struct fixture *self)
{
    struct follower_state state;

    follower_state(self->follower, &state);
    return state;
}

static void assert_copied(struct fixture *self)
{
    struct follower_state state = state_of(self);

    assert_true(state.current);
    assert_int_equal(self->source.epoch, state.epoch);
    assert_int_equal(self->source.head, state.seq);
    assert_memory_equal(self->source.key_seq, self->key_seq, sizeof(self->key_seq));
}

static void expect_question(struct fixture *self, unsigned type)
{
    assert_int_equal(type, take_question(self));
}

/* With keys 0 … 19 there from before. */
static void start(struct fixture *self)
{
    turn(self, 0, 20);
    self->wire.len = 0;
    settle(self);
    assert_copied(self);
}

static void starts_with_a_snapshot_and_follows_turns(void **state)
{
    struct fixture *self = *state;
    struct follower_state heard = state_of(self);

    assert_false(heard.ever_current);
    assert_int_equal(-1, heard.heard_ms);
    start(self);
    assert_int_equal(1, self->begins);
    assert_int_equal(1, state_of(self).snapshots);
    for (unsigned i = 0; i < 50; i++) {
        turn(self, i, 3);
        hear(self);
        assert_copied(self);
        assert_int_equal(i + 2, self->currents);
    }
    tick(self);
    assert_int_equal(1, self->renewed);
    assert_int_equal(0, take_question(self));
    assert_int_equal(1, state_of(self).catch_ups);
    assert_int_equal(2, self->protects); /* with the last slice and with the history after it */
}

static void the_first_question_is_for_history_of_no_epoch(void **state)
{
    struct fixture *self = *state;

    assert_true(follower_due_ms(self->follower) <= now(self)->mono_ms);
    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(0, self->asked.as_facts.epoch);
    answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    assert_int_equal(0, self->asked.as_snapshot.cursor);
}

static void a_lost_turn_is_asked_for_and_the_next_is_kept(void **state)
{
    struct fixture *self = *state;
    unsigned records;

    start(self);
    records = self->records;
    turn(self, 1, 2);
    self->wire.len = 0; /* lost */
    turn(self, 2, 3);
    hear(self);
    assert_false(state_of(self).current);
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(77, self->asked.as_facts.epoch);
    assert_int_equal(20, self->asked.as_facts.from);
    turn(self, 3, 1);
    hear(self);
    assert_int_equal(records, self->records);
    answer(self);
    assert_copied(self);
    assert_int_equal(records + 6, self->records);
    assert_int_equal(1, state_of(self).snapshots);
    assert_int_equal(2, state_of(self).catch_ups);
}

static void a_kept_turn_is_taken_where_the_history_ends(void **state)
{
    struct fixture *self = *state;
    struct buf early = {0};

    start(self);
    turn(self, 1, 1);
    self->wire.len = 0;
    tick(self); /* its seq shows the loss */
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &early);
    turn(self, 2, 4);
    hear(self);
    turn(self, 9, 1);
    hear(self);
    assert_true(give_answer(self, buf_str(&early)));
    assert_int_equal(0, take_question(self));
    assert_copied(self);
    buf_fini(&early);
}

static void of_an_overlapping_turn_only_the_new_records_are_taken(void **state)
{
    struct fixture *self = *state;
    struct source before;
    unsigned records;

    start(self);
    before = self->source;
    turn(self, 0, 2);
    hear(self);
    records = self->records;
    self->source = before; /* the same history, cut into turns otherwise */
    turn(self, 0, 5);
    hear(self);
    assert_int_equal(records + 3, self->records);
    assert_copied(self);
    self->source = before;
    turn(self, 0, 5);
    hear(self); /* whole turn is old */
    assert_int_equal(records + 3, self->records);
    assert_int_equal(0, take_question(self));
}

static void a_new_boot_of_the_same_history_goes_on(void **state)
{
    struct fixture *self = *state;

    start(self);
    self->source.boot = 78;
    turn(self, 5, 1);
    hear(self);
    assert_copied(self);
    assert_int_equal(78, state_of(self).boot);
    assert_int_equal(0, take_question(self));
}

static void a_new_epoch_is_copied_slice_by_slice_and_swept(void **state)
{
    struct fixture *self = *state;

    start(self);
    source_new_epoch(&self->source, 88);
    tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(77, self->asked.as_facts.epoch);
    answer(self); /* STALE */
    for (uint64_t slice = 0; slice < 4; slice++) {
        expect_question(self, MSG_TYPE_SNAPSHOT);
        assert_int_equal(8 * slice, self->asked.as_snapshot.cursor);
        turn(self, (unsigned)slice * 8 + 3, 10); /* what was read and what was not change */
        hear(self);
        answer(self);
    }
    expect_question(self, MSG_TYPE_FACTS);
    assert_int_equal(88, self->asked.as_facts.epoch);
    assert_int_equal(source_keys + 10, self->asked.as_facts.from); /* of the first slice */
    turn(self, 31, 1);
    hear(self);
    answer(self);
    while (take_question(self) != 0) {
        answer(self);
    }
    assert_false(state_of(self).current); /* three turns of sweeping */
    assert_int_equal(1, self->currents);
    settle(self);
    assert_copied(self);
    assert_int_equal(2, self->begins);
    assert_int_equal(2, self->currents);
}

static void turns_during_the_sweep_are_taken(void **state)
{
    struct fixture *self = *state;

    turn(self, 0, 20);
    self->wire.len = 0;
    follower_step(self->follower, now(self), self->out);
    while (take_question(self) != 0) {
        answer(self);
    }
    assert_true(follower_due_ms(self->follower) <= now(self)->mono_ms);
    follower_step(self->follower, now(self), self->out);
    assert_false(state_of(self).current);
    turn(self, 30, 2);
    hear(self);
    assert_int_equal(0, self->currents);
    settle(self);
    assert_copied(self);
    assert_int_equal(1, self->currents);
}

static void a_source_that_restarts_within_a_snapshot_is_copied_afresh(void **state)
{
    struct fixture *self = *state;

    turn(self, 0, 20);
    self->wire.len = 0;
    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    assert_int_equal(8, self->asked.as_snapshot.cursor);
    self->source.boot++;
    answer(self);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    assert_int_equal(0, self->asked.as_snapshot.cursor);
    answer(self);
    settle(self);
    assert_copied(self);
    assert_int_equal(2, self->begins);
}

static void late_answers_are_ignored(void **state)
{
    struct fixture *self = *state;
    struct buf late = {0};
    unsigned records;

    start(self);
    records = self->records;
    turn(self, 1, 1);
    self->wire.len = 0;
    tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &late);
    clock_virtual_advance(&self->clock, 1000);
    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS); /* again, with another id */
    assert_true(give_answer(self, buf_str(&late)));
    assert_false(state_of(self).current);
    assert_int_equal(records, self->records);
    answer(self);
    assert_copied(self);
    answer(self); /* twice */
    assert_copied(self);
    buf_fini(&late);
}

static void answers_to_others_are_left_to_them(void **state)
{
    struct fixture *self = *state;
    struct msg msg = {.type = MSG_TYPE_RESULT};

    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    msg.as_result.id = 1;
    msg.as_result.err = ERR_STALE;
    assert_false(follower_on_answer(self->follower, &msg, now(self), self->out));
    msg.as_result.id = self->asked.as_facts.id + 1;
    assert_false(follower_on_answer(self->follower, &msg, now(self), self->out));
    msg.type = MSG_TYPE_PONG;
    msg.as_pong.id = self->asked.as_facts.id;
    assert_false(follower_on_answer(self->follower, &msg, now(self), self->out));
    assert_int_equal(0, take_question(self));
}

static void silence_of_three_ticks_makes_it_ask_every_second(void **state)
{
    struct fixture *self = *state;
    int64_t heard_ms;

    start(self);
    heard_ms = now(self)->mono_ms;
    clock_virtual_advance(&self->clock, INT64_C(3) * tick_ms);
    follower_step(self->follower, now(self), self->out);
    assert_int_equal(0, take_question(self));
    assert_int_equal(now(self)->mono_ms + 1, follower_due_ms(self->follower));
    for (int i = 0; i < 5; i++) {
        clock_virtual_advance(&self->clock, i == 0 ? 1 : 1000);
        follower_step(self->follower, now(self), self->out);
        expect_question(self, MSG_TYPE_FACTS);
        clock_virtual_advance(&self->clock, -1);
        follower_step(self->follower, now(self), self->out);
        assert_int_equal(0, take_question(self));
        clock_virtual_advance(&self->clock, 1);
    }
    assert_false(state_of(self).current);
    assert_int_equal(heard_ms, state_of(self).heard_ms);
    follower_hurry(self->follower); /* the source is back */
    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    answer(self);
    assert_copied(self);
    assert_int_equal(now(self)->mono_ms, state_of(self).heard_ms);
}

static void told_to_hurry_it_asks_though_it_is_current(void **state)
{
    struct fixture *self = *state;

    start(self);
    follower_step(self->follower, now(self), self->out);
    assert_int_equal(0, take_question(self));
    follower_hurry(self->follower);
    assert_true(follower_due_ms(self->follower) <= now(self)->mono_ms);
    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    answer(self);
    assert_true(state_of(self).current);
    follower_step(self->follower, now(self), self->out);
    assert_int_equal(0, take_question(self));
}

static void a_refusal_is_asked_again_after_a_second(void **state)
{
    struct fixture *self = *state;
    struct msg busy = {.type = MSG_TYPE_RESULT};

    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
    busy.as_result.id = self->asked.as_facts.id;
    busy.as_result.err = ERR_UNAVAILABLE;
    assert_true(follower_on_answer(self->follower, &busy, now(self), self->out));
    follower_step(self->follower, now(self), self->out);
    assert_int_equal(0, take_question(self));
    clock_virtual_advance(&self->clock, 1000);
    settle(self);
    assert_copied(self);
}

static void what_does_not_fit_is_thrown_away_and_asked_for(void **state)
{
    struct fixture *self = *state;
    struct msg storage = {.type = MSG_TYPE_STORAGE};
    struct buf reason = {0};
    struct buf early = {0};

    start(self);
    turn(self, 1, 1);
    self->wire.len = 0;
    tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &early);
    source_protect(&self->source, &self->wire, true);
    hear(self); /* kept, and thrown away with the rest; no seq tells of it */
    memset(buf_reserve(&reason, 60000), 'x', 60000);
    storage.as_storage.epoch = 77;
    storage.as_storage.seq = self->source.head;
    storage.as_storage.reason = (struct str){reason.data, 60000};
    for (int i = 0; i < 80; i++) {
        msg_encode(&self->wire, &storage);
        hear(self);
    }
    assert_true(give_answer(self, buf_str(&early)));
    assert_false(state_of(self).current);
    assert_false(self->protect);
    expect_question(self, MSG_TYPE_FACTS);
    answer(self);
    assert_copied(self);
    assert_true(self->protect);
    buf_fini(&reason);
    buf_fini(&early);
}

static void a_state_heard_while_catching_up_wins_over_an_earlier_answer(void **state)
{
    struct fixture *self = *state;
    struct buf early = {0};

    start(self);
    self->source.protect = true;
    turn(self, 1, 1);
    self->wire.len = 0;
    tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    source_answer(&self->source, &self->asked, &early); /* protected */
    source_protect(&self->source, &self->wire, false);
    hear(self);
    assert_true(give_answer(self, buf_str(&early)));
    assert_copied(self);
    assert_false(self->protect);
    buf_fini(&early);
}

static void a_cut_history_needs_a_snapshot(void **state)
{
    struct fixture *self = *state;

    start(self);
    turn(self, 1, 3);
    self->wire.len = 0;
    self->source.cut = self->source.head;
    tick(self);
    settle(self);
    assert_copied(self);
    assert_int_equal(2, state_of(self).snapshots);
}

static void a_history_with_a_hole_needs_a_snapshot(void **state)
{
    struct fixture *self = *state;
    struct msg history = {.type = MSG_TYPE_HISTORY};
    struct msg record = {.type = MSG_TYPE_GONE};
    struct buf store = {0};
    unsigned records;

    start(self);
    records = self->records;
    turn(self, 1, 3);
    self->wire.len = 0;
    tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    record.as_gone.seq = 22; /* 21 is missing */
    record.as_gone.hostname = STR("A");
    msg_list_add(&history.as_history.records, &store, &record);
    history.as_history.id = self->asked.as_facts.id;
    history.as_history.epoch = 77;
    history.as_history.head = 23;
    assert_true(follower_on_answer(self->follower, &history, now(self), self->out));
    assert_int_equal(records, self->records);
    expect_question(self, MSG_TYPE_SNAPSHOT);
    answer(self);
    settle(self);
    assert_copied(self);
    buf_fini(&store);
}

static void kept_facts_of_another_history_are_not_mixed_in(void **state)
{
    struct fixture *self = *state;
    struct buf early = {0};
    uint64_t held[source_keys];

    start(self);
    turn(self, 1, 20); /* 21 … 40 */
    self->wire.len = 0;
    tick(self);
    expect_question(self, MSG_TYPE_FACTS);
    self->source.history_records = 20;
    source_answer(&self->source, &self->asked, &early);
    memcpy(held, self->source.key_seq, sizeof(held));
    source_new_epoch(&self->source, 88);
    turn(self, 0, 9); /* 33 … 41 of the new one: overlaps */
    hear(self);
    assert_true(give_answer(self, buf_str(&early)));
    assert_memory_equal(held, self->key_seq, sizeof(held));
    tick(self);
    settle(self);
    assert_copied(self);
    buf_fini(&early);
}

static void a_source_that_never_reaches_what_it_names_is_not_asked_in_a_circle(void **state)
{
    struct fixture *self = *state;
    struct msg lie = {.type = MSG_TYPE_RENEWED};
    int asked = 0;

    start(self);
    lie.as_renewed.epoch = 77;
    lie.as_renewed.seq = self->source.head + 100;
    msg_encode(&self->wire, &lie);
    hear(self);
    while (take_question(self) != 0) {
        assert_true(++asked < 5);
        answer(self);
    }
    clock_virtual_advance(&self->clock, 1000);
    follower_step(self->follower, now(self), self->out);
    expect_question(self, MSG_TYPE_FACTS);
}

static void an_unknown_fact_breaks_it_unless_it_may_be_skipped(void **state)
{
    struct fixture *self = *state;

    start(self);
    follower_on_fact(self->follower, STR("\x94\xcc\xff\x4d\x4d\x01"), now(self), self->out);
    assert_int_equal(0, self->broken);
    assert_true(state_of(self).current);
    follower_on_fact(self->follower, STR("\x94\x7f\x4d\x4d\x01"), now(self), self->out);
    assert_int_equal(1, self->broken);
    assert_int_equal(127, self->broken_type);
    assert_false(state_of(self).current);
    turn(self, 1, 1);
    hear(self);
    clock_virtual_advance(&self->clock, 100000);
    follower_step(self->follower, now(self), self->out);
    assert_int_equal(0, take_question(self));
    assert_int_equal(1, self->broken);
    assert_true(follower_due_ms(self->follower) == INT64_MAX);
}

static void bytes_that_are_no_message_break_it(void **state)
{
    struct fixture *self = *state;

    start(self);
    follower_on_fact(self->follower, STR("\xc1garbage"), now(self), self->out);
    assert_int_equal(1, self->broken);
    assert_int_equal(0, self->broken_type);
}

static void an_unknown_record_breaks_it(void **state)
{
    struct fixture *self = *state;
    struct msg bad = {.type = MSG_TYPE_TURN};

    start(self);
    bad.as_turn = (struct msg_turn){.epoch = 77, .seq = 21, .prev = 20};
    bad.as_turn.records = (struct msg_list){1, STR("\x92\x30\x01")};
    msg_encode(&self->wire, &bad);
    hear(self);
    assert_int_equal(1, self->broken);
    assert_int_equal(0x30, self->broken_type);
}

static const struct follower_owner owner_of_states = {
    .fact = on_fact,
    .current = on_current,
    .broken = on_broken,
};

static int setup_states(void **state)
{
    struct fixture *self;

    setup_with(state, &owner_of_states);
    self = *state;
    memset(self->source.key_seq, 0, sizeof(self->source.key_seq));
    return 0;
}

static struct msg small_fact(struct fixture *self, enum msg_type type, uint64_t seq)
{
    struct msg msg = {.type = type};

    (void)self;
    msg.as_tick = (struct msg_tick){.epoch = 77, .boot = 77, .seq = seq};
    return msg;
}

static void hear_small(struct fixture *self, enum msg_type type, uint64_t seq)
{
    struct msg msg = small_fact(self, type, seq);

    msg_encode(&self->wire, &msg);
    hear(self);
}

static void an_owner_without_records_needs_no_snapshot(void **state)
{
    struct fixture *self = *state;

    self->source.head = 40;
    settle(self);
    assert_true(state_of(self).current);
    assert_int_equal(40, state_of(self).seq);
    assert_int_equal(0, state_of(self).snapshots);
    assert_int_equal(1, self->protects);
    hear_small(self, MSG_TYPE_PROTECT, 41);
    assert_int_equal(41, state_of(self).seq);
    assert_int_equal(2, self->protects);
    hear_small(self, MSG_TYPE_TICK, 41);
    assert_int_equal(0, take_question(self));
    self->source.head = 43;
    hear_small(self, MSG_TYPE_TICK, 43);
    expect_question(self, MSG_TYPE_FACTS);
    answer(self);
    assert_int_equal(43, state_of(self).seq);
    assert_int_equal(3, self->protects);
    self->source.head = 45;
    hear_small(self, MSG_TYPE_PROTECT, 45); /* 44 was lost */
    expect_question(self, MSG_TYPE_FACTS);
    answer(self);
    assert_true(state_of(self).current);
    assert_int_equal(45, state_of(self).seq);
}

/* ── any order of losses, delays and restarts ── */

struct parcel {
    struct buf bytes;
    int64_t due_ms;
};

struct channel {
    struct parcel queue[queue_max];
    size_t head;
    size_t count;
};

static void channel_add(struct channel *self, struct buf *bytes, int64_t due_ms)
{
    if (self->count == queue_max) {
        buf_fini(bytes);
        return;
    }
    self->queue[(self->head + self->count) % queue_max] = (struct parcel){*bytes, due_ms};
    self->count++;
    *bytes = (struct buf){0};
}

static bool channel_take(struct channel *self, struct buf *bytes, int64_t at_ms)
{
    if (self->count == 0 || self->queue[self->head].due_ms > at_ms) {
        return false;
    }
    *bytes = self->queue[self->head].bytes;
    self->head = (self->head + 1) % queue_max;
    self->count--;
    return true;
}

struct weather {
    struct prng prng;
    unsigned loss_percent;
    int64_t delay_max_ms;
    struct channel facts;
    struct channel answers;
};

static void pass_on(struct fixture *self, struct weather *weather, struct channel *to,
                    struct buf *bytes)
{
    int64_t due = now(self)->mono_ms +
                  (int64_t)prng_below(&weather->prng, (uint64_t)weather->delay_max_ms + 1);

    if (prng_below(&weather->prng, 100) < weather->loss_percent) {
        buf_fini(bytes);
        return;
    }
    channel_add(to, bytes, due);
}

static void something_happens(struct fixture *self, struct weather *weather)
{
    struct source *source = &self->source;
    struct buf bytes = {0};
    uint64_t dice = prng_below(&weather->prng, 200);

    if (dice < 60) {
        source_turn(source, &bytes, (unsigned)prng_below(&weather->prng, source_keys),
                    1 + (unsigned)prng_below(&weather->prng, 3));
    } else if (dice < 80) {
        source_renewed(source, &bytes);
    } else if (dice < 84) {
        source_protect(source, &bytes, dice % 2 == 0);
    } else if (dice == 84) {
        source_new_epoch(source, source->epoch + 1);
    } else if (dice == 85) {
        source->boot++;
    } else if (dice == 86) {
        source->cut = source->head;
    }
    if (bytes.len != 0) {
        pass_on(self, weather, &weather->facts, &bytes);
    }
}

static void move(struct fixture *self, struct weather *weather)
{
    struct buf bytes = {0};

    while (channel_take(&weather->facts, &bytes, now(self)->mono_ms)) {
        follower_on_fact(self->follower, buf_str(&bytes), now(self), self->out);
        buf_fini(&bytes);
    }
    while (channel_take(&weather->answers, &bytes, now(self)->mono_ms)) {
        assert_true(give_answer(self, buf_str(&bytes)));
        buf_fini(&bytes);
    }
    follower_step(self->follower, now(self), self->out);
    {
        struct outbox_item item;
        size_t cursor = 0;

        while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
            struct msg question;

            while (item.frame.len != 0) {
                assert_int_equal(ERR_OK, msg_decode(&item.frame, &question));
                source_answer(&self->source, &question, &bytes);
                pass_on(self, weather, &weather->answers, &bytes);
            }
        }
        outbox_clear(self->out, OUTBOX_SYNCED);
    }
}

static void any_weather_ends_in_an_equal_copy(void **state)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct fixture *self = *state;
        struct weather weather = {0};

        teardown(state);
        setup(state);
        prng_init(&weather.prng, seed);
        weather.loss_percent = (unsigned)prng_below(&weather.prng, 50);
        weather.delay_max_ms = (int64_t)prng_below(&weather.prng, 1500);
        self->source.history_records = 1 + (uint32_t)prng_below(&weather.prng, 20);
        self->source.slice_keys = 1 + (uint32_t)prng_below(&weather.prng, 32);
        for (int i = 0; i < 1000; i++) {
            something_happens(self, &weather);
            clock_virtual_advance(&self->clock, (int64_t)prng_below(&weather.prng, 60));
            move(self, &weather);
        }
        weather.loss_percent = 0;
        weather.delay_max_ms = 5;
        for (int i = 0; i < 400; i++) {
            struct buf bytes = {0};

            clock_virtual_advance(&self->clock, 50);
            if (i % 20 == 0) {
                source_renewed(&self->source, &bytes);
                pass_on(self, &weather, &weather.facts, &bytes);
            }
            move(self, &weather);
        }
        if (!state_of(self).current || state_of(self).seq != self->source.head) {
            fail_msg("seed %llu: not current", (unsigned long long)seed);
        }
        assert_copied(self);
        assert_int_equal(self->source.protect, self->protect);
        assert_int_equal(0, self->broken);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_with_a_snapshot_and_follows_turns),
        TEST(the_first_question_is_for_history_of_no_epoch),
        TEST(a_lost_turn_is_asked_for_and_the_next_is_kept),
        TEST(a_kept_turn_is_taken_where_the_history_ends),
        TEST(of_an_overlapping_turn_only_the_new_records_are_taken),
        TEST(a_new_boot_of_the_same_history_goes_on),
        TEST(a_new_epoch_is_copied_slice_by_slice_and_swept),
        TEST(turns_during_the_sweep_are_taken),
        TEST(a_source_that_restarts_within_a_snapshot_is_copied_afresh),
        TEST(late_answers_are_ignored),
        TEST(answers_to_others_are_left_to_them),
        TEST(silence_of_three_ticks_makes_it_ask_every_second),
        TEST(told_to_hurry_it_asks_though_it_is_current),
        TEST(a_refusal_is_asked_again_after_a_second),
        TEST(what_does_not_fit_is_thrown_away_and_asked_for),
        TEST(a_state_heard_while_catching_up_wins_over_an_earlier_answer),
        TEST(a_cut_history_needs_a_snapshot),
        TEST(a_history_with_a_hole_needs_a_snapshot),
        TEST(kept_facts_of_another_history_are_not_mixed_in),
        TEST(a_source_that_never_reaches_what_it_names_is_not_asked_in_a_circle),
        TEST(an_unknown_fact_breaks_it_unless_it_may_be_skipped),
        TEST(bytes_that_are_no_message_break_it),
        TEST(an_unknown_record_breaks_it),
        cmocka_unit_test_setup_teardown(an_owner_without_records_needs_no_snapshot, setup_states,
                                        teardown),
        TEST(any_weather_ends_in_an_equal_copy),
    };

    return cmocka_run_group_tests_name("follower", tests, NULL, NULL);
}
