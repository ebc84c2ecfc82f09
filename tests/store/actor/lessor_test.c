#include "actors/store/lessor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t second_ms = 1000;
static const int64_t checkpoint_ms = 60000;

enum { room = 8 };

static int setup(void **state)
{
    *state = lessor_new(checkpoint_ms);
    return 0;
}

static int teardown(void **state)
{
    struct lessor *self = *state;

    lessor_destroy(&self);
    return 0;
}

/* How many are told at that time; the first of them. */
static size_t due(struct lessor *self, int64_t awake_ms, int64_t *first)
{
    int64_t ids[room];
    size_t count = lessor_due(self, awake_ms, ids, room);

    *first = count > 0 ? ids[0] : 0;
    return count;
}

static void one_ends_when_its_time_is_over_and_is_told_once(void **state)
{
    struct lessor *self = *state;
    int64_t id;
    int64_t rest_s;

    lessor_add(self, 7, 5, 5, 100);
    assert_int_equal(lessor_due_ms(self), 100 + 5 * second_ms);
    assert_int_equal(due(self, 100 + 5 * second_ms - 1, &id), 0);
    assert_true(lessor_rest(self, 7, 100 + 1, &rest_s));
    assert_int_equal(rest_s, 4);
    assert_int_equal(due(self, 100 + 5 * second_ms, &id), 1);
    assert_int_equal(id, 7);
    assert_true(lessor_is_ending(self, 7));
    assert_true(lessor_rest(self, 7, 100, &rest_s));
    assert_int_equal(rest_s, 0);
    assert_int_equal(lessor_end(self, 7).at_ms, 0);
    assert_int_equal(due(self, INT64_MAX, &id), 0);
    lessor_again(self, 9000);
    assert_int_equal(due(self, 9000, &id), 1);
    lessor_remove(self, 7);
    assert_false(lessor_rest(self, 7, 9000, &rest_s));
    assert_int_equal(lessor_count(self), 0);
    assert_int_equal(lessor_due_ms(self), INT64_MAX);
}

static void a_sign_of_life_gives_all_of_its_time_back(void **state)
{
    struct lessor *self = *state;
    int64_t ttl_s = 0;
    int64_t id;

    lessor_add(self, 1, 10, 3, 0);
    assert_true(lessor_renew(self, 1, 2000, &ttl_s));
    assert_int_equal(ttl_s, 10);
    assert_int_equal(lessor_end(self, 1).at_ms, 12000);
    assert_int_equal(due(self, 11999, &id), 0);
    assert_int_equal(due(self, 12000, &id), 1);
    assert_false(lessor_renew(self, 1, 12000, &ttl_s)); /* too late: it is ending */
    assert_false(lessor_renew(self, 2, 0, &ttl_s));
}

static void those_of_one_time_have_the_order_of_their_signs_of_life(void **state)
{
    struct lessor *self = *state;
    int64_t ttl_s;

    lessor_add(self, 1, 10, 10, 0);
    lessor_add(self, 2, 10, 10, 0);
    assert_true(lessor_end(self, 1).place < lessor_end(self, 2).place);
    assert_true(lessor_renew(self, 1, 0, &ttl_s));
    assert_int_equal(lessor_end(self, 1).at_ms, lessor_end(self, 2).at_ms);
    assert_true(lessor_end(self, 1).place > lessor_end(self, 2).place);
}

/* Until each of the revokes is known to have failed. */
static void one_that_is_being_revoked_shows_no_life(void **state)
{
    struct lessor *self = *state;
    int64_t ttl_s;

    lessor_add(self, 1, 10, 10, 0);
    lessor_revoke(self, 1);
    lessor_revoke(self, 1);
    lessor_revoked(self, 1);
    assert_true(lessor_is_ending(self, 1));
    assert_false(lessor_renew(self, 1, 0, &ttl_s));
    lessor_revoked(self, 1);
    assert_true(lessor_renew(self, 1, 0, &ttl_s));
}

static void what_is_left_of_long_ones_is_told_now_and_then(void **state)
{
    struct lessor *self = *state;
    struct lease_rest rests[room];

    lessor_add(self, 1, 60, 60, 0);   /* as long as the time between: never told */
    lessor_add(self, 2, 200, 200, 0); /* three times, and the last while it is short */
    assert_int_equal(lessor_rests(self, checkpoint_ms - 1, rests, room), 0);
    assert_int_equal(lessor_rests(self, checkpoint_ms + 1, rests, room), 1);
    assert_int_equal(rests[0].id, 2);
    assert_int_equal(rests[0].rest_s, 140); /* 139,999 ms: no lease ends early for it */
    assert_int_equal(lessor_rests(self, 2 * checkpoint_ms, rests, room), 0);
    assert_int_equal(lessor_rests(self, 2 * checkpoint_ms + 1, rests, room), 1);
    assert_int_equal(lessor_rests(self, 3 * checkpoint_ms + 1, rests, room), 1);
    assert_int_equal(rests[0].rest_s, 20);
    assert_int_equal(lessor_rests(self, 4 * checkpoint_ms, rests, room), 0);
}

static void those_that_are_told_together_are_the_last(void **state)
{
    struct lessor *self = *state;
    struct lease_rest rests[room];
    int64_t ttl_s;

    lessor_add(self, 1, 600, 600, 0);
    lessor_add(self, 2, 600, 600, 1);
    lessor_add(self, 3, 600, 600, 5000);
    assert_false(lessor_rest_is_last(self, 1));
    assert_int_equal(lessor_rests(self, checkpoint_ms + 1, rests, room), 2);
    assert_true(lessor_rest_is_last(self, 1));
    assert_true(lessor_rest_is_last(self, 2));
    assert_false(lessor_rest_is_last(self, 3));
    assert_false(lessor_rest_is_last(self, 4)); /* there is none */
    assert_true(lessor_renew(self, 1, checkpoint_ms + 2, &ttl_s));
    assert_true(lessor_rest_is_last(self, 1)); /* what was told is on its way all the same */
    assert_int_equal(lessor_rests(self, checkpoint_ms + 2, rests, room), 0);
    assert_true(lessor_rest_is_last(self, 1)); /* nothing was told since */
    assert_int_equal(lessor_rests(self, checkpoint_ms + 5000, rests, room), 1);
    assert_false(lessor_rest_is_last(self, 1));
    assert_true(lessor_rest_is_last(self, 3));
}

static void no_more_are_told_than_there_is_room_for(void **state)
{
    struct lessor *self = *state;
    struct lease_rest rests[room];
    int64_t ids[room];

    for (int64_t id = 1; id <= 3; id++) {
        lessor_add(self, id, 100, 100, 0);
    }
    assert_int_equal(lessor_rests(self, checkpoint_ms, rests, 2), 2);
    assert_int_equal(lessor_rests(self, checkpoint_ms, rests, 2), 1);
    assert_int_equal(lessor_due(self, 100 * second_ms, ids, 2), 2);
    assert_int_equal(lessor_due(self, 100 * second_ms, ids, 2), 1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_ends_when_its_time_is_over_and_is_told_once),
        T(a_sign_of_life_gives_all_of_its_time_back),
        T(those_of_one_time_have_the_order_of_their_signs_of_life),
        T(one_that_is_being_revoked_shows_no_life),
        T(what_is_left_of_long_ones_is_told_now_and_then),
        T(those_that_are_told_together_are_the_last),
        T(no_more_are_told_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
