#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/log_tail.h"

struct fixture {
    struct clock_virtual clock;
    struct log log;
    int out[2]; /* a pipe: what was written with one write(2) can be read with one read(2) */
    char line[8192];
};

static int setup(void **state)
{
    static struct fixture self;

    memset(&self, 0, sizeof(self));
    clock_virtual_init(&self.clock, 0, 1795314600123456789);
    if (pipe(self.out) != 0 || fcntl(self.out[0], F_SETFL, O_NONBLOCK) != 0) {
        return -1;
    }
    log_init(&self.log, "registry", self.out[1], &self.clock.clock);
    self.log.node = "n1";
    setenv("TZ", "UTC-8", 1);
    tzset();
    *state = &self;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;

    (void)close(self->out[0]);
    (void)close(self->out[1]);
    return 0;
}

/* What is in the pipe, NUL at its end. */
static const char *written(struct fixture *self)
{
    ssize_t len = read(self->out[0], self->line, sizeof(self->line) - 1);

    self->line[len < 0 ? 0 : len] = 0;
    return self->line;
}

static void a_pipe_gets_json_lines(void **state)
{
    struct fixture *self = *state;

    assert_true(self->log.json);
    log_event(&self->log, LOG_WARN, "journal_damaged", "it \"is\" \\ so",
              log_text("file", "a \"b\" \\"), log_int("offset", -7), log_uint("seq", UINT64_MAX),
              log_flag("kept", true), LOG_HEX("epoch", 0xbeef), log_text("none", NULL));
    assert_string_equal(
        "{\"time\":\"2026-11-22T02:30:00.123Z\",\"level\":\"warn\",\"node\":\"n1\","
        "\"actor\":\"registry\",\"index\":0,\"event\":\"journal_damaged\","
        "\"text\":\"it \\\"is\\\" \\\\ so\",\"file\":\"a \\\"b\\\" \\\\\",\"offset\":-7,"
        "\"seq\":18446744073709551615,\"kept\":true,\"epoch\":\"000000000000beef\",\"none\":\"\"}"
        "\n",
        written(self));
}

static void a_list_is_one(void **state)
{
    struct fixture *self = *state;
    struct buf store = {0};

    strs_pack(&store, STR("a b"));
    strs_pack(&store, STR("c"));
    log_event(&self->log, LOG_INFO, "e", NULL, log_strs("first", (struct strs){2, buf_str(&store)}),
              log_strs("none", (struct strs){0}));
    assert_non_null(
        strstr(written(self), "\"text\":\"\",\"first\":[\"a b\",\"c\"],\"none\":[]}\n"));
    self->log.json = false;
    log_event(&self->log, LOG_INFO, "e", NULL,
              log_strs("first", (struct strs){2, buf_str(&store)}));
    assert_non_null(strstr(written(self), " e first=\"a b\",c\n"));
    buf_fini(&store);
}

static void a_terminal_gets_text_in_local_time(void **state)
{
    struct fixture *self = *state;

    self->log.json = false;
    log_event(&self->log, LOG_WARN, "journal_damaged", "look at \"it\"", log_text("file", "x y"),
              log_text("dir", "/a"), log_int("offset", 7), log_flag("kept", false),
              log_text("none", ""));
    assert_string_equal(
        "2026-11-22 10:30:00.123+08:00 WARN registry journal_damaged look at \"it\" "
        "file=\"x y\" dir=/a offset=7 kept=false none=\"\"\n",
        written(self));
    self->log.index = 3;
    log_event(&self->log, LOG_ERROR, "e", NULL);
    assert_string_equal("2026-11-22 10:30:00.123+08:00 ERROR registry.3 e\n", written(self));
}

static void one_of_several_says_which(void **state)
{
    struct fixture *self = *state;

    self->log.index = 3;
    log_event(&self->log, LOG_INFO, "e", "x");
    assert_non_null(strstr(written(self), "\"actor\":\"registry\",\"index\":3,"));
}

static int counted;

static struct log_field counting(void)
{
    counted++;
    return log_int("n", counted);
}

static void what_is_below_the_level_is_not_even_asked_for(void **state)
{
    struct fixture *self = *state;

    counted = 0;
    log_event(&self->log, LOG_DEBUG, "e", "x", counting());
    assert_string_equal("", written(self));
    assert_int_equal(0, counted);
    self->log.level = LOG_DEBUG;
    log_event(&self->log, LOG_DEBUG, "e", "x", counting());
    assert_string_not_equal("", written(self));
    assert_int_equal(1, counted);
    self->log.level = LOG_ERROR;
    log_event(&self->log, LOG_WARN, "e", "x");
    assert_string_equal("", written(self));
}

/* Controls, DEL, C1, what is no UTF-8, what turns a text around: in the sentence, in a value. */
static void text_from_outside_can_not_forge_a_line_or_move_a_cursor(void **state)
{
    static const char text[] = "a\nb\r\x1b[2Jc\x7f\xc2\x9b\xff\xe2\x80\xae\xc3\xa9";
    static const char want[] =
        "a\\u000ab\\u000d\\u001b[2Jc\\u007f\\u009b\xef\xbf\xbd\\u202e\xc3\xa9";
    struct fixture *self = *state;

    for (int json = 0; json < 2; json++) {
        const char *first;

        self->log.json = json != 0;
        log_event(&self->log, LOG_INFO, "e", text, log_text("v", text));
        first = strstr(written(self), want);
        assert_non_null(first);
        assert_non_null(strstr(first + 1, want));
        assert_ptr_equal(strchr(self->line, '\n'), self->line + strlen(self->line) - 1);
    }
}

/* Whether text is one JSON object of strings, numbers, true, false and lists of strings. */
static bool is_object(const char *at)
{
    bool in_list = false;

    if (*at++ != '{') {
        return false;
    }
    while (*at == '"') { /* a name, or an item of a list */
        for (at++; *at != '"'; at++) {
            if (*at == '\0' || (*at == '\\' && *++at == '\0')) {
                return false;
            }
        }
        at++;
        if (*at == ':' && !in_list) {
            at++;
            if (*at == '[') {
                in_list = at[1] != ']';
                at += in_list ? 1 : 2;
            } else if (*at != '"') {
                size_t len = strspn(at, "-0123456789truefals");

                if (len == 0) {
                    return false;
                }
                at += len;
            }
            if (*at == '"') {
                continue;
            }
        }
        if (in_list && *at == ']') {
            in_list = false;
            at++;
        }
        if (*at == ',') {
            at++;
        } else {
            break;
        }
    }
    return !in_list && strcmp(at, "}\n") == 0;
}

/* Wherever the end falls: in the sentence, a name, a number, a string, an item of a list. */
static void a_line_is_cut_at_4_kib_and_stays_whole(void **state)
{
    static char text[5000];
    struct fixture *self = *state;
    struct buf store = {0};

    for (int i = 0; i < 300; i++) {
        strs_pack(&store, STR("an item"));
    }
    for (size_t len = 600; len<sizeof(text); len += len> 1200 && len < 1300 ? 1 : 17) {
        for (int i = 0; i < 3; i++) {
            size_t got;

            memset(text, i == 0 ? 'x' : i == 1 ? '"' : '\xff', len);
            text[len] = 0;
            log_event(&self->log, LOG_INFO, len % 3 == 0 ? "ee" : "e", text,
                      log_int("number", INT64_MIN), log_text("again", text),
                      log_strs("list", (struct strs){300, buf_str(&store)}), log_flag("f", false));
            got = strlen(written(self));
            assert_in_range(got, 600, 4096);
            if (!is_object(self->line)) {
                print_error("%s\n", self->line);
                fail();
            }
            assert_int_equal(got > 4000, strstr(self->line, ",\"cut\":true}\n") != NULL);
            assert_int_equal(got > 4000, strstr(self->line, "\"f\":false") == NULL);
        }
    }
    buf_fini(&store);
}

static void a_text_line_is_cut_too(void **state)
{
    static char text[5000];
    struct fixture *self = *state;

    self->log.json = false;
    for (size_t len = 3900; len < sizeof(text); len++) {
        size_t got;

        memset(text, len % 2 == 0 ? 'x' : ' ', len);
        text[len] = 0;
        log_event(&self->log, LOG_INFO, "e", NULL, log_text("v", text), log_int("n", 1));
        got = strlen(written(self));
        assert_in_range(got, 3900, 4096);
        assert_int_equal('\n', self->line[got - 1]);
        assert_int_equal(strstr(self->line, " n=1\n") == NULL,
                         strcmp(self->line + got - 5, " \xe2\x80\xa6\n") == 0);
    }
}

static void the_last_lines_are_kept(void **state)
{
    struct fixture *self = *state;
    struct log_tail tail;
    enum log_level level;
    char big[4000];

    log_tail_init(&tail);
    self->log.tail = &tail;
    self->log.json = false;
    for (int i = 1; i <= 450; i++) {
        log_event(&self->log, i % 2 == 0 ? LOG_INFO : LOG_WARN, "e", NULL, log_int("n", i));
        (void)written(self);
    }
    assert_int_equal(451, tail.next);
    assert_int_equal(451 - log_tail_lines_max, tail.first);
    for (uint64_t i = tail.first; i < tail.next; i++) {
        struct str line = log_tail_line(&tail, i, &level);
        char want[32];
        int len = snprintf(want, sizeof(want), "\"n\":%d}", (int)i);

        assert_int_equal(i % 2 == 0 ? LOG_INFO : LOG_WARN, level);
        assert_int_equal('{', line.data[0]); /* JSON, whatever is written */
        assert_memory_equal(want, line.data + line.len - len, (size_t)len);
    }
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    for (int i = 0; i < 100; i++) {
        log_event(&self->log, LOG_INFO, "e", big);
        (void)written(self);
        assert_in_range(tail.bytes, 1, log_tail_bytes_max);
    }
    assert_in_range(tail.next - tail.first, 30, 33);
    log_tail_fini(&tail);
}

static void a_log_that_is_not_there_is_no_matter(void **state)
{
    struct fixture *self = *state;
    struct log *none = NULL;

    log_event(none, LOG_ERROR, "e", "x");
    self->log.fd = -1;
    log_event(&self->log, LOG_ERROR, "e", "x");
    assert_string_equal("", written(self));
}

static void levels_have_names(void **state)
{
    enum log_level level = LOG_DEBUG;

    (void)state;
    assert_int_equal(ERR_OK, log_level_from(STR("warn"), &level));
    assert_int_equal(LOG_WARN, level);
    assert_int_equal(ERR_INVALID, log_level_from(STR("WARN"), &level));
    assert_int_equal(ERR_INVALID, log_level_from(STR(""), &level));
    assert_int_equal(LOG_WARN, level);
    assert_string_equal("debug", log_level_name(LOG_DEBUG));
    assert_string_equal("unknown", log_level_name((enum log_level)99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pipe_gets_json_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_terminal_gets_text_in_local_time, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_several_says_which, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_below_the_level_is_not_even_asked_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(text_from_outside_can_not_forge_a_line_or_move_a_cursor,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_is_cut_at_4_kib_and_stays_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_line_is_cut_too, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_lines_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_is_not_there_is_no_matter, setup, teardown),
        cmocka_unit_test(levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
