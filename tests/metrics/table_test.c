#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/metrics/metrics.h"

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* As Prometheus wants them; promtool of tests/scenario/prometheus says so too. */
static void names_follow_the_rules(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRIC_END; i++) {
        const struct metric_row *row = metric_row((enum metric)i);

        assert_int_equal(row->kind == METRIC_KIND_COUNTER, ends_with(row->name, "_total"));
        assert_int_equal(row->unit != METRIC_UNIT_PLAIN, strstr(row->name, "_seconds") != NULL);
        assert_true(row->kind != METRIC_KIND_HISTOGRAM || ends_with(row->name, "_seconds"));
        assert_int_equal(strlen(row->name), strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"));
        assert_int_equal(strlen(row->labels), strspn(row->labels, "abcdefghijklmnopqrstuvwxyz,"));
    }
}

static void every_help_is_one_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRIC_END; i++) {
        const char *help = metric_row((enum metric)i)->help;

        assert_true((help[0] >= 'A' && help[0] <= 'Z') || (help[0] >= '0' && help[0] <= '9'));
        assert_true(ends_with(help, "."));
        assert_null(strpbrk(help, "\n\\\"|"));
    }
}

static void no_two_have_one_name_key_or_help(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRIC_END; i++) {
        char key[metric_key_bytes];

        (void)metric_key((enum metric)i, -1, key);
        for (unsigned j = 0; j < i; j++) {
            char other[metric_key_bytes];

            (void)metric_key((enum metric)j, -1, other);
            assert_string_not_equal(key, other);
            assert_string_not_equal(metric_row((enum metric)i)->name,
                                    metric_row((enum metric)j)->name);
            assert_string_not_equal(metric_row((enum metric)i)->help,
                                    metric_row((enum metric)j)->help);
        }
    }
}

static void a_key_finds_its_row(void **state)
{
    struct metric_index index;

    (void)state;
    metric_index_init(&index);
    for (unsigned i = 0; i < METRIC_END; i++) {
        char key[metric_key_bytes];
        size_t len = metric_key((enum metric)i, -1, key);

        assert_int_equal(i, metric_index_find(&index, (struct str){key, len}));
    }
    assert_int_equal(METRIC_END, metric_index_find(&index, STR("")));
    assert_int_equal(METRIC_END, metric_index_find(&index, STR("zzz")));
}

static void a_key_says_what_is_counted(void **state)
{
    char key[metric_key_bytes];

    (void)state;
    (void)metric_key(METRIC_REGISTRY_APPS, -1, key);
    assert_string_equal("registry_apps", key);
    (void)metric_key(METRIC_ACTOR_UPTIME, -1, key);
    assert_string_equal("actor_uptime_ms", key);
    (void)metric_key(METRIC_REGISTRY_SYNC, -1, key);
    assert_string_equal("registry_sync_us", key);
    (void)metric_key(METRIC_REGISTRY_SYNC, 3, key);
    assert_string_equal("registry_sync_le_3", key);
}

static void values_are_told_in_base_units(void **state)
{
    struct buf text = {0};

    (void)state;
    metric_value_print(METRIC_ACTOR_UPTIME, 3500, &text);
    buf_add_char(&text, ' ');
    metric_value_print(METRIC_ACTOR_TURN_MAX, 12, &text);
    buf_add_char(&text, ' ');
    metric_value_print(METRIC_ACTOR_RSS, 123456789012, &text);
    buf_add_char(&text, '\0');
    assert_string_equal("3.5 1.2e-05 123456789012", text.data);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_the_rules),
        cmocka_unit_test(every_help_is_one_sentence),
        cmocka_unit_test(no_two_have_one_name_key_or_help),
        cmocka_unit_test(a_key_finds_its_row),
        cmocka_unit_test(a_key_says_what_is_counted),
        cmocka_unit_test(values_are_told_in_base_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
