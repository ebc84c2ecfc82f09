/* A Range in slices is byte for byte the Range that was asked for, whatever happens between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "tests/store/mvcc/rig.h"

typedef Etcdserverpb__RangeRequest Request;

static ProtobufCBinaryData bytes(const char *text)
{
    return (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
}

static void pack(const ProtobufCMessage *message, struct buf *to)
{
    size_t len = protobuf_c_message_get_packed_size(message);

    to->len += protobuf_c_message_pack(message, (uint8_t *)buf_reserve(to, len + 1));
}

static void pack_header(const struct rig *rig, struct buf *to)
{
    Etcdserverpb__RangeResponse response = ETCDSERVERPB__RANGE_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;

    header.revision = mvcc_position(rig->mvcc).revision;
    response.header = &header;
    pack(&response.base, to);
}

static const char *random_key(struct prng *prng, char text[3])
{
    text[0] = (char)('a' + prng_below(prng, 6));
    text[1] = (char)(prng_below(prng, 3) == 0 ? 0 : 'a' + prng_below(prng, 4));
    text[2] = 0;
    return text;
}

static void change(struct rig *rig, struct prng *prng)
{
    int64_t revision = mvcc_position(rig->mvcc).revision;
    char value[41] = "";
    char key[3];
    char end[3];

    switch (prng_below(prng, 12)) {
    case 0:
        (void)rig_delete(rig, random_key(prng, key), random_key(prng, end));
        break;
    case 1:
    case 2:
        (void)rig_delete(rig, random_key(prng, key), NULL);
        break;
    case 3:
        (void)rig_compact(rig, revision - (int64_t)prng_below(prng, 10));
        break;
    case 4:
        rig_flush(rig);
        break;
    case 5:
        (void)mvcc_compact_step(rig->mvcc, 1 + (unsigned)prng_below(prng, 100));
        break;
    default:
        memset(value, 'v', prng_below(prng, sizeof(value)));
        (void)rig_put(rig, random_key(prng, key), value, 0);
    }
}

static int64_t around(struct prng *prng, int64_t revision)
{
    return prng_below(prng, 3) == 0 ? revision - (int64_t)prng_below(prng, 30) : 0;
}

static Request random_request(const struct rig *rig, struct prng *prng, char key[3], char end[3])
{
    int64_t revision = mvcc_position(rig->mvcc).revision;
    Request request = ETCDSERVERPB__RANGE_REQUEST__INIT;

    request.key = bytes(prng_below(prng, 4) == 0 ? "" : random_key(prng, key));
    request.range_end = prng_below(prng, 2) == 0 ? (ProtobufCBinaryData){1, (uint8_t *)""}
                                                 : bytes(random_key(prng, end));
    request.limit = prng_below(prng, 2) == 0 ? 0 : (int64_t)prng_below(prng, 25);
    request.revision = around(prng, revision + 1);
    request.keys_only = prng_below(prng, 3) == 0;
    request.count_only = prng_below(prng, 6) == 0;
    request.sort_order = prng_below(prng, 2) == 0 ? ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__NONE
                                                  : ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__ASCEND;
    if (prng_below(prng, 3) == 0) {
        request.min_mod_revision = around(prng, revision);
        request.max_mod_revision = around(prng, revision);
        request.min_create_revision = around(prng, revision);
        request.max_create_revision = around(prng, revision);
    }
    return request;
}

static void a_range_in_slices_is_the_range_whatever_happens_between_them(void **state)
{
    enum { histories = 15, ranges = 60 };
    struct prng prng;
    unsigned slices = 0;

    (void)state;
    prng_init(&prng, 5);
    for (unsigned i = 0; i < histories * ranges; i++) {
        static struct rig *rig;
        struct buf whole = {0};
        struct buf sliced = {0};
        struct mvcc_range *range = NULL;
        ProtobufCMessage *answer;
        char key[3];
        char end[3];
        Request request;
        enum etcd_error error;

        if (i % ranges == 0) {
            rig = rig_new();
        }
        for (int k = 0; k < 10; k++) {
            change(rig, &prng);
        }
        request = random_request(rig, &prng, key, end);
        assert_true(mvcc_range_slices(&request));
        error = rig_read(rig, ETCD_METHOD_RANGE, &request.base, &answer);
        assert_int_equal(mvcc_range_begin(rig->mvcc, &request, &range), error);
        if (error == ETCD_OK) {
            pack(answer, &whole);
            pack_header(rig, &sliced);
            memset(key, 'x', sizeof(key)); /* it has kept what it needs */
            memset(end, 'x', sizeof(end));
            while (mvcc_range_step(range, 1 + (unsigned)prng_below(&prng, 40),
                                   1 + prng_below(&prng, 200), &sliced)) {
                for (uint64_t k = prng_below(&prng, 4); k > 0; k--) {
                    change(rig, &prng);
                }
                slices++;
            }
            mvcc_range_end(&range);
            assert_true(str_eq(buf_str(&whole), buf_str(&sliced)));
        }
        buf_fini(&whole);
        buf_fini(&sliced);
        if (i % ranges == ranges - 1) {
            rig_free(rig);
        }
    }
    assert_true(slices > histories * ranges);
}

static void what_is_read_stays_until_it_is_read(void **state)
{
    struct rig *rig = rig_new();
    Request request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    struct mvcc_range *range = NULL;

    (void)state;
    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    request.key = bytes("a");
    request.range_end = bytes("b");
    assert_int_equal(mvcc_range_begin(rig->mvcc, &request, &range), ETCD_OK);
    (void)rig_put(rig, "a", "3", 0);
    assert_false(mvcc_range_holds(range));
    assert_int_equal(rig_compact(rig, 4), ETCD_OK);
    assert_true(mvcc_range_holds(range));
    assert_false(mvcc_compact_step(rig->mvcc, 100));
    assert_true(mvcc_is_compacting(rig->mvcc));
    mvcc_range_end(&range);
    (void)mvcc_compact_step(rig->mvcc, 100);
    assert_false(mvcc_is_compacting(rig->mvcc));
    rig_free(rig);
}

static void a_compaction_takes_nothing_from_who_reads_at_it(void **state)
{
    struct rig *rig = rig_new();
    Request request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    struct mvcc_range *range = NULL;
    ProtobufCMessage *answer;
    struct buf whole = {0};
    struct buf sliced = {0};

    (void)state;
    for (const char *key = "abc"; *key != 0; key++) {
        (void)rig_put(rig, (char[]){*key, 0}, "1", 0);
        (void)rig_put(rig, (char[]){*key, 0}, "2", 0);
    }
    (void)rig_delete(rig, "b", NULL);
    assert_int_equal(rig_compact(rig, 8), ETCD_OK);
    request.key = bytes("a");
    request.range_end = bytes("z");
    assert_int_equal(rig_read(rig, ETCD_METHOD_RANGE, &request.base, &answer), ETCD_OK);
    assert_int_equal(mvcc_range_begin(rig->mvcc, &request, &range), ETCD_OK);
    pack(answer, &whole);
    pack_header(rig, &sliced);
    assert_true(mvcc_range_step(range, mvcc_range_read_work + 1, 1000, &sliced)); /* a, b */
    while (mvcc_compact_step(rig->mvcc, 1)) {
    }
    assert_false(mvcc_is_compacting(rig->mvcc));
    assert_int_equal(mvcc_key_count(rig->mvcc), 2);
    assert_false(mvcc_range_step(range, 1000, 1000, &sliced)); /* behind b, which is gone */
    mvcc_range_end(&range);
    assert_true(str_eq(buf_str(&whole), buf_str(&sliced)));
    buf_fini(&whole);
    buf_fini(&sliced);
    rig_free(rig);
}

static void a_slice_is_bounded_by_work_and_bytes(void **state)
{
    static char value[5000];
    struct rig *rig = rig_new();
    Request request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    struct mvcc_range *range = NULL;
    struct buf to = {0};
    char key[3] = "a";

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    for (int i = 0; i < 20; i++) {
        key[1] = (char)('a' + i);
        (void)rig_put(rig, key, value, 0);
    }
    request.key = bytes("a");
    request.range_end = bytes("b");
    assert_int_equal(mvcc_range_begin(rig->mvcc, &request, &range), ETCD_OK);
    assert_true(mvcc_range_step(range, 100000, 12000, &to)); /* three */
    assert_in_range(to.len, 15000, 16000);
    assert_true(mvcc_range_step(range, 2 * 5 * mvcc_range_read_work, 1000000, &to)); /* two */
    assert_in_range(to.len, 25000, 26000);
    mvcc_range_end(&range);
    to.len = 0;
    request.keys_only = 1; /* what is read costs, though it is not told */
    assert_int_equal(mvcc_range_begin(rig->mvcc, &request, &range), ETCD_OK);
    assert_true(mvcc_range_step(range, 10 * 5 * mvcc_range_read_work, 1000000, &to)); /* ten */
    assert_false(mvcc_range_step(range, 10 * 6 * mvcc_range_read_work, 1000000, &to));
    mvcc_range_end(&range);
    request.count_only = 1;
    assert_int_equal(mvcc_range_begin(rig->mvcc, &request, &range), ETCD_OK);
    assert_true(mvcc_range_step(range, 20, 1000000, &to));
    assert_false(mvcc_range_step(range, 1, 1000000, &to));
    mvcc_range_end(&range);
    buf_fini(&to);
    rig_free(rig);
}

static void what_is_not_in_order_of_keys_is_not_sliced(void **state)
{
    Request request = ETCDSERVERPB__RANGE_REQUEST__INIT;

    (void)state;
    request.key = bytes("a");
    assert_false(mvcc_range_slices(&request));
    request.range_end = bytes("b");
    assert_true(mvcc_range_slices(&request));
    request.sort_order = ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND;
    assert_false(mvcc_range_slices(&request));
    request.sort_order = ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__ASCEND;
    request.sort_target = ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__VALUE;
    assert_false(mvcc_range_slices(&request));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_in_slices_is_the_range_whatever_happens_between_them),
        cmocka_unit_test(what_is_read_stays_until_it_is_read),
        cmocka_unit_test(a_compaction_takes_nothing_from_who_reads_at_it),
        cmocka_unit_test(a_slice_is_bounded_by_work_and_bytes),
        cmocka_unit_test(what_is_not_in_order_of_keys_is_not_sliced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
