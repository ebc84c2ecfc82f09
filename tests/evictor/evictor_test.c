#include "actors/evictor/evictor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The evictor, and the registry it follows, played by the test. */
struct bench {
    struct config config;
    struct evictor evictor;
    struct outbox *out;
    struct now now;
    struct msg_renewed registry;
    uint64_t questions; /* answered */
    unsigned evicts;
    struct msg_evict evict; /* the last one */
    unsigned protections;
    struct msg_protection protection;
    char reason[64];
    unsigned rounds;
    struct msg_round round;
    unsigned ticks;
};

static void give_answer(struct bench *self, const struct msg *answer)
{
    struct buf frame = {0};
    struct str rest;
    struct msg msg;

    msg_encode(&frame, answer);
    rest = buf_str(&frame);
    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    if (!follower_on_answer(self->evictor.registry, &msg, &self->now, self->out)) {
        evictor_spec.answer(&self->evictor, ACTOR_REGISTRY, 0, &msg, &self->now, self->out);
    }
    buf_fini(&frame);
}

static void answer_facts(struct bench *self, const struct msg_facts *facts)
{
    struct msg answer = {.type = MSG_TYPE_HISTORY};

    self->questions++;
    if (facts->epoch != self->registry.epoch) {
        answer.type = MSG_TYPE_RESULT;
        answer.as_result = (struct msg_result){.id = facts->id,
                                               .err = ERR_STALE,
                                               .epoch = self->registry.epoch,
                                               .boot = self->registry.boot,
                                               .seq = self->registry.seq};
    } else {
        answer.as_history = (struct msg_history){.id = facts->id,
                                                 .epoch = self->registry.epoch,
                                                 .boot = self->registry.boot,
                                                 .head = self->registry.seq};
    }
    give_answer(self, &answer);
}

/* One message the evictor has sent. */
static void note(struct bench *self, const struct msg *msg)
{
    switch (msg->type) {
    case MSG_TYPE_FACTS:
        answer_facts(self, &msg->as_facts);
        break;
    case MSG_TYPE_EVICT:
        self->evicts++;
        self->evict = msg->as_evict;
        break;
    case MSG_TYPE_PROTECTION:
        self->protections++;
        self->protection = msg->as_protection;
        assert_true(msg->as_protection.reason.len < sizeof(self->reason));
        memset(self->reason, 0, sizeof(self->reason));
        memcpy(self->reason, msg->as_protection.reason.data, msg->as_protection.reason.len);
        break;
    case MSG_TYPE_ROUND:
        self->rounds++;
        self->round = msg->as_round;
        break;
    case MSG_TYPE_TICK:
        self->ticks++;
        break;
    default:
        fail_msg("unexpected %s", msg_type_name(msg->type));
    }
}

/* Empties the outbox; what the answers bring is taken up too. */
static void deliver(struct bench *self)
{
    struct buf sent = {0};
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        buf_add_str(&sent, item.frame);
    }
    outbox_clear(self->out, OUTBOX_SYNCED);
    for (struct str rest = buf_str(&sent); rest.len > 0;) {
        struct msg msg;

        assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
        note(self, &msg);
    }
    if (sent.len > 0) {
        deliver(self);
    }
    buf_fini(&sent);
}

static void turn(struct bench *self)
{
    follower_step(self->evictor.registry, &self->now, self->out);
    evictor_spec.turn_end(&self->evictor, &self->now, self->out);
    deliver(self);
}

/* A second passes, in which the registry hears so many heartbeats. */
static void second(struct bench *self, uint64_t heartbeats)
{
    struct msg fact = {.type = MSG_TYPE_RENEWED};
    struct buf frame = {0};

    self->now.mono_ms += 1000;
    self->now.wall_ns += 1000000000;
    self->registry.tick++;
    self->registry.heartbeats += heartbeats;
    fact.as_renewed = self->registry;
    msg_encode(&frame, &fact);
    follower_on_fact(self->evictor.registry, buf_str(&frame), &self->now, self->out);
    buf_fini(&frame);
    evictor_spec.tick(&self->evictor, &self->now, self->out);
    turn(self);
}

static void window(struct bench *self, uint64_t heartbeats_a_second)
{
    for (int i = 0; i < 60; i++) {
        second(self, heartbeats_a_second);
    }
}

static int setup(void **state)
{
    struct bench *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return -1;
    }
    self->config.evictor_interval = 60000;
    self->config.evictor_idle = 90000;
    self->config.evictor_ceiling = 3600000;
    self->config.evictor_share = 0.85;
    self->now = (struct now){.mono_ms = 5000, .wall_ns = 1};
    self->out = outbox_new(1 << 20);
    self->registry = (struct msg_renewed){.epoch = 7, .boot = 8, .seq = 30, .tick = 1, .live = 300};
    evictor_init(&self->evictor, &self->config, NULL, 99, &self->now);
    turn(self);
    second(self, 0);
    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct bench *self = *state;

    evictor_fini(&self->evictor);
    outbox_destroy(&self->out);
    free(self);
    return 0;
}

static void give_result(struct bench *self, enum err err)
{
    struct msg answer = {.type = MSG_TYPE_RESULT};

    answer.as_result =
        (struct msg_result){.id = self->evict.id, .err = err, .text = STR("said the registry")};
    give_answer(self, &answer);
    deliver(self);
}

static void says_at_once_that_it_is_too_young_to_judge(void **state)
{
    struct bench *self = *state;

    assert_true(self->protections > 0);
    assert_true(self->protection.on);
    assert_string_equal(self->reason, "window incomplete");
    assert_int_equal(self->evicts, 0);
}

static void asks_once_a_window_for_what_is_idle(void **state)
{
    struct bench *self = *state;

    window(self, 10);
    assert_int_equal(self->evicts, 1);
    assert_int_equal(self->evict.idle_ms, 3600000); /* the first window is incomplete */
    give_result(self, ERR_OK);
    window(self, 10);
    assert_int_equal(self->evicts, 2);
    assert_int_equal(self->evict.idle_ms, 90000);
    assert_int_equal(self->evict.epoch, 7);
    assert_int_equal(self->evict.boot, 8);
    assert_int_equal(self->evict.tick, self->registry.tick);
    assert_int_equal(self->evict.limit, 45);
    assert_false(self->protection.on);
    assert_int_equal(self->protection.next_round_ms, 60000);
    assert_int_equal(self->protection.heard, 600);
    assert_int_equal(self->protection.expected, 600);
}

static void asks_under_protection_only_for_those_past_the_ceiling(void **state)
{
    struct bench *self = *state;

    window(self, 10);
    give_result(self, ERR_OK);
    window(self, 8); /* 480 of 600 */
    assert_int_equal(self->evict.idle_ms, 3600000);
    assert_true(self->protection.on);
    assert_string_equal(self->reason, "below share");
    assert_int_equal(self->protection.threshold, 510);
}

static void tells_what_came_of_each_round(void **state)
{
    struct bench *self = *state;

    window(self, 10);
    assert_int_equal(self->rounds, 0);
    give_result(self, ERR_REFUSED);
    assert_int_equal(self->rounds, 1);
    assert_int_equal(self->round.err, ERR_REFUSED);
    assert_int_equal(self->round.idle_ms, 3600000);
    assert_int_equal(self->round.limit, 45);
    give_result(self, ERR_REFUSED); /* the same answer twice is one round */
    assert_int_equal(self->rounds, 1);
    window(self, 10);
    window(self, 10); /* the second was not answered */
    assert_int_equal(self->rounds, 2);
    assert_int_equal(self->round.err, ERR_TIMEOUT);
}

static void a_registry_that_starts_again_is_given_a_whole_window(void **state)
{
    struct bench *self = *state;

    window(self, 10);
    give_result(self, ERR_OK);
    window(self, 10);
    give_result(self, ERR_OK);
    assert_false(self->protection.on);
    self->registry.boot = 88;
    self->registry.tick = 0;
    self->registry.heartbeats = 0;
    second(self, 0);
    assert_true(self->protection.on);
    assert_string_equal(self->reason, "window incomplete");
    assert_int_equal(self->protection.next_round_ms, 60000);
    window(self, 10);
    assert_int_equal(self->evict.boot, 88);
    assert_int_equal(self->evict.idle_ms, 3600000);
    window(self, 10);
    assert_int_equal(self->evict.idle_ms, 90000);
}

static void asks_nothing_of_a_registry_that_is_not_heard_and_says_so_once(void **state)
{
    struct bench *self = *state;
    unsigned before = self->protections;
    unsigned ticks = self->ticks;

    for (int i = 0; i < 200; i++) {
        self->now.mono_ms += 1000;
        evictor_spec.tick(&self->evictor, &self->now, self->out);
        turn(self);
    }
    assert_int_equal(self->evicts, 0);
    assert_int_equal(self->ticks, ticks + 200);
    assert_int_equal(self->protections, before + 1);
    assert_true(self->protection.on);
    assert_string_equal(self->reason, "registry not heard");
}

static void gives_its_standing_fact_to_those_who_ask(void **state)
{
    struct bench *self = *state;
    struct address from = {.len = 1, .bytes = {1}};
    struct msg ask = {.type = MSG_TYPE_SNAPSHOT};
    struct outbox_item item;
    size_t cursor = 0;
    struct msg answer;
    struct msg standing;

    ask.as_snapshot.id = 5;
    for (size_t i = 0; i < evictor_spec.handler_count; i++) {
        if (evictor_spec.handlers[i].type == MSG_TYPE_SNAPSHOT) {
            evictor_spec.handlers[i].handle(&self->evictor, &from, &ask, &self->now, self->out);
        }
    }
    assert_true(outbox_next(self->out, OUTBOX_NOW, &cursor, &item));
    assert_int_equal(msg_decode(&item.frame, &answer), ERR_OK);
    assert_int_equal(answer.type, MSG_TYPE_CHUNK);
    assert_int_equal(answer.as_chunk.epoch, 99);
    assert_int_equal(answer.as_chunk.standing.count, 1);
    assert_true(msg_next(&answer.as_chunk.standing.bytes, &standing));
    assert_int_equal(standing.type, MSG_TYPE_PROTECTION);
}

static void facts_it_cannot_read_end_the_process(void **state)
{
    struct bench *self = *state;

    follower_on_fact(self->evictor.registry, STR("\x91\x7f"), &self->now, self->out);
    turn(self);
    assert_true(outbox_stopping(self->out));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(says_at_once_that_it_is_too_young_to_judge),
        TEST(asks_once_a_window_for_what_is_idle),
        TEST(asks_under_protection_only_for_those_past_the_ceiling),
        TEST(tells_what_came_of_each_round),
        TEST(a_registry_that_starts_again_is_given_a_whole_window),
        TEST(asks_nothing_of_a_registry_that_is_not_heard_and_says_so_once),
        TEST(gives_its_standing_fact_to_those_who_ask),
        TEST(facts_it_cannot_read_end_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
