#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "actors/registry/eviction.h"
#include "actors/registry/protection.h"
#include "actors/registry/questions.h"
#include "common/base/awake.h"

static void awake_time_moves_by_two_seconds_at_most_and_never_back(void **state)
{
    struct awake awake = {.read_ms = 1000};

    (void)state;
    assert_int_equal(0, awake_move(&awake, 3000));
    assert_int_equal(2000, awake.ms);
    assert_int_equal(0, awake_move(&awake, 2000));
    assert_int_equal(2000, awake.ms);
    assert_int_equal(1, awake_move(&awake, 5001));
    assert_int_equal(4000, awake.ms);
    assert_int_equal(58000, awake_move(&awake, 65001));
    assert_int_equal(6000, awake.ms);
}

static void what_waited_meanwhile_may_be_older_for_one_awake_second(void **state)
{
    struct awake awake = {0};

    (void)state;
    assert_int_equal(0, awake_move(&awake, 2000));
    assert_int_equal(0, awake.lag_ms);
    (void)awake_move(&awake, 12000);
    assert_int_equal(10000, awake.lag_ms);
    (void)awake_move(&awake, 12999);
    assert_int_equal(10000, awake.lag_ms);
    (void)awake_move(&awake, 22999); /* stood still again before the first was over */
    assert_int_equal(10000, awake.lag_ms);
    (void)awake_move(&awake, 23999);
    assert_int_equal(0, awake.lag_ms);
}

static const struct eviction_rules rules = {.interval_ms = 60000, .idle_ms = 90000, .tick = 10};

static struct msg_evict order_of(uint64_t tick, int64_t idle_ms)
{
    return (struct msg_evict){.tick = tick, .idle_ms = idle_ms, .limit = 5};
}

static void a_round_begins_at_most_every_half_interval(void **state)
{
    struct eviction eviction;
    struct msg_evict order = order_of(10, 90000);

    (void)state;
    eviction_init(&eviction);
    assert_null(eviction_refusal(&eviction, &rules, &order, 0));
    eviction_begin(&eviction, &order, 3, 0);
    assert_int_equal(3, eviction.left);
    assert_non_null(eviction_refusal(&eviction, &rules, &order, 29999));
    assert_null(eviction_refusal(&eviction, &rules, &order, 30000));
    eviction_begin(&eviction, &order, 9, 30000);
    assert_int_equal(5, eviction.left);
}

static void an_order_of_an_old_picture_or_a_short_idle_is_refused(void **state)
{
    struct eviction eviction;
    struct msg_evict old = order_of(6, 90000);
    struct msg_evict behind = order_of(7, 90000);
    struct msg_evict hasty = order_of(10, 89999);

    (void)state;
    eviction_init(&eviction);
    assert_non_null(eviction_refusal(&eviction, &rules, &old, 0));
    assert_null(eviction_refusal(&eviction, &rules, &behind, 0));
    assert_non_null(eviction_refusal(&eviction, &rules, &hasty, 0));
}

static void who_stood_still_ends_its_round_and_listens_for_three_seconds(void **state)
{
    struct eviction eviction;
    struct msg_evict order = order_of(10, 90000);

    (void)state;
    eviction_init(&eviction);
    eviction_begin(&eviction, &order, 5, 0);
    eviction_stood_still(&eviction, 40000);
    assert_int_equal(0, eviction.left);
    assert_non_null(eviction_refusal(&eviction, &rules, &order, 42999));
    assert_null(eviction_refusal(&eviction, &rules, &order, 43000));
}

static void protection_ends_by_itself_or_once(void **state)
{
    const struct protection_rules wanted = {.wanted = true, .peers = true, .wait_ms = 500};
    struct protection protection;

    (void)state;
    protection_init(&protection, &wanted, false, 1000);
    assert_false(protection.on || protection.syncing);
    protection_init(&protection, &wanted, true, 1000);
    assert_true(protection.on && protection.syncing);
    assert_int_equal(100, protection_left_ms(&protection, 1400));
    assert_false(protection_is_over(&protection, 1499));
    assert_true(protection_is_over(&protection, 1500));
    assert_int_equal(0, protection_left_ms(&protection, 1600));
    assert_true(protection_end(&protection, "in sync"));
    assert_string_equal("in sync", protection.reason);
    assert_false(protection_end(&protection, "late"));
    assert_string_equal("in sync", protection.reason);
}

static void questions_keep_their_order_and_the_65th_is_dropped(void **state)
{
    struct questions questions = {0};
    struct address from = {.len = 1};
    struct msg msg = {.type = MSG_TYPE_FACTS};

    (void)state;
    for (int round = 0; round < 3; round++) { /* over the ring's end */
        for (uint64_t i = 0; i <= questions_max; i++) {
            msg.as_facts.id = i;
            questions_add(&questions, &from, &msg);
        }
        for (uint64_t i = 0; i < questions_max; i++) {
            assert_int_equal(i, questions_first(&questions)->msg.as_facts.id);
            questions_drop(&questions);
        }
        assert_null(questions_first(&questions));
        questions_add(&questions, &from, &msg);
        questions_drop(&questions);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(awake_time_moves_by_two_seconds_at_most_and_never_back),
        cmocka_unit_test(what_waited_meanwhile_may_be_older_for_one_awake_second),
        cmocka_unit_test(a_round_begins_at_most_every_half_interval),
        cmocka_unit_test(an_order_of_an_old_picture_or_a_short_idle_is_refused),
        cmocka_unit_test(who_stood_still_ends_its_round_and_listens_for_three_seconds),
        cmocka_unit_test(protection_ends_by_itself_or_once),
        cmocka_unit_test(questions_keep_their_order_and_the_65th_is_dropped),
    };

    return cmocka_run_group_tests_name("registry parts", tests, NULL, NULL);
}
