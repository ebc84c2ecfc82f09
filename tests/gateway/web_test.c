#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/web/files.h"
#include "tests/gateway/gateway_fixture.h"

static struct buf get(const char *path, const char *head)
{
    struct gateway_fixture self;
    struct buf answer;

    fixture_begin(&self, false);
    self.head = head;
    answer = fixture_ask(&self, "GET", path, NULL);
    fixture_end(&self);
    return answer;
}

static void check(const char *path, int status, const char *header)
{
    struct buf answer = get(path, NULL);

    assert_int_equal(status, answer_status(&answer));
    assert_true(answer_has(&answer, header));
    buf_fini(&answer);
}

/* Into a buffer: "ETag: …\r\n" with another name before it. */
static void take_tag(const struct buf *answer, char *line, size_t size)
{
    const char *tag = strstr(answer->data, "\r\nETag: ");

    assert_non_null(tag);
    tag += strlen("\r\nETag: ");
    (void)snprintf(line, size, "If-None-Match: \"other\", W/%.*s\r\n", (int)strcspn(tag, "\r"),
                   tag);
}

static void every_file_is_served_as_it_was_built_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEB_FILE_COUNT; i++) {
        struct web_content content = web_content((enum web_file)i);
        struct buf path = {0};
        struct buf type = {0};
        struct buf answer;

        buf_printf(&path, "/ui/%.*s%c", STR_ARG(content.path), 0);
        buf_printf(&type, "\r\nContent-Type: %s\r\n%c", content.type, 0);
        answer = get(path.data, NULL);
        assert_int_equal(200, answer_status(&answer));
        assert_true(answer_has(&answer, type.data));
        assert_true(content.bytes.len > 0);
        assert_memory_equal(content.bytes.data, answer_body(&answer), content.bytes.len);
        assert_int_equal(content.bytes.len, strlen(answer_body(&answer)));
        buf_fini(&answer);
        buf_fini(&path);
        buf_fini(&type);
    }
}

/* Whether the table has it. */
static int look(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    enum web_file file;

    (void)about;
    (void)where;
    return kind == FTW_F &&
           web_file_find(str_from(path + strlen("gateway/web/ui/")), &file) != ERR_OK;
}

static void every_file_of_the_folder_is_built_in(void **state)
{
    (void)state;
    assert_int_equal(0, nftw("gateway/web/ui", look, 8, FTW_PHYS));
}

static void the_page_is_at_the_slash_and_nowhere_else(void **state)
{
    (void)state;
    check("/ui/", 200, "<!doctype html>");
    check("/ui", 308, "\r\nLocation: ui/\r\n");
    check("/ui/nothing.js", 404, "404 page not found");
    check("/ui/index.html/", 404, "404 page not found");
    check("/uix", 404, "404 page not found");
    check("/ui/../ui/icon.svg", 200, "<svg");
}

static void nothing_foreign_runs_in_it(void **state)
{
    static const char *const paths[] = {"/ui/", "/ui", "/ui/icon.svg", "/ui/nothing"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct buf answer = get(paths[i], NULL);

        assert_true(answer_has(&answer, "\r\nContent-Security-Policy: default-src 'self'; "));
        assert_true(answer_has(&answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
        assert_true(answer_has(&answer, "\r\nReferrer-Policy: no-referrer\r\n"));
        buf_fini(&answer);
    }
}

static void what_a_browser_has_already_is_not_sent_again(void **state)
{
    char same[128];
    struct buf answer = get("/ui/", NULL);

    (void)state;
    take_tag(&answer, same, sizeof(same));
    assert_true(answer_has(&answer, "\r\nCache-Control: no-cache\r\n"));
    buf_fini(&answer);
    answer = get("/ui/", same);
    assert_int_equal(304, answer_status(&answer));
    assert_true(answer_has(&answer, "\r\nETag: "));
    assert_string_equal("", answer_body(&answer));
    buf_fini(&answer);
    answer = get("/ui/icon.svg", same); /* another file's */
    assert_int_equal(200, answer_status(&answer));
    buf_fini(&answer);
}

static void it_is_only_read(void **state)
{
    struct gateway_fixture self;
    struct buf answer;

    (void)state;
    fixture_begin(&self, false);
    answer = fixture_ask(&self, "POST", "/ui/index.html", "a=b");
    assert_int_equal(405, answer_status(&answer));
    assert_true(answer_has(&answer, "\r\nAllow: GET, HEAD\r\n"));
    buf_fini(&answer);
    fixture_end(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_served_as_it_was_built_in),
        cmocka_unit_test(every_file_of_the_folder_is_built_in),
        cmocka_unit_test(the_page_is_at_the_slash_and_nowhere_else),
        cmocka_unit_test(nothing_foreign_runs_in_it),
        cmocka_unit_test(what_a_browser_has_already_is_not_sent_again),
        cmocka_unit_test(it_is_only_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
