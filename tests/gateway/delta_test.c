#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/clock.h"
#include "common/base/prng.h"
#include "gateway/discovery/delta.h"

static void add(struct delta *delta, uint64_t seq, uint64_t app_hash, const char *hostname)
{
    struct change change = {.kind = CHANGE_REGISTER,
                            .seq = seq,
                            .latest_timestamp = (int64_t)seq * 10,
                            .instance.id = {.zone = STR("z1"), .hostname = str_from(hostname)}};

    delta_add(delta, &change, app_hash);
}

static bool holds(const struct delta *delta, uint64_t epoch, uint64_t seq)
{
    return delta_holds(delta, (struct position_at){epoch, seq});
}

static size_t count(const struct delta *delta, uint64_t app_hash, uint64_t since)
{
    struct delta_item item;
    uint64_t cursor = 0;
    uint64_t last = UINT64_MAX;
    size_t found = 0;

    while (delta_each(delta, app_hash, since, &cursor, &item)) {
        assert_true(item.seq < last && item.seq > since);
        last = item.seq;
        found++;
    }
    return found;
}

static void gives_an_apps_changes_after_a_position_newest_first(void **state)
{
    struct delta *delta = delta_new();
    struct delta_item item;
    uint64_t cursor = 0;

    (void)state;
    delta_reached(delta, 7, 100);
    add(delta, 101, 1, "h1");
    add(delta, 102, 2, "h2");
    add(delta, 103, 1 + 65536, "other app, same bucket");
    add(delta, 104, 1, "h3");
    assert_int_equal(count(delta, 1, 100), 2);
    assert_int_equal(count(delta, 1, 101), 1);
    assert_int_equal(count(delta, 1, 104), 0);
    assert_int_equal(count(delta, 3, 100), 0);
    assert_true(delta_each(delta, 1, 100, &cursor, &item));
    assert_int_equal(item.seq, 104);
    assert_int_equal(item.latest_timestamp, 1040);
    assert_true(str_eq(item.zone, STR("z1")) && str_eq(item.hostname, STR("h3")));
    delta_destroy(&delta);
}

static void holds_only_positions_from_its_beginning_in_its_epoch(void **state)
{
    struct delta *delta = delta_new();

    (void)state;
    assert_false(holds(delta, 0, 0));
    add(delta, 1, 1, "before any history");
    delta_reached(delta, 7, 100);
    assert_int_equal(count(delta, 1, 0), 0);
    assert_true(holds(delta, 7, 100) && holds(delta, 7, 200));
    assert_false(holds(delta, 7, 99) || holds(delta, 8, 100) || holds(delta, 0, 100));
    delta_break(delta);
    assert_false(holds(delta, 7, 100));
    assert_int_equal(delta_newest(delta).epoch, 0);
    delta_reached(delta, 7, 150);
    assert_false(holds(delta, 7, 149));
    assert_true(holds(delta, 7, 150));
    assert_int_equal(delta_mended(delta), 2);
    delta_destroy(&delta);
}

static void lets_the_oldest_go_when_full(void **state)
{
    struct delta *delta = delta_new();
    struct delta_counts counts;

    (void)state;
    delta_reached(delta, 7, 0);
    for (uint64_t seq = 1; seq <= delta_entry_max + 10; seq++) {
        add(delta, seq, seq % 3, "h");
    }
    delta_counts(delta, &counts);
    assert_int_equal(counts.entries, delta_entry_max);
    assert_int_equal(counts.bytes, delta_entry_max * 3);
    assert_false(holds(delta, 7, 9));
    assert_true(holds(delta, 7, 10));
    assert_int_equal(count(delta, 0, 10) + count(delta, 1, 10) + count(delta, 2, 10),
                     delta_entry_max);
    delta_destroy(&delta);
}

static void bounds_the_bytes_of_names(void **state)
{
    struct delta *delta = delta_new();
    struct delta_counts counts;
    char name[60001];

    (void)state;
    memset(name, 'h', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    delta_reached(delta, 7, 0);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        add(delta, seq, 1, name);
    }
    delta_counts(delta, &counts);
    assert_true(counts.bytes <= delta_byte_max && counts.entries == delta_byte_max / 60002);
    delta_destroy(&delta);
}

static void reads_only_what_it_prints(void **state)
{
    const char *const wrong[] = {"",     "-",      "5-",      "-5",      "g-1",
                                 "5f3a", "5f3a-x", "5f3a--1", "5f3a-1x", "12345678901234567-1"};
    struct position_at at = {0};
    struct buf text = {0};

    (void)state;
    position_print(&text, (struct position_at){0x5f3a, 107});
    assert_true(str_eq(buf_str(&text), STR("5f3a-107")));
    assert_int_equal(position_parse(buf_str(&text), &at), ERR_OK);
    assert_int_equal(at.epoch, 0x5f3a);
    assert_int_equal(at.seq, 107);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(position_parse(str_from(wrong[i]), &at), ERR_MALFORMED);
    }
    buf_fini(&text);
}

/* Names can be chosen so that the apps share a bucket with one that has changed often. */
static void a_look_at_one_app_does_not_look_at_others(void **state)
{
    struct delta *delta = delta_new();
    int64_t before_us;
    int64_t walk_us; /* along the whole chain */

    (void)state;
    delta_reached(delta, 7, 0);
    for (uint64_t seq = 1; seq <= delta_entry_max; seq++) {
        add(delta, seq, 1, "h");
    }
    before_us = clock_os.cpu_us(&clock_os);
    assert_int_equal(count(delta, 1, 0), delta_entry_max);
    walk_us = clock_os.cpu_us(&clock_os) - before_us;
    before_us = clock_os.cpu_us(&clock_os);
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_int_equal(count(delta, 1 + (i << 16), 0), 0);
    }
    /* 1,000 walks, if it did; CPU time of the same process, so that only the ratio counts */
    assert_true(clock_os.cpu_us(&clock_os) - before_us < 100 * walk_us);
    delta_destroy(&delta);
}

/* The same as a plain list of changes, whatever goes and comes. */
static void chains_hold_what_a_list_would(void **state)
{
    enum { apps = 7, changes = delta_entry_max + 30000 };
    static uint8_t app_of[changes + 1];
    struct delta *delta = delta_new();
    struct prng prng;

    (void)state;
    prng_init(&prng, 5);
    delta_reached(delta, 7, 0);
    for (uint64_t seq = 1; seq <= changes; seq++) {
        app_of[seq] = (uint8_t)(prng_below(&prng, seq % 20000 < 100 ? apps : apps - 2));
        add(delta, seq, 1 + ((uint64_t)app_of[seq] << 16), "h");
        if (seq % 9973 == 0 || seq == changes) {
            size_t expected[apps] = {0};
            uint64_t since = seq > 70000 ? seq - 60000 : seq / 2;

            for (uint64_t i = since + 1; i <= seq; i++) {
                expected[app_of[i]]++;
            }
            for (uint64_t app = 0; app < apps; app++) {
                assert_int_equal(count(delta, 1 + (app << 16), since), expected[app]);
            }
        }
    }
    delta_destroy(&delta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_an_apps_changes_after_a_position_newest_first),
        cmocka_unit_test(holds_only_positions_from_its_beginning_in_its_epoch),
        cmocka_unit_test(lets_the_oldest_go_when_full),
        cmocka_unit_test(bounds_the_bytes_of_names),
        cmocka_unit_test(a_look_at_one_app_does_not_look_at_others),
        cmocka_unit_test(chains_hold_what_a_list_would),
        cmocka_unit_test(reads_only_what_it_prints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
