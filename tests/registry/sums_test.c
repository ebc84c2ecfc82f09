/* What is in the digests of a registry, and how they are told. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "tests/registry/pair.h"

/* Of the tombstone of this host. */
static int64_t tombstone_age(struct node *node, const char *hostname)
{
    struct msg question = node_snapshot(node, 0);
    struct msg chunk = pair_ask(node, &question, MSG_TYPE_CHUNK);
    struct str rest = chunk.as_chunk.records.bytes;
    struct msg record;

    while (msg_next(&rest, &record)) {
        if (record.type == MSG_TYPE_GONE && str_eq(str_from(hostname), record.as_gone.hostname)) {
            return record.as_gone.age_ms;
        }
    }
    fail();
    return -1;
}

static void the_same_states_in_any_order_have_the_same_root(void **state)
{
    struct pair *pair = *state;
    struct str rest;
    struct msg question;
    struct msg chunk;
    struct msg record;
    struct buf records = {0};
    struct str one[64];
    unsigned count = 0;

    node_register_many(&pair->a, 0, 30);
    for (uint32_t i = 0; i < 30; i += 3) {
        char name[16];

        pair_cancel(&pair->a, node_host_name(i, name));
    }
    question = node_snapshot(&pair->a, 0);
    chunk = pair_ask(&pair->a, &question, MSG_TYPE_CHUNK);
    buf_add_str(&records, chunk.as_chunk.records.bytes);
    rest = buf_str(&records);
    while (rest.len > 0) {
        one[count].data = rest.data;
        assert_true(msg_next(&rest, &record));
        one[count].len = (size_t)(rest.data - one[count].data);
        count++;
    }
    assert_int_equal(30, count);
    for (unsigned i = 0; i < 2 * count; i++) { /* backwards, and each twice */
        struct msg merge = pair_question(&pair->b, MSG_TYPE_MERGE);

        assert_int_equal(i >= count, pair_roots_agree(pair));
        merge.as_merge.records = (struct msg_list){1, one[(2 * count - 1 - i) % count]};
        (void)pair_ask(&pair->b, &merge, MSG_TYPE_MERGED);
    }
    assert_true(pair_roots_agree(pair));
    assert_int_equal(30, node_stat(&pair->b, METRIC_REGISTRY_DIGEST_ENTRIES));
    buf_fini(&records);
}

static void every_tick_tells_the_root(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 root;
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    node_register_many(node, 0, 5);
    root = pair_root(node);
    node_run(node, 1000);
    assert_true(node_fact(node, &cursor, MSG_TYPE_RENEWED, &fact, &topic, &bytes));
    assert_false(fact.as_renewed.more);
    assert_int_equal(sum_bytes, fact.as_renewed.digest.len);
    assert_true(hash128_eq(root, pair_sum_at(fact.as_renewed.digest, 0)));
}

static void an_idle_one_drops_out_until_it_is_heard_again(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 root;

    pair_register(node, "a", 5);
    root = pair_root(node);
    node_run(node, idle_ms - 1000);
    assert_true(hash128_eq(root, pair_root(node)));
    node_run(node, 2000);
    assert_true(pair_is_empty(node));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_IDLE));
    pair_renew(node, "a");
    assert_true(hash128_eq(root, pair_root(node)));
}

static void an_idle_one_that_only_changes_stays_out(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct msg set;

    node_register_many(node, 0, 1);
    node_run(node, idle_ms + 1000);
    set = node_set(node, 0, 1, STATUS_WAITING);
    assert_int_equal(ERR_OK, node_ask(node, &set).err);
    assert_true(pair_is_empty(node));
    pair_renew(node, "host-0000000");
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_DIGEST_ENTRIES));
    assert_false(pair_only_entry(node).gone);
}

static void a_tombstone_is_in_for_half_its_life(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    pair_register(node, "a", 5);
    pair_cancel(node, "a");
    node_run(node, tombstone_ms / 2 - 2000);
    assert_true(pair_only_entry(node).gone);
    assert_int_equal(5, pair_only_entry(node).dirty_timestamp);
    node_run(node, 5000);
    assert_true(pair_is_empty(node));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_TOMBSTONES));
}

static void an_evicted_one_leaves_nothing(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct msg evict;

    pair_register(node, "a", 5);
    node_run(node, idle_ms + 2000);
    pair_renew(node, "a");
    node_run(node, idle_ms + 2000);
    evict = node_evict(node, idle_ms, 5);
    node_give(node, &evict);
    node_turn(node);
    node_settle(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INSTANCES));
    assert_true(pair_is_empty(node));
}

static void a_restart_from_disk_gives_the_same_root(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 root;

    node_register_many(node, 0, 300);
    pair_cancel(node, "host-0000007");
    pair_register(node, "host-0000009", 0);
    root = pair_root(node);
    assert_int_equal(300, node_stat(node, METRIC_REGISTRY_DIGEST_ENTRIES));
    node_kill(node);
    node_start(node);
    assert_true(hash128_eq(root, pair_root(node)));
    node_stop(node);
    node_start(node);
    assert_true(hash128_eq(root, pair_root(node)));
}

static void a_set_counts_as_it_is_held(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 before;
    struct hash128 after;
    struct msg set;

    node_register_many(node, 0, 3);
    before = pair_root(node);
    set = node_set(node, 1, 1, STATUS_WAITING);
    assert_int_equal(ERR_OK, node_ask(node, &set).err);
    after = pair_root(node);
    assert_false(hash128_eq(before, after));
    node_kill(node);
    node_start(node);
    assert_true(hash128_eq(after, pair_root(node)));
}

/* Or nodes that are restarted would keep the tombstones of all others for ever. */
static void a_restart_makes_no_tombstone_younger(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    pair_register(node, "a", 5);
    pair_cancel(node, "a");
    node_run(node, 1000000);
    node_kill(node);
    node_pause(node, 500000);
    node_start(node);
    assert_int_equal(1500000, pair_only_record(node).as_gone.age_ms);
    node_kill(node);
    node_pause(node, 10 * tombstone_ms); /* or a wrong clock: it is not forgotten at once */
    node_start(node);
    assert_int_equal(tombstone_ms / 2, pair_only_record(node).as_gone.age_ms);
    assert_true(pair_is_empty(node));
}

static void a_restart_from_a_snapshot_makes_no_tombstone_younger(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_stop(node);
    node->snapshot_bytes = 1;
    node_start(node);
    pair_register(node, "a", 5);
    pair_cancel(node, "a");
    node_run(node, 30000);
    pair_register(node, "b", 5);
    pair_cancel(node, "b");
    node_run(node, 30000);
    assert_true(node_stat(node, METRIC_REGISTRY_SNAPSHOT) > 0);
    node_kill(node);
    node_start(node);
    assert_int_equal(60000, tombstone_age(node, "a"));
    assert_int_equal(30000, tombstone_age(node, "b"));
}

static void sums_add_up_along_the_tree(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 branches[digest_branches];
    struct hash128 sum = {0, 0};
    char all[digest_branches];
    struct msg_sums sums;

    node_register_many(node, 0, 2000);
    sums = pair_digest(node, (struct str){0}).as_sums;
    assert_int_equal(digest_branches * sum_bytes, sums.sums.len);
    assert_int_equal(digest_branches, sums.moving.len);
    for (unsigned i = 0; i < digest_branches; i++) {
        branches[i] = pair_sum_at(sums.sums, i);
        all[i] = (char)(digest_branches - 1 - i);
        sum.lo += branches[i].lo;
        sum.hi += branches[i].hi + (sum.lo < branches[i].lo ? 1 : 0);
    }
    assert_true(hash128_eq(sum, pair_sum_at(sums.root, 0)));
    sums = pair_digest(node, (struct str){all, sizeof(all)}).as_sums;
    assert_int_equal(digest_leaves * sum_bytes, sums.sums.len);
    assert_int_equal(digest_leaves, sums.moving.len);
    for (unsigned i = 0; i < digest_leaves; i++) {
        struct hash128 leaf = pair_sum_at(sums.sums, i);
        struct hash128 *branch = &branches[digest_branches - 1 - i / 64];

        branch->hi -= leaf.hi + (branch->lo < leaf.lo ? 1 : 0);
        branch->lo -= leaf.lo;
    }
    for (unsigned i = 0; i < digest_branches; i++) {
        assert_true(hash128_eq(branches[i], (struct hash128){0, 0}));
    }
}

static void what_changed_in_the_last_two_ticks_is_moving(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    char branch;
    uint32_t leaf;
    struct msg_sums sums;

    pair_register(node, "a", 5);
    leaf = (uint32_t)(pair_only_entry(node).key.hi >> 52);
    branch = (char)(leaf / 64);
    assert_int_equal(1, pair_digest(node, (struct str){0}).as_sums.moving.data[leaf / 64]);
    sums = pair_digest(node, (struct str){&branch, 1}).as_sums;
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(i == leaf % 64, sums.moving.data[i]);
    }
    node_run(node, 2001);
    sums = pair_digest(node, (struct str){&branch, 1}).as_sums;
    assert_int_equal(0, sums.moving.data[leaf % 64]);
    assert_int_equal(0, pair_digest(node, (struct str){0}).as_sums.moving.data[leaf / 64]);
}

static void leaves_tell_in_pieces_all_there_is(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct buf entries;

    node_register_many(node, 0, 20000);
    assert_true(pair_leaves(node, pair_every_leaf()).as_entries.done < digest_leaves);
    entries = pair_entries(node);
    assert_int_equal(20000 * entry_bytes, entries.len);
    buf_fini(&entries);
}

/* Where a leaf goes on that was told in part. */
static void a_leaf_goes_on_behind_the_cursor(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct msg question = pair_question(node, MSG_TYPE_LEAVES);
    const struct digest *digest = node->actor->digest;
    uint32_t slot = REGISTRY_NONE;
    uint32_t leaf = 0;
    struct msg_entries answer;
    char bytes[2];

    node_register_many(node, 0, 20000);
    while (digest_leaf_count(digest, leaf) < 3) {
        leaf++;
    }
    bytes[0] = (char)(leaf >> 8);
    bytes[1] = (char)leaf;
    assert_true(digest_next(digest, leaf, &slot));
    question.as_leaves.leaves = (struct str){bytes, 2};
    question.as_leaves.cursor = (uint64_t)slot + 1;
    answer = pair_ask(node, &question, MSG_TYPE_ENTRIES).as_entries;
    assert_int_equal(1, answer.done);
    assert_int_equal(0, answer.next);
    assert_int_equal(digest_leaf_count(digest, leaf) - 1, answer.entries.len / entry_bytes);
    while (digest_is_in(digest, slot, leaf)) { /* it is no longer there: the rest is left out */
        slot++;
    }
    for (unsigned i = 0; i < 2; i++) {
        question.as_leaves.id = ++node->id;
        question.as_leaves.cursor = i == 0 ? (uint64_t)slot + 1 : UINT64_MAX;
        answer = pair_ask(node, &question, MSG_TYPE_ENTRIES).as_entries;
        assert_int_equal(1, answer.done);
        assert_int_equal(0, answer.next);
        assert_int_equal(0, answer.entries.len);
    }
}

static void refused(struct node *node, const struct msg *question, enum err err)
{
    struct msg answer = pair_ask(node, question, MSG_TYPE_RESULT);

    assert_int_equal(err, answer.as_result.err);
    assert_true(answer.as_result.text.len > 0);
}

static void refuses_what_is_not_a_question(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    static char zeros[told_bytes + 64];
    struct msg question = pair_question(node, MSG_TYPE_DIGEST);

    question.as_digest.branches = STR("\x40");
    refused(node, &question, ERR_INVALID);
    question.as_digest.branches = (struct str){zeros, digest_branches + 1};
    refused(node, &question, ERR_INVALID);
    question = pair_question(node, MSG_TYPE_LEAVES);
    question.as_leaves.leaves = (struct str){zeros, 3};
    refused(node, &question, ERR_INVALID);
    question.as_leaves.leaves = STR("\x10\x00");
    question.as_leaves.leaves.len = 2;
    refused(node, &question, ERR_INVALID);
    question.as_leaves.leaves = (struct str){zeros, 2 * digest_leaves + 2};
    refused(node, &question, ERR_INVALID);
    question = pair_question(node, MSG_TYPE_COMPARE);
    question.as_compare.entries = (struct str){zeros, entry_bytes + 1};
    refused(node, &question, ERR_INVALID);
    question.as_compare.entries = (struct str){zeros, told_bytes - told_bytes % 33 + 33};
    refused(node, &question, ERR_TOO_LARGE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_same_states_in_any_order_have_the_same_root),
        TEST(every_tick_tells_the_root),
        TEST(an_idle_one_drops_out_until_it_is_heard_again),
        TEST(an_idle_one_that_only_changes_stays_out),
        TEST(a_tombstone_is_in_for_half_its_life),
        TEST(an_evicted_one_leaves_nothing),
        TEST(a_restart_from_disk_gives_the_same_root),
        TEST(a_set_counts_as_it_is_held),
        TEST(a_restart_makes_no_tombstone_younger),
        TEST(a_restart_from_a_snapshot_makes_no_tombstone_younger),
        TEST(sums_add_up_along_the_tree),
        TEST(what_changed_in_the_last_two_ticks_is_moving),
        TEST(leaves_tell_in_pieces_all_there_is),
        TEST(a_leaf_goes_on_behind_the_cursor),
        TEST(refuses_what_is_not_a_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
