/* Any bytes as the text of a log: read back, merged and printed in every form, a line for a line,
 * none of which commands a terminal. And as what a line tells: what is made of it is JSON.
 *
 * Covers: actors/ctl/log_merge.c common/base/log_line.c
 */
#include <assert.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "actors/ctl/log_merge.h"
#include "common/base/log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t len, enum log_form form)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        assert(c >= ' ' || c == '\n' || (form == LOG_FORM_COLOUR && c == 0x1b));
    }
    assert(len == 0 || text[len - 1] == '\n');
}

static void check_merged(struct str input, enum log_form form)
{
    const struct log_choice choice = {.level = LOG_INFO, .last = 7};
    struct log_merge merge;
    char *text = NULL;
    size_t len = 0;
    size_t lines = 0;
    FILE *out = open_memstream(&text, &len);

    assert(out != NULL);
    log_merge_init(&merge, &choice);
    (void)log_merge_add(&merge, "registry", (struct str){input.data, input.len / 2});
    (void)log_merge_add(&merge, "gateway.1",
                        (struct str){input.data + input.len / 2, input.len - input.len / 2});
    log_merge_print(&merge, form, out);
    log_merge_fini(&merge);
    (void)fclose(out);
    check_text(text, len, form);
    for (size_t i = 0; i < len; i++) {
        lines += text[i] == '\n';
    }
    assert(lines <= choice.last);
    free(text);
}

static void check_line(const char *text, struct str value)
{
    struct buf list = {0};
    const struct strs strs = {1, (strs_pack(&list, value), buf_str(&list))};
    const struct log_field fields[] = {
        log_str("value", value), log_strs("list", strs), log_int("n", -1), {.kind = LOG_END}};
    const struct log_content content = {.level = LOG_WARN,
                                        .node = STR("n"),
                                        .actor = STR("registry"),
                                        .index = -1,
                                        .event = STR("e"),
                                        .text = str_from(text),
                                        .fields = fields};
    struct log_line line;
    json_t *object;

    log_line_json(&line, &content);
    object = json_loadb(line.data, line.len, JSON_ALLOW_NUL, NULL);
    assert(object != NULL && json_object_get(object, "text") != NULL);
    json_decref(object);
    log_line_text(&line, &content, false);
    check_text(line.data, line.len, LOG_FORM_TEXT);
    buf_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str input = {(const char *)data, size};
    char *text = malloc(size + 1);
    char since[32];

    assert(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    for (enum log_form form = LOG_FORM_JSON; form <= LOG_FORM_COLOUR; form++) {
        check_merged(input, form);
    }
    check_line(text, input);
    (void)log_since(text, 1795877302000000000, since);
    free(text);
    return 0;
}
