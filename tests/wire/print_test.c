#include "tests/wire/samples.h"

#include <jansson.h>
#include <string.h>

#include "common/wire/print.h"

/* Integers above INT64_MAX are more than jansson's own can hold. */
static json_t *parsed(const struct buf *json)
{
    json_error_t why;
    json_t *root = json_loadb(json->data, json->len,
                              JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &why);

    if (root == NULL) {
        print_error("%s at %d: %.*s\n", why.text, why.position, (int)json->len, json->data);
    }
    assert_non_null(root);
    return root;
}

static const json_type json_of_str = JSON_STRING;
static const json_type json_of_bin = JSON_STRING;
static const json_type json_of_i64 = JSON_REAL;
static const json_type json_of_u64 = JSON_REAL;
static const json_type json_of_u32 = JSON_REAL;
static const json_type json_of_strs = JSON_ARRAY;
static const json_type json_of_pairs = JSON_OBJECT;
static const json_type json_of_counts = JSON_OBJECT;
static const json_type json_of_msgs = JSON_ARRAY;

static bool is_kind(const char *kind, json_type want, const json_t *value)
{
    if (strcmp(kind, "flag") == 0) {
        return json_is_boolean(value);
    }
    return strcmp(kind, "any") == 0 || json_typeof(value) == want;
}

static const json_type json_of_flag = JSON_TRUE;
static const json_type json_of_any = JSON_NULL;

static void every_message_prints_as_an_object_of_its_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        for (unsigned v = 0; v < SAMPLE_VARIANTS; v++) {
            struct msg msg = sample(sample_types[i], v);
            struct buf json = {0};
            size_t fields = 1;
            json_t *root;

            msg_print(&json, &msg);
            root = parsed(&json);
            assert_string_equal(msg_type_name(msg.type),
                                json_string_value(json_object_get(root, "type")));
            switch (msg.type) {
#define FIELD_SHOWN(kind, name, need)                                                              \
    fields++;                                                                                      \
    assert_non_null(json_object_get(root, #name));                                                 \
    assert_true(is_kind(#kind, json_of_##kind, json_object_get(root, #name)));
#define MSG_SHOWN(lower, UPPER, number, CLASS)                                                     \
    case MSG_TYPE_##UPPER:                                                                         \
        MSG_##UPPER(FIELD_SHOWN) break;
                MSG_TABLE(MSG_SHOWN) /* types may be alike: NOLINT(bugprone-branch-clone) */
            }
            assert_int_equal(fields, json_object_size(root));
            json_decref(root);
            buf_fini(&json);
        }
    }
}

static void frame_is(struct str frame, const char *want)
{
    struct buf json = {0};

    frame_print(&json, frame);
    buf_add_char(&json, 0);
    assert_string_equal(want, json.data);
    json.len--;
    json_decref(parsed(&json));
    buf_fini(&json);
}

static void frames_print_as_documented(void **state)
{
    (void)state;
    frame_is((struct str){0}, "[]");
    frame_is(STR("\x92\x01\x07"), "[{\"type\":\"PING\",\"id\":7}]");
    frame_is(STR("\x92\x01\x07\x92\x02\x08"),
             "[{\"type\":\"PING\",\"id\":7},{\"type\":\"STATS\",\"id\":8}]");
    frame_is(STR("\x93\x01\x07\xa1x"), "[{\"type\":\"PING\",\"id\":7,\"unknown\":[\"x\"]}]");
    frame_is(STR("\x93\xcc\xc8\x01\xa1x"), "[{\"type\":200,\"fields\":[1,\"x\"]}]");
    frame_is(STR("\x91\xcc\xc8"), "[{\"type\":200}]");
    frame_is(STR("\x81\xa1\x61\x01\x92\x01\x07"),
             "[{\"value\":{\"a\":1}},{\"type\":\"PING\",\"id\":7}]");
    frame_is(STR("\x92\x01\xff\x07"), "[{\"value\":[1,-1]},{\"value\":7}]");
    frame_is(STR("\x92\x01\x07\xdf\xdf\xdf\xdf\xdf\xdf\xe2"),
             "[{\"type\":\"PING\",\"id\":7},{\"damaged_at\":3,\"hex\":\"dfdfdfdfdfdfe2\"}]");
    frame_is(STR("\x93\x01\x07"), "[{\"damaged_at\":0,\"hex\":\"930107\"}]");
    frame_is(STR("\x95\x46\x01\x02\x03\x92\x92\x01\x07\x92\xcc\xc8\x08"),
             "[{\"type\":\"NODES\",\"epoch\":1,\"boot\":2,\"seq\":3,\"nodes\":"
             "[{\"type\":\"PING\",\"id\":7},{\"type\":200,\"fields\":[8]}],\"in_step\":false}]");
    frame_is(STR("\x95\x18\xa1h\x01\x81\xa1k\xa1v\xc2"),
             "[{\"type\":\"HOST\",\"hostname\":\"h\",\"status\":1,\"metadata\":{\"k\":\"v\"},"
             "\"metadata_null\":false}]");
}

static void every_kind_of_value_prints(void **state)
{
    (void)state;
    frame_is(STR("\xc0\xc2\xc3"), "[{\"value\":null},{\"value\":false},{\"value\":true}]");
    frame_is(STR("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "[{\"value\":18446744073709551615}]");
    frame_is(STR("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), "[{\"value\":-9223372036854775808}]");
    frame_is(STR("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), "[{\"value\":1.5}]");
    frame_is(STR("\xca\x3f\xc0\x00\x00"), "[{\"value\":1.5}]");
    frame_is(STR("\xca\x7f\x80\x00\x00"), "[{\"value\":\"inf\"}]");
    frame_is(STR("\xca\xff\x80\x00\x00"), "[{\"value\":\"-inf\"}]");
    frame_is(STR("\xca\x7f\xc0\x00\x00"), "[{\"value\":\"nan\"}]");
    frame_is(STR("\xc4\x02\x00\xff"), "[{\"value\":\"00ff\"}]");
    frame_is(STR("\xd4\xff\xaa"), "[{\"value\":{\"ext\":-1,\"data\":\"aa\"}}]");
    frame_is(STR("\x84\x01\xc0\xc3\xc0\x91\x01\xc0\xd4\x05\xaa\xc0"),
             "[{\"value\":{\"1\":null,\"true\":null,\"9101\":null,"
             "\"{\\\"ext\\\":5,\\\"data\\\":\\\"aa\\\"}\":null}}]");
}

static void text_is(struct str s, const char *want)
{
    struct buf json = {0};

    json_add_str(&json, s);
    buf_add_char(&json, 0);
    assert_string_equal(want, json.data);
    buf_fini(&json);
}

static void strings_are_escaped_and_made_valid(void **state)
{
    (void)state;
    text_is((struct str){0}, "\"\"");
    text_is(STR("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
    text_is(STR("\n\t\0\x7f"), "\"\\u000a\\u0009\\u0000\\u007f\"");
    text_is(STR("\xc2\x9b\xe2\x80\xae"), "\"\\u009b\\u202e\""); /* what would command a terminal */
    text_is(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    text_is(STR("a\xff\xc0\x80z"), "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
    text_is(STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void the_fields_alone_are_an_object_too(void **state)
{
    struct msg ping = {.type = MSG_TYPE_PING, .as_ping.id = 7};
    struct msg unknown = {.type = (enum msg_type)200};
    struct buf json = {0};

    (void)state;
    buf_add_str(&json, STR("x="));
    msg_print_fields(&json, &ping);
    msg_print_fields(&json, &unknown);
    assert_true(str_eq(STR("x={\"id\":7}{}"), buf_str(&json)));
    buf_fini(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_prints_as_an_object_of_its_fields),
        cmocka_unit_test(frames_print_as_documented),
        cmocka_unit_test(every_kind_of_value_prints),
        cmocka_unit_test(strings_are_escaped_and_made_valid),
        cmocka_unit_test(the_fields_alone_are_an_object_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
