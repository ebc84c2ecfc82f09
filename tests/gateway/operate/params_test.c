#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gateway/operate/params.h"

#define BIT(name) (1U << OPERATE_##name)

static const int64_t now_ns = 1764370102123000000; /* 2025-11-28T22:48:22.123Z */

static bool reads(struct operate_args *args, unsigned takes, const char *name, const char *value,
                  const char *why)
{
    const struct operate_pair pair = {str_from(name), str_from(value)};
    struct str wrong = {0};
    struct buf text = {0};
    bool ok = operate_args_read(args, takes, &pair, 1, now_ns, &wrong, &text);

    buf_add_char(&text, '\0');
    if (!ok) {
        assert_memory_equal(name, wrong.data, strlen(name));
        assert_string_equal(why, text.data);
    }
    buf_fini(&text);
    return ok;
}

static void what_is_absent_or_empty_has_its_default(void **state)
{
    struct operate_args args;

    (void)state;
    assert_true(operate_args_read(&args, BIT(LIMIT) | BIT(SORT), NULL, 0, now_ns, NULL, NULL));
    assert_int_equal(100, args.number[OPERATE_LIMIT]);
    assert_int_equal(0, args.number[OPERATE_SORT]);
    assert_int_equal(0, args.text[OPERATE_ENV].len);
    assert_int_equal(UINT32_MAX, args.list[OPERATE_KINDS]);
    assert_true(reads(&args, BIT(LIMIT), "limit", "", NULL));
    assert_int_equal(100, args.number[OPERATE_LIMIT]);
}

static void what_is_wrong_is_named_with_what_is_expected(void **state)
{
    static const struct {
        unsigned takes;
        const char *name;
        const char *value;
        const char *why;
    } rows[] = {
        {BIT(LIMIT), "limit", "0", "limit must be a whole number from 1 to 500, got 0"},
        {BIT(LIMIT), "limit", "501", "limit must be a whole number from 1 to 500, got 501"},
        {BIT(LIMIT), "limit", "x", "limit must be a whole number from 1 to 500, got x"},
        {BIT(SORT), "sort", "size", "sort must be one of name,lost,count, got size"},
        {BIT(LEVEL), "level", "loud", "level must be one of info,error,warn,debug, got loud"},
        {BIT(SINCE), "since", "yesterday",
         "since must be a time such as 2026-11-28T22:48:22Z, or how long ago: 90s, 15m, 2h, 1d; "
         "got yesterday"},
        {BIT(SINCE), "since", "908558d",
         "since must be a time such as 2026-11-28T22:48:22Z, or how long ago: 90s, 15m, 2h, 1d; "
         "got 908558d"},
        {BIT(SINCE), "since", "4052-11-28T20:48:22Z",
         "since must be a time such as 2026-11-28T22:48:22Z, or how long ago: 90s, 15m, 2h, 1d; "
         "got 4052-11-28T20:48:22Z"},
        {BIT(ENV) | BIT(Q), "evn", "dev", "evn is no parameter here; there are env, q"},
        {0, "x", "1", "x is no parameter here; none is taken"},
        {BIT(KINDS), "kinds", "set,sets",
         "kinds must be some of "
         "register,re-register,set,cancel,evict,schedule,round,protection,node,storage,actor, "
         "separated by commas, got sets"},
    };
    struct operate_args args;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_false(reads(&args, rows[i].takes, rows[i].name, rows[i].value, rows[i].why));
    }
}

static void names_are_bounded(void **state)
{
    char name[257] = {0};
    struct operate_args args;

    (void)state;
    memset(name, 'a', 255);
    assert_true(reads(&args, BIT(ENV), "env", name, NULL));
    assert_int_equal(255, args.text[OPERATE_ENV].len);
    name[255] = 'a';
    assert_false(reads(&args, BIT(ENV), "env", name, "env may have at most 255 bytes, got 256"));
}

static void lists_choices_and_numbers_are_read(void **state)
{
    struct operate_args args;

    (void)state;
    assert_true(reads(&args, BIT(KINDS), "kinds", "set,register,actor", NULL));
    assert_int_equal(1 << 2 | 1 << 0 | 1 << 10, args.list[OPERATE_KINDS]);
    assert_true(reads(&args, BIT(SORT), "sort", "count", NULL));
    assert_int_equal(2, args.number[OPERATE_SORT]);
    assert_true(reads(&args, BIT(LIMIT), "limit", "500", NULL));
    assert_int_equal(500, args.number[OPERATE_LIMIT]);
    assert_true(reads(&args, BIT(LAST), "last", "0", NULL));
    assert_int_equal(0, args.number[OPERATE_LAST]);
}

static void times_are_given_as_such_or_as_how_long_ago(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"90s", now_ns - 90000000000},
        {"15m", now_ns - 900000000000},
        {"1d", now_ns - 86400000000000},
        {"0s", now_ns},
        {"2025-11-28T22:48:22Z", 1764370102000000000},
        {"2025-11-28T22:48:22.123Z", now_ns},
        {"2025-11-29T06:48:22.123456789012+08:00", 1764370102123456789},
    };
    struct operate_args args;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(reads(&args, BIT(SINCE), "since", rows[i].text, NULL));
        assert_int_equal(rows[i].ns, args.number[OPERATE_SINCE]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_or_empty_has_its_default),
        cmocka_unit_test(what_is_wrong_is_named_with_what_is_expected),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(lists_choices_and_numbers_are_read),
        cmocka_unit_test(times_are_given_as_such_or_as_how_long_ago),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
