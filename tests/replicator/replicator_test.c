#include "actors/replicator/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { sent_max = 64 };

/* The replicator, and the registry it talks to, played by the test. */
struct bench {
    struct config config;
    char *peers[4];
    struct replicator *replicator;
    struct outbox *out;
    struct now now;
    struct msg_renewed registry;
    bool absent; /* the registry */
    struct buf frames;
    struct msg sent[sent_max]; /* since the last take; borrow from frames */
    unsigned sent_count;
};

static void give_answer(struct bench *self, const struct msg *answer)
{
    struct buf frame = {0};
    struct str rest;
    struct msg msg;

    msg_encode(&frame, answer);
    rest = buf_str(&frame);
    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    if (!follower_on_answer(self->replicator->registry, &msg, &self->now, self->out)) {
        replicator_spec.answer(self->replicator, ACTOR_REGISTRY, 0, &msg, &self->now, self->out);
    }
    buf_fini(&frame);
}

static void answer_facts(struct bench *self, const struct msg_facts *facts)
{
    struct msg answer = {.type = MSG_TYPE_HISTORY};

    if (facts->epoch != self->registry.epoch) {
        answer.type = MSG_TYPE_RESULT;
        answer.as_result = (struct msg_result){.id = facts->id,
                                               .err = ERR_STALE,
                                               .epoch = self->registry.epoch,
                                               .boot = self->registry.boot};
    } else {
        answer.as_history = (struct msg_history){
            .id = facts->id, .epoch = self->registry.epoch, .boot = self->registry.boot};
    }
    give_answer(self, &answer);
}

static void note_lane(struct bench *self, enum outbox_lane lane)
{
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(self->out, lane, &cursor, &item)) {
        while (item.frame.len > 0) {
            size_t mark = self->frames.len;
            struct str bytes = item.frame;
            struct msg msg;

            assert_int_equal(msg_decode(&item.frame, &msg), ERR_OK);
            bytes.len -= item.frame.len;
            assert_true(self->frames.cap - self->frames.len >= bytes.len);
            buf_add_str(&self->frames, bytes);
            bytes.data = self->frames.data + mark;
            assert_true(self->sent_count < sent_max);
            assert_int_equal(msg_decode(&bytes, &self->sent[self->sent_count]), ERR_OK);
            self->sent_count++;
        }
    }
    outbox_clear(self->out, lane);
}

/* What was sent is kept for the test; the follower's questions are answered. */
static void deliver(struct bench *self)
{
    unsigned kept = self->sent_count;
    unsigned asked;

    note_lane(self, OUTBOX_NOW);
    note_lane(self, OUTBOX_SYNCED);
    asked = self->sent_count;
    for (unsigned i = kept; i < asked; i++) {
        if (self->sent[i].type != MSG_TYPE_FACTS && self->sent[i].type != MSG_TYPE_TICK) {
            self->sent[kept++] = self->sent[i];
        } else if (self->sent[i].type == MSG_TYPE_FACTS && !self->absent) {
            answer_facts(self, &self->sent[i].as_facts);
        }
    }
    self->sent_count = kept;
    if (asked > kept && !self->absent) {
        deliver(self);
    }
}

static void turn(struct bench *self)
{
    follower_step(self->replicator->registry, &self->now, self->out);
    replicator_spec.turn_end(self->replicator, &self->now, self->out);
    deliver(self);
}

static void hear_registry(struct bench *self)
{
    struct msg fact = {.type = MSG_TYPE_RENEWED};
    struct buf frame = {0};

    self->registry.tick++;
    fact.as_renewed = self->registry;
    msg_encode(&frame, &fact);
    follower_on_fact(self->replicator->registry, buf_str(&frame), &self->now, self->out);
    buf_fini(&frame);
}

static void pass(struct bench *self, int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        int64_t step_ms = ms < 1000 ? ms : 1000;

        self->now.mono_ms += step_ms;
        self->now.wall_ns += step_ms * 1000000;
        if (!self->absent) {
            hear_registry(self);
        }
        replicator_spec.tick(self->replicator, &self->now, self->out);
        turn(self);
    }
}

/* The last message of the type that was sent; forgets all that were. NULL: none. */
static const struct msg *take(struct bench *self, enum msg_type type)
{
    const struct msg *found = NULL;

    for (unsigned i = 0; i < self->sent_count; i++) {
        found = self->sent[i].type == type ? &self->sent[i] : found;
    }
    self->sent_count = 0;
    self->frames.len = 0; /* what was found stays readable until the next turn */
    return found;
}

static uint64_t expect_id(struct bench *self, enum msg_type type)
{
    const struct msg *msg = take(self, type);

    assert_non_null(msg);
    return msg_id(msg);
}

static void give_result(struct bench *self, uint64_t id, enum err err)
{
    struct msg answer = {.type = MSG_TYPE_RESULT};

    answer.as_result = (struct msg_result){.id = id, .err = err, .text = STR("")};
    give_answer(self, &answer);
    turn(self);
}

static struct bench *bench_new(unsigned peer_count)
{
    static char zone[] = "sh001", region[] = "sh", env[] = "dev", name[] = "n1-7171";
    static char advertise[] = "10.0.0.1:7171", peer[] = "10.0.0.2:7171";
    struct bench *self = calloc(1, sizeof(*self));

    assert_non_null(self);
    self->config.node_zone = zone;
    self->config.node_region = region;
    self->config.node_env = env;
    self->config.node_name = name;
    self->config.gateway_advertise = advertise;
    self->config.gateway_listen = advertise;
    self->config.gateway_write_deadline = 5000;
    self->config.evictor_idle = 90000;
    self->peers[0] = advertise; /* lists are the same on all nodes */
    self->peers[1] = peer;
    self->peers[2] = peer;
    self->config.peers_nodes = (struct config_list){self->peers, peer_count};
    self->now = (struct now){.mono_ms = 5000, .wall_ns = 1700000000000000000};
    self->out = outbox_new(1 << 20);
    self->registry = (struct msg_renewed){.epoch = 7, .boot = 8};
    buf_reserve(&self->frames, 1 << 16);
    self->replicator =
        replicator_new(&(struct replicator_options){.config = &self->config,
                                                    .epoch = 99,
                                                    .node_id = "5f0c0000000000000000000000000001",
                                                    .seed = 1},
                       &self->now);
    self->replicator->own_instance.held =
        false; /* nobody has its name: namesake_test is about that */
    return self;
}

static int setup(void **state)
{
    *state = bench_new(1);
    return 0;
}

static int setup_with_peer(void **state)
{
    *state = bench_new(3);
    return 0;
}

static int teardown(void **state)
{
    struct bench *self = *state;

    replicator_destroy(&self->replicator);
    outbox_destroy(&self->out);
    buf_fini(&self->frames);
    free(self);
    return 0;
}

/* Past the registration. */
static void registered(struct bench *self)
{
    pass(self, 1000);
    give_result(self, expect_id(self, MSG_TYPE_REGISTER), ERR_OK);
    take(self, MSG_TYPE_RENEW);
}

static void shut_down(struct bench *self, uint64_t id, bool leave)
{
    const struct address from = {.len = 1, .bytes = {1}};
    struct msg msg = {.type = MSG_TYPE_SHUTDOWN};

    msg.as_shutdown = (struct msg_shutdown){.id = id, .leave = leave};
    for (size_t i = 0; i < replicator_spec.handler_count; i++) {
        if (replicator_spec.handlers[i].type == MSG_TYPE_SHUTDOWN) {
            replicator_spec.handlers[i].handle(self->replicator, &from, &msg, &self->now,
                                               self->out);
        }
    }
    turn(self);
}

/* ── its own instance ───────────────────────────────────────────────────────*/

static void registers_this_node_at_start(void **state)
{
    struct bench *self = *state;
    const struct msg *msg;
    struct str rest;
    struct str item;

    turn(self);
    msg = take(self, MSG_TYPE_REGISTER);
    assert_non_null(msg);
    assert_int_equal(msg->as_register.gateway, 99);
    assert_int_equal(msg->as_register.origin, ORIGIN_SELF);
    assert_int_equal(msg->as_register.expires, self->now.wall_ns + 5000000000);
    assert_true(str_eq(msg->as_register.env, STR("dev")));
    assert_true(str_eq(msg->as_register.appid, STR("infra.discovery")));
    assert_true(str_eq(msg->as_register.zone, STR("sh001")));
    assert_true(str_eq(msg->as_register.region, STR("sh")));
    assert_true(str_eq(msg->as_register.hostname, STR("n1-7171")));
    assert_int_equal(msg->as_register.status, 1);
    assert_int_equal(msg->as_register.addrs.count, 1);
    rest = msg->as_register.addrs.bytes;
    assert_true(strs_next(&rest, &item) && str_eq(item, STR("http://10.0.0.1:7171")));
    assert_int_equal(msg->as_register.metadata.count, 2);
    rest = msg->as_register.metadata.bytes;
    assert_true(strs_next(&rest, &item) && str_eq(item, STR("muster.node")));
    assert_true(strs_next(&rest, &item) && item.len == 32);
    assert_true(strs_next(&rest, &item) && str_eq(item, STR("muster.proto")));
    assert_true(strs_next(&rest, &item) && str_eq(item, STR("1")));
}

static void keeps_trying_while_the_registry_is_absent(void **state)
{
    struct bench *self = *state;
    uint64_t id;

    self->absent = true;
    turn(self);
    id = expect_id(self, MSG_TYPE_REGISTER);
    pass(self, 4000);
    assert_int_equal(expect_id(self, MSG_TYPE_REGISTER), id); /* the same write again */
    pass(self, 1000);
    assert_int_not_equal(expect_id(self, MSG_TYPE_REGISTER), id); /* its deadline is over */
    for (int i = 0; i < 60; i++) {
        pass(self, 10000);
        assert_non_null(take(self, MSG_TYPE_REGISTER));
    }
    self->absent = false;
    registered(self);
    assert_int_equal(self->replicator->own_instance.state, OWN_INSTANCE_RENEW);
}

static void sends_nothing_again_before_a_second_is_over(void **state)
{
    struct bench *self = *state;

    self->absent = true;
    turn(self);
    take(self, MSG_TYPE_REGISTER);
    self->now.mono_ms += 999;
    turn(self);
    assert_null(take(self, MSG_TYPE_REGISTER));
    assert_int_equal(replicator_spec.due_ms(self->replicator, &self->now), self->now.mono_ms + 1);
}

static void sends_again_at_once_when_the_registry_is_there_at_last(void **state)
{
    struct bench *self = *state;

    self->absent = true;
    turn(self);
    assert_non_null(take(self, MSG_TYPE_REGISTER));
    self->absent = false;
    self->now.mono_ms += 300;                   /* the second of a resend is not over */
    follower_hurry(self->replicator->registry); /* the shell: its socket has opened */
    turn(self);
    turn(self);
    assert_non_null(take(self, MSG_TYPE_REGISTER));
}

static void renews_every_third_of_the_idle_limit(void **state)
{
    struct bench *self = *state;

    registered(self);
    for (int i = 0; i < 3; i++) {
        pass(self, 29000);
        assert_null(take(self, MSG_TYPE_RENEW));
        pass(self, 1000);
        give_result(self, expect_id(self, MSG_TYPE_RENEW), ERR_OK);
        take(self, MSG_TYPE_RENEW);
    }
}

static void registers_again_when_the_registry_does_not_know_it(void **state)
{
    struct bench *self = *state;

    registered(self);
    pass(self, 30000);
    give_result(self, expect_id(self, MSG_TYPE_RENEW), ERR_NOT_FOUND);
    give_result(self, expect_id(self, MSG_TYPE_REGISTER), ERR_OK);
    assert_int_equal(self->replicator->own_instance.state, OWN_INSTANCE_RENEW);
}

static void another_run_of_the_registry_gets_a_heartbeat_at_once(void **state)
{
    struct bench *self = *state;

    registered(self);
    pass(self, 2000);
    assert_null(take(self, MSG_TYPE_RENEW));
    self->registry.boot = 88;
    pass(self, 1000);
    assert_non_null(take(self, MSG_TYPE_RENEW));
}

static void an_answer_to_an_earlier_command_changes_nothing(void **state)
{
    struct bench *self = *state;
    uint64_t id;

    registered(self);
    pass(self, 30000);
    id = expect_id(self, MSG_TYPE_RENEW);
    give_result(self, id, ERR_OK);
    give_result(self, id, ERR_NOT_FOUND);
    assert_null(take(self, MSG_TYPE_REGISTER));
    assert_int_equal(self->replicator->own_instance.state, OWN_INSTANCE_RENEW);
}

static void a_refused_registration_is_tried_again_as_a_new_one(void **state)
{
    struct bench *self = *state;
    uint64_t id;

    turn(self);
    id = expect_id(self, MSG_TYPE_REGISTER);
    give_result(self, id, ERR_TIMEOUT);
    assert_null(take(self, MSG_TYPE_REGISTER)); /* not in the same breath */
    pass(self, 1000);
    assert_true(expect_id(self, MSG_TYPE_REGISTER) > id);
}

/* ── SYNCED, NODES ──────────────────────────────────────────────────────────*/

static void tells_every_run_of_the_registry_that_there_is_nobody_to_wait_for(void **state)
{
    struct bench *self = *state;

    pass(self, 1000);
    assert_non_null(take(self, MSG_TYPE_SYNCED));
    pass(self, 1000); /* not answered */
    give_result(self, expect_id(self, MSG_TYPE_SYNCED), ERR_OK);
    take(self, MSG_TYPE_SYNCED);
    pass(self, 5000);
    assert_null(take(self, MSG_TYPE_SYNCED));
    self->registry.boot = 88;
    pass(self, 1000);
    assert_non_null(take(self, MSG_TYPE_SYNCED));
}

static void does_not_say_so_with_peers_configured(void **state)
{
    struct bench *self = *state;

    pass(self, 10000);
    assert_null(take(self, MSG_TYPE_SYNCED));
}

static void says_which_nodes_there_are(void **state)
{
    struct bench *self = *state;
    const struct msg *msg;
    struct str rest;
    struct msg node;

    turn(self);
    msg = take(self, MSG_TYPE_NODES);
    assert_non_null(msg);
    assert_int_equal(msg->as_nodes.epoch, 99);
    assert_int_equal(msg->as_nodes.nodes.count, 2);
    rest = msg->as_nodes.nodes.bytes;
    assert_true(msg_next(&rest, &node));
    assert_true(str_eq(node.as_node.addr, STR("10.0.0.1:7171")));
    assert_true(node.as_node.self);
    assert_int_equal(node.as_node.status, NODE_UP);
    assert_true(msg_next(&rest, &node));
    assert_true(str_eq(node.as_node.addr, STR("10.0.0.2:7171")));
    assert_true(str_eq(node.as_node.zone, STR("sh001")));
    assert_false(node.as_node.self);
    assert_int_equal(node.as_node.status, NODE_LOST);
}

/* ── the end ────────────────────────────────────────────────────────────────*/

static void leaving_cancels_the_instance_before_it_answers(void **state)
{
    struct bench *self = *state;
    const struct msg *msg;
    uint64_t id;

    registered(self);
    shut_down(self, 42, true);
    msg = take(self, MSG_TYPE_CANCEL);
    assert_non_null(msg);
    assert_true(str_eq(msg->as_cancel.hostname, STR("n1-7171")));
    assert_int_equal(msg->as_cancel.origin, ORIGIN_SELF);
    id = msg_id(msg);
    pass(self, 1000);
    assert_int_equal(expect_id(self, MSG_TYPE_CANCEL), id);
    assert_false(outbox_stopping(self->out));
    give_result(self, id, ERR_OK);
    assert_int_equal(expect_id(self, MSG_TYPE_RESULT), 42);
    assert_true(outbox_stopping(self->out));
}

static void leaving_does_not_wait_for_ever(void **state)
{
    struct bench *self = *state;
    const struct msg *msg;

    registered(self);
    self->absent = true;
    shut_down(self, 42, true);
    pass(self, 1000);
    assert_false(outbox_stopping(self->out));
    self->now.mono_ms += 999;
    turn(self);
    assert_false(outbox_stopping(self->out));
    assert_true(replicator_spec.due_ms(self->replicator, &self->now) <= self->now.mono_ms + 1);
    self->now.mono_ms += 1;
    turn(self);
    msg = take(self, MSG_TYPE_RESULT);
    assert_non_null(msg);
    assert_int_equal(msg->as_result.id, 42);
    assert_int_equal(msg->as_result.err, ERR_OK);
    assert_true(msg->as_result.text.len > 0);
    assert_true(outbox_stopping(self->out));
}

static void leaving_while_a_registration_is_under_way_cancels_too(void **state)
{
    struct bench *self = *state;
    uint64_t late;

    turn(self);
    late = expect_id(self, MSG_TYPE_REGISTER);
    shut_down(self, 1, true);
    give_result(self, late, ERR_OK); /* must not bring it back */
    give_result(self, expect_id(self, MSG_TYPE_CANCEL), ERR_NOT_FOUND);
    assert_true(outbox_stopping(self->out));
}

static void a_restart_cancels_nothing(void **state)
{
    struct bench *self = *state;

    registered(self);
    shut_down(self, 42, false);
    assert_true(outbox_stopping(self->out));
    for (unsigned i = 0; i < self->sent_count; i++) {
        assert_int_not_equal(self->sent[i].type, MSG_TYPE_CANCEL);
    }
    assert_int_equal(expect_id(self, MSG_TYPE_RESULT), 42);
    assert_null(replicator_spec.stop); /* SIGTERM: nothing but the end */
}

static void facts_it_cannot_read_end_the_process(void **state)
{
    struct bench *self = *state;

    turn(self);
    follower_on_fact(self->replicator->registry, STR("\x91\x7f"), &self->now, self->out);
    turn(self);
    assert_true(outbox_stopping(self->out));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(registers_this_node_at_start),
        TEST(keeps_trying_while_the_registry_is_absent),
        TEST(sends_nothing_again_before_a_second_is_over),
        TEST(sends_again_at_once_when_the_registry_is_there_at_last),
        TEST(renews_every_third_of_the_idle_limit),
        TEST(registers_again_when_the_registry_does_not_know_it),
        TEST(another_run_of_the_registry_gets_a_heartbeat_at_once),
        TEST(an_answer_to_an_earlier_command_changes_nothing),
        TEST(a_refused_registration_is_tried_again_as_a_new_one),
        TEST(tells_every_run_of_the_registry_that_there_is_nobody_to_wait_for),
        cmocka_unit_test_setup_teardown(does_not_say_so_with_peers_configured, setup_with_peer,
                                        teardown),
        cmocka_unit_test_setup_teardown(says_which_nodes_there_are, setup_with_peer, teardown),
        TEST(leaving_cancels_the_instance_before_it_answers),
        TEST(leaving_does_not_wait_for_ever),
        TEST(leaving_while_a_registration_is_under_way_cancels_too),
        TEST(a_restart_cancels_nothing),
        TEST(facts_it_cannot_read_end_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
