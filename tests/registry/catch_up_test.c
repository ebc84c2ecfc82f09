/* Followers' questions, and what becomes of them while the disk fails. */
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "common/base/prng.h"
#include "common/runtime/follower.h"
#include "tests/registry/storage/storage_rig.h"

enum { slice_bytes = 256 * 1024, one_record = 1024 };

static int setup(void **state)
{
    static struct node node;

    node_init(&node, 41);
    node_start(&node);
    *state = &node;
    return 0;
}

static int teardown(void **state)
{
    node_fini(*state);
    return 0;
}

/* The answer to a question; it may take several turns. Borrows until the next turn. */
static struct msg ask(struct node *node, const struct msg *question)
{
    struct msg answer = {0};
    enum outbox_lane lane = OUTBOX_NOW;

    node_give(node, question);
    do {
        node_turn(node);
        if (node_answer(node, msg_id(question), &answer, &lane)) {
            assert_int_equal(OUTBOX_SYNCED, lane);
            return answer;
        }
    } while (node->again);
    fail();
    return answer;
}

static struct msg ask_snapshot(struct node *node, uint64_t cursor)
{
    struct msg question = node_snapshot(node, cursor);

    return ask(node, &question);
}

static struct msg ask_facts(struct node *node, uint64_t epoch, uint64_t from)
{
    struct msg question = node_facts(node, epoch, from);

    return ask(node, &question);
}

/* ── SNAPSHOT ── */

static void an_empty_registry_is_one_empty_slice_with_what_stands(void **state)
{
    struct node *node = *state;
    struct msg answer = ask_snapshot(node, 0);
    struct str rest = answer.as_chunk.standing.bytes;
    struct msg fact;

    assert_int_equal(MSG_TYPE_CHUNK, answer.type);
    assert_int_equal(0, answer.as_chunk.records.count);
    assert_int_equal(0, answer.as_chunk.next);
    assert_int_equal(node_position(node).epoch, answer.as_chunk.epoch);
    assert_int_equal(2, answer.as_chunk.standing.count);
    assert_true(msg_next(&rest, &fact));
    assert_int_equal(MSG_TYPE_PROTECT, fact.type);
    assert_false(fact.as_protect.on);
    assert_true(msg_next(&rest, &fact));
    assert_int_equal(MSG_TYPE_STORAGE, fact.type);
    assert_true(fact.as_storage.ok);
}

static void a_snapshot_shows_the_changes_of_its_own_turn(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg answer;

    node_give(node, &write);
    answer = ask_snapshot(node, 0);
    assert_int_equal(1, answer.as_chunk.seq);
    assert_int_equal(1, answer.as_chunk.records.count);
}

static void a_snapshot_tells_ages_and_tombstones(void **state)
{
    struct node *node = *state;
    struct msg answer;
    struct str rest;
    struct msg record;
    struct msg cancel;

    node_register_many(node, 0, 2);
    node_run(node, 7000);
    cancel = node_cancel(node, "host-0000001");
    (void)node_ask(node, &cancel);
    node_run(node, 3000);
    answer = ask_snapshot(node, 0);
    rest = answer.as_chunk.records.bytes;
    assert_true(msg_next(&rest, &record));
    assert_int_equal(MSG_TYPE_PUT, record.type);
    assert_int_equal(10000, record.as_put.age_ms);
    assert_true(msg_next(&rest, &record));
    assert_int_equal(MSG_TYPE_GONE, record.type);
    assert_int_equal(3000, record.as_gone.age_ms);
    assert_int_equal(node_app_latest(node), record.as_gone.latest_of_app);
}

static void a_cursor_beyond_the_end_ends_the_snapshot(void **state)
{
    assert_int_equal(0, ask_snapshot(*state, UINT64_MAX).as_chunk.next);
    assert_int_equal(0, ask_snapshot(*state, 5000).as_chunk.next);
}

static void many_followers_share_out_the_turns(void **state)
{
    struct node *node = *state;
    unsigned answered = 0;
    unsigned turns = 0;

    node_register_many(node, 0, 3000);
    for (unsigned peer = 0; peer < 100; peer++) {
        struct msg question = node_snapshot(node, 0);

        node_give_from(node, peer, &question);
    }
    do {
        unsigned in_turn = 0;

        node_turn(node);
        for (size_t i = 0; i < node->item_count; i++) {
            in_turn += node->items[i].kind == OUTBOX_REPLY;
        }
        assert_in_range(in_turn, 0, 2);
        answered += in_turn;
        turns++;
    } while (node->again);
    assert_int_equal(64, answered); /* the others ask again */
    assert_int_equal(32, turns);
}

/* ── FACTS ── */

static void gives_history_in_pieces_from_any_point(void **state)
{
    struct node *node = *state;
    uint64_t epoch = node_position(node).epoch;
    struct msg answer;
    uint64_t seq = 0;
    unsigned pieces = 0;

    node_register_many(node, 0, 5000);
    while (seq < 5000) {
        struct str rest;
        struct msg record;

        answer = ask_facts(node, epoch, seq);
        assert_int_equal(MSG_TYPE_HISTORY, answer.type);
        assert_int_equal(5000, answer.as_history.head);
        assert_true(answer.as_history.records.count > 0);
        assert_true(answer.as_history.records.bytes.len <= slice_bytes);
        rest = answer.as_history.records.bytes;
        while (msg_next(&rest, &record)) {
            assert_int_equal(++seq, record.as_put.seq);
        }
        assert_int_equal(seq == 5000 ? 2 : 0, answer.as_history.standing.count);
        pieces++;
    }
    assert_true(pieces > 1);
    answer = ask_facts(node, epoch, 5000);
    assert_int_equal(MSG_TYPE_HISTORY, answer.type);
    assert_int_equal(0, answer.as_history.records.count);
    assert_int_equal(2, answer.as_history.standing.count);
}

static void reads_history_of_before_a_restart_from_the_journal(void **state)
{
    struct node *node = *state;
    uint64_t epoch = node_position(node).epoch;
    struct msg answer;

    node_register_many(node, 0, 100);
    node_kill(node);
    node_start(node);
    answer = ask_facts(node, epoch, 40);
    assert_int_equal(MSG_TYPE_HISTORY, answer.type);
    assert_int_equal(60, answer.as_history.records.count);
    node_register_many(node, 100, 10); /* now the newest are in memory, the others are not */
    answer = ask_facts(node, epoch, 40);
    assert_true(answer.as_history.records.count >= 60);
    answer = ask_facts(node, epoch, 105);
    assert_int_equal(5, answer.as_history.records.count);
}

static void refuses_history_it_never_had(void **state)
{
    struct node *node = *state;
    uint64_t epoch = node_position(node).epoch;
    struct msg answer;

    node_register_many(node, 0, 10);
    answer = ask_facts(node, epoch + 1, 5);
    assert_int_equal(MSG_TYPE_RESULT, answer.type);
    assert_int_equal(ERR_STALE, answer.as_result.err);
    assert_int_equal(epoch, answer.as_result.epoch);
    assert_int_equal(10, answer.as_result.seq);
    answer = ask_facts(node, epoch, 11);
    assert_int_equal(ERR_STALE, answer.as_result.err);
}

/* ── a follower ── */

struct copy {
    struct node *node;
    struct follower *follower;
    struct registry *registry;
    struct outbox *out;
    struct prng prng;
    unsigned lose_percent; /* of the facts */
    uint64_t slices;
    size_t largest; /* answer */
    bool storage_ok;
};

static void on_record(void *state, const struct msg *msg, const struct now *now)
{
    struct copy *self = state;
    struct change change;
    struct applied applied;

    (void)now;
    assert_int_equal(ERR_OK, change_from_msg(msg, &change));
    registry_apply(self->registry, &change, &applied);
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct copy *self = state;

    (void)now;
    if (msg->type == MSG_TYPE_STORAGE) {
        self->storage_ok = msg->as_storage.ok;
    }
}

static void on_begin(void *state)
{
    registry_sweep_begin(((struct copy *)state)->registry);
}

static bool on_sweep(void *state, const struct now *now)
{
    (void)now;
    return registry_sweep_next(((struct copy *)state)->registry, 1000, NULL, NULL);
}

static void copy_init(struct copy *self, struct node *node)
{
    static const struct follower_owner owner = {
        .record = on_record, .fact = on_fact, .begin = on_begin, .sweep = on_sweep};

    *self = (struct copy){.node = node, .registry = registry_new(), .out = outbox_new(8 << 20)};
    self->follower = follower_new(ACTOR_REGISTRY, 0, 1000, &owner, self);
    prng_init(&self->prng, 7);
}

static void copy_fini(struct copy *self)
{
    follower_destroy(&self->follower);
    registry_destroy(&self->registry);
    outbox_destroy(&self->out);
}

/* The follower hears what the node's last turn sent, and the node's next one what it asks. */
static void copy_hear(struct copy *self)
{
    struct node *node = self->node;
    const struct now *now = &node->clock.at;
    struct outbox_item sent;
    size_t cursor = 0;

    for (size_t i = 0; i < node->item_count; i++) {
        struct str rest = buf_str(&node->items[i].frame);
        struct msg msg;

        if (node->items[i].kind == OUTBOX_FACT) {
            if (prng_below(&self->prng, 100) >= self->lose_percent) {
                follower_on_fact(self->follower, rest, now, self->out);
            }
            continue;
        }
        while (node->items[i].address.bytes[1] == 9 && rest.len > 0) {
            size_t before = rest.len;

            assert_int_equal(ERR_OK, msg_decode(&rest, &msg));
            self->largest = before - rest.len > self->largest ? before - rest.len : self->largest;
            self->slices += msg.type == MSG_TYPE_CHUNK;
            (void)follower_on_answer(self->follower, &msg, now, self->out);
        }
    }
    follower_step(self->follower, now, self->out);
    while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &sent)) {
        struct str rest = sent.frame;
        struct msg question;

        while (rest.len > 0 && msg_decode(&rest, &question) == ERR_OK) {
            node_give_from(node, 9, &question);
        }
    }
    outbox_clear(self->out, OUTBOX_SYNCED);
    (void)outbox_take_again(self->out);
}

static void copy_turn(struct copy *self)
{
    copy_hear(self);
    node_turn(self->node);
}

static bool copy_current(const struct copy *self)
{
    struct follower_state state;

    follower_state(self->follower, &state);
    return state.current && state.seq == node_position(self->node).seq &&
           state.epoch == node_position(self->node).epoch;
}

/* Turns until the copy is up to date; at most so many seconds. */
static void copy_catch_up(struct copy *self, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 20; i++) {
        copy_turn(self);
        node_pause(self->node, 50);
    }
    copy_turn(self);
    assert_true(copy_current(self));
    assert_int_equal(rig_fingerprint(registry_actor_registry(self->node->actor)),
                     rig_fingerprint(self->registry));
}

static void a_follower_takes_fifty_thousand_in_slices_while_they_change(void **state)
{
    struct node *node = *state;
    struct copy copy;
    struct follower_state now_at;

    node_register_many(node, 0, 50000);
    copy_init(&copy, node);
    for (uint32_t i = 0; i < 20; i++) {
        char name[16];
        struct msg command;

        copy_hear(&copy);
        command = node_cancel(node, node_host_name(i * 7, name));
        node_give(node, &command);
        command = node_register(node, node_host_name(100000 + i, name));
        node_give(node, &command);
        node_turn(node);
        node_pause(node, 20);
    }
    copy_catch_up(&copy, 3);
    follower_state(copy.follower, &now_at);
    assert_int_equal(1, now_at.snapshots);
    assert_true(copy.slices > 20);
    assert_true(copy.largest <= slice_bytes + one_record);
    copy_fini(&copy);
}

static void a_follower_that_loses_facts_ends_equal(void **state)
{
    struct node *node = *state;
    struct copy copy;
    struct prng prng;

    prng_init(&prng, 5);
    copy_init(&copy, node);
    copy.lose_percent = 30;
    for (unsigned turn = 0; turn < 2000; turn++) {
        char name[16];
        const char *host = node_host_name((uint32_t)prng_below(&prng, 50), name);
        struct msg command =
            prng_below(&prng, 3) == 0 ? node_cancel(node, host) : node_register(node, host);

        copy_hear(&copy);
        if (prng_below(&prng, 2) == 0) {
            node_give(node, &command);
        }
        node_turn(node);
        node_pause(node, 20);
        if (turn % 500 == 499) {
            node_kill(node);
            node_start(node);
        }
    }
    copy.lose_percent = 0;
    copy_catch_up(&copy, 5);
    copy_fini(&copy);
}

/* ── a failing disk ── */

static struct msg_storage storage_fact(struct node *node)
{
    struct msg fact = {0};
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    assert_true(node_fact(node, &cursor, MSG_TYPE_STORAGE, &fact, &topic, &bytes));
    assert_true(str_eq(STR("registry.storage"), topic));
    return fact.as_storage;
}

static void a_failed_sync_begins_a_new_epoch_before_anything_is_said(void **state)
{
    struct node *node = *state;
    uint64_t epoch = node_position(node).epoch;
    struct msg write;
    struct msg again;
    struct msg question;
    struct msg answer;
    struct msg fact;
    struct str topic;
    size_t bytes;
    enum outbox_lane lane;

    node_register_many(node, 0, 3);
    disk_sim_fail(node->sim, DISK_OP_SYNC, 0, 1, 5);
    write = node_register(node, "a");
    again = write;
    question = node_snapshot(node, 0);
    node_give(node, &write);
    node_give(node, &again);
    node_give(node, &question);
    node_turn(node);
    assert_true(epoch != node_position(node).epoch);
    epoch = node_position(node).epoch;
    assert_false(storage_fact(node).ok);
    assert_true(storage_fact(node).reason.len > 0);
    assert_int_equal(epoch, storage_fact(node).epoch);
    assert_true(node_answer(node, write.as_register.id, &answer, &lane));
    assert_int_equal(ERR_OK, answer.as_result.err);
    assert_int_equal(epoch, answer.as_result.epoch);
    assert_int_equal(4, answer.as_result.seq);
    assert_true(node_answer(node, question.as_snapshot.id, &answer, &lane));
    assert_int_equal(epoch, answer.as_chunk.epoch);
    for (size_t cursor = 0; node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes);) {
        assert_int_equal(epoch, fact.as_turn.epoch);
        assert_int_equal(3, fact.as_turn.prev);
    }
    for (size_t cursor = 0; node_fact(node, &cursor, MSG_TYPE_CHANGED, &fact, &topic, &bytes);) {
        assert_int_equal(epoch, fact.as_changed.epoch);
    }
    assert_true(node_live(node, "a"));
}

static void goes_on_in_memory_while_the_disk_is_full_and_heals(void **state)
{
    struct node *node = *state;
    uint64_t epoch;
    struct msg answer;
    struct msg write;
    bool healed = false;

    node_register_many(node, 0, 3);
    disk_sim_fail(node->sim, DISK_OP_CHANGES, 0, UINT32_MAX, 28);
    node_register_many(node, 3, 3);
    epoch = node_position(node).epoch;
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_STORAGE_OK));
    node_run(node, 25000); /* it tries again, in vain, and says nothing new */
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_STORAGE));
    assert_int_equal(epoch, node_position(node).epoch);
    node_register_many(node, 6, 3);
    answer = ask_facts(node, epoch, 4); /* from memory */
    assert_int_equal(MSG_TYPE_HISTORY, answer.type);
    assert_int_equal(5, answer.as_history.records.count);
    disk_sim_fail(node->sim, DISK_OP_CHANGES, 0, 0, 0);
    for (unsigned i = 0; i < 11000 / 50 && !healed; i++) {
        node_pause(node, 50);
        node_turn(node);
        healed = node_fact_count(node, MSG_TYPE_STORAGE) > 0;
    }
    assert_true(healed);
    assert_true(storage_fact(node).ok);
    assert_int_equal(epoch, node_position(node).epoch);
    node_settle(node);
    write = node_register(node, "after");
    (void)node_ask(node, &write);
    node_kill(node);
    node_start(node);
    assert_int_equal(epoch, node_position(node).epoch);
    assert_int_equal(10, node_stat(node, METRIC_REGISTRY_INSTANCES));
    assert_true(node_live(node, "after"));
}

static void followers_go_over_to_the_epoch_of_a_failed_disk(void **state)
{
    struct node *node = *state;
    struct copy copy;
    struct follower_state before;
    struct follower_state after;

    node_register_many(node, 0, 100);
    copy_init(&copy, node);
    copy_catch_up(&copy, 1);
    assert_true(copy.storage_ok);
    follower_state(copy.follower, &before);
    disk_sim_fail(node->sim, DISK_OP_CHANGES, 0, UINT32_MAX, 5);
    node_register_many(node, 100, 100);
    copy_catch_up(&copy, 3);
    follower_state(copy.follower, &after);
    assert_false(copy.storage_ok);
    assert_true(before.epoch != after.epoch);
    assert_int_equal(before.snapshots + 1, after.snapshots);
    copy.lose_percent = 50; /* with facts lost it asks memory, and takes no snapshot more */
    node_register_many(node, 200, 100);
    copy_turn(&copy);
    copy.lose_percent = 0;
    copy_catch_up(&copy, 5);
    follower_state(copy.follower, &before);
    assert_int_equal(after.snapshots, before.snapshots);
    disk_sim_fail(node->sim, DISK_OP_CHANGES, 0, 0, 0);
    copy_catch_up(&copy, 12);
    assert_true(copy.storage_ok);
    follower_state(copy.follower, &after);
    assert_int_equal(after.snapshots, before.snapshots);
    copy_fini(&copy);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_registry_is_one_empty_slice_with_what_stands),
        TEST(a_snapshot_shows_the_changes_of_its_own_turn),
        TEST(a_snapshot_tells_ages_and_tombstones),
        TEST(a_cursor_beyond_the_end_ends_the_snapshot),
        TEST(many_followers_share_out_the_turns),
        TEST(gives_history_in_pieces_from_any_point),
        TEST(reads_history_of_before_a_restart_from_the_journal),
        TEST(refuses_history_it_never_had),
        TEST(a_follower_takes_fifty_thousand_in_slices_while_they_change),
        TEST(a_follower_that_loses_facts_ends_equal),
        TEST(a_failed_sync_begins_a_new_epoch_before_anything_is_said),
        TEST(goes_on_in_memory_while_the_disk_is_full_and_heals),
        TEST(followers_go_over_to_the_epoch_of_a_failed_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
