#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/base/prng.h"
#include "gateway/operate/losses.h"
#include "gateway/operate/ring.h"
#include "gateway/operate/selection.h"

static void add(struct ring *ring, uint64_t seq, const char *env, const char *appid, size_t bytes)
{
    static char data[ring_bytes_max];

    memset(data, 'x', bytes);
    ring_add(ring, &(struct ring_item){.event = "e",
                                       .kind = (unsigned)(seq % 3),
                                       .epoch = seq != 0 ? 7 : 0,
                                       .seq = seq,
                                       .wall_ns = (int64_t)seq,
                                       .key = {str_from(env), str_from(appid)},
                                       .data = {data, bytes}});
}

static void what_is_added_is_copied_and_found_by_its_id(void **state)
{
    struct ring ring = {0};
    char env[] = "dev";
    uint64_t at = 99;

    (void)state;
    assert_false(ring_behind(&ring, 7, 1, &at));
    add(&ring, 1, env, "a", 3);
    add(&ring, 0, "", "", 3);
    add(&ring, 5, env, "b", 3);
    memset(env, '?', 3);
    assert_int_equal(0, ring.first);
    assert_int_equal(3, ring.next);
    assert_true(str_eq(STR("dev"), ring_at(&ring, 2)->key[0]));
    assert_true(str_eq(STR("xxx"), ring_at(&ring, 2)->data));
    assert_true(ring_behind(&ring, 7, 1, &at));
    assert_int_equal(1, at);
    assert_true(ring_behind(&ring, 7, 5, &at));
    assert_int_equal(3, at);
    assert_false(ring_behind(&ring, 7, 4, &at));
    assert_false(ring_behind(&ring, 8, 5, &at));
    assert_false(ring_behind(&ring, 0, 0, &at)); /* none is no id */
    ring_fini(&ring);
}

static void the_oldest_make_room(void **state)
{
    struct ring ring = {0};
    uint64_t at;

    (void)state;
    for (uint64_t i = 1; i <= ring_items_max + 10; i++) {
        add(&ring, i, "dev", "a", 1);
    }
    assert_int_equal(10, ring.first);
    assert_false(ring_behind(&ring, 7, 10, &at));
    assert_true(ring_behind(&ring, 7, 11, &at));
    add(&ring, 99999, "dev", "a", ring_bytes_max / 2);
    add(&ring, 99999, "dev", "a", ring_bytes_max / 2);
    assert_int_equal(1, ring.next - ring.first);
    assert_true(ring.bytes <= ring_bytes_max);
    ring_fini(&ring);
    assert_int_equal(0, ring.bytes);
}

static bool is_whole(const struct ring *ring, uint64_t ordinal)
{
    const struct ring_item *item = ring_at(ring, ordinal);

    for (size_t i = 0; i < item->data.len; i++) {
        if (item->data.data[i] != (char)item->seq) {
            return false;
        }
    }
    return str_eq(STR("dev"), item->key[0]) && str_eq(STR("appid"), item->key[1]);
}

static void texts_of_any_size_stay_whole_when_it_goes_round(void **state)
{
    static char data[ring_bytes_max / 2];
    struct prng prng;
    struct ring ring = {0};

    (void)state;
    prng_init(&prng, 4);
    for (uint64_t seq = 1; seq <= 3000; seq++) {
        size_t len = prng_below(&prng, 4) > 0 ? prng_below(&prng, 300)
                                              : prng_below(&prng, sizeof(data) / (1 + seq % 40));

        memset(data, (char)seq, len);
        ring_add(&ring, &(struct ring_item){.event = "e",
                                            .seq = seq,
                                            .key = {STR("dev"), STR("appid")},
                                            .data = {data, len}});
        assert_true(is_whole(&ring, ring.first));
        assert_true(is_whole(&ring, ring.first + prng_below(&prng, ring.next - ring.first)));
        assert_true(is_whole(&ring, ring.next - 1));
        assert_int_equal(seq, ring_at(&ring, ring.next - 1)->seq);
    }
    assert_true(ring.bytes > ring_bytes_max / 4); /* it drops no more than it must */
    ring_fini(&ring);
}

static void filters_choose_by_kind_name_and_time(void **state)
{
    const struct ring_item item = {.kind = 2, .wall_ns = 50, .key = {STR("dev"), STR("a")}};
    struct ring_filter filter = {.kinds = 1U << 2};

    (void)state;
    assert_true(ring_wants(&filter, &item));
    filter.key[1] = STR("a");
    assert_true(ring_wants(&filter, &item));
    filter.key[1] = STR("b");
    assert_false(ring_wants(&filter, &item));
    filter.key[1] = STR("");
    filter.since = 50;
    assert_true(ring_wants(&filter, &item));
    filter.since = 51;
    assert_false(ring_wants(&filter, &item));
    filter = (struct ring_filter){.kinds = ~(1U << 2)};
    assert_false(ring_wants(&filter, &item));
}

/* ── losses ─────────────────────────────────────────────────────────────────*/

static void losses_count_for_ten_minutes(void **state)
{
    struct losses *losses = losses_new(1);
    struct str env = STR("dev");
    struct str appid = STR("a");

    (void)state;
    assert_int_equal(0, losses_of(losses, env, appid, 0));
    losses_add(losses, env, appid, 0);
    losses_add(losses, env, appid, 59999);
    losses_add(losses, env, appid, 300000);
    assert_int_equal(3, losses_of(losses, env, appid, 300000));
    assert_int_equal(0, losses_of(losses, env, STR("b"), 300000));
    assert_int_equal(3, losses_of(losses, env, appid, 599999));
    assert_int_equal(1, losses_of(losses, env, appid, 600000));
    assert_int_equal(0, losses_of(losses, env, appid, 900000));
    losses_add(losses, env, appid, 90000000); /* long after: the old ones are gone */
    assert_int_equal(1, losses_of(losses, env, appid, 90000000));
    losses_destroy(&losses);
}

static void what_is_over_is_forgotten(void **state)
{
    struct losses *losses = losses_new(1);
    struct str env;
    struct str appid;

    (void)state;
    losses_add(losses, STR("dev"), STR("a"), 0);
    losses_add(losses, STR("dev"), STR("b"), 500000);
    assert_true(losses_at(losses, 0, &env, &appid));
    assert_true(str_eq(STR("a"), appid));
    losses_tick(losses, 600000);
    assert_false(losses_at(losses, 0, &env, &appid));
    assert_true(losses_at(losses, 1, &env, &appid));
    assert_int_equal(1, losses_of(losses, STR("dev"), STR("b"), 600000));
    losses_destroy(&losses);
}

/* ── selections ─────────────────────────────────────────────────────────────*/

static void a_selection_keeps_the_first_in_order(void **state)
{
    static const struct selected offered[] = {
        {2, {"dev", 3}, {"c", 1}},  {1, {"dev", 3}, {"z", 1}}, {2, {"dev", 3}, {"a", 1}},
        {1, {"prod", 4}, {"a", 1}}, {0, {"x", 1}, {"y", 1}},   {2, {"dev", 3}, {"b", 1}},
    };
    static const char *const expected[] = {"y", "z", "a", "a"};
    struct selection selection;

    (void)state;
    selection_init(&selection, 4);
    for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
        selection_offer(&selection, &offered[i]);
    }
    selection_sort(&selection);
    assert_int_equal(4, selection.count);
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_eq(str_from(expected[i]), selection.items[i].appid));
    }
    assert_int_equal(2, selection.items[3].rank);
    selection_fini(&selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_copied_and_found_by_its_id),
        cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(texts_of_any_size_stay_whole_when_it_goes_round),
        cmocka_unit_test(filters_choose_by_kind_name_and_time),
        cmocka_unit_test(losses_count_for_ten_minutes),
        cmocka_unit_test(what_is_over_is_forgotten),
        cmocka_unit_test(a_selection_keeps_the_first_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
