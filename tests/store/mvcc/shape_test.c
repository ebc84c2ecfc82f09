/* What is refused whatever the state is, and how deep bytes may nest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/mvcc/key_value.h"
#include "actors/store/mvcc/request.h"
#include "actors/store/mvcc/shape.h"
#include "common/etcdapi/kv.pb-c.h"

typedef Etcdserverpb__TxnRequest Txn;
typedef Etcdserverpb__RequestOp Op;

static const struct shape_limits limits = {.request_bytes_max = 1000, .txn_ops_max = 4};

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct arena));
    return 0;
}

static int end(void **state)
{
    arena_fini(*state);
    free(*state);
    return 0;
}

static Op *op_of(struct arena *arena)
{
    Op *op = arena_get(arena, sizeof(*op));

    etcdserverpb__request_op__init(op);
    return op;
}

static Op *put(struct arena *arena, const char *key)
{
    Op *op = op_of(arena);

    op->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
    op->request_put = arena_get(arena, sizeof(*op->request_put));
    etcdserverpb__put_request__init(op->request_put);
    op->request_put->key = bytes_of_str(str_from(key));
    return op;
}

static Op *deletion(struct arena *arena, const char *key, struct str end_key)
{
    Op *op = op_of(arena);

    op->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE;
    op->request_delete_range = arena_get(arena, sizeof(*op->request_delete_range));
    etcdserverpb__delete_range_request__init(op->request_delete_range);
    op->request_delete_range->key = bytes_of_str(str_from(key));
    op->request_delete_range->range_end = bytes_of_str(end_key);
    return op;
}

/* NULL ends either list. */
static Txn *txn(struct arena *arena, Op *const *success, Op *const *failure)
{
    Txn *made = arena_get(arena, sizeof(*made));

    etcdserverpb__txn_request__init(made);
    made->success = (Op **)(uintptr_t)success;
    made->failure = (Op **)(uintptr_t)failure;
    while (success != NULL && success[made->n_success] != NULL) {
        made->n_success++;
    }
    while (failure != NULL && failure[made->n_failure] != NULL) {
        made->n_failure++;
    }
    return made;
}

static Op *nested(struct arena *arena, Op *const *success, Op *const *failure)
{
    Op *op = op_of(arena);

    op->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN;
    op->request_txn = txn(arena, success, failure);
    return op;
}

static enum etcd_error judged(struct arena *arena, Op *const *success, Op *const *failure)
{
    return shape_check(ETCD_METHOD_TXN, &txn(arena, success, failure)->base, 10, &limits);
}

static void one_branch_puts_a_key_once(void **state)
{
    struct arena *arena = *state;
    Op *a = put(arena, "a");
    Op *b = put(arena, "b");

    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){a, b, NULL}, (Op *[]){a, NULL}));
    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY, judged(arena, (Op *[]){a, b, a, NULL}, NULL));
    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY, judged(arena, NULL, (Op *[]){a, a, NULL}));
}

static void a_nested_txn_puts_it_in_either_branch(void **state)
{
    struct arena *arena = *state;
    Op *a = put(arena, "a");
    Op *either = nested(arena, (Op *[]){a, NULL}, (Op *[]){a, NULL});

    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){either, NULL}, NULL));
    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY, judged(arena, (Op *[]){either, a, NULL}, NULL));
    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY, judged(arena, (Op *[]){either, either, NULL}, NULL));
}

static void a_put_in_what_is_deleted_is_a_duplicate(void **state)
{
    struct arena *arena = *state;
    Op *b = put(arena, "b");
    Op *range = deletion(arena, "a", STR("c"));
    Op *other = deletion(arena, "c", STR("d"));
    Op *before = deletion(arena, "a", STR("b"));
    Op *point = deletion(arena, "b", STR(""));
    Op *rest = deletion(arena, "a", STR("\0"));
    Op *backward = deletion(arena, "c", STR("a"));

    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY,
                     judged(arena, (Op *[]){b, other, range, NULL}, NULL));
    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY, judged(arena, (Op *[]){b, point, NULL}, NULL));
    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){b, other, before, backward, NULL}, NULL));
    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){b, rest, NULL}, NULL)); /* etcd's */
    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){range, point, range, NULL}, NULL));
}

static void what_a_nested_one_deletes_is_seen_behind_it(void **state)
{
    struct arena *arena = *state;
    Op *puts = nested(arena, (Op *[]){put(arena, "a"), NULL}, NULL);
    Op *deletes = nested(arena, NULL, (Op *[]){deletion(arena, "a", STR("b")), NULL});

    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY, judged(arena, (Op *[]){deletes, puts, NULL}, NULL));
    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){puts, deletes, NULL}, NULL));
    assert_int_equal(ETCD_ERROR_DUPLICATE_KEY,
                     judged(arena, (Op *[]){put(arena, "a"), deletes, NULL}, NULL));
}

static void a_nested_one_has_what_the_outer_one_leaves(void **state)
{
    struct arena *arena = *state;
    Op *a = put(arena, "a");
    Op *b = put(arena, "b");
    Op *c = put(arena, "c");
    Op *three = nested(arena, (Op *[]){a, b, c, NULL}, NULL);
    Op *two = nested(arena, (Op *[]){a, b, NULL}, NULL);

    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){three, NULL}, NULL));
    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){two, c, NULL}, NULL));
    assert_int_equal(ETCD_ERROR_TOO_MANY_OPS,
                     judged(arena, (Op *[]){three, put(arena, "d"), NULL}, NULL));
    assert_int_equal(ETCD_OK, judged(arena, (Op *[]){a, b, c, put(arena, "d"), NULL}, NULL));
    assert_int_equal(
        ETCD_ERROR_TOO_MANY_OPS,
        judged(arena, NULL, (Op *[]){a, b, c, put(arena, "d"), put(arena, "e"), NULL}));
}

/* So many puts, each of a key of its own, and room for one more op. */
static Op **many(struct arena *arena, unsigned count)
{
    Op **ops = arena_zero(arena, (count + 2) * sizeof(Op *));

    for (unsigned i = 0; i < count; i++) {
        char *key = arena_get(arena, 8);

        (void)snprintf(key, 8, "%u", i * 7919 % 10007);
        ops[i] = put(arena, key);
    }
    return ops;
}

static void a_flat_txn_has_what_is_allowed_in_each_branch(void **state)
{
    enum { most = 10000 };
    static const struct shape_limits wide = {.request_bytes_max = 1000, .txn_ops_max = most};
    struct arena *arena = *state;
    Op **success = many(arena, most);
    Op **failure = many(arena, most);

    assert_int_equal(ETCD_OK,
                     shape_check(ETCD_METHOD_TXN, &txn(arena, success, failure)->base, 10, &wide));
    failure[most] = put(arena, "a");
    assert_int_equal(ETCD_ERROR_TOO_MANY_OPS,
                     shape_check(ETCD_METHOD_TXN, &txn(arena, success, failure)->base, 10, &wide));
}

static void those_within_one_are_bounded_together(void **state)
{
    enum { half = shape_nested_steps_max / 2 };
    static const struct shape_limits wide = {.request_bytes_max = 1000, .txn_ops_max = 10000};
    struct arena *arena = *state;
    Op **flat = many(arena, half);
    Op *whole = nested(arena, flat, flat);
    Op *deep = nested(arena, (Op *[]){nested(arena, flat, NULL), NULL}, NULL); /* half, and 1 */
    Op *none = nested(arena, NULL, NULL);
    Op *one = nested(arena, (Op *[]){put(arena, "a"), NULL}, NULL);
    const Txn *txns[] = {
        txn(arena, (Op *[]){whole, none, NULL}, flat),
        txn(arena, (Op *[]){whole, one, NULL}, flat),
        txn(arena, (Op *[]){whole, NULL}, (Op *[]){one, NULL}),
        txn(arena, (Op *[]){deep, NULL}, (Op *[]){deep, NULL}),
    };

    for (size_t i = 0; i < sizeof(txns) / sizeof(txns[0]); i++) {
        assert_int_equal(i == 0 ? ETCD_OK : ETCD_ERROR_TOO_MANY_OPS,
                         shape_check(ETCD_METHOD_TXN, &txns[i]->base, 10, &wide));
    }
}

static void an_op_has_a_request_and_that_a_key(void **state)
{
    struct arena *arena = *state;

    assert_int_equal(ETCD_ERROR_KEY_NOT_FOUND, judged(arena, (Op *[]){op_of(arena), NULL}, NULL));
    assert_int_equal(
        ETCD_ERROR_EMPTY_KEY,
        judged(arena, (Op *[]){nested(arena, NULL, (Op *[]){put(arena, ""), NULL}), NULL}, NULL));
    assert_int_equal(ETCD_ERROR_EMPTY_KEY,
                     judged(arena, NULL, (Op *[]){deletion(arena, "", STR("b")), NULL}));
}

static void a_put_does_not_say_what_it_ignores(void **state)
{
    Etcdserverpb__PutRequest request = ETCDSERVERPB__PUT_REQUEST__INIT;

    (void)state;
    request.key = bytes_of_str(STR("a"));
    request.value = bytes_of_str(STR("1"));
    request.ignore_value = true;
    assert_int_equal(ETCD_ERROR_VALUE_PROVIDED,
                     shape_check(ETCD_METHOD_PUT, &request.base, 10, &limits));
    request.ignore_value = false;
    request.ignore_lease = true;
    assert_int_equal(ETCD_OK, shape_check(ETCD_METHOD_PUT, &request.base, 1000, &limits));
    request.lease = 5;
    assert_int_equal(ETCD_ERROR_LEASE_PROVIDED,
                     shape_check(ETCD_METHOD_PUT, &request.base, 10, &limits));
    request.lease = 0;
    assert_int_equal(ETCD_ERROR_REQUEST_TOO_LARGE,
                     shape_check(ETCD_METHOD_PUT, &request.base, 1001, &limits));
}

static struct str nested_bytes(struct arena *arena, unsigned depth)
{
    const Txn *whole = txn(arena, NULL, NULL);
    size_t len;
    char *bytes;

    for (unsigned i = 1; i < depth; i++) {
        Op **ops = arena_zero(arena, 2 * sizeof(Op *));

        ops[0] = op_of(arena);
        ops[0]->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN;
        ops[0]->request_txn = (Txn *)(uintptr_t)whole;
        whole = i % 2 == 0 ? txn(arena, ops, NULL) : txn(arena, NULL, ops);
    }
    len = protobuf_c_message_get_packed_size(&whole->base);
    bytes = arena_get(arena, len + 1);
    (void)protobuf_c_message_pack(&whole->base, (uint8_t *)bytes);
    return (struct str){bytes, len};
}

static void sixteen_txns_nest_and_no_more(void **state)
{
    struct arena *arena = *state;
    ProtobufCMessage *request;

    assert_int_equal(ERR_OK,
                     request_unpack(ETCD_METHOD_TXN, nested_bytes(arena, 16), arena, &request));
    assert_int_equal(ERR_TOO_LARGE,
                     request_unpack(ETCD_METHOD_TXN, nested_bytes(arena, 17), arena, &request));
    assert_int_equal(ERR_TOO_LARGE,
                     request_unpack(ETCD_METHOD_TXN, nested_bytes(arena, 300), arena, &request));
}

static void every_prefix_of_a_txn_is_one_or_refused(void **state)
{
    struct arena *arena = *state;
    struct str whole = nested_bytes(arena, 5);

    for (size_t len = 1; len < whole.len; len++) {
        ProtobufCMessage *request;

        assert_int_equal(
            ERR_MALFORMED,
            request_unpack(ETCD_METHOD_TXN, (struct str){whole.data, len}, arena, &request));
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_branch_puts_a_key_once),
        TEST(a_nested_txn_puts_it_in_either_branch),
        TEST(a_put_in_what_is_deleted_is_a_duplicate),
        TEST(what_a_nested_one_deletes_is_seen_behind_it),
        TEST(a_nested_one_has_what_the_outer_one_leaves),
        TEST(a_flat_txn_has_what_is_allowed_in_each_branch),
        TEST(those_within_one_are_bounded_together),
        TEST(an_op_has_a_request_and_that_a_key),
        TEST(a_put_does_not_say_what_it_ignores),
        TEST(sixteen_txns_nest_and_no_more),
        TEST(every_prefix_of_a_txn_is_one_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
