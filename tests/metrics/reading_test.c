#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/metrics/counting.h"
#include "common/metrics/reading.h"

struct told {
    struct msg_counters counters;
    struct buf stores[2];
    struct counting to;
    struct metric_index index;
    struct reading reading;
};

static void told_begin(struct told *self)
{
    *self = (struct told){0};
    self->to = (struct counting){&self->counters.counters, &self->stores[0], &self->counters.sizes,
                                 &self->stores[1]};
    metric_index_init(&self->index);
}

static void told_read(struct told *self, struct metric_series *series)
{
    if (self->reading.index == NULL) {
        reading_init(&self->reading, &self->index, &self->counters);
    }
    assert_true(reading_next(&self->reading, series));
}

static void told_end(struct told *self)
{
    struct metric_series series;

    assert_false(reading_next(&self->reading, &series));
    buf_fini(&self->stores[0]);
    buf_fini(&self->stores[1]);
}

static void labels_are(const struct metric_series *series, const char *want)
{
    struct buf text = {0};

    series_labels_print(series, &text);
    buf_add_char(&text, '\0');
    assert_string_equal(want, text.data);
    buf_fini(&text);
}

static void what_is_counted_is_read(void **state)
{
    struct told told;
    struct metric_series series;

    (void)state;
    told_begin(&told);
    counting_put(&told.to, METRIC_REGISTRY_APPS, 7);
    counting_put(&told.to, METRIC_REGISTRY_CHANGES, 12);
    counting_put_of(&told.to, METRIC_REGISTRY_COMMANDS, &STR("set"), 3);
    told_read(&told, &series);
    assert_int_equal(METRIC_REGISTRY_CHANGES, series.metric);
    assert_int_equal(12, series.value);
    told_read(&told, &series);
    assert_int_equal(METRIC_REGISTRY_COMMANDS, series.metric);
    labels_are(&series, "command=\"set\",");
    told_read(&told, &series);
    assert_int_equal(METRIC_REGISTRY_APPS, series.metric);
    assert_int_equal(7, series.value);
    labels_are(&series, "");
    told_end(&told);
}

static void histograms_are_read_whole(void **state)
{
    struct told told;
    struct metric_series series;
    struct durations took = {0};

    (void)state;
    told_begin(&told);
    durations_add(&took, 125);
    durations_add(&took, 126);
    durations_add(&took, 1000000000);
    counting_durations(&told.to, METRIC_REGISTRY_SYNC, NULL, &took);
    counting_put(&told.to, METRIC_REGISTRY_CHANGES, 1);
    told_read(&told, &series);
    assert_int_equal(METRIC_REGISTRY_SYNC, series.metric);
    assert_int_equal(1000000251, series.took.us);
    assert_int_equal(1, series.took.counts[0]);
    assert_int_equal(1, series.took.counts[1]);
    assert_int_equal(1, series.took.counts[durations_steps - 1]);
    told_read(&told, &series);
    assert_int_equal(METRIC_REGISTRY_CHANGES, series.metric);
    told_end(&told);
}

static void labels_are_cleaned(void **state)
{
    struct told told;
    struct metric_series series;

    (void)state;
    told_begin(&told);
    counting_put_of(&told.to, METRIC_REGISTRY_COMMANDS, &STR("a\"b\\c,d{e}\nf"), 3);
    told_read(&told, &series);
    labels_are(&series, "command=\"a_b_c_d_e__f\",");
    told_end(&told);
}

static void what_a_newer_program_tells_is_passed_over(void **state)
{
    struct told told;
    struct metric_series series;

    (void)state;
    told_begin(&told);
    counts_add(&told.counters.counters, &told.stores[0], "registry_of_tomorrow_total{a}", 1);
    counts_add(&told.counters.counters, &told.stores[0], "}", 1);
    counts_add(&told.counters.counters, &told.stores[0], "registry_sync_us", 5);
    counts_add(&told.counters.counters, &told.stores[0], "registry_sync_le_99", 1);
    told_read(&told, &series);
    assert_int_equal(METRIC_END, series.metric);
    assert_true(str_eq(STR("registry_of_tomorrow_total"), series.name));
    told_read(&told, &series);
    assert_int_equal(METRIC_END, series.metric);
    told_read(&told, &series);
    assert_int_equal(METRIC_REGISTRY_SYNC, series.metric);
    told_read(&told, &series);
    assert_int_equal(METRIC_END, series.metric);
    told_end(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_counted_is_read),
        cmocka_unit_test(histograms_are_read_whole),
        cmocka_unit_test(labels_are_cleaned),
        cmocka_unit_test(what_a_newer_program_tells_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
