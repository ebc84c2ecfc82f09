#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

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
    log_event(&self->log, LOG_WARN, "journal_damaged", "file=%s offset=%d", "a \"b\" \\", 7);
    assert_string_equal(
        "{\"time\":\"2026-11-22T02:30:00.123Z\",\"level\":\"warn\",\"actor\":\"registry\","
        "\"event\":\"journal_damaged\",\"text\":\"file=a \\\"b\\\" \\\\ offset=7\"}\n",
        written(self));
}

static void a_terminal_gets_text(void **state)
{
    struct fixture *self = *state;

    self->log.json = false;
    log_event(&self->log, LOG_WARN, "journal_damaged", "file=\"x\" offset=7");
    assert_string_equal(
        "2026-11-22T02:30:00.123Z WARN  registry journal_damaged file=\"x\" offset=7\n",
        written(self));
    log_event(&self->log, LOG_ERROR, "e", "%s", "");
    assert_string_equal("2026-11-22T02:30:00.123Z ERROR registry e \n", written(self));
}

static void what_is_below_the_level_is_not_written(void **state)
{
    struct fixture *self = *state;

    log_event(&self->log, LOG_DEBUG, "e", "x");
    assert_string_equal("", written(self));
    self->log.level = LOG_DEBUG;
    log_event(&self->log, LOG_DEBUG, "e", "x");
    assert_string_not_equal("", written(self));
    self->log.level = LOG_ERROR;
    log_event(&self->log, LOG_WARN, "e", "x");
    assert_string_equal("", written(self));
}

static void text_from_outside_can_not_forge_a_line_or_move_a_cursor(void **state)
{
    static const char text[] = "a\nb\r\x1b[2Jc\x7f\xc2\x9b\xff\xc3\xa9";
    static const char want[] = "a\\u000ab\\u000d\\u001b[2Jc\\u007f\\u009b\xef\xbf\xbd\xc3\xa9";
    struct fixture *self = *state;

    for (int json = 0; json < 2; json++) {
        self->log.json = json != 0;
        log_event(&self->log, LOG_INFO, "e", "%s", text);
        assert_non_null(strstr(written(self), want));
        assert_ptr_equal(strchr(self->line, '\n'), self->line + strlen(self->line) - 1);
    }
}

/* Every length around the limit, plain and doubled by escapes. */
static void a_line_is_cut_at_4_kib_and_stays_whole(void **state)
{
    static char text[5000];
    struct fixture *self = *state;

    for (size_t len = 1900; len<sizeof(text); len += len> 1990 && len < 3900 ? 950 : 7) {
        for (int i = 0; i < 3; i++) {
            size_t got;

            memset(text, i == 0 ? 'x' : i == 1 ? '"' : '\xff', len);
            text[len] = 0;
            log_event(&self->log, LOG_INFO, "e", "%s", text);
            got = strlen(written(self));
            assert_in_range(got, 1900, 4096);
            assert_string_equal("\"}\n", self->line + got - 3);
            assert_int_equal(i == 1, self->line[got - 5] == '\\' && self->line[got - 4] == '"');
        }
    }
}

static void nothing_slips_in_behind_a_cut(void **state)
{
    static char event[4093];
    struct fixture *self = *state;

    for (size_t len = 3900; len < sizeof(event); len++) {
        size_t got;

        memset(event, 'x', len);
        event[len] = 0;
        log_event(&self->log, LOG_INFO, event, "%s", "tttttt");
        got = strlen(written(self));
        assert_in_range(got, 3900, 4096);
        assert_string_equal("\"}\n", self->line + got - 3);
        if (strstr(self->line, "\"text\":\"") == NULL) {
            assert_null(strstr(self->line + 100, "t"));
        }
    }
}

static void a_log_that_is_not_there_is_no_matter(void **state)
{
    struct fixture *self = *state;

    log_event(NULL, LOG_ERROR, "e", "x");
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
        cmocka_unit_test_setup_teardown(a_terminal_gets_text, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_below_the_level_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(text_from_outside_can_not_forge_a_line_or_move_a_cursor,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_is_cut_at_4_kib_and_stays_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_slips_in_behind_a_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_is_not_there_is_no_matter, setup, teardown),
        cmocka_unit_test(levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
