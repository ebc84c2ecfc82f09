/* docs/protocol.md, docs/protocol-naming.md and docs/protocol-store.md say what the tables say, no
 * less and no more, and their examples in bytes are right. Runs in the root of the source tree. */
#include "tests/wire/samples.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/journal/record.h"
#include "common/wire/print.h"

/* What every actor has, what is about instances and nodes, and what the store keeps. */
enum page { PAGE_NODE, PAGE_NAMING, PAGE_STORE, PAGE_COUNT };

static const char *const paths[PAGE_COUNT] = {"docs/protocol.md", "docs/protocol-naming.md",
                                              "docs/protocol-store.md"};

static int read_pages(void **state)
{
    static struct buf pages[PAGE_COUNT];

    for (int i = 0; i < PAGE_COUNT; i++) {
        FILE *file = fopen(paths[i], "rb");

        if (file == NULL) {
            print_error("%s is not here: run the test in the root of the source tree\n", paths[i]);
            return -1;
        }
        pages[i].len = fread(buf_reserve(&pages[i], 1 << 20), 1, 1 << 20, file);
        (void)fclose(file);
    }
    *state = pages;
    return 0;
}

static int free_pages(void **state)
{
    struct buf *pages = *state;

    for (int i = 0; i < PAGE_COUNT; i++) {
        buf_fini(&pages[i]);
    }
    return 0;
}

static bool next_line(struct str *rest, struct str *line)
{
    const char *end;

    if (rest->len == 0) {
        return false;
    }
    end = memchr(rest->data, '\n', rest->len);
    *line = (struct str){rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    rest->data += line->len + (end != NULL);
    rest->len -= line->len + (end != NULL);
    return true;
}

/* How many lines begin so and go on. */
static unsigned lines_beginning(const struct buf *page, struct str beginning)
{
    struct str rest = buf_str(page);
    struct str line;
    unsigned count = 0;

    while (next_line(&rest, &line)) {
        count += str_starts(line, beginning) && line.len > beginning.len + 3;
    }
    return count;
}

static void row_is_there(const struct buf *pages, enum page page, struct buf *row)
{
    if (lines_beginning(&pages[page], buf_str(row)) != 1) {
        fail_msg("%s lacks (or has twice) the row: %.*s…", paths[page], (int)row->len, row->data);
    }
    buf_fini(row);
}

static void every_message_has_its_row_with_every_field_in_order(void **state)
{
    struct buf row = {0};

#define FIELD_TOLD(kind, name, need)                                                               \
    buf_printf(&row, "%s`" #name "` " #kind "%s", first ? "" : ", ",                               \
               (need) == MSG_OPTIONAL ? "?" : "");                                                 \
    first = false;
#define MSG_TOLD(page, UPPER, number)                                                              \
    {                                                                                              \
        bool first = true;                                                                         \
                                                                                                   \
        buf_printf(&row, "| " #UPPER " | %d | ", (number));                                        \
        MSG_##UPPER(FIELD_TOLD) buf_printf(&row, " | ");                                           \
        row_is_there(*state, page, &row);                                                          \
    }
#define MSG_TOLD_NODE(lower, UPPER, number, CLASS) MSG_TOLD(PAGE_NODE, UPPER, number)
#define MSG_TOLD_NAMING(lower, UPPER, number, CLASS) MSG_TOLD(PAGE_NAMING, UPPER, number)
#define MSG_TOLD_STORE(lower, UPPER, number, CLASS) MSG_TOLD(PAGE_STORE, UPPER, number)
    MSG_NODE_TABLE(MSG_TOLD_NODE)
    MSG_NAMING_TABLE(MSG_TOLD_NAMING)
    MSG_STORE_TABLE(MSG_TOLD_STORE)
}

/* A row of a message: "| NAME | 12 |". */
static bool is_message_row(struct str line)
{
    size_t at = 2;

    if (!str_starts(line, STR("| ")) || line.len < 3 || !isupper((unsigned char)line.data[at])) {
        return false;
    }
    while (at < line.len && (isupper((unsigned char)line.data[at]) || line.data[at] == '_')) {
        at++;
    }
    return at + 3 < line.len && memcmp(line.data + at, " | ", 3) == 0 &&
           isdigit((unsigned char)line.data[at + 3]);
}

static void no_message_is_named_that_is_not_in_the_table(void **state)
{
    const struct buf *pages = *state;
    struct str line;
    size_t rows = 0;

    for (int i = 0; i < PAGE_COUNT; i++) {
        struct str rest = buf_str(&pages[i]);

        while (next_line(&rest, &line)) {
            rows += is_message_row(line);
        }
    }
    assert_int_equal(sample_count, rows);
}

static void every_error_has_its_row(void **state)
{
    struct buf row = {0};

#define ERR_TOLD(NAME, value, discovery, http, grpc, text)                                         \
    buf_printf(&row, "| %d | " #NAME " | ", (value));                                              \
    row_is_there(*state, PAGE_NODE, &row);
    ERR_TABLE(ERR_TOLD)
}

/* ── examples: "92 01 07   [{…}]" in a block called frame or record ───────── */

static struct buf from_hex(struct str *line)
{
    struct buf bytes = {0};

    while (line->len > 2 && isxdigit((unsigned char)line->data[0])) {
        char digits[3] = {line->data[0], line->data[1], 0};

        assert_true(line->data[2] == ' ');
        buf_add_char(&bytes, (char)strtoul(digits, NULL, 16));
        line->data += 3;
        line->len -= 3;
    }
    while (line->len > 0 && line->data[0] == ' ') {
        line->data++;
        line->len--;
    }
    return bytes;
}

static void example_is_right(struct str line, bool record)
{
    struct buf bytes = from_hex(&line);
    struct str frame = buf_str(&bytes);
    struct buf json = {0};

    if (record) {
        struct str rest = frame;

        assert_int_equal(RECORD_OK, record_next(&rest, &frame));
        assert_int_equal(0, rest.len);
    }
    frame_print(&json, frame);
    if (!str_eq(line, buf_str(&json))) {
        fail_msg("the example says %.*s, the bytes %.*s", STR_ARG(line), STR_ARG(buf_str(&json)));
    }
    buf_fini(&json);
    buf_fini(&bytes);
}

/* Adds how many there were. */
static void examples_are_right(const struct buf *page, unsigned *frames, unsigned *records)
{
    struct str rest = buf_str(page);
    struct str line;

    while (next_line(&rest, &line)) {
        bool record = str_eq(line, STR("```record"));

        if (!record && !str_eq(line, STR("```frame"))) {
            continue;
        }
        while (next_line(&rest, &line) && !str_eq(line, STR("```"))) {
            example_is_right(line, record);
            *records += record;
            *frames += !record;
        }
    }
}

static void the_examples_in_bytes_are_right(void **state)
{
    const struct buf *pages = *state;
    unsigned frames = 0;
    unsigned records = 0;

    for (int i = 0; i < PAGE_COUNT; i++) {
        examples_are_right(&pages[i], &frames, &records);
    }
    assert_true(frames >= 8);
    assert_true(records >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_its_row_with_every_field_in_order),
        cmocka_unit_test(no_message_is_named_that_is_not_in_the_table),
        cmocka_unit_test(every_error_has_its_row),
        cmocka_unit_test(the_examples_in_bytes_are_right),
    };

    return cmocka_run_group_tests(tests, read_pages, free_pages);
}
