/* Manual pages in both of their forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/manual.h"

static void write_page(struct manual *page)
{
    manual_begin(page, "x", 1, "try-outs");
    manual_section(page, "OPTIONS");
    manual_item(page, "--dir=DIR", 14, "where it lives");
    manual_blank(page);
    manual_item(page, "--x", 0, "told below");
    manual_section(page, "TEXT");
    manual_text(page, "one\ntwo\n\n.three \\ \"four\"");
    manual_part(page, "a \"part\"");
    manual_lines(page, "0  done\n.1  not");
}

static void written(enum manual_form form, const char *expected)
{
    struct buf text = {0};

    write_page(&(struct manual){form, &text});
    buf_add_char(&text, '\0');
    assert_string_equal(expected, text.data);
    buf_fini(&text);
}

static void as_text(void **state)
{
    (void)state;
    written(MANUAL_TEXT, "NAME\n"
                         "  x - try-outs\n"
                         "\n"
                         "OPTIONS\n"
                         "  --dir=DIR   where it lives\n"
                         "\n"
                         "  --x\n"
                         "      told below\n"
                         "\n"
                         "TEXT\n"
                         "  one\n"
                         "  two\n"
                         "\n"
                         "  .three \\ \"four\"\n"
                         "\n"
                         "  a \"part\"\n"
                         "  0  done\n"
                         "  .1  not\n");
}

/* Nothing of a text is taken for a macro, an escape or a dash that may be broken at. */
static void as_a_manual_page(void **state)
{
    (void)state;
    written(MANUAL_MAN, ".TH \"X\" 1 \"\" \"muster " MUSTER_VERSION "\" \"muster\"\n"
                        ".SH \"NAME\"\n"
                        "x \\- try\\-outs\n"
                        ".SH \"OPTIONS\"\n"
                        ".TP\n"
                        ".B \"\\-\\-dir=DIR\"\n"
                        "where it lives\n"
                        ".TP\n"
                        ".B \"\\-\\-x\"\n"
                        "told below\n"
                        ".SH \"TEXT\"\n"
                        "one\n"
                        ".br\n"
                        "two\n"
                        ".PP\n"
                        "\\&.three \\e \"four\"\n"
                        ".SS \"a \\(dqpart\\(dq\"\n"
                        ".nf\n"
                        "0  done\n"
                        "\\&.1  not\n"
                        ".fi\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_text),
        cmocka_unit_test(as_a_manual_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
