#include "common/naming/schedule_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RECORDED                                                                                   \
    "{\"app_id\":\"s.app\",\"env\":\"dev\",\"clients\":{\"sh001\":{\"zones\":{\"sh001\":"          \
    "{\"weight\":1},\"sh002\":{\"weight\":2}}}},\"remark\":\"r\"}"

static void reads_what_the_reference_was_recorded_with(void **state)
{
    struct msg_schedule read = {.id = 7};
    struct buf store = {0};
    struct buf why = {0};
    struct msg msg;

    (void)state;
    assert_int_equal(schedule_file_read(STR(RECORDED), &store, &read, &why), ERR_OK);
    assert_int_equal(read.id, 7);
    assert_true(str_eq(read.appid, STR("s.app")) && str_eq(read.env, STR("dev")));
    assert_true(str_eq(read.remark, STR("r")));
    assert_int_equal(read.weights.count, 2);
    for (uint32_t i = 1; i <= 2; i++) {
        assert_true(msg_next(&read.weights.bytes, &msg));
        assert_int_equal(msg.type, MSG_TYPE_WEIGHT);
        assert_true(str_eq(msg.as_weight.client, STR("sh001")));
        assert_int_equal(msg.as_weight.weight, i);
    }
    assert_int_equal(why.len, 0);
    buf_fini(&store);
    buf_fini(&why);
}

static void a_remark_may_be_missing_and_odd_keys_are_passed_over(void **state)
{
    struct msg_schedule read = {0};
    struct buf store = {0};
    struct buf why = {0};

    (void)state;
    assert_int_equal(schedule_file_read(STR("{\"x\":[1,{}],\"clients\":{},\"app_id\":\"a\","
                                            "\"env\":\"e\"}\n"),
                                        &store, &read, &why),
                     ERR_OK);
    assert_int_equal(read.weights.count, 0);
    assert_int_equal(read.remark.len, 0);
    buf_fini(&store);
    buf_fini(&why);
}

static void says_line_and_reason_of_what_it_refuses(void **state)
{
    static const char *const cases[][2] = {
        {"", "line 1: no JSON: "},
        {"{\"app_id\":\"a\",\n\"env\":}", "line 2: no JSON: "},
        {"{\"app_id\":\"a\",\n\"app_id\":\"b\"}", "line 2: no JSON: "},
        {"[]", "line 1: a schedule must be an object"},
        {"7", "line 1: a schedule must be an object"},
        {"{}", "line 1: app_id: must be"},
        {"{\n\"app_id\":\n7}", "line 2: app_id: must be"},
        {"{\"app_id\":\"a\",\n\"env\":\"\"}", "line 2: env: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\"}", "line 1: clients: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\",\"remark\":null}", "line 1: remark: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\",\n\"clients\":[]}", "line 2: clients: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\",\n\"clients\":{\n\"z\":{}}}",
         "line 3: clients.z.zones: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\",\n\"clients\":{\n\"z\":{\"zones\":{}}}}",
         "line 3: clients.z.zones: must be"},
        {"{\"a\\\"}\":[\"}\",{\"clients\":1}],\n\"app_id\":\"a\",\"env\":\"e\",\n"
         "\"clients\":{\"y\":{\"zones\":{\"y\":{\"weight\":3}}},\n\"z\":{\"zones\":{\n"
         "\"y\":{\"weight\":1},\n\"z\":{\n\"weight\":-1}}}}}",
         "line 7: clients.z.zones.z.weight: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\",\"clients\":{\"z\":{\"zones\":{\"z\":{\"weight\":1.0}"
         "}}}}",
         "line 1: clients.z.zones.z.weight: must be"},
        {"{\"app_id\":\"a\",\"env\":\"e\",\"clients\":{\"z\":{\"zones\":{\"z\":{\"weight\":1000001"
         "}}}}}",
         "clients.z.zones.z.weight: must be a whole number from 0 to 1000000"},
    };
    struct buf store = {0};
    struct buf why = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct msg_schedule read = {.remark = STR("kept")};

        why.len = 0;
        assert_int_equal(schedule_file_read(str_from(cases[i][0]), &store, &read, &why),
                         ERR_INVALID);
        assert_true(str_eq(read.remark, STR("kept")));
        buf_add_char(&why, '\0');
        if (strstr(why.data, cases[i][1]) == NULL) {
            fail_msg("%s\nno %s in %s", cases[i][0], cases[i][1], why.data);
        }
    }
    buf_fini(&store);
    buf_fini(&why);
}

static void what_is_written_is_read_as_the_same(void **state)
{
    static const char *const triplets[] = {"a\"", "z", "0", "a\"",    "\xe4\xb8\xad",
                                           "7",   "b", "a", "1000000"};
    struct msg_schedule read = {0};
    struct instance it = {.id = {.env = STR("e"), .appid = STR("<app>")}, .version = STR("r\n")};
    struct buf addrs = {0};
    struct buf text = {0};
    struct buf store = {0};
    struct buf why = {0};
    struct msg msg;

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        strs_pack(&addrs, str_from(triplets[i]));
    }
    it.addrs = (struct strs){9, buf_str(&addrs)};
    schedule_file_write(&it, &text);
    assert_int_equal(schedule_file_read(buf_str(&text), &store, &read, &why), ERR_OK);
    assert_true(str_eq(read.appid, it.id.appid) && str_eq(read.env, it.id.env));
    assert_true(str_eq(read.remark, it.version));
    assert_int_equal(read.weights.count, 3);
    for (size_t i = 0; i < 9; i += 3) {
        struct buf digits = {0};

        assert_true(msg_next(&read.weights.bytes, &msg));
        buf_add_i64(&digits, msg.as_weight.weight);
        assert_true(str_eq(msg.as_weight.client, str_from(triplets[i])));
        assert_true(str_eq(msg.as_weight.zone, str_from(triplets[i + 1])));
        assert_true(str_eq(buf_str(&digits), str_from(triplets[i + 2])));
        buf_fini(&digits);
    }
    it.addrs = (struct strs){0}; /* without any weight, too */
    text.len = 0;
    schedule_file_write(&it, &text);
    assert_int_equal(schedule_file_read(buf_str(&text), &store, &read, &why), ERR_OK);
    assert_int_equal(read.weights.count, 0);
    buf_fini(&addrs);
    buf_fini(&text);
    buf_fini(&store);
    buf_fini(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_reference_was_recorded_with),
        cmocka_unit_test(a_remark_may_be_missing_and_odd_keys_are_passed_over),
        cmocka_unit_test(says_line_and_reason_of_what_it_refuses),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
