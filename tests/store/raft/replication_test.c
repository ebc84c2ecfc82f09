#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/store/raft/lone.h"
#include "tests/store/raft/world.h"

static struct lone lone;
static struct world world;

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

static int end_world(void **state)
{
    (void)state;
    world_fini(&world);
    return 0;
}

/* Leads term 2 of three, its first entry is 2; 2 and 3 hold it, 2 is replicated to. */
static void lead(void)
{
    lone_start(&lone, (struct lone_start){.voters = 3});
    lone_lead(&lone);
    lone_ack(&lone, 2, 2);
}

static struct raft_msg append_of(struct raft_entry *entries, unsigned count, uint64_t term,
                                 uint64_t index, uint64_t log_term, uint64_t commit)
{
    return (struct raft_msg){
        .type = RAFT_MSG_APPEND,
        .from = 2,
        .to = 1,
        .term = term,
        .index = index,
        .log_term = log_term,
        .commit = commit,
        .first = index + 1,
        .count = count,
        .entries = entries,
    };
}

static void heard(uint64_t from)
{
    lone_receive(
        &lone,
        (struct raft_msg){.type = RAFT_MSG_HEARTBEAT_RESP, .from = from, .term = lone.raft->term});
}

static void a_majority_commits_and_followers_are_told(void **state)
{
    (void)state;
    lead();
    assert_int_equal(2, lone.raft->log.committed);
    assert_int_equal(ERR_OK, lone_propose(&lone, 4));
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    assert_int_equal(2, lone.raft->log.committed);
    lone_ack(&lone, 2, 3);
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 2)->commit);
    assert_int_equal(3, lone.applied);
}

static void its_own_entries_count_when_they_are_durable(void **state)
{
    struct raft_entry entry = {.len = 0};
    struct raft_msg ack = {.type = RAFT_MSG_APPEND_RESP, .from = 2, .to = 1, .term = 2, .index = 3};
    struct raft_ready ready;

    (void)state;
    lead();
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
    lead();
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

/* Raft, 5.4.2 and figure 8 */
static void what_an_earlier_leader_left_is_committed_with_our_own_only(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){2}, .count = 1, .hard = {.term = 3}});
    lone_lead(&lone);
    assert_int_equal(4, lone.raft->term);
    lone_ack(&lone, 2, 2);
    lone_ack(&lone, 3, 2);
    assert_int_equal(1, lone.raft->log.committed);
    lone_ack(&lone, 3, 3);
    assert_int_equal(3, lone.raft->log.committed);
}

static void acknowledges_as_far_as_was_compared(void **state)
{
    (void)state;
    lone_start(&lone,
               (struct lone_start){.voters = 3, .terms = (uint64_t[]){1, 1, 2, 2}, .count = 4});
    lone_append(&lone, 3, 1, 1, 9, (uint64_t[]){1}, 1); /* 3 to 5 may be others than the leader's */
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    assert_int_equal(2, lone.raft->log.committed);
    lone_receive(&lone, append_of(NULL, 0, 3, 3, 1, 9));
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    assert_int_equal(3, lone.raft->log.committed);
}

static void an_acknowledgement_waits_for_the_disk(void **state)
{
    struct raft_entry entry = {.term = 2, .index = 2};
    struct raft_msg append = append_of(&entry, 1, 2, 1, 1, 1);
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

static void what_lies_below_the_commit_is_acknowledged_as_that(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3,
                                          .terms = (uint64_t[]){1, 1, 1},
                                          .count = 3,
                                          .hard = {.term = 1, .commit = 3}});
    lone_append(&lone, 2, 2, 1, 2, (uint64_t[]){1}, 1);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    assert_false(lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->reject);
}

/* A compacted prefix is not known to differ: it is committed. */
static void what_was_compacted_is_acknowledged_too(void **state)
{
    struct raft_snapshot newest = {.index = 4, .term = 1};

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3,
                                          .terms = (uint64_t[]){1, 1, 1},
                                          .count = 3,
                                          .hard = {.term = 1, .commit = 4}});
    lone_drain(&lone);
    raft_compacted(lone.raft, 4, &newest);
    lone_append(&lone, 2, 2, 1, 2, (uint64_t[]){1}, 1);
    assert_int_equal(4, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

/* The logs of etcd's worked example, a place further: the leader holds terms 3 and 5 where the
 * follower has 2. */
static void a_leader_skips_terms_that_the_follower_cannot_have(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){3, 3, 3, 5, 5, 5, 5, 5}, .count = 8});
    lone_lead(&lone);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_APPEND_RESP,
                                          .term = 6,
                                          .reject = true,
                                          .index = 9,
                                          .hint = 6,
                                          .log_term = 2});
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->index);
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->log_term);
}

static void a_follower_skips_terms_that_the_leader_cannot_have(void **state)
{
    const struct raft_msg *refusal;

    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){3, 3, 4, 4, 5, 5, 5, 6}, .count = 8});
    lone_receive(&lone, append_of(NULL, 0, 7, 8, 3, 1));
    refusal = lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2);
    assert_true(refusal->reject);
    assert_int_equal(8, refusal->index);
    assert_int_equal(3, refusal->hint);
    assert_int_equal(3, refusal->log_term);
}

static void a_short_log_says_where_it_ends(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){1}, .count = 1});
    lone_receive(&lone, append_of(NULL, 0, 2, 40, 1, 1));
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->hint);
}

static void give_log(uint64_t id, const uint64_t *terms, unsigned count)
{
    struct disk *disk = &world.nodes[id].disk;

    for (unsigned i = 0; i < count; i++) {
        disk->records[2 + i] = (struct record){terms[i], RAFT_ENTRY_NORMAL, 100 * terms[i] + 2 + i};
    }
    disk->last = 1 + count;
    disk->hard.term = count > 0 ? terms[count - 1] : 1;
}

/* Raft, figure 7 */
static void every_follower_of_figure_7_is_brought_in_line(void **state)
{
    static const struct {
        uint64_t terms[12];
        unsigned count;
    } logs[] = {
        {{1, 1, 4, 4, 5, 5, 6, 6}, 8},
        {{1}, 1},
        {{1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, 10},
        {{1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, 11},
        {{1, 1, 4, 4, 4, 4}, 6},
        {{1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        world_init(&world, 3, 3, 3);
        give_log(1, (uint64_t[]){1, 1, 4, 4, 5, 5, 6, 6, 6}, 9);
        give_log(2, logs[i].terms, logs[i].count);
        world.nodes[1].disk.hard.term = 8;
        world_start(&world, &world.nodes[1]);
        world_start(&world, &world.nodes[2]);
        world_start(&world, &world.nodes[3]);
        world_elect_one(&world, 1);
        world_run(&world, 1000);
        assert_true(world_is_even(&world));
        assert_int_equal(11, world.committed_max);
        world_fini(&world);
    }
}

static void what_flies_to_one_is_bounded_by_count(void **state)
{
    (void)state;
    lone.settings.inflight_max = 3;
    lead();
    for (int i = 0; i < 3; i++) {
        lone_propose(&lone, 1);
        assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 2));
    }
    lone_propose(&lone, 1);
    lone_propose(&lone, 1);
    assert_int_equal(0, lone_count(&lone, RAFT_MSG_APPEND, 2));
    lone_ack(&lone, 2, 3);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    assert_int_equal(6, lone_sent(&lone, RAFT_MSG_APPEND, 2)->first);
}

static void what_flies_to_one_is_bounded_by_bytes(void **state)
{
    (void)state;
    lone.settings.inflight_bytes_max = 100;
    lead();
    lone_propose(&lone, 60);
    lone_propose(&lone, 60);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 2));
    lone_propose(&lone, 1);
    assert_int_equal(0, lone_count(&lone, RAFT_MSG_APPEND, 2));
    lone_ack(&lone, 2, 3);
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
}

static void messages_are_cut_to_size(void **state)
{
    struct raft_entry entries[5];

    (void)state;
    lone.settings.message_bytes_max = 2 * (10 + sizeof(struct raft_entry));
    lead();
    for (int i = 0; i < 5; i++) {
        entries[i] = (struct raft_entry){.len = 10, .data = calloc(1, 10)};
    }
    lone.sent_count = 0;
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, entries, 5));
    lone_drain(&lone);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    lone_ack(&lone, 2, 4);
    assert_int_equal(2, lone_count(&lone, RAFT_MSG_APPEND, 2)); /* of 2 and 1 */
    assert_int_equal(RAFT_REPLICATE, raft_member(lone.raft, 2)->state);
}

static void a_heartbeat_answered_gets_an_empty_one_past_what_was_lost(void **state)
{
    (void)state;
    lone.settings.inflight_max = 1;
    lead();
    lone_propose(&lone, 1);
    lone_propose(&lone, 1);
    heard(2);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 2));
    assert_int_equal(0, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_APPEND_RESP,
                                          .term = 2,
                                          .reject = true,
                                          .index = 3,
                                          .hint = 2,
                                          .log_term = 2});
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 2)->first);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
}

static void one_that_is_unreachable_is_probed(void **state)
{
    (void)state;
    lead();
    lone_propose(&lone, 1);
    raft_unreachable(lone.raft, 2);
    assert_int_equal(RAFT_PROBE, raft_member(lone.raft, 2)->state);
    assert_int_equal(3, raft_member(lone.raft, 2)->next);
    heard(2);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 2)->first);
    lone_ack(&lone, 2, 2); /* no news, and still the probe's answer */
    assert_int_equal(RAFT_REPLICATE, raft_member(lone.raft, 2)->state);
}

static void a_heartbeat_commits_no_more_than_is_known_to_agree(void **state)
{
    (void)state;
    lead();
    lone_propose(&lone, 1);
    lone_ack(&lone, 2, 3);
    lone_tick(&lone, 100);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->commit);
    assert_int_equal(0, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 3)->commit);
}

static void one_that_acknowledges_late_learns_the_commit_with_it(void **state)
{
    (void)state;
    lead();
    lone_ack(&lone, 3, 2);
    lone_propose(&lone, 1);
    lone_ack(&lone, 2, 3);
    assert_int_equal(3, lone.raft->log.committed);
    raft_member(lone.raft, 3)->sent_commit = 2; /* the message with it was lost */
    lone_ack(&lone, 3, 3);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 3));
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 3)->commit);
}

static void nobody_can_acknowledge_what_there_is_not(void **state)
{
    (void)state;
    lead();
    lone_ack(&lone, 2, 50);
    assert_int_equal(2, raft_member(lone.raft, 2)->match);
    assert_int_equal(
        ERR_NOT_FOUND,
        lone_receive(&lone, (struct raft_msg){
                                .type = RAFT_MSG_APPEND_RESP, .from = 8, .term = 2, .index = 2}));
}

static void what_is_not_committed_is_bounded(void **state)
{
    (void)state;
    lone.settings.uncommitted_bytes_max = 100;
    lead();
    assert_int_equal(ERR_OK, lone_propose(&lone, 1000)); /* the first may be of any size */
    assert_int_equal(ERR_FULL, lone_propose(&lone, 1));
    assert_int_equal(ERR_OK, lone_propose(&lone, 0));
    lone_ack(&lone, 2, 4);
    assert_int_equal(ERR_OK, lone_propose(&lone, 60));
    assert_int_equal(ERR_FULL, lone_propose(&lone, 60));
    assert_int_equal(ERR_OK, lone_propose(&lone, 40));
}

static void only_the_leader_of_that_term_takes_proposals(void **state)
{
    struct raft_entry entry = {.len = 0};

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    assert_int_equal(ERR_NOT_LEADER, lone_propose(&lone, 0));
    lone_lead(&lone);
    assert_int_equal(ERR_NOT_LEADER, raft_propose(lone.raft, 1, &entry, 1));
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entry, 1));
}

static void nothing_is_applied_before_it_is_stable(void **state)
{
    struct raft_entry entry = {.term = 2, .index = 2};
    struct raft_msg append = append_of(&entry, 1, 2, 1, 1, 2);
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
    struct raft_msg append = append_of(&entry, 1, 2, 1, 1, 2);
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
    struct raft_msg append = append_of(&entry, 1, 3, 1, 1, 2);
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
    lead();
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
    struct raft_msg append = append_of(&entry, 1, 2, 1, 1, 1);
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
    lead();
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
    struct raft_msg append = append_of(&theirs, 1, 3, 2, 2, 2);
    struct raft_ready ready;

    (void)state;
    lead();
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &mine, 1));
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    for (size_t i = 0; i < ready.now_count; i++) {
        assert_int_equal(0, ready.now[i].count);
    }
}

static void an_old_member_gets_a_snapshot_of_what_is_applied(void **state)
{
    struct raft_snapshot newest = {.index = 3, .term = 2};
    const struct raft_msg *sent;

    (void)state;
    lead();
    for (int i = 0; i < 3; i++) {
        lone_propose(&lone, 3);
    }
    lone_ack(&lone, 2, 5);
    raft_compacted(lone.raft, 3, &newest);
    lone_tick(&lone, 100);
    assert_null(lone_sent(&lone, RAFT_MSG_SNAP, 3)); /* nobody heard of it */
    heard(3);
    sent = lone_sent(&lone, RAFT_MSG_SNAP, 3);
    assert_int_equal(5, sent->snapshot.index); /* not 3: its members may be others by now */
    assert_int_equal(2, sent->snapshot.term);
    assert_int_equal(3, sent->snapshot.config.voters.count);
    lone_propose(&lone, 3);
    heard(3);
    assert_null(lone_sent(&lone, RAFT_MSG_APPEND, 3));
    raft_snapshot_failed(lone.raft, 3);
    lone_drain(&lone);
    heard(3);
    assert_non_null(lone_sent(&lone, RAFT_MSG_SNAP, 3));
    lone_ack(&lone, 3, 5);
    assert_int_equal(RAFT_REPLICATE, raft_member(lone.raft, 3)->state);
    assert_int_equal(6, lone_sent(&lone, RAFT_MSG_APPEND, 3)->first);
}

static struct raft_msg snapshot_of(uint64_t index, uint64_t term, uint64_t third)
{
    return (struct raft_msg){
        .type = RAFT_MSG_SNAP,
        .from = 2,
        .to = 1,
        .term = 5,
        .snapshot = {index, term, {.voters = {3, {third, 2, 4}}}},
    };
}

static void a_snapshot_is_installed_before_anything_is_applied(void **state)
{
    struct raft_entry entry = {.term = 5, .index = 21};
    struct raft_msg snapshot = snapshot_of(20, 4, 1);
    struct raft_msg append = append_of(&entry, 1, 5, 20, 4, 21);
    struct raft_ready ready;

    (void)state;
    lone.settings.apply_unstable = true;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){2}, .count = 1});
    raft_receive(lone.raft, &snapshot);
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(20, ready.snapshot->index);
    assert_int_equal(21, ready.append_first);
    assert_int_equal(21, ready.hard.commit);
    assert_true(ready.must_sync);
    assert_int_equal(0, ready.apply_count);
    assert_int_equal(20, ready.later[0].index);
    assert_int_equal(3, lone.raft->config.voters.count);
    assert_non_null(raft_member(lone.raft, 4));
    raft_tick(lone.raft, 9000);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role); /* it has no state to lead with */
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(21, ready.apply_first);
    assert_int_equal(1, ready.apply_count);
}

static void a_snapshot_of_what_is_held_only_commits(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){2, 2, 2}, .count = 3});
    lone_receive(&lone, snapshot_of(3, 2, 1));
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(4, raft_log_last(&lone.raft->log));
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    lone_receive(&lone, snapshot_of(2, 2, 1)); /* older than that */
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

static void a_snapshot_that_does_not_know_the_member_is_not_taken(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    lone_receive(&lone, snapshot_of(20, 4, 7));
    assert_int_equal(1, lone.raft->log.committed);
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

static void leadership_goes_to_one_that_is_caught_up(void **state)
{
    (void)state;
    lead();
    raft_transfer(lone.raft, 2);
    lone_drain(&lone);
    assert_non_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 2));
    assert_int_equal(ERR_TRANSFERRING, lone_propose(&lone, 1));
}

static void leadership_goes_to_one_that_lags_when_it_has_caught_up(void **state)
{
    (void)state;
    lead();
    lone_propose(&lone, 1);
    lone_propose(&lone, 1);
    lone.sent_count = 0;
    raft_transfer(lone.raft, 2);
    lone_drain(&lone);
    assert_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 2));
    lone_ack(&lone, 3, 2);
    assert_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 0));
    lone_ack(&lone, 2, 3);
    assert_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 0));
    lone_ack(&lone, 2, 4);
    assert_non_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 2));
}

static void leadership_stays_when_it_was_not_taken_in_time(void **state)
{
    (void)state;
    lead();
    raft_transfer(lone.raft, 3);
    lone_tick(&lone, 999);
    assert_int_equal(ERR_TRANSFERRING, lone_propose(&lone, 1));
    lone_tick(&lone, 1);
    assert_int_equal(ERR_OK, lone_propose(&lone, 1));
}

static void leadership_goes_to_voters_only(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .learner = 9});
    lone_lead(&lone);
    raft_transfer(lone.raft, 9);
    raft_transfer(lone.raft, 8);
    raft_transfer(lone.raft, 1);
    assert_int_equal(0, lone.raft->transferee);
    raft_transfer(lone.raft, 3);
    raft_transfer(lone.raft, 2); /* another one instead */
    assert_int_equal(2, lone.raft->transferee);
    raft_transfer(lone.raft, 1);
    assert_int_equal(0, lone.raft->transferee);
}

static void a_transfer_changes_the_leader_at_once(void **state)
{
    (void)state;
    world_init(&world, 3, 3, 3);
    for (uint64_t id = 1; id <= 3; id++) {
        world_start(&world, &world.nodes[id]);
    }
    raft_transfer(world_elect_one(&world, 1)->raft, 3);
    world_settle(&world);
    assert_int_equal(3, world_leader(&world)->id);
    assert_int_equal(RAFT_FOLLOWER, world.nodes[1].raft->role);
    assert_true(world_is_even(&world));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_majority_commits_and_followers_are_told),
        CASE(its_own_entries_count_when_they_are_durable),
        CASE(a_write_counts_for_what_it_holds),
        CASE(what_an_earlier_leader_left_is_committed_with_our_own_only),
        CASE(acknowledges_as_far_as_was_compared),
        CASE(an_acknowledgement_waits_for_the_disk),
        CASE(what_lies_below_the_commit_is_acknowledged_as_that),
        CASE(what_was_compacted_is_acknowledged_too),
        CASE(a_leader_skips_terms_that_the_follower_cannot_have),
        CASE(a_follower_skips_terms_that_the_leader_cannot_have),
        CASE(a_short_log_says_where_it_ends),
        cmocka_unit_test(every_follower_of_figure_7_is_brought_in_line),
        CASE(what_flies_to_one_is_bounded_by_count),
        CASE(what_flies_to_one_is_bounded_by_bytes),
        CASE(messages_are_cut_to_size),
        CASE(a_heartbeat_answered_gets_an_empty_one_past_what_was_lost),
        CASE(one_that_is_unreachable_is_probed),
        CASE(a_heartbeat_commits_no_more_than_is_known_to_agree),
        CASE(one_that_acknowledges_late_learns_the_commit_with_it),
        CASE(nobody_can_acknowledge_what_there_is_not),
        CASE(what_is_not_committed_is_bounded),
        CASE(only_the_leader_of_that_term_takes_proposals),
        CASE(nothing_is_applied_before_it_is_stable),
        CASE(unless_that_is_wanted),
        CASE(what_replaces_a_stable_entry_is_not_stable),
        CASE(the_hard_state_goes_with_every_write),
        CASE(a_disk_that_is_behind_holds_up_no_heartbeats),
        CASE(an_answer_waits_for_a_slot_with_what_it_promises),
        CASE(a_message_whose_entries_were_compacted_is_lost),
        CASE(a_message_whose_entries_were_cut_is_lost),
        CASE(an_old_member_gets_a_snapshot_of_what_is_applied),
        CASE(a_snapshot_is_installed_before_anything_is_applied),
        CASE(a_snapshot_of_what_is_held_only_commits),
        CASE(a_snapshot_that_does_not_know_the_member_is_not_taken),
        CASE(leadership_goes_to_one_that_is_caught_up),
        CASE(leadership_goes_to_one_that_lags_when_it_has_caught_up),
        CASE(leadership_stays_when_it_was_not_taken_in_time),
        CASE(leadership_goes_to_voters_only),
        cmocka_unit_test_teardown(a_transfer_changes_the_leader_at_once, end_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
