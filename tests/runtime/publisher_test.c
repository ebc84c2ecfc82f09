#include "common/runtime/publisher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct address asker = {.len = 1, .bytes = {7}};

struct fixture {
    struct publisher publisher;
    struct outbox *out;
    struct outbox_item item; /* what msg borrows from */
    struct msg msg;
};

static int setup(void **state)
{
    static struct fixture self;

    self = (struct fixture){.out = outbox_new(1000000)};
    publisher_init(&self.publisher, ACTOR_EVICTOR, 0, 42);
    *state = &self;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    publisher_fini(&self->publisher);
    outbox_destroy(&self->out);
    return 0;
}

/* The only message of the lane. */
static const struct msg *sent(struct fixture *self, enum outbox_lane lane)
{
    struct outbox_item more;
    struct str frame;
    size_t cursor = 0;

    assert_true(outbox_next(self->out, lane, &cursor, &self->item));
    assert_false(outbox_next(self->out, lane, &cursor, &more));
    frame = self->item.frame;
    assert_int_equal(ERR_OK, msg_decode(&frame, &self->msg));
    assert_int_equal(0, frame.len);
    return &self->msg;
}

static void protect(struct fixture *self, bool on)
{
    struct msg msg = {.type = MSG_TYPE_PROTECTION};

    msg.as_protection.on = on;
    publisher_publish(&self->publisher, "evictor.protection", &msg, true, self->out);
}

static void ask(struct fixture *self, uint64_t epoch, uint64_t from)
{
    struct msg msg = {.type = MSG_TYPE_FACTS};

    msg.as_facts = (struct msg_facts){.id = 5, .epoch = epoch, .from = from};
    outbox_clear(self->out, OUTBOX_NOW);
    publisher_answer(&self->publisher, &asker, &msg, self->out);
}

static void a_fact_gets_the_position_and_the_topic(void **state)
{
    struct fixture *self = *state;
    const struct msg *msg;

    protect(self, true);
    msg = sent(self, OUTBOX_SYNCED);
    assert_true(str_eq(STR("evictor.protection"), self->item.topic));
    assert_int_equal(MSG_TYPE_PROTECTION, msg->type);
    assert_int_equal(42, msg->as_protection.epoch);
    assert_int_equal(42, msg->as_protection.boot);
    assert_int_equal(1, msg->as_protection.seq);
    outbox_clear(self->out, OUTBOX_SYNCED);
    publisher_tick(&self->publisher, self->out);
    msg = sent(self, OUTBOX_SYNCED);
    assert_true(str_eq(STR("evictor.tick"), self->item.topic));
    assert_int_equal(MSG_TYPE_TICK, msg->type);
    assert_int_equal(1, msg->as_tick.seq);
}

static void history_is_the_last_standing_fact_of_each_type(void **state)
{
    struct fixture *self = *state;
    struct msg round = {.type = MSG_TYPE_ROUND};
    struct msg nodes = {.type = MSG_TYPE_NODES};
    const struct msg *msg;
    struct str rest;
    struct msg fact;

    protect(self, true);
    publisher_publish(&self->publisher, "evictor.nodes", &nodes, true, self->out);
    publisher_publish(&self->publisher, "evictor.round", &round, false, self->out);
    protect(self, false);
    ask(self, 42, 1);
    msg = sent(self, OUTBOX_NOW);
    assert_int_equal(MSG_TYPE_HISTORY, msg->type);
    assert_int_equal(5, msg->as_history.id);
    assert_int_equal(4, msg->as_history.head);
    assert_int_equal(0, msg->as_history.records.count);
    assert_int_equal(2, msg->as_history.standing.count);
    rest = msg->as_history.standing.bytes;
    assert_true(msg_next(&rest, &fact));
    assert_int_equal(MSG_TYPE_PROTECTION, fact.type);
    assert_int_equal(4, fact.as_protection.seq);
    assert_false(fact.as_protection.on);
    assert_true(msg_next(&rest, &fact));
    assert_int_equal(MSG_TYPE_NODES, fact.type);
    assert_false(msg_next(&rest, &fact));
}

static void a_foreign_epoch_or_a_future_seq_is_stale(void **state)
{
    struct fixture *self = *state;

    protect(self, true);
    ask(self, 41, 0);
    assert_int_equal(MSG_TYPE_RESULT, sent(self, OUTBOX_NOW)->type);
    assert_int_equal(ERR_STALE, self->msg.as_result.err);
    assert_int_equal(42, self->msg.as_result.epoch);
    assert_int_equal(1, self->msg.as_result.seq);
    ask(self, 42, 2);
    assert_int_equal(MSG_TYPE_RESULT, sent(self, OUTBOX_NOW)->type);
    ask(self, 42, 1);
    assert_int_equal(MSG_TYPE_HISTORY, sent(self, OUTBOX_NOW)->type);
}

static void a_snapshot_is_one_chunk_of_standing_facts(void **state)
{
    struct fixture *self = *state;
    struct msg msg = {.type = MSG_TYPE_SNAPSHOT};
    const struct msg *chunk;

    protect(self, true);
    msg.as_snapshot.id = 6;
    publisher_answer(&self->publisher, &asker, &msg, self->out);
    chunk = sent(self, OUTBOX_NOW);
    assert_int_equal(MSG_TYPE_CHUNK, chunk->type);
    assert_int_equal(6, chunk->as_chunk.id);
    assert_int_equal(42, chunk->as_chunk.epoch);
    assert_int_equal(1, chunk->as_chunk.seq);
    assert_int_equal(0, chunk->as_chunk.next);
    assert_int_equal(0, chunk->as_chunk.records.count);
    assert_int_equal(1, chunk->as_chunk.standing.count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fact_gets_the_position_and_the_topic),
        TEST(history_is_the_last_standing_fact_of_each_type),
        TEST(a_foreign_epoch_or_a_future_seq_is_stale),
        TEST(a_snapshot_is_one_chunk_of_standing_facts),
    };

    return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
