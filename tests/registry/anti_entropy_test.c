/* Digests of registries, and what two of them find by comparing. */
#include "actors/registry/digest.h"
#include "actors/registry/state.h"
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/base/prng.h"
#include "common/naming/limits.h"

enum { told_bytes = 256 * 1024, every_leaf_bytes = 2 * digest_leaves };

static const int64_t idle_ms = 90000;
static const int64_t tombstone_ms = 3600000 + 600000;

struct pair {
    struct node a;
    struct node b;
    struct buf kept; /* of an answer of one that the other is given */
};

static int setup(void **state)
{
    static struct pair pair;

    node_init(&pair.a, 21);
    node_init(&pair.b, 22);
    node_start(&pair.a);
    node_start(&pair.b);
    pair.kept = (struct buf){0};
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;

    node_fini(&pair->a);
    node_fini(&pair->b);
    buf_fini(&pair->kept);
    return 0;
}

/* ── asking ── */

/* Borrows until the next turn. */
static struct msg ask_for(struct node *node, const struct msg *question, enum msg_type type)
{
    struct msg answer = {0};
    enum outbox_lane lane;

    node_give(node, question);
    node_turn(node);
    assert_true(node_answer(node, msg_id(question), &answer, &lane));
    assert_int_equal(type, answer.type);
    return answer;
}

static struct msg question_of(struct node *node, enum msg_type type)
{
    struct msg question = {.type = type};

    question.as_ping.id = ++node->id; /* the first field of all */
    return question;
}

static struct msg ask_digest(struct node *node, struct str branches)
{
    struct msg question = question_of(node, MSG_TYPE_DIGEST);

    question.as_digest.branches = branches;
    return ask_for(node, &question, MSG_TYPE_SUMS);
}

static struct hash128 sum_at(struct str sums, size_t i)
{
    struct str rest = {sums.data + i * sum_bytes, sum_bytes};
    struct hash128 sum;

    assert_true((i + 1) * sum_bytes <= sums.len);
    assert_true(key_next(&rest, &sum));
    return sum;
}

static struct hash128 root_of(struct node *node)
{
    return sum_at(ask_digest(node, (struct str){0}).as_sums.root, 0);
}

static bool roots_agree(struct pair *pair)
{
    return hash128_eq(root_of(&pair->a), root_of(&pair->b));
}

static bool is_empty(struct node *node)
{
    return hash128_eq(root_of(node), (struct hash128){0, 0});
}

static struct str every_leaf(void)
{
    static char leaves[every_leaf_bytes];

    for (unsigned i = 0; i < digest_leaves; i++) {
        leaves[(size_t)2 * i] = (char)(i >> 8);
        leaves[2 * i + 1] = (char)i;
    }
    return (struct str){leaves, sizeof(leaves)};
}

static struct msg ask_leaves(struct node *node, struct str leaves)
{
    struct msg question = question_of(node, MSG_TYPE_LEAVES);

    question.as_leaves.leaves = leaves;
    return ask_for(node, &question, MSG_TYPE_ENTRIES);
}

/* Of what is in all leaves; the caller gives the buffer back. */
static struct buf entries_of(struct node *node)
{
    struct str leaves = every_leaf();
    struct buf entries = {0};

    while (leaves.len > 0) {
        struct msg_entries answer = ask_leaves(node, leaves).as_entries;

        assert_in_range(answer.done, 1, leaves.len / 2);
        assert_true(answer.entries.len <= told_bytes);
        buf_add_str(&entries, answer.entries);
        leaves = (struct str){leaves.data + (size_t)2 * answer.done,
                              leaves.len - (size_t)2 * answer.done};
    }
    return entries;
}

static struct entry_state only_entry(struct node *node)
{
    struct buf entries = entries_of(node);
    struct str rest = buf_str(&entries);
    struct entry_state entry;

    assert_int_equal(entry_bytes, entries.len);
    assert_true(entry_next(&rest, &entry));
    buf_fini(&entries);
    return entry;
}

static struct msg_wanted ask_compare(struct node *node, struct str entries)
{
    struct msg question = question_of(node, MSG_TYPE_COMPARE);

    question.as_compare.entries = entries;
    return ask_for(node, &question, MSG_TYPE_WANTED).as_wanted;
}

static bool wants(struct node *node, const struct entry_state *entry)
{
    struct buf entries = {0};
    struct str keys;
    struct hash128 key;

    entry_pack(&entries, entry);
    keys = ask_compare(node, buf_str(&entries)).keys;
    buf_fini(&entries);
    if (keys.len == 0) {
        return false;
    }
    assert_int_equal(key_bytes, keys.len);
    assert_true(key_next(&keys, &key));
    assert_true(hash128_eq(key, entry->key));
    return true;
}

/* What from holds of these keys, told to the other as it stands. */
static void pull(struct pair *pair, struct node *from, struct node *to, struct str keys)
{
    struct buf left = {0};
    struct str rest;

    buf_add_str(&left, keys);
    rest = buf_str(&left);
    while (rest.len > 0) {
        struct msg question = question_of(from, MSG_TYPE_LOOKUP);
        struct msg merge = question_of(to, MSG_TYPE_MERGE);
        struct msg found;
        size_t taken = rest.len < (size_t)100 * key_bytes ? rest.len : (size_t)100 * key_bytes;

        question.as_lookup.keys = (struct str){rest.data, taken};
        found = ask_for(from, &question, MSG_TYPE_FOUND);
        merge.as_merge.records = found.as_found.records;
        pair->kept.len = 0;
        buf_add_str(&pair->kept, found.as_found.records.bytes);
        merge.as_merge.records.bytes = buf_str(&pair->kept);
        assert_int_equal(ERR_OK, ask_for(to, &merge, MSG_TYPE_MERGED).as_merged.err);
        rest.data += taken;
        rest.len -= taken;
    }
    buf_fini(&left);
}

/* One node's walk: it pulls what it lacks. Returns how many it wanted. */
static size_t walk(struct pair *pair, struct node *from, struct node *to)
{
    struct buf entries = entries_of(from);
    struct str rest = buf_str(&entries);
    size_t wanted = 0;

    while (rest.len > 0) {
        size_t taken =
            rest.len < (size_t)1000 * entry_bytes ? rest.len : (size_t)1000 * entry_bytes;
        struct str keys = ask_compare(to, (struct str){rest.data, taken}).keys;

        wanted += keys.len / key_bytes;
        pull(pair, from, to, keys);
        rest.data += taken;
        rest.len -= taken;
    }
    buf_fini(&entries);
    return wanted;
}

static void register_one(struct node *node, const char *hostname, int64_t dirty_timestamp)
{
    struct msg command = node_register(node, hostname);

    command.as_register.dirty_timestamp = dirty_timestamp;
    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

static void renew_one(struct node *node, const char *hostname)
{
    struct msg command = node_renew(node, hostname);

    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

static void cancel_one(struct node *node, const char *hostname)
{
    struct msg command = node_cancel(node, hostname);

    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

static void run_both(struct pair *pair, int64_t ms)
{
    node_run(&pair->a, ms);
    node_run(&pair->b, ms);
}

static struct msg only_record(struct node *node)
{
    struct msg question = node_snapshot(node, 0);
    struct msg chunk = ask_for(node, &question, MSG_TYPE_CHUNK);
    struct str rest = chunk.as_chunk.records.bytes;
    struct msg record;

    assert_int_equal(1, chunk.as_chunk.records.count);
    assert_true(msg_next(&rest, &record));
    return record;
}

/* Of the tombstone of this host. */
static int64_t tombstone_age(struct node *node, const char *hostname)
{
    struct msg question = node_snapshot(node, 0);
    struct msg chunk = ask_for(node, &question, MSG_TYPE_CHUNK);
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

/* ── what is in the sums ── */

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

        cancel_one(&pair->a, node_host_name(i, name));
    }
    question = node_snapshot(&pair->a, 0);
    chunk = ask_for(&pair->a, &question, MSG_TYPE_CHUNK);
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
        struct msg merge = question_of(&pair->b, MSG_TYPE_MERGE);

        assert_int_equal(i >= count, roots_agree(pair));
        merge.as_merge.records = (struct msg_list){1, one[(2 * count - 1 - i) % count]};
        (void)ask_for(&pair->b, &merge, MSG_TYPE_MERGED);
    }
    assert_true(roots_agree(pair));
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
    root = root_of(node);
    node_run(node, 1000);
    assert_true(node_fact(node, &cursor, MSG_TYPE_RENEWED, &fact, &topic, &bytes));
    assert_false(fact.as_renewed.more);
    assert_int_equal(sum_bytes, fact.as_renewed.digest.len);
    assert_true(hash128_eq(root, sum_at(fact.as_renewed.digest, 0)));
}

static void an_idle_one_drops_out_until_it_is_heard_again(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 root;

    register_one(node, "a", 5);
    root = root_of(node);
    node_run(node, idle_ms - 1000);
    assert_true(hash128_eq(root, root_of(node)));
    node_run(node, 2000);
    assert_true(is_empty(node));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_IDLE));
    renew_one(node, "a");
    assert_true(hash128_eq(root, root_of(node)));
}

static void an_idle_one_that_only_changes_stays_out(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct msg set;

    node_register_many(node, 0, 1);
    node_run(node, idle_ms + 1000);
    set = node_set(node, 0, 1, STATUS_WAITING);
    assert_int_equal(ERR_OK, node_ask(node, &set).err);
    assert_true(is_empty(node));
    renew_one(node, "host-0000000");
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_DIGEST_ENTRIES));
    assert_false(only_entry(node).gone);
}

static void a_tombstone_is_in_for_half_its_life(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    register_one(node, "a", 5);
    cancel_one(node, "a");
    node_run(node, tombstone_ms / 2 - 2000);
    assert_true(only_entry(node).gone);
    assert_int_equal(5, only_entry(node).dirty_timestamp);
    node_run(node, 5000);
    assert_true(is_empty(node));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_TOMBSTONES));
}

static void an_evicted_one_leaves_nothing(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct msg evict;

    register_one(node, "a", 5);
    node_run(node, idle_ms + 2000);
    renew_one(node, "a");
    node_run(node, idle_ms + 2000);
    evict = node_evict(node, idle_ms, 5);
    node_give(node, &evict);
    node_turn(node);
    node_settle(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_INSTANCES));
    assert_true(is_empty(node));
}

static void a_restart_from_disk_gives_the_same_root(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 root;

    node_register_many(node, 0, 300);
    cancel_one(node, "host-0000007");
    register_one(node, "host-0000009", 0);
    root = root_of(node);
    assert_int_equal(300, node_stat(node, METRIC_REGISTRY_DIGEST_ENTRIES));
    node_kill(node);
    node_start(node);
    assert_true(hash128_eq(root, root_of(node)));
    node_stop(node);
    node_start(node);
    assert_true(hash128_eq(root, root_of(node)));
}

static void a_set_counts_as_it_is_held(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct hash128 before;
    struct hash128 after;
    struct msg set;

    node_register_many(node, 0, 3);
    before = root_of(node);
    set = node_set(node, 1, 1, STATUS_WAITING);
    assert_int_equal(ERR_OK, node_ask(node, &set).err);
    after = root_of(node);
    assert_false(hash128_eq(before, after));
    node_kill(node);
    node_start(node);
    assert_true(hash128_eq(after, root_of(node)));
}

/* Or nodes that are restarted would keep the tombstones of all others for ever. */
static void a_restart_makes_no_tombstone_younger(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    register_one(node, "a", 5);
    cancel_one(node, "a");
    node_run(node, 1000000);
    node_kill(node);
    node_pause(node, 500000);
    node_start(node);
    assert_int_equal(1500000, only_record(node).as_gone.age_ms);
    node_kill(node);
    node_pause(node, 10 * tombstone_ms); /* or a wrong clock: it is not forgotten at once */
    node_start(node);
    assert_int_equal(tombstone_ms / 2, only_record(node).as_gone.age_ms);
    assert_true(is_empty(node));
}

static void a_restart_from_a_snapshot_makes_no_tombstone_younger(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_stop(node);
    node->snapshot_bytes = 1;
    node_start(node);
    register_one(node, "a", 5);
    cancel_one(node, "a");
    node_run(node, 30000);
    register_one(node, "b", 5);
    cancel_one(node, "b");
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
    sums = ask_digest(node, (struct str){0}).as_sums;
    assert_int_equal(digest_branches * sum_bytes, sums.sums.len);
    assert_int_equal(digest_branches, sums.moving.len);
    for (unsigned i = 0; i < digest_branches; i++) {
        branches[i] = sum_at(sums.sums, i);
        all[i] = (char)(digest_branches - 1 - i);
        sum.lo += branches[i].lo;
        sum.hi += branches[i].hi + (sum.lo < branches[i].lo ? 1 : 0);
    }
    assert_true(hash128_eq(sum, sum_at(sums.root, 0)));
    sums = ask_digest(node, (struct str){all, sizeof(all)}).as_sums;
    assert_int_equal(digest_leaves * sum_bytes, sums.sums.len);
    assert_int_equal(digest_leaves, sums.moving.len);
    for (unsigned i = 0; i < digest_leaves; i++) {
        struct hash128 leaf = sum_at(sums.sums, i);
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

    register_one(node, "a", 5);
    leaf = (uint32_t)(only_entry(node).key.hi >> 52);
    branch = (char)(leaf / 64);
    assert_int_equal(1, ask_digest(node, (struct str){0}).as_sums.moving.data[leaf / 64]);
    sums = ask_digest(node, (struct str){&branch, 1}).as_sums;
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(i == leaf % 64, sums.moving.data[i]);
    }
    node_run(node, 2001);
    sums = ask_digest(node, (struct str){&branch, 1}).as_sums;
    assert_int_equal(0, sums.moving.data[leaf % 64]);
    assert_int_equal(0, ask_digest(node, (struct str){0}).as_sums.moving.data[leaf / 64]);
}

static void leaves_tell_in_pieces_all_there_is(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct buf entries;

    node_register_many(node, 0, 20000);
    assert_true(ask_leaves(node, every_leaf()).as_entries.done < digest_leaves);
    entries = entries_of(node);
    assert_int_equal(20000 * entry_bytes, entries.len);
    buf_fini(&entries);
}

/* Where a leaf goes on that was told in part. */
static void a_leaf_goes_on_behind_the_cursor(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct msg question = question_of(node, MSG_TYPE_LEAVES);
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
    answer = ask_for(node, &question, MSG_TYPE_ENTRIES).as_entries;
    assert_int_equal(1, answer.done);
    assert_int_equal(0, answer.next);
    assert_int_equal(digest_leaf_count(digest, leaf) - 1, answer.entries.len / entry_bytes);
    while (digest_is_in(digest, slot, leaf)) { /* it is no longer there: the rest is left out */
        slot++;
    }
    for (unsigned i = 0; i < 2; i++) {
        question.as_leaves.id = ++node->id;
        question.as_leaves.cursor = i == 0 ? (uint64_t)slot + 1 : UINT64_MAX;
        answer = ask_for(node, &question, MSG_TYPE_ENTRIES).as_entries;
        assert_int_equal(1, answer.done);
        assert_int_equal(0, answer.next);
        assert_int_equal(0, answer.entries.len);
    }
}

static void refused(struct node *node, const struct msg *question, enum err err)
{
    struct msg answer = ask_for(node, question, MSG_TYPE_RESULT);

    assert_int_equal(err, answer.as_result.err);
    assert_true(answer.as_result.text.len > 0);
}

static void refuses_what_is_not_a_question(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    static char zeros[told_bytes + 64];
    struct msg question = question_of(node, MSG_TYPE_DIGEST);

    question.as_digest.branches = STR("\x40");
    refused(node, &question, ERR_INVALID);
    question.as_digest.branches = (struct str){zeros, digest_branches + 1};
    refused(node, &question, ERR_INVALID);
    question = question_of(node, MSG_TYPE_LEAVES);
    question.as_leaves.leaves = (struct str){zeros, 3};
    refused(node, &question, ERR_INVALID);
    question.as_leaves.leaves = STR("\x10\x00");
    question.as_leaves.leaves.len = 2;
    refused(node, &question, ERR_INVALID);
    question.as_leaves.leaves = (struct str){zeros, 2 * digest_leaves + 2};
    refused(node, &question, ERR_INVALID);
    question = question_of(node, MSG_TYPE_COMPARE);
    question.as_compare.entries = (struct str){zeros, entry_bytes + 1};
    refused(node, &question, ERR_INVALID);
    question.as_compare.entries = (struct str){zeros, told_bytes - told_bytes % 33 + 33};
    refused(node, &question, ERR_TOO_LARGE);
}

/* ── what is wanted ── */

static void wants_what_wins_by_the_order_of_states(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct entry_state live;
    struct entry_state other;

    register_one(node, "a", 50);
    live = only_entry(node);
    assert_int_equal(50, live.dirty_timestamp);
    assert_false(wants(node, &live));
    other = live;
    other.dirty_timestamp = 51;
    assert_true(wants(node, &other));
    other.vague = true; /* live here: its age stays */
    assert_true(wants(node, &other));
    other.dirty_timestamp = 49;
    assert_false(wants(node, &other));
    other = live;
    other.hash++;
    assert_true(wants(node, &other));
    other.hash -= 2;
    assert_false(wants(node, &other));
    other = live;
    other.gone = true;
    other.hash = 0;
    assert_true(wants(node, &other));
    cancel_one(node, "a");
    assert_false(wants(node, &other));
    assert_false(wants(node, &live));
    live.dirty_timestamp = 51;
    assert_true(wants(node, &live));
    live.vague = true; /* would not be taken in */
    assert_false(wants(node, &live));
}

static void wants_what_it_lacks_unless_its_age_is_unknown(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct entry_state entry = {.key = {1, 2}, .dirty_timestamp = 3, .hash = 4};

    assert_true(wants(node, &entry));
    entry.vague = true;
    assert_false(wants(node, &entry));
    entry = (struct entry_state){.key = {1, 2}, .dirty_timestamp = 3, .gone = true};
    assert_true(wants(node, &entry));
}

static void wants_nothing_that_no_merge_would_take(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct entry_state entry = {.key = {1, 2}, .dirty_timestamp = timestamp_told_max, .hash = 4};

    assert_true(wants(node, &entry));
    entry.dirty_timestamp++;
    assert_false(wants(node, &entry));
    entry.dirty_timestamp = -1;
    assert_false(wants(node, &entry));
}

static void wants_the_same_state_when_only_the_other_hears_it(void **state)
{
    struct pair *pair = *state;

    register_one(&pair->a, "a", 5);
    assert_int_equal(1, walk(pair, &pair->a, &pair->b));
    assert_true(roots_agree(pair));
    run_both(pair, idle_ms / 2);
    renew_one(&pair->a, "a");
    run_both(pair, idle_ms / 2 + 2000);
    assert_true(is_empty(&pair->b));
    assert_int_equal(1, walk(pair, &pair->a, &pair->b));
    assert_true(roots_agree(pair));
    assert_false(is_empty(&pair->b));
    assert_int_equal(0, walk(pair, &pair->a, &pair->b));
    run_both(pair, idle_ms / 2); /* it brought the age it had, no younger one */
    assert_true(is_empty(&pair->a));
    assert_true(is_empty(&pair->b));
}

/* ── true ages ── */

static void one_that_was_down_says_how_long_ago_it_heard_whom(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    register_one(node, "a", 5);
    node_kill(node);
    node_pause(node, idle_ms / 2);
    node_start(node);
    assert_int_equal(idle_ms / 2, only_record(node).as_put.age_ms);
    assert_false(only_entry(node).vague);
    node_run(node, idle_ms / 2); /* past the limit for others, not yet here: nobody need take it */
    assert_int_equal(idle_ms, only_record(node).as_put.age_ms);
    assert_true(only_entry(node).vague);
    renew_one(node, "a");
    assert_int_equal(0, only_record(node).as_put.age_ms);
    assert_false(only_entry(node).vague);
}

static void one_heard_before_a_long_absence_is_vague_and_not_wanted(void **state)
{
    struct pair *pair = *state;
    struct entry_state entry;

    register_one(&pair->a, "a", 5);
    node_kill(&pair->a);
    node_pause(&pair->a, idle_ms + 1000);
    node_start(&pair->a);
    assert_int_equal(-1, only_record(&pair->a).as_put.age_ms);
    entry = only_entry(&pair->a);
    assert_true(entry.vague);
    assert_int_equal(0, walk(pair, &pair->a, &pair->b));
    renew_one(&pair->a, "a");
    assert_int_equal(1, walk(pair, &pair->a, &pair->b));
    assert_true(roots_agree(pair));
}

static void a_clock_set_back_while_it_was_down_is_not_believed(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    register_one(node, "a", 5);
    node_kill(node);
    node->clock.at.wall_ns -= INT64_C(3600) * 1000000000;
    node_start(node);
    assert_true(only_entry(node).vague);
}

static void time_that_it_stood_still_counts_for_others(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    register_one(node, "a", 5);
    node_pause(node, 60000);
    node_turn(node);
    assert_int_equal(60000, only_record(node).as_put.age_ms);
    node_pause(node, 60000);
    node_turn(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE)); /* nobody is blamed here */
    assert_true(only_entry(node).vague);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_DIGEST_ENTRIES));
}

/* ── EXPIRING ── */

static unsigned expiring_keys(const struct node *node)
{
    struct msg fact;
    struct str topic;
    size_t bytes;
    unsigned count = 0;

    for (size_t cursor = 0; node_fact(node, &cursor, MSG_TYPE_EXPIRING, &fact, &topic, &bytes);) {
        assert_true(str_eq(STR("registry.turn.expiring"), topic));
        assert_true(bytes <= fact_frame_max);
        assert_int_equal(0, fact.as_expiring.keys.len % key_bytes);
        assert_true(fact.as_expiring.keys.len <= (size_t)2048 * key_bytes);
        count += (unsigned)(fact.as_expiring.keys.len / key_bytes);
    }
    return count;
}

/* Over so much time, in ticks. */
static unsigned expiring_in(struct node *node, int64_t ms)
{
    unsigned count = 0;

    for (; ms > 0; ms -= 1000) {
        node_pause(node, 1000);
        do {
            node_turn(node);
            count += expiring_keys(node);
        } while (node->again);
    }
    return count;
}

static void says_at_two_thirds_of_the_limit_who_gets_old(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_register_many(node, 0, 3);
    assert_int_equal(0, expiring_in(node, 30000));
    renew_one(node, "host-0000001");
    assert_int_equal(0, expiring_in(node, 30000));
    assert_int_equal(2, expiring_in(node, 2000)); /* each once */
    assert_int_equal(0, expiring_in(node, 7000));
    renew_one(node, "host-0000000");
    renew_one(node, "host-0000001");
    renew_one(node, "host-0000002");
    assert_int_equal(0, expiring_in(node, 60000));
    assert_int_equal(3, expiring_in(node, 2000));
    assert_int_equal(5, node_stat(node, METRIC_REGISTRY_EXPIRING));
}

/* The fact, the question or its answer may be lost, and who was asked may hear of it later. */
static void says_it_again_while_nobody_is_known_to_have_heard(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_register_many(node, 0, 2);
    assert_int_equal(2, expiring_in(node, 62000));
    assert_int_equal(0, expiring_in(node, 7000));
    assert_int_equal(2, expiring_in(node, 2000)); /* at 70 s */
    renew_one(node, "host-0000001");
    assert_int_equal(0, expiring_in(node, 8000));
    assert_int_equal(1, expiring_in(node, 2000)); /* at 80 s */
    assert_int_equal(0, expiring_in(node, 49000));
    assert_int_equal(1, expiring_in(node, 3000)); /* the other at 131 s */
}

static void says_it_of_many_in_facts_of_bounded_size(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_register_many(node, 0, 7000);
    assert_int_equal(7000, expiring_in(node, 62000));
}

/* ── a walk ── */

static void some_life(struct node *node, struct prng *prng)
{
    for (unsigned i = 0; i < 200; i++) {
        char name[16];
        const char *host = node_host_name((uint32_t)prng_below(prng, 120), name);

        if (prng_below(prng, 3) == 0 && node_live(node, host)) {
            cancel_one(node, host);
        } else {
            struct msg command = node_register(node, host);

            command.as_register.dirty_timestamp = 1 + (int64_t)prng_below(prng, 4);
            command.as_register.status = 1 + (uint32_t)prng_below(prng, 2);
            (void)node_ask(node, &command);
        }
    }
}

static void two_that_lived_apart_agree_after_a_walk_each(void **state)
{
    struct pair *pair = *state;
    struct prng prng;

    prng_init(&prng, 77);
    for (unsigned round = 0; round < 5; round++) {
        some_life(&pair->a, &prng);
        some_life(&pair->b, &prng);
        run_both(pair, 1000);
        assert_false(roots_agree(pair));
        assert_true(walk(pair, &pair->a, &pair->b) > 0);
        assert_true(walk(pair, &pair->b, &pair->a) > 0);
        assert_true(roots_agree(pair));
        assert_int_equal(0, walk(pair, &pair->a, &pair->b));
        assert_int_equal(0, walk(pair, &pair->b, &pair->a));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        TEST(wants_what_wins_by_the_order_of_states),
        TEST(wants_what_it_lacks_unless_its_age_is_unknown),
        TEST(wants_nothing_that_no_merge_would_take),
        TEST(wants_the_same_state_when_only_the_other_hears_it),
        TEST(one_that_was_down_says_how_long_ago_it_heard_whom),
        TEST(one_heard_before_a_long_absence_is_vague_and_not_wanted),
        TEST(a_clock_set_back_while_it_was_down_is_not_believed),
        TEST(time_that_it_stood_still_counts_for_others),
        TEST(says_at_two_thirds_of_the_limit_who_gets_old),
        TEST(says_it_again_while_nobody_is_known_to_have_heard),
        TEST(says_it_of_many_in_facts_of_bounded_size),
        TEST(two_that_lived_apart_agree_after_a_walk_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
