#include "tests/registry/pair.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

int pair_set_up(void **state)
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

int pair_tear_down(void **state)
{
    struct pair *pair = *state;

    node_fini(&pair->a);
    node_fini(&pair->b);
    buf_fini(&pair->kept);
    return 0;
}

struct msg pair_ask(struct node *node, const struct msg *question, enum msg_type type)
{
    struct msg answer = {0};
    enum outbox_lane lane;

    node_give(node, question);
    node_turn(node);
    assert_true(node_answer(node, msg_id(question), &answer, &lane));
    assert_int_equal(type, answer.type);
    return answer;
}

struct msg pair_question(struct node *node, enum msg_type type)
{
    struct msg question = {.type = type};

    question.as_ping.id = ++node->id; /* the first field of all */
    return question;
}

struct msg pair_digest(struct node *node, struct str branches)
{
    struct msg question = pair_question(node, MSG_TYPE_DIGEST);

    question.as_digest.branches = branches;
    return pair_ask(node, &question, MSG_TYPE_SUMS);
}

struct hash128 pair_sum_at(struct str sums, size_t i)
{
    struct str rest = {sums.data + i * sum_bytes, sum_bytes};
    struct hash128 sum;

    assert_true((i + 1) * sum_bytes <= sums.len);
    assert_true(key_next(&rest, &sum));
    return sum;
}

struct hash128 pair_root(struct node *node)
{
    return pair_sum_at(pair_digest(node, (struct str){0}).as_sums.root, 0);
}

bool pair_roots_agree(struct pair *pair)
{
    return hash128_eq(pair_root(&pair->a), pair_root(&pair->b));
}

bool pair_is_empty(struct node *node)
{
    return hash128_eq(pair_root(node), (struct hash128){0, 0});
}

struct str pair_every_leaf(void)
{
    static char leaves[every_leaf_bytes];

    for (unsigned i = 0; i < digest_leaves; i++) {
        leaves[(size_t)2 * i] = (char)(i >> 8);
        leaves[2 * i + 1] = (char)i;
    }
    return (struct str){leaves, sizeof(leaves)};
}

struct msg pair_leaves(struct node *node, struct str leaves)
{
    struct msg question = pair_question(node, MSG_TYPE_LEAVES);

    question.as_leaves.leaves = leaves;
    return pair_ask(node, &question, MSG_TYPE_ENTRIES);
}

struct buf pair_entries(struct node *node)
{
    struct str leaves = pair_every_leaf();
    struct buf entries = {0};

    while (leaves.len > 0) {
        struct msg_entries answer = pair_leaves(node, leaves).as_entries;

        assert_in_range(answer.done, 1, leaves.len / 2);
        assert_true(answer.entries.len <= told_bytes);
        buf_add_str(&entries, answer.entries);
        leaves = (struct str){leaves.data + (size_t)2 * answer.done,
                              leaves.len - (size_t)2 * answer.done};
    }
    return entries;
}

struct entry_state pair_only_entry(struct node *node)
{
    struct buf entries = pair_entries(node);
    struct str rest = buf_str(&entries);
    struct entry_state entry;

    assert_int_equal(entry_bytes, entries.len);
    assert_true(entry_next(&rest, &entry));
    buf_fini(&entries);
    return entry;
}

struct msg_wanted pair_compare(struct node *node, struct str entries)
{
    struct msg question = pair_question(node, MSG_TYPE_COMPARE);

    question.as_compare.entries = entries;
    return pair_ask(node, &question, MSG_TYPE_WANTED).as_wanted;
}

/* What from holds of these keys, told to the other as it stands. */
static void pull(struct pair *pair, struct node *from, struct node *to, struct str keys)
{
    struct buf left = {0};
    struct str rest;

    buf_add_str(&left, keys);
    rest = buf_str(&left);
    while (rest.len > 0) {
        struct msg question = pair_question(from, MSG_TYPE_LOOKUP);
        struct msg merge = pair_question(to, MSG_TYPE_MERGE);
        struct msg found;
        size_t taken = rest.len < (size_t)100 * key_bytes ? rest.len : (size_t)100 * key_bytes;

        question.as_lookup.keys = (struct str){rest.data, taken};
        found = pair_ask(from, &question, MSG_TYPE_FOUND);
        merge.as_merge.records = found.as_found.records;
        pair->kept.len = 0;
        buf_add_str(&pair->kept, found.as_found.records.bytes);
        merge.as_merge.records.bytes = buf_str(&pair->kept);
        assert_int_equal(ERR_OK, pair_ask(to, &merge, MSG_TYPE_MERGED).as_merged.err);
        rest.data += taken;
        rest.len -= taken;
    }
    buf_fini(&left);
}

size_t pair_walk(struct pair *pair, struct node *from, struct node *to)
{
    struct buf entries = pair_entries(from);
    struct str rest = buf_str(&entries);
    size_t wanted = 0;

    while (rest.len > 0) {
        size_t taken =
            rest.len < (size_t)1000 * entry_bytes ? rest.len : (size_t)1000 * entry_bytes;
        struct str keys = pair_compare(to, (struct str){rest.data, taken}).keys;

        wanted += keys.len / key_bytes;
        pull(pair, from, to, keys);
        rest.data += taken;
        rest.len -= taken;
    }
    buf_fini(&entries);
    return wanted;
}

void pair_register(struct node *node, const char *hostname, int64_t dirty_timestamp)
{
    struct msg command = node_register(node, hostname);

    command.as_register.dirty_timestamp = dirty_timestamp;
    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

void pair_renew(struct node *node, const char *hostname)
{
    struct msg command = node_renew(node, hostname);

    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

void pair_cancel(struct node *node, const char *hostname)
{
    struct msg command = node_cancel(node, hostname);

    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

struct msg pair_only_record(struct node *node)
{
    struct msg question = node_snapshot(node, 0);
    struct msg chunk = pair_ask(node, &question, MSG_TYPE_CHUNK);
    struct str rest = chunk.as_chunk.records.bytes;
    struct msg record;

    assert_int_equal(1, chunk.as_chunk.records.count);
    assert_true(msg_next(&rest, &record));
    return record;
}
