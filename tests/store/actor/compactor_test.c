/* When what is compacted by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "actors/store/compactor.h"

static const int64_t minute_ms = 60000;

/* As etcd does, what is kept is up to one note longer than asked. A revision a minute: at minute m
 * it is 100 + m. When and where it compacts, up to a minute. */
static void play(struct compactor *compactor, int64_t minutes, char *text, size_t size)
{
    size_t len = 0;

    text[0] = 0;
    for (int64_t minute = 0; minute <= minutes; minute++) {
        int64_t ms = 5000 + minute * minute_ms;
        int64_t at = compactor_tick(compactor, ms, 100 + minute, true);

        if (at > 0) {
            len += (size_t)snprintf(text + len, size - len, "%d:%d ", (int)minute, (int)at);
            compactor_done(compactor, at, ms);
        }
    }
}

static void expect(enum compaction_mode mode, int64_t retention, int64_t minutes,
                   const char *expected)
{
    struct compactor compactor;
    char text[256];

    compactor_init(&compactor, mode, retention, 5000);
    play(&compactor, minutes, text, sizeof(text));
    assert_string_equal(text, expected);
    compactor_fini(&compactor);
}

static void nothing_by_itself(void **state)
{
    (void)state;
    expect(COMPACTION_OFF, 0, 1000, "");
}

static void a_short_period_is_kept_every_period(void **state)
{
    (void)state;
    expect(COMPACTION_PERIODIC, 30 * minute_ms, 100, "30:100 60:127 90:157 ");
}

static void a_long_period_is_kept_every_hour(void **state)
{
    (void)state;
    expect(COMPACTION_PERIODIC, 180 * minute_ms, 320, "180:100 240:154 300:214 ");
}

static void the_last_revisions_are_kept(void **state)
{
    (void)state;
    expect(COMPACTION_REVISION, 100, 21, "5:5 10:10 15:15 20:20 ");
    expect(COMPACTION_REVISION, 110, 21, "15:5 20:10 ");
}

static void a_revision_is_compacted_once(void **state)
{
    struct compactor compactor;

    (void)state;
    compactor_init(&compactor, COMPACTION_REVISION, 10, 0);
    assert_int_equal(compactor_tick(&compactor, 5 * minute_ms, 50, true), 40);
    compactor_done(&compactor, 40, 5 * minute_ms);
    assert_int_equal(compactor_tick(&compactor, 10 * minute_ms, 50, true), 0);
    assert_int_equal(compactor_tick(&compactor, 15 * minute_ms, 51, true), 41);
    compactor_fini(&compactor);
}

static void what_failed_is_tried_again_and_who_does_not_lead_does_nothing(void **state)
{
    struct compactor compactor;

    (void)state;
    compactor_init(&compactor, COMPACTION_PERIODIC, 10 * minute_ms, 0);
    for (int64_t minute = 0; minute < 10; minute++) {
        assert_int_equal(compactor_tick(&compactor, minute * minute_ms, 100 + minute, true), 0);
    }
    assert_int_equal(compactor_tick(&compactor, 10 * minute_ms, 110, true), 100);
    assert_int_equal(compactor_tick(&compactor, 11 * minute_ms, 111, true), 100);
    assert_int_equal(compactor_tick(&compactor, 12 * minute_ms, 112, false), 0);
    assert_int_equal(compactor_tick(&compactor, 13 * minute_ms, 113, true), 102);
    compactor_fini(&compactor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_by_itself),
        cmocka_unit_test(a_short_period_is_kept_every_period),
        cmocka_unit_test(a_long_period_is_kept_every_hour),
        cmocka_unit_test(the_last_revisions_are_kept),
        cmocka_unit_test(a_revision_is_compacted_once),
        cmocka_unit_test(what_failed_is_tried_again_and_who_does_not_lead_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
