#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/methods.h"
#include "gateway/etcd/json.h"

/* text → protobuf → text. NULL: it can't be read, and why stands in *why. */
static char *through(const ProtobufCMessageDescriptor *type, const char *text, struct buf *why)
{
    static char said[8192];
    struct buf packed = {0};
    struct buf json = {0};
    enum err err = json_to_message(type, str_from(text), &packed, why);

    if (err == ERR_OK) {
        assert_int_equal(json_of_message(type, buf_str(&packed), &json), ERR_OK);
        assert_true(json.len < sizeof(said));
        memcpy(said, json.data, json.len);
        said[json.len] = 0;
    }
    buf_fini(&packed);
    buf_fini(&json);
    return err == ERR_OK ? said : NULL;
}

struct reads {
    const ProtobufCMessageDescriptor *type;
    const char *from;
    const char *as;
};

#define RANGE &etcdserverpb__range_request__descriptor
#define PUT &etcdserverpb__put_request__descriptor
#define TXN &etcdserverpb__txn_request__descriptor
#define KEYS &etcdserverpb__range_response__descriptor

static void is_read_leniently_and_written_strictly(void **state)
{
    static const struct reads cases[] = {
        {PUT, "", "{}"},
        {PUT, "  null", "{}"},
        {PUT, "{}", "{}"},
        {PUT, "{\"key\":null,\"value\":\"\"}", "{}"},
        {PUT, "{\"key\":\"YQ==\",\"value\":\"Yg==\"}", "{\"key\":\"YQ==\",\"value\":\"Yg==\"}"},
        {PUT, "{ \"value\" : \"Yg==\" , \"key\" : \"YQ==\" } what follows",
         "{\"key\":\"YQ==\",\"value\":\"Yg==\"}"},
        {PUT, "{\"prevKv\":true,\"lease\":\"-7\"}", "{\"lease\":\"-7\",\"prev_kv\":true}"},
        {PUT, "{\"lease\":1234,\"prev_kv\":false,\"nobody\":{\"knows\":[1]}}",
         "{\"lease\":\"1234\"}"},
        {PUT, "{\"lease\":\"9223372036854775807\"}", "{\"lease\":\"9223372036854775807\"}"},
        {RANGE, "{\"sort_order\":\"DESCEND\",\"sort_target\":3}",
         "{\"sort_order\":\"DESCEND\",\"sort_target\":\"MOD\"}"},
        {RANGE, "{\"sort_target\":99}", "{\"sort_target\":99}"},
        {RANGE, "{\"rangeEnd\":\"AA==\",\"minModRevision\":2}",
         "{\"range_end\":\"AA==\",\"min_mod_revision\":\"2\"}"},
        {TXN, "{\"success\":[{\"request_put\":{\"key\":\"YQ==\"}},{\"requestRange\":{}}]}",
         "{\"success\":[{\"request_put\":{\"key\":\"YQ==\"}},{\"request_range\":{}}]}"},
        {TXN, "{\"compare\":[{\"key\":\"YQ==\",\"version\":0}]}",
         "{\"compare\":[{\"key\":\"YQ==\",\"version\":\"0\"}]}"},
        {TXN, "{\"success\":[{\"request_put\":{},\"request_range\":{\"key\":\"YQ==\"}}]}",
         "{\"success\":[{\"request_put\":{}}]}"},
        {TXN, "{\"success\":[{\"request_put\":null,\"request_range\":{}}]}",
         "{\"success\":[{\"request_range\":{}}]}"},
        {TXN, "{\"compare\":[]}", "{}"},
        {TXN, "{\"success\":[{}]}", "{\"success\":[{}]}"},
        {KEYS,
         "{\"header\":{\"cluster_id\":\"18446744073709551615\"},\"kvs\":[{\"key\":\"YQ==\"},{}],"
         "\"more\":true,\"count\":\"2\"}",
         "{\"header\":{\"cluster_id\":\"18446744073709551615\"},\"kvs\":[{\"key\":\"YQ==\"},{}],"
         "\"more\":true,\"count\":\"2\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = {0};
        const char *as = through(cases[i].type, cases[i].from, &why);

        assert_int_equal(why.len, 0);
        assert_non_null(as);
        assert_string_equal(as, cases[i].as);
        buf_fini(&why);
    }
}

/* The first twelve as etcd 3.4.23 says them. */
static void what_is_wrong_is_said_as_etcd_says_it(void **state)
{
    static const struct reads cases[] = {
        {PUT, "{\"key\": \"not base64!!\", \"value\": \"eA==\"}",
         "illegal base64 data at input byte 3"},
        {PUT, "{\"key\": \"YQ\"}", "illegal base64 data at input byte 0"},
        {PUT, "{\"key\": \"-_8=\"}", "illegal base64 data at input byte 0"},
        {PUT, "{bad json", "invalid character 'b' looking for beginning of object key string"},
        {PUT, "[]",
         "json: cannot unmarshal array into Go value of type map[string]json.RawMessage"},
        {PUT, "\"x\"",
         "json: cannot unmarshal string into Go value of type map[string]json.RawMessage"},
        {PUT, "{\"key\": 1}", "json: cannot unmarshal number into Go value of type []uint8"},
        {PUT, "{\"lease\": \"abc\"}", "invalid character 'a' looking for beginning of value"},
        {PUT, "{\"prev_kv\": \"true\"}",
         "json: cannot unmarshal string into Go value of type bool"},
        {RANGE, "{\"sort_order\": \"BAD\"}",
         "unknown value \"BAD\" for enum etcdserverpb.RangeRequest_SortOrder"},
        {PUT, "{", "unexpected end of JSON input"},
        {PUT, "{\"lease\": \"\"}", "unexpected end of JSON input"},
        {PUT, "{\"lease\": \"7x\"}",
         "json: cannot unmarshal number 7x into Go value of type int64"},
        {PUT, "{\"lease\": \"9223372036854775808\"}",
         "json: cannot unmarshal number 9223372036854775808 into Go value of type int64"},
        {PUT, "{\"lease\": 1.5}", "json: cannot unmarshal number 1.5 into Go value of type int64"},
        {PUT, "{\"lease\": true}", "json: cannot unmarshal bool into Go value of type int64"},
        {TXN, "{\"success\": {}}",
         "json: cannot unmarshal object into Go value of type []json.RawMessage"},
        {TXN, "{\"success\": [1]}",
         "json: cannot unmarshal number into Go value of type map[string]json.RawMessage"},
        {PUT, "{\"key\" 1}", "invalid character '1' after object key"},
        {PUT, "{\"key\": x}", "invalid character 'x' looking for beginning of value"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = {0};

        assert_null(through(cases[i].type, cases[i].from, &why));
        buf_add_char(&why, 0);
        assert_string_equal(why.data, cases[i].as);
        buf_fini(&why);
    }
}

static void messages_nest_so_deep_and_no_deeper(void **state)
{
    struct buf text = {0};
    struct buf why = {0};
    struct buf packed = {0};

    (void)state;
    for (int i = 0; i < json_depth_max; i++) {
        buf_add_str(&text, STR("{\"success\":[{\"request_txn\":"));
    }
    buf_add_str(&text, STR("{}"));
    for (int i = 0; i < json_depth_max; i++) {
        buf_add_str(&text, STR("}]}"));
    }
    assert_int_equal(json_to_message(TXN, buf_str(&text), &packed, &why), ERR_MALFORMED);
    assert_true(str_eq(buf_str(&why), STR("messages nest more than 64 deep")));
    buf_fini(&text);
    buf_fini(&why);
    buf_fini(&packed);
}

static void base64_of_every_length_comes_back(void **state)
{
    struct prng prng;

    (void)state;
    prng_init(&prng, 3);
    for (size_t len = 0; len < 70; len++) {
        struct buf bytes = {0};
        struct buf text = {0};
        struct buf back = {0};
        size_t at;

        for (size_t i = 0; i < len; i++) {
            buf_add_char(&bytes, (char)prng_next(&prng));
        }
        base64_encode(buf_str(&bytes), &text);
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_int_equal(base64_decode(buf_str(&text), &back, &at), ERR_OK);
        assert_true(str_eq(buf_str(&bytes), buf_str(&back)));
        buf_fini(&bytes);
        buf_fini(&text);
        buf_fini(&back);
    }
}

static void base64_is_strict_and_says_where(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {{"=", 0},   {"Y=", 1},    {"YQ=", 3},       {"YQ=x", 3},  {"YQ==x", 4},  {"YQ", 0},
                 {"YWI", 0}, {"YWJjZ", 4}, {"YWJj YQ==", 4}, {"YWI==", 4}, {"Y\xc3Q=", 1}};
    struct buf to = {0};
    size_t at;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(base64_decode(str_from(cases[i].text), &to, &at), ERR_MALFORMED);
        assert_int_equal(at, cases[i].at);
    }
    to.len = 0;
    assert_int_equal(base64_decode(STR("YW\r\nJj\nYQ=\n=\n"), &to, &at), ERR_OK);
    assert_true(str_eq(buf_str(&to), STR("abca")));
    buf_fini(&to);
}

/* A string that was no UTF-8 is told in part only. */
static bool has_replaced(const struct buf *text)
{
    return memmem(text->data, text->len, "\\ufffd", 6) != NULL;
}

/* Random bytes that happen to be a message of any type come back the same. */
static void every_message_comes_back(void **state)
{
    struct prng prng;
    unsigned whole = 0;

    (void)state;
    prng_init(&prng, 11);
    for (unsigned i = 0; i < 200000; i++) {
        enum etcd_method method = (enum etcd_method)(1 + prng_below(&prng, ETCD_METHOD_END - 1));
        const ProtobufCMessageDescriptor *type = prng_below(&prng, 2) == 0
                                                     ? etcd_method_row(method)->request
                                                     : etcd_method_row(method)->response;
        struct buf text = {0};
        struct buf packed = {0};
        struct buf again = {0};
        struct buf why = {0};
        char bytes[24];
        size_t len = prng_below(&prng, sizeof(bytes));

        for (size_t k = 0; k < len; k++) {
            bytes[k] = (char)prng_below(&prng, prng_below(&prng, 3) == 0 ? 256 : 40);
        }
        if (json_of_message(type, (struct str){bytes, len}, &text) == ERR_OK) {
            enum err err = json_to_message(type, buf_str(&text), &packed, &why);

            if (err == ERR_OK && !has_replaced(&text)) {
                whole++;
                assert_int_equal(json_of_message(type, buf_str(&packed), &again), ERR_OK);
                assert_true(str_eq(buf_str(&text), buf_str(&again)));
            }
        }
        buf_fini(&text);
        buf_fini(&packed);
        buf_fini(&again);
        buf_fini(&why);
    }
    assert_true(whole > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_leniently_and_written_strictly),
        cmocka_unit_test(what_is_wrong_is_said_as_etcd_says_it),
        cmocka_unit_test(messages_nest_so_deep_and_no_deeper),
        cmocka_unit_test(base64_of_every_length_comes_back),
        cmocka_unit_test(base64_is_strict_and_says_where),
        cmocka_unit_test(every_message_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
