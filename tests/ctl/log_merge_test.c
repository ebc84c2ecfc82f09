#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actors/ctl/log_merge.h"

#define LINE(second, level, event, rest)                                                           \
    "{\"time\":\"2026-11-28T14:48:" second ".000Z\",\"level\":\"" level                            \
    "\",\"node\":\"n\",\"actor\":\"x\",\"index\":0,\"event\":\"" event "\",\"text\":\"\"" rest     \
    "}\n"

static int setup(void **state)
{
    (void)state;
    (void)setenv("TZ", "UTC-8", 1);
    tzset();
    return 0;
}

static struct log_choice all_of(size_t last)
{
    return (struct log_choice){.level = LOG_DEBUG, .last = last};
}

/* What two logs of these texts read as, merged; freed by the caller. */
static char *merged(const struct log_choice *choice, const char *first, const char *second,
                    enum log_form form)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct log_merge merge;

    log_merge_init(&merge, choice);
    (void)log_merge_add(&merge, "registry", str_from(first));
    (void)log_merge_add(&merge, "gateway.1", str_from(second));
    log_merge_print(&merge, form, out);
    log_merge_fini(&merge);
    (void)fclose(out);
    return text;
}

static void assert_merged(const struct log_choice *choice, const char *first, const char *second,
                          enum log_form form, const char *want)
{
    char *text = merged(choice, first, second, form);

    assert_string_equal(want, text);
    free(text);
}

static void lines_come_in_the_order_of_time(void **state)
{
    const struct log_choice choice = all_of(100);

    (void)state;
    assert_merged(&choice, LINE("01", "info", "a", "") LINE("03", "info", "c", ""),
                  LINE("02", "info", "b", "") LINE("03", "info", "d", ""), LOG_FORM_JSON,
                  LINE("01", "info", "a", "") LINE("02", "info", "b", "")
                      LINE("03", "info", "d", "") LINE("03", "info", "c", ""));
    assert_merged(&choice, "", "\n\n", LOG_FORM_JSON, "");
    /* of one log as they stand, whatever the clock did in a millisecond */
    assert_merged(&choice, LINE("01", "info", "z", "") LINE("01", "info", "a", ""), "",
                  LOG_FORM_JSON, LINE("01", "info", "z", "") LINE("01", "info", "a", ""));
}

static void the_newest_that_are_wanted_are_shown(void **state)
{
    const char *first = LINE("01", "error", "a", "") LINE("02", "debug", "b", "");
    const char *second = LINE("03", "info", "c", "") LINE("04", "warn", "d", "");
    struct log_choice choice = all_of(2);

    (void)state;
    assert_merged(&choice, first, second, LOG_FORM_JSON, second);
    choice = all_of(100);
    choice.level = LOG_WARN;
    assert_merged(&choice, first, second, LOG_FORM_JSON,
                  LINE("01", "error", "a", "") LINE("04", "warn", "d", ""));
    choice = all_of(100);
    (void)snprintf(choice.since, sizeof(choice.since), "2026-11-28T14:48:02.000Z");
    assert_merged(&choice, first, second, LOG_FORM_JSON,
                  LINE("02", "debug", "b", "") LINE("03", "info", "c", "")
                      LINE("04", "warn", "d", ""));
    choice = all_of(0);
    assert_merged(&choice, first, second, LOG_FORM_JSON, "");
}

static void text_has_local_time_and_all_fields(void **state)
{
    const struct log_choice choice = all_of(100);

    (void)state;
    assert_merged(&choice, LINE("01", "info", "a", ",\"s\":\"x\\u0000y\""), "", LOG_FORM_TEXT,
                  "2026-11-28 22:48:01.000+08:00 INFO x a s=\"x\\u0000y\"\n");
    assert_merged(&choice, LINE("01", "info", "a", ",\"n\":-1,\"s\":\"x y\",\"f\":true"),
                  LINE("02", "warn", "b", ",\"l\":[\"p\",\"q r\"]"), LOG_FORM_TEXT,
                  "2026-11-28 22:48:01.000+08:00 INFO x a n=-1 s=\"x y\" f=true\n"
                  "2026-11-28 22:48:02.000+08:00 WARN x.0 b l=p,\"q r\"\n");
}

/* It stands behind the line before it, also where that is not shown; and is an error. */
static void last_words_that_are_no_line_are_told_with_the_time_before(void **state)
{
    const char *first = LINE("01", "info", "a", "") "Assertion failed\x1b[2J\n";
    struct log_choice choice = all_of(100);

    (void)state;
    assert_merged(&choice, first, LINE("02", "info", "b", ""), LOG_FORM_TEXT,
                  "2026-11-28 22:48:01.000+08:00 INFO x a\n"
                  "2026-11-28 22:48:01.000+08:00 ERROR registry said Assertion failed\\u001b[2J\n"
                  "2026-11-28 22:48:02.000+08:00 INFO x.0 b\n");
    (void)snprintf(choice.since, sizeof(choice.since), "2026-11-28T14:48:02.000Z");
    assert_merged(&choice, first, "no time\n", LOG_FORM_TEXT, "");
    choice = all_of(100);
    choice.level = LOG_ERROR;
    assert_merged(
        &choice, "", LINE("02", "info", "b", "") "{\"time\":7}\n", LOG_FORM_JSON,
        "{\"time\":\"2026-11-28T14:48:02.000Z\",\"level\":\"error\",\"node\":\"\","
        "\"actor\":\"gateway\",\"index\":1,\"event\":\"said\",\"text\":\"{\\\"time\\\":7}\"}\n");
}

static void since_is_how_long_ago_or_a_time(void **state)
{
    static const struct {
        const char *text;
        const char *since;
    } rows[] = {
        {"5m", "2026-11-28T14:43:22.000Z"},
        {"0s", "2026-11-28T14:48:22.000Z"},
        {"22:00", "2026-11-28T14:00:00.000Z"},
        {"22:00:07", "2026-11-28T14:00:07.000Z"},
        {"2026-11-27 08:30", "2026-11-27T00:30:00.000Z"},
        {"2026-11-27", "2026-11-26T16:00:00.000Z"},
        {"2026-11-27T08:30:00Z", "2026-11-27T08:30:00.000Z"},
        {"2026-11-27T08:30:00.123+02:00", "2026-11-27T06:30:00.000Z"},
        {"soon", NULL},
        {"", NULL},
        {"22:00 or so", NULL},
        {"2026-11-27T08:30:00", NULL},
    };
    const int64_t now_ns = 1795877302000000000; /* 2026-11-28T14:48:22Z */
    char since[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum err err = log_since(rows[i].text, now_ns, since);

        assert_int_equal(rows[i].since != NULL ? ERR_OK : ERR_INVALID, err);
        if (rows[i].since != NULL) {
            assert_string_equal(rows[i].since, since);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_in_the_order_of_time),
        cmocka_unit_test(the_newest_that_are_wanted_are_shown),
        cmocka_unit_test(text_has_local_time_and_all_fields),
        cmocka_unit_test(last_words_that_are_no_line_are_told_with_the_time_before),
        cmocka_unit_test(since_is_how_long_ago_or_a_time),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
