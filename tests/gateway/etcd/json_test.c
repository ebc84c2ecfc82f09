#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "common/etcdapi/methods.h"
#include "common/etcdapi/protobuf.h"
#include "common/etcdapi/watch.pb-c.h"
#include "gateway/etcd/json_print.h"

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
#define OP &etcdserverpb__request_op__descriptor
#define CREATE &etcdserverpb__watch_create_request__descriptor
#define MOVE &etcdserverpb__move_leader_request__descriptor
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
        {PUT, "{\"lease\":\" 7 \"}", "{\"lease\":\"7\"}"},
        {PUT, "{\"lease\":\"null\"}", "{}"},
        {PUT, "{\"lease\":-9223372036854775808}", "{\"lease\":\"-9223372036854775808\"}"},
        {PUT, "{\"x\":1e999,\"y\":99999999999999999999,\"z\":\"\\ud800\xff\",\"lease\":\"1\"}",
         "{\"lease\":\"1\"}"},
        {PUT, "{\"key\":[97,null,255]}", "{\"key\":\"YQD/\"}"},
        {PUT, "{\"key\":\"\\/\\u002f8=\"}", "{\"key\":\"//8=\"}"},
        {PUT, "{\"\\u006bey\":\"YQ==\"}", "{\"key\":\"YQ==\"}"},
        {PUT, "{\"key\":\"YQ==\",\"value\":\"Yg==\",\"key\":\"Yw==\"}",
         "{\"key\":\"Yw==\",\"value\":\"Yg==\"}"},
        {PUT, "{\"key\":\"YQ==\",\"key\":null}", "{}"},
        {TXN, "{\"success\":[{\"request_range\":{}}],\"success\":[{\"request_put\":{}}]}",
         "{\"success\":[{\"request_put\":{}}]}"},
        {TXN,
         "{\"success\":[{\"request_put\":{\"key\":\"YQ==\"},\"request_put\":{\"value\":\"Yg==\"}}]"
         "}",
         "{\"success\":[{\"request_put\":{\"value\":\"Yg==\"}}]}"},
        {MOVE, "{\"targetID\":18446744073709551615}", "{\"targetID\":\"18446744073709551615\"}"},
        {MOVE, "{\"targetID\":10276657743932975437}", "{\"targetID\":\"10276657743932975437\"}"},
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

/* As etcd 3.4.23 says them, but for a document that nests. */
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
        {PUT, "{", "unexpected EOF"},
        {PUT, "{\"lease\": \"\"}", "unexpected end of JSON input"},
        {PUT, "{\"lease\": \"7x\"}", "invalid character 'x' after top-level value"},
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
        {PUT, "{\"key\": trie}", "invalid character 'i' in literal true (expecting 'u')"},
        {PUT, "{\"key\": nul", "unexpected EOF"},
        {PUT, "{\"key\": -", "unexpected EOF"},
        {PUT, "{\"lease\": \"-\"}", "invalid character ' ' in numeric literal"},
        {PUT, "{\"lease\": \"tru\"}", "invalid character ' ' in literal true (expecting 'e')"},
        {PUT, "{\"lease\": \"[\"}", "unexpected end of JSON input"},
        {PUT, "{\"key\": \"a\nb\"}", "invalid character '\\n' in string literal"},
        {PUT, "{\"key\": \"\\x\"}", "invalid character 'x' in string escape code"},
        {PUT, "{\"key\": \"\\u00g0\"}",
         "invalid character 'g' in \\u hexadecimal character escape"},
        {PUT, "{\"key\": -}", "invalid character '}' in numeric literal"},
        {PUT, "{\"key\": 1.}", "invalid character '}' after decimal point in numeric literal"},
        {PUT, "{\"key\": 1e}", "invalid character '}' in exponent of numeric literal"},
        {PUT, "{\"key\": 1 '}", "invalid character '\\'' after object key:value pair"},
        {PUT, "[1 \"", "invalid character '\"' after array element"},
        {PUT, "\x01", "invalid character '\\x01' looking for beginning of value"},
        {PUT, "\x80", "invalid character '\\u0080' looking for beginning of value"},
        {PUT, "\xff", "invalid character '\xc3\xbf' looking for beginning of value"},
        {PUT, "{\"lease\": \"007\"}", "invalid character '0' after top-level value"},
        {PUT, "{\"lease\": \"true\"}", "json: cannot unmarshal bool into Go value of type int64"},
        {PUT, "{\"lease\": \" \"}", "unexpected end of JSON input"},
        {PUT, "{\"lease\": 1e0}", "json: cannot unmarshal number 1e0 into Go value of type int64"},
        {PUT, "{\"lease\": 9223372036854775808}",
         "json: cannot unmarshal number 9223372036854775808 into Go value of type int64"},
        {MOVE, "{\"targetID\": -0}",
         "json: cannot unmarshal number -0 into Go value of type uint64"},
        {MOVE, "{\"targetID\": 18446744073709551616}",
         "json: cannot unmarshal number 18446744073709551616 into Go value of type uint64"},
        {RANGE, "{\"sort_order\": 4294967297}",
         "json: cannot unmarshal number 4294967297 into Go value of type "
         "etcdserverpb.RangeRequest_SortOrder"},
        {RANGE, "{\"sort_order\": \"1\"}",
         "unknown value \"1\" for enum etcdserverpb.RangeRequest_SortOrder"},
        {PUT, "{\"key\": [256]}", "json: cannot unmarshal number 256 into Go value of type uint8"},
        {PUT, "{\"key\": [\"x\"]}", "json: cannot unmarshal string into Go value of type uint8"},
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

/* What stands twice, in any order, or in forms that are never written. */
static void bytes_of_any_writer_are_printed(void **state)
{
    static const struct {
        const ProtobufCMessageDescriptor *type;
        struct str packed;
        const char *as; /* NULL: it is refused */
    } cases[] = {
        {PUT,
         {"\x0a\x01"
          "a\x12\x01"
          "b\x0a\x01"
          "c",
          9},
         "{\"key\":\"Yw==\",\"value\":\"Yg==\"}"},
        {PUT,
         {"\x12\x01"
          "b\x0a\x01"
          "a",
          6},
         "{\"key\":\"YQ==\",\"value\":\"Yg==\"}"},
        {PUT, {"\x18\x07\x18\x00", 4}, "{}"},
        {PUT, {"\x20\x02", 2}, "{\"prev_kv\":true}"},
        {PUT, {"\xfa\x01\x01x\x18\x05", 6}, "{\"lease\":\"5\"}"},
        {RANGE, {"\x28\x80\x80\x80\x80\x10", 6}, "{}"}, /* of an enum 32 bits count */
        {OP, {"\x12\x00\x0a\x00", 4}, "{\"request_range\":{}}"},
        {OP, {"\x0a\x00\x12\x00", 4}, "{\"request_put\":{}}"},
        {CREATE, {"\x2a\x02\x01\x00", 4}, "{\"filters\":[\"NODELETE\",\"NOPUT\"]}"},
        {CREATE,
         {"\x28\x01\x2a\x01\x00\x28\x01", 7},
         "{\"filters\":[\"NODELETE\",\"NOPUT\",\"NODELETE\"]}"},
        {PUT, {"\x08\x01", 2}, NULL},
        {PUT, {"\x1a\x01x", 3}, NULL},
        {PUT, {"\x0a\x05x", 3}, NULL},
        {CREATE, {"\x2a\x01\x80", 3}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text = {0};
        enum err err = json_of_message(cases[i].type, cases[i].packed, &text);

        assert_int_equal(err, cases[i].as != NULL ? ERR_OK : ERR_MALFORMED);
        assert_true(cases[i].as == NULL || str_eq(buf_str(&text), str_from(cases[i].as)));
        buf_fini(&text);
    }
}

/* A transaction in a transaction in …, as many messages. */
static void nest(struct buf *packed, unsigned messages)
{
    packed->len = 0;
    for (unsigned i = 1; i < messages; i++) {
        struct buf within = *packed;

        *packed = (struct buf){0};
        pb_add_bytes(packed, i % 2 == 1 ? 4 : 2, buf_str(&within));
        buf_fini(&within);
    }
}

static void bytes_nest_so_deep_and_no_deeper(void **state)
{
    struct buf packed = {0};
    struct buf text = {0};

    (void)state;
    nest(&packed, json_depth_max + 1);
    assert_int_equal(json_of_message(TXN, buf_str(&packed), &text), ERR_OK);
    nest(&packed, json_depth_max + 3);
    assert_int_equal(json_of_message(TXN, buf_str(&packed), &text), ERR_MALFORMED);
    buf_fini(&packed);
    buf_fini(&text);
}

/* Steps of any size say the same as one, and none much more than its size. */
static void a_message_is_printed_in_steps(void **state)
{
    enum { kvs = 300, item_max = 200 };
    static const size_t sizes[] = {1, 100, 4096};
    static struct json_print print;
    struct buf packed = {0};
    struct buf whole = {0};

    (void)state;
    for (unsigned i = 0; i < kvs; i++) {
        struct buf kv = {0};
        char key[16];

        pb_add_bytes(&kv, 1, (struct str){key, (size_t)snprintf(key, sizeof(key), "key-%u", i)});
        pb_add_varint(&kv, 3, i);
        pb_add_bytes(&packed, 2, buf_str(&kv));
        buf_fini(&kv);
    }
    pb_add_varint(&packed, 4, kvs);
    assert_int_equal(json_of_message(KEYS, buf_str(&packed), &whole), ERR_OK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buf text = {0};
        size_t before = 0;
        unsigned steps = 0;
        enum err err;

        json_print_begin(&print, KEYS, buf_str(&packed));
        while ((err = json_print_step(&print, sizes[i], &text)) == ERR_BUSY) {
            assert_true(text.len - before <= sizes[i] + item_max);
            before = text.len;
            steps++;
        }
        assert_int_equal(err, ERR_OK);
        assert_true(steps >= whole.len / (sizes[i] + item_max));
        assert_true(str_eq(buf_str(&text), buf_str(&whole)));
        buf_fini(&text);
    }
    buf_fini(&packed);
    buf_fini(&whole);
}

/* json_read.c holds what it notes of them in arrays. */
static void no_message_has_more_fields_than_are_noted(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        assert_true(etcd_method_row(i)->request->n_fields <= json_fields_max);
        assert_true(etcd_method_row(i)->response->n_fields <= json_fields_max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_leniently_and_written_strictly),
        cmocka_unit_test(what_is_wrong_is_said_as_etcd_says_it),
        cmocka_unit_test(messages_nest_so_deep_and_no_deeper),
        cmocka_unit_test(bytes_of_any_writer_are_printed),
        cmocka_unit_test(bytes_nest_so_deep_and_no_deeper),
        cmocka_unit_test(a_message_is_printed_in_steps),
        cmocka_unit_test(no_message_has_more_fields_than_are_noted),
        cmocka_unit_test(base64_of_every_length_comes_back),
        cmocka_unit_test(base64_is_strict_and_says_where),
        cmocka_unit_test(every_message_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
