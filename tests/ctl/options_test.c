/* The command line of a verb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/options.h"

static const uint64_t all = UINT64_MAX;

static enum err parse(struct options *options, uint64_t mask, int argc, const char *const *argv,
                      struct buf *why)
{
    enum err err;

    *options = (struct options){0};
    *why = (struct buf){0};
    err = options_parse(options, mask, argc, (char **)(uintptr_t)argv, why);
    buf_add_char(why, '\0');
    return err;
}

static void refused(const char *word, const char *next, uint64_t mask, const char *says)
{
    struct options options;
    struct buf why;

    assert_int_equal(ERR_INVALID, parse(&options, mask, next != NULL ? 2 : 1,
                                        (const char *const[]){word, next}, &why));
    assert_string_equal(says, why.data);
    buf_fini(&why);
}

static void values_are_taken_with_and_without_an_equals_sign(void **state)
{
    static const char *const argv[] = {"app", "--zone=z1", "--env", "e1", "-o", "json", "other"};
    struct options options;
    struct buf why;

    (void)state;
    assert_int_equal(ERR_OK, parse(&options, all, 7, argv, &why));
    assert_string_equal("z1", options_text(&options, OPTION_ZONE, "no"));
    assert_string_equal("e1", options_text(&options, OPTION_ENV, "no"));
    assert_string_equal("json", options_text(&options, OPTION_OUTPUT, "table"));
    assert_string_equal("no", options_text(&options, OPTION_REGION, "no"));
    assert_int_equal(2, options.argument_count);
    assert_string_equal("other", options.arguments[1]);
    buf_fini(&why);
}

static void the_last_of_several_values_wins_and_all_are_kept(void **state)
{
    static const char *const argv[] = {"--addr=a", "--addr", "b", "--zone=1", "--zone=2"};
    struct options options;
    struct buf why;

    (void)state;
    assert_int_equal(ERR_OK, parse(&options, all, 5, argv, &why));
    assert_int_equal(2, options.counts[OPTION_ADDR]);
    assert_string_equal("a", options.values[OPTION_ADDR][0]);
    assert_string_equal("2", options_text(&options, OPTION_ZONE, "no"));
    buf_fini(&why);
}

static void values_are_read_as_what_they_are(void **state)
{
    static const char *const argv[] = {
        "--every=1m30s", "--status=waiting", "--count=7", "--keep", "--", "--zone"};
    struct options options;
    struct buf why;

    (void)state;
    assert_int_equal(ERR_OK, parse(&options, all, 6, argv, &why));
    assert_int_equal(90000, options_duration_ms(&options, OPTION_EVERY, "1s"));
    assert_int_equal(500, options_duration_ms(&options, OPTION_TIMEOUT, "500ms"));
    assert_int_equal(2, options_status(&options, 3));
    assert_int_equal(7, options_number(&options, OPTION_COUNT, 1));
    assert_true(options_has(&options, OPTION_KEEP));
    assert_false(options_has(&options, OPTION_LEAVE));
    assert_string_equal("--zone", options.arguments[0]);
    buf_fini(&why);
}

static void what_is_wrong_is_named_with_a_remedy(void **state)
{
    (void)state;
    refused("--zoen=1", NULL, all,
            "--zoen: unknown option; --help lists those of this verb; did you mean --zone?");
    refused("-x", NULL, all, "-x: unknown option; --help lists those of this verb");
    refused("--leave", NULL, OPTION_BIT(ZONE),
            "--leave: this verb has no such option; --help lists those it has");
    refused("--zone", NULL, all, "--zone: a value is missing; write --zone=ZONE");
    refused("--keep=1", NULL, all, "--keep takes no value; write --keep alone");
    refused("--every=30", NULL, all,
            "--every=30: expected a duration with its unit, such as 500ms, 30s or 2m, from 100ms "
            "to 1h");
    refused("--status", "4", all, "--status=4: expected up, waiting or all");
    refused("-o", "xml", all, "--output=xml: expected table, wide, json, csv or name");
    refused("--metadata==v", NULL, all, "--metadata==v: expected KEY=VALUE with a KEY");
    refused("--url=ftp://x", NULL, all, "--url=ftp://x: expected http://host:port");
    refused("--endpoint=x", NULL, all, "--endpoint=x: expected ipc://PATH or tcp://host:port");
    refused("--count=0", NULL, all,
            "--count=0: expected a whole number above 0, at most 1000000000");
    refused("--zone=", NULL, all, "--zone=: expected a text that is not empty");
}

static void an_option_given_too_often_is_refused(void **state)
{
    const char *argv[option_values_max + 1];
    struct options options;
    struct buf why;

    (void)state;
    for (size_t i = 0; i < option_values_max + 1; i++) {
        argv[i] = "--addr=a";
    }
    assert_int_equal(ERR_OK, parse(&options, all, option_values_max, argv, &why));
    buf_fini(&why);
    assert_int_equal(ERR_INVALID, parse(&options, all, option_values_max + 1, argv, &why));
    buf_fini(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken_with_and_without_an_equals_sign),
        cmocka_unit_test(the_last_of_several_values_wins_and_all_are_kept),
        cmocka_unit_test(values_are_read_as_what_they_are),
        cmocka_unit_test(what_is_wrong_is_named_with_a_remedy),
        cmocka_unit_test(an_option_given_too_often_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
