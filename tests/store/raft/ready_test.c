#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/store/raft/lone.h"

static struct lone lone;

static int set_up(void **state)
{
    (void)state;
    lone_init(&lone);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lone_fini(&lone);
    return 0;
}

static void its_own_entries_count_when_they_are_durable(void **state)
{
    struct raft_entry entry = {.len = 0};
    struct raft_msg ack = {.type = RAFT_MSG_APPEND_RESP, .from = 2, .to = 1, .term = 2, .index = 3};
    struct raft_ready ready;

    (void)state;
    lone_lead_three(&lone);
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entry, 1));
    raft_ready(lone.raft, &ready);
    assert_int_equal(3, ready.append_first);
    assert_int_equal(1, ready.append_count);
    assert_true(ready.must_sync);
    assert_int_equal(RAFT_MSG_APPEND, ready.now[0].type); /* followers need not wait for our disk */
    raft_receive(lone.raft, &ack);
    assert_int_equal(2, lone.raft->log.committed);
    raft_persisted(lone.raft, ready.serial);
    assert_int_equal(3, lone.raft->log.committed);
}

static void a_write_counts_for_what_it_holds(void **state)
{
    struct raft_entry entries[2] = {{.len = 0}, {.len = 0}};
    struct raft_msg ack = {.type = RAFT_MSG_APPEND_RESP, .from = 2, .to = 1, .term = 2, .index = 4};
    struct raft_ready first;
    struct raft_ready second;

    (void)state;
    lone_lead_three(&lone);
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entries[0], 1));
    raft_ready(lone.raft, &first);
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entries[1], 1));
    raft_ready(lone.raft, &second);
    assert_int_equal(4, second.append_first);
    raft_receive(lone.raft, &ack);
    raft_persisted(lone.raft, first.serial);
    assert_int_equal(3, lone.raft->log.committed);
    raft_persisted(lone.raft, second.serial);
    assert_int_equal(4, lone.raft->log.committed);
}

static void an_acknowledgement_waits_for_the_disk(void **state)
{
    struct raft_entry entry = {.term = 2, .index = 2};
    struct raft_msg append = lone_append_of(&entry, 1, 2, 1, 1, 1);
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.now_count);
    assert_int_equal(1, ready.later_count);
    assert_int_equal(ready.serial, ready.later_serial);
    assert_int_equal(1, ready.append_count);
    assert_false(raft_has_ready(lone.raft));
}

static void nothing_is_applied_before_it_is_stable(void **state)
{
    struct raft_entry entry = {.term = 2, .index = 2};
    struct raft_msg append = lone_append_of(&entry, 1, 2, 1, 1, 2);
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.apply_count);
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(2, ready.apply_first);
    assert_int_equal(1, ready.apply_count);
    raft_applied(lone.raft, 2);
}

static void unless_that_is_wanted(void **state)
{
    struct raft_entry entry = {.term = 2, .index = 2};
    struct raft_msg append = lone_append_of(&entry, 1, 2, 1, 1, 2);
    struct raft_ready ready;

    (void)state;
    lone.settings.apply_unstable = true;
    lone_start(&lone, (struct lone_start){.voters = 3});
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(1, ready.apply_count);
}

/* Else an entry would be applied that is not what the disk holds. */
static void what_replaces_a_stable_entry_is_not_stable(void **state)
{
    struct raft_entry entry = {.term = 3, .index = 2};
    struct raft_msg append = lone_append_of(&entry, 1, 3, 1, 1, 2);
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){2}, .count = 1});
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(2, ready.append_first);
    assert_int_equal(1, ready.append_count);
    assert_int_equal(0, ready.apply_count);
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(1, ready.apply_count);
}

static void the_hard_state_goes_with_every_write(void **state)
{
    struct raft_msg beat = {.type = RAFT_MSG_HEARTBEAT, .from = 2, .to = 1, .term = 2, .commit = 2};
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){2}, .count = 1, .hard = {2, 2, 1}});
    raft_receive(lone.raft, &beat);
    raft_ready(lone.raft, &ready);
    assert_int_not_equal(0, ready.serial);
    assert_false(ready.must_sync); /* the commit index is no promise */
    assert_int_equal(2, ready.hard.commit);
    assert_int_equal(2, ready.hard.vote);
    raft_persisted(lone.raft, ready.serial);
    assert_false(raft_has_ready(lone.raft));
}

static void a_disk_that_is_behind_holds_up_no_heartbeats(void **state)
{
    struct raft_entry entry = {.len = 0};
    struct raft_ready ready;
    uint64_t serial = 0;

    (void)state;
    lone_lead_three(&lone);
    for (unsigned i = 0; i < raft_writes_max; i++) {
        assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entry, 1));
        raft_ready(lone.raft, &ready);
        assert_int_not_equal(0, ready.serial);
        serial = serial == 0 ? ready.serial : serial;
    }
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entry, 1));
    raft_tick(lone.raft, lone.now_ms + 100);
    assert_true(raft_has_ready(lone.raft));
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.serial);
    assert_int_equal(RAFT_MSG_HEARTBEAT, ready.now[ready.now_count - 1].type);
    assert_false(raft_has_ready(lone.raft));
    raft_persisted(lone.raft, serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(1, ready.append_count);
}

static void an_answer_waits_for_a_slot_with_what_it_promises(void **state)
{
    struct raft_entry entry = {.term = 2};
    struct raft_msg append = lone_append_of(&entry, 1, 2, 1, 1, 1);
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    for (unsigned i = 0; i <= raft_writes_max; i++) {
        append.index = 1 + i;
        append.log_term = i == 0 ? 1 : 2;
        append.first = 2 + i;
        entry.index = 2 + i;
        raft_receive(lone.raft, &append);
        if (i < raft_writes_max) {
            raft_ready(lone.raft, &ready);
            assert_int_equal(1, ready.later_count);
        }
    }
    assert_false(raft_has_ready(lone.raft));
    append.type = RAFT_MSG_HEARTBEAT;
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(1, ready.now_count);
    assert_int_equal(0, ready.later_count);
    raft_persisted(lone.raft, 1);
    raft_ready(lone.raft, &ready);
    assert_int_equal(1, ready.later_count);
    assert_int_equal(raft_writes_max + 2, ready.later[0].index);
}

static void a_message_whose_entries_were_compacted_is_lost(void **state)
{
    struct raft_snapshot newest = {.index = 4, .term = 2};
    struct raft_ready ready;

    (void)state;
    lone_lead_three(&lone);
    lone_propose(&lone, 3);
    lone_propose(&lone, 3);
    lone_ack(&lone, 2, 4);
    raft_member(lone.raft, 3)->paused = false;
    assert_int_equal(2, raft_member(lone.raft, 3)->next);
    raft_receive(lone.raft, &(struct raft_msg){
                                .type = RAFT_MSG_HEARTBEAT_RESP, .from = 3, .to = 1, .term = 2});
    raft_compacted(lone.raft, 4, &newest);
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.now_count);
}

static void a_message_whose_entries_were_cut_is_lost(void **state)
{
    struct raft_entry mine = {.len = 0};
    struct raft_entry theirs = {.term = 3, .index = 3};
    struct raft_msg append = lone_append_of(&theirs, 1, 3, 2, 2, 2);
    struct raft_ready ready;

    (void)state;
    lone_lead_three(&lone);
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &mine, 1));
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    for (size_t i = 0; i < ready.now_count; i++) {
        assert_int_equal(0, ready.now[i].count);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(its_own_entries_count_when_they_are_durable),
        CASE(a_write_counts_for_what_it_holds),
        CASE(an_acknowledgement_waits_for_the_disk),
        CASE(nothing_is_applied_before_it_is_stable),
        CASE(unless_that_is_wanted),
        CASE(what_replaces_a_stable_entry_is_not_stable),
        CASE(the_hard_state_goes_with_every_write),
        CASE(a_disk_that_is_behind_holds_up_no_heartbeats),
        CASE(an_answer_waits_for_a_slot_with_what_it_promises),
        CASE(a_message_whose_entries_were_compacted_is_lost),
        CASE(a_message_whose_entries_were_cut_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
