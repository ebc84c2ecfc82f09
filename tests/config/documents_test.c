/* The two documents that must say the same: --help and config/muster.toml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/config/draft_rig.h"

static void fold(struct buf *text)
{
    size_t to = 0;

    for (size_t i = 0; i < text->len; i++) {
        char c = text->data[i] == '\n' || text->data[i] == '#' ? ' ' : text->data[i];

        if (c != ' ' || (to > 0 && text->data[to - 1] != ' ')) {
            text->data[to++] = c;
        }
    }
    text->len = to;
}

static void help_names_every_key_with_default_range_and_variable(void **state)
{
    struct buf page = {0};

    (void)state;
    config_manual(&(struct manual){MANUAL_TEXT, &page}, "muster-test", "tests");
    assert_has(&page, "NAME\n  muster-test - tests\n\nSYNOPSIS\n");
    assert_has(&page, "\nDESCRIPTION\n");
    assert_has(&page, "\nOPTIONS\n");
    assert_has(&page, "\nENVIRONMENT\n");
    assert_has(&page, "\nFILES\n");
    assert_has(&page, "\nEXIT STATUS\n");
    for (const char *line = page.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_in_range(strcspn(line, "\n"), 0, 80);
    }
    fold(&page);
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf want = {0};

        buf_add_str(&want, STR("--"));
        config_key_name(&config_keys[i], &want);
        buf_add_char(&want, '=');
        text_end(&want);
        assert_has(&page, want.data);
        want.len = 0;
        buf_printf(&want, "%s. Default ", config_keys[i].help);
        config_key_default(&config_keys[i], &want);
        text_end(&want);
        assert_has(&page, want.data);
        want.len = 0;
        config_key_range(&config_keys[i], &want);
        buf_add_str(&want, STR(". Environment "));
        config_key_environment(&config_keys[i], &want);
        text_end(&want);
        assert_has(&page, want.data);
        buf_fini(&want);
    }
    buf_fini(&page);
}

static void read_sample(struct buf *text)
{
    FILE *file = fopen("config/muster.toml", "r"); /* tests run in the top of the tree */

    assert_non_null(file);
    text->len = fread(buf_reserve(text, 65536), 1, 65536, file);
    assert_int_equal(0, fclose(file));
}

static void the_sample_file_holds_every_key_with_its_help_and_default(void **state)
{
    struct buf sample = {0};
    struct buf bare = {0};
    struct made made;
    size_t keys = 0;

    (void)state;
    read_sample(&sample);
    text_end(&sample);
    /* "#key = value" is a key commented out, "# text" is prose */
    for (const char *line = sample.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        bool key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';

        keys += key;
        buf_printf(&bare, "%.*s\n", (int)strcspn(line, "\n") - key, line + key);
    }
    assert_int_equal(config_key_count, keys);
    text_end(&bare);
    make(&made, bare.data, no_environment);
    text_end(&made.draft.problems);
    assert_string_equal("", made.draft.problems.data);
    fold(&sample);
    for (size_t i = 0; i < config_key_count; i++) {
        struct buf want = {0};

        if (made.draft.sources[i].origin != CONFIG_DERIVED) {
            assert_int_equal(CONFIG_FILE, made.draft.sources[i].origin);
        }
        buf_printf(&want, " %s. ", config_keys[i].help);
        text_end(&want);
        assert_has(&sample, want.data);
        want.len = 0;
        buf_printf(&want, " %s = ", config_keys[i].name);
        config_key_default(&config_keys[i], &want);
        buf_add_char(&want, ' ');
        text_end(&want);
        assert_has(&sample, want.data);
        buf_fini(&want);
    }
    made_fini(&made);
    buf_fini(&sample);
    buf_fini(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_every_key_with_default_range_and_variable),
        cmocka_unit_test(the_sample_file_holds_every_key_with_its_help_and_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
