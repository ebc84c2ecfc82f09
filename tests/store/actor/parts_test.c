/* Large responses: what their parts put together are, and what they cost others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "actors/store/store_state.h"
#include "tests/store/actor/rig.h"

enum { key_count = 3000, value_bytes = 2000 }; /* 6 MB */

static const struct address gateway = {.len = 1, .bytes = {1}}; /* the rig's */

static void fill(struct rig *rig)
{
    static char value[value_bytes];
    Etcdserverpb__PutRequest puts[100];
    Etcdserverpb__RequestOp ops[100];
    Etcdserverpb__RequestOp *all[100];
    Etcdserverpb__TxnRequest txn = ETCDSERVERPB__TXN_REQUEST__INIT;
    char keys[100][8];

    memset(value, 'v', sizeof(value));
    txn.success = all;
    txn.n_success = 100;
    for (int i = 0; i < key_count; i++) {
        int k = i % 100;

        etcdserverpb__put_request__init(&puts[k]);
        etcdserverpb__request_op__init(&ops[k]);
        (void)snprintf(keys[k], sizeof(keys[k]), "k%05d", i);
        puts[k].key = rig_bytes(keys[k]);
        puts[k].value = (ProtobufCBinaryData){sizeof(value), (uint8_t *)value};
        ops[k].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
        ops[k].request_put = &puts[k];
        all[k] = &ops[k];
        if (k == 99) {
            etcdserverpb__txn_response__free_unpacked(rig_call(rig, ETCD_METHOD_TXN, &txn, NULL),
                                                      NULL);
        }
    }
}

static int set_up(void **state)
{
    static struct rig rig;

    rig_init(&rig, 1);
    rig_start(&rig);
    fill(&rig);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_fini(*state);
    return 0;
}

static Etcdserverpb__RangeRequest all_keys(void)
{
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;

    range.key = rig_bytes("k");
    range.range_end = rig_bytes("l");
    return range;
}

/* What the state says now, in one piece. */
static struct buf whole(struct rig *rig, enum etcd_method method, const void *request)
{
    struct buf packed = {0};
    struct arena arena = {0};

    assert_int_equal(keyspace_read(&rig->store->keyspace, method, request, &arena, &packed),
                     ETCD_OK);
    arena_fini(&arena);
    return packed;
}

static void is_answered_with(struct rig *rig, uint64_t id, struct buf *expected)
{
    struct rig_answer *answer = rig_answer(rig, id);

    assert_non_null(answer);
    assert_int_equal(answer->code, 0);
    assert_true(answer->parts > 10);
    assert_true(str_eq(buf_str(&answer->response), buf_str(expected)));
    assert_int_equal(rig->store->parts.count, 0);
    assert_int_equal(rig->store->parts.flying, 0);
    buf_fini(expected);
}

static void a_large_answer_of_any_kind_comes_in_parts(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    Etcdserverpb__RequestOp op = ETCDSERVERPB__REQUEST_OP__INIT;
    Etcdserverpb__RequestOp *ops[] = {&op};
    Etcdserverpb__TxnRequest txn = ETCDSERVERPB__TXN_REQUEST__INIT;
    struct buf expected;
    uint64_t id;

    for (int i = 0; i < 4; i++) {
        range.serializable = i % 2;
        range.sort_order = i / 2 == 0 ? ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__NONE
                                      : ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND;
        expected = whole(rig, ETCD_METHOD_RANGE, &range);
        id = rig_send(rig, ETCD_METHOD_RANGE, &range);
        rig_turn(rig, 0);
        is_answered_with(rig, id, &expected);
    }
    op.request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
    op.request_range = &range;
    txn.success = ops;
    txn.n_success = 1;
    expected = whole(rig, ETCD_METHOD_TXN, &txn);
    id = rig_send(rig, ETCD_METHOD_TXN, &txn);
    rig_turn(rig, 0);
    is_answered_with(rig, id, &expected);
}

static void it_is_the_state_as_it_was_when_it_came(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    Etcdserverpb__CompactionRequest compact = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    Etcdserverpb__DeleteRangeRequest gone = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    struct buf expected = whole(rig, ETCD_METHOD_RANGE, &range);
    uint64_t id = rig_send(rig, ETCD_METHOD_RANGE, &range);

    assert_true(rig_one_turn(rig));
    put.key = rig_bytes("k02999");
    (void)rig_send(rig, ETCD_METHOD_PUT, &put);
    put.key = rig_bytes("k02999a");
    (void)rig_send(rig, ETCD_METHOD_PUT, &put);
    gone.key = rig_bytes("k01000");
    gone.range_end = rig_bytes("k02000");
    (void)rig_send(rig, ETCD_METHOD_DELETE_RANGE, &gone);
    (void)rig_one_turn(rig);
    compact.revision = mvcc_position(rig->store->keyspace.mvcc).revision;
    (void)rig_send(rig, ETCD_METHOD_COMPACT, &compact);
    clock_virtual_advance(&rig->clock, 1000);
    (void)rig_one_turn(rig);
    assert_int_equal(mvcc_position(rig->store->keyspace.mvcc).compacted, compact.revision);
    assert_null(rig_answer(rig, id));
    rig_turn(rig, 0);
    is_answered_with(rig, id, &expected);
    rig_turn(rig, 0);
    assert_false(mvcc_is_compacting(rig->store->keyspace.mvcc));
}

static void a_small_answer_overtakes_it_and_no_turn_is_long(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    uint64_t large[3];
    unsigned turns = 0;

    for (int i = 0; i < 3; i++) {
        range.sort_order = i == 2 ? ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND
                                  : ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__NONE;
        large[i] = rig_send(rig, ETCD_METHOD_RANGE, &range);
    }
    while (rig_answer(rig, large[0]) == NULL) {
        Etcdserverpb__RangeRequest one = ETCDSERVERPB__RANGE_REQUEST__INIT;
        uint64_t small;

        one.key = rig_bytes("k00001");
        small = rig_send(rig, ETCD_METHOD_RANGE, &one);
        (void)rig_one_turn(rig);
        assert_non_null(rig_answer(rig, small));
        assert_true(rig->sent_bytes <= parts_turn_bytes + 2 * value_bytes);
        turns++;
    }
    assert_in_range(turns, 16, 24); /* 18 MB, a MiB a turn, and all end at about the same time */
    rig_turn(rig, 0);
    for (int i = 0; i < 3; i++) {
        assert_non_null(rig_answer(rig, large[i]));
    }
}

/* ── who does not take ── */

static void no_more_than_a_window_is_on_its_way(void **state)
{
    struct rig *rig = *state;
    struct parts *parts = &rig->store->parts;
    Etcdserverpb__RangeRequest range = all_keys();
    uint64_t id;

    rig->deaf = true;
    id = rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    assert_int_equal(parts->sent_total, parts_window);
    assert_int_equal(parts->flying, parts_window);
    assert_true(parts->items[0]->bytes.len < (size_t)3 * parts_part_bytes); /* nor is more read */
    rig_taken(rig, id, 1, true);
    rig_taken(rig, id, 1, true);   /* again: nothing new */
    rig_taken(rig, id, 900, true); /* nor is what was never sent */
    rig_turn(rig, 0);
    assert_int_equal(parts->sent_total, parts_window + 1);
    for (int ms = 0; ms < parts_patience_ms; ms += 1000) {
        assert_int_equal(parts->count, 1);
        rig_turn(rig, 1000);
    }
    assert_int_equal(parts->count, 0);
    assert_int_equal(parts->flying, 0);
}

static void nobody_waits_for_the_rest(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    struct msg taken = {.type = MSG_TYPE_PART_TAKEN};
    uint64_t id;

    rig->deaf = true;
    id = rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    taken.as_part_taken = (struct msg_part_taken){.id = id, .boot = rig->options.boot};
    rig_ask(rig, &taken); /* of another gateway: the id is not its */
    taken.as_part_taken.boot++;
    store_part_taken(rig->store, &gateway, &taken, &rig->clock.at, rig->out);
    assert_int_equal(rig->store->parts.count, 1);
    rig_taken(rig, id, 0, false);
    assert_int_equal(rig->store->parts.count, 0);
    assert_int_equal(rig->store->parts.flying, 0);
}

static void a_compaction_waits_a_minute_for_it(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    Etcdserverpb__CompactionRequest compact = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    uint64_t id;
    uint32_t taken = 0;
    int64_t ms = 0;

    (void)rig_put(rig, "k", "1", 0);
    (void)rig_put(rig, "k", "2", 0);
    rig->deaf = true;
    id = rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    compact.revision = rig_put(rig, "k", "3", 0);
    (void)rig_send(rig, ETCD_METHOD_COMPACT, &compact);
    for (; rig_answer(rig, id) == NULL; ms += 200) {
        assert_true(mvcc_is_compacting(rig->store->keyspace.mvcc) || ms == 0);
        if (ms % 9000 == 0) {
            rig_taken(rig, id, ++taken, true);
        }
        rig_turn(rig, 200);
    }
    assert_in_range(ms, parts_pin_ms - 200, parts_pin_ms + 200);
    assert_int_equal(rig_answer(rig, id)->code, 11);
    assert_string_equal(rig_answer(rig, id)->text,
                        "etcdserver: mvcc: required revision has been compacted");
    rig_turn(rig, 0);
    assert_false(mvcc_is_compacting(rig->store->keyspace.mvcc));
}

static void a_compaction_waits_for_none_that_came_behind_it(void **state)
{
    struct rig *rig = *state;
    const struct mvcc *mvcc = rig->store->keyspace.mvcc;
    Etcdserverpb__RangeRequest range = all_keys();
    Etcdserverpb__CompactionRequest compact = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    uint64_t before;

    rig->deaf = true;
    before = rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    compact.revision = rig_put(rig, "k", "1", 0);
    (void)rig_send(rig, ETCD_METHOD_COMPACT, &compact);
    rig_turn(rig, 0);
    (void)rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    assert_true(mvcc_is_compacting(mvcc));
    rig_taken(rig, before, 0, false);
    rig_turn(rig, 0);
    assert_false(mvcc_is_compacting(mvcc));
    assert_int_equal(rig->store->parts.count, 1);
    assert_non_null(rig->store->parts.items[0]->range);
}

/* ── bounds ── */

static void what_waits_is_bounded_by_count_and_bytes(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    struct str some = STR("0123456789");
    uint64_t id;

    assert_int_equal(parts_add(rig->store, &gateway, 1, some, NULL), ETCD_OK);
    /* not looked at */
    some.len = parts_bytes_max - 9;
    assert_int_equal(parts_add(rig->store, &gateway, 2, some, NULL), ETCD_ERROR_TOO_MANY_REQUESTS);
    some.len = 1;
    for (uint64_t i = 1; i < parts_calls_max; i++) {
        assert_int_equal(parts_add(rig->store, &gateway, 1000 + i, some, NULL), ETCD_OK);
    }
    range.serializable = 1;
    id = rig_send(rig, ETCD_METHOD_RANGE, &range);
    range.sort_order = ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND;
    (void)rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_answer(rig, id + (uint64_t)i)->code, 8);
        assert_string_equal(rig_answer(rig, id + (uint64_t)i)->text,
                            "etcdserver: too many requests");
    }
    assert_int_equal(rig->store->parts.count, 0);
    (void)rig_put(rig, "k", "1", 0); /* nothing is pinned by what was refused */
    assert_int_equal(rig->store->failed, ERR_OK);
}

/* A Txn that puts a key and reads `limit` of the others, 2 KB each. */
static uint64_t send_write(struct rig *rig, const char *key, int64_t limit)
{
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    Etcdserverpb__RangeRequest range = all_keys();
    Etcdserverpb__RequestOp ops[] = {ETCDSERVERPB__REQUEST_OP__INIT,
                                     ETCDSERVERPB__REQUEST_OP__INIT};
    Etcdserverpb__RequestOp *all[] = {&ops[0], &ops[1]};
    Etcdserverpb__TxnRequest txn = ETCDSERVERPB__TXN_REQUEST__INIT;

    put.key = rig_bytes(key);
    range.limit = limit;
    ops[0].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
    ops[0].request_put = &put;
    ops[1].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
    ops[1].request_range = &range;
    txn.success = all;
    txn.n_success = 2;
    return rig_send(rig, ETCD_METHOD_TXN, &txn);
}

/* Together they are more than the outbox holds. */
static void many_answers_of_writes_come_in_later_turns(void **state)
{
    enum { writes = 400, read = 100 };
    struct rig *rig = *state;
    uint64_t id = 0;

    for (int i = 0; i < writes; i++) {
        id = send_write(rig, "w", read);
    }
    rig_turn(rig, 0);
    for (int i = 0; i < writes; i++) {
        assert_int_equal(rig_answer(rig, id - (uint64_t)i)->code, 0);
    }
    assert_int_equal(rig->store->refused_total, 0);
}

static void a_write_whose_answer_has_no_room_is_not_refused(void **state)
{
    struct rig *rig = *state;
    uint64_t id;

    for (uint64_t i = 0; i < parts_calls_max; i++) {
        assert_int_equal(parts_add(rig->store, &gateway, 1000 + i, STR("1"), NULL), ETCD_OK);
    }
    id = send_write(rig, "written", 1000);
    rig_turn(rig, 0);
    assert_int_equal(rig_answer(rig, id)->code, GRPC_UNAVAILABLE);
    assert_string_equal(rig_answer(rig, id)->text, "etcdserver: request timed out");
    assert_int_equal(rig->store->failed, ERR_OK);
}

static void what_is_on_its_way_is_bounded_for_all(void **state)
{
    enum {
        calls = parts_flying_max / parts_window + 1,
        len = (parts_window + 1) * parts_part_bytes
    };
    static char bytes[len + 1];
    struct rig *rig = *state;
    struct parts *parts = &rig->store->parts;

    rig->deaf = true;
    for (uint64_t i = 1; i <= calls; i++) {
        assert_int_equal(
            parts_add(rig->store, &gateway, 1000 + i, (struct str){bytes, sizeof(bytes)}, NULL),
            ETCD_OK);
    }
    rig_turn(rig, 0);
    assert_int_equal(parts->flying, parts_flying_max);
    rig_taken(rig, 1001, 1, true);
    rig_turn(rig, 0);
    assert_int_equal(parts->flying, parts_flying_max);
    assert_int_equal(parts->sent_total, parts_flying_max + 1);
}

static void an_answer_that_is_on_its_way_ends_with_the_store(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = all_keys();
    uint64_t id;

    rig->deaf = true;
    id = rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    rig_stop(rig);
    rig_start(rig);
    rig_taken(rig, id, 1, true);
    rig_turn(rig, 0);
    assert_null(rig_answer(rig, id));
    assert_int_equal(rig->store->parts.sent_total, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_large_answer_of_any_kind_comes_in_parts),
        CASE(it_is_the_state_as_it_was_when_it_came),
        CASE(a_small_answer_overtakes_it_and_no_turn_is_long),
        CASE(no_more_than_a_window_is_on_its_way),
        CASE(nobody_waits_for_the_rest),
        CASE(a_compaction_waits_a_minute_for_it),
        CASE(a_compaction_waits_for_none_that_came_behind_it),
        CASE(what_waits_is_bounded_by_count_and_bytes),
        CASE(many_answers_of_writes_come_in_later_turns),
        CASE(a_write_whose_answer_has_no_room_is_not_refused),
        CASE(what_is_on_its_way_is_bounded_for_all),
        CASE(an_answer_that_is_on_its_way_ends_with_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
