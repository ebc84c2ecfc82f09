/* Registrations: stamps, which one wins, what comes back. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "tests/registry/deciding.h"

static void register_takes_all_timestamps_from_the_clock(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    struct instance instance;

    assert_int_equal(1, deciding_register(deciding, &command));
    instance = deciding_held(deciding, "h");
    assert_int_equal(now0, instance.reg_timestamp);
    assert_int_equal(now0, instance.up_timestamp);
    assert_int_equal(now0, instance.renew_timestamp);
    assert_int_equal(now0, instance.dirty_timestamp);
    assert_int_equal(now0, instance.latest_timestamp);
    assert_int_equal(now0, deciding_latest_of(deciding));
    assert_int_equal(SPREAD_EVERYWHERE, deciding->decision.changes[0].spread);
}

static void registering_again_keeps_up_and_always_wins_even_with_a_clock_behind(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    (void)deciding_register(deciding, &command);
    deciding->now -= 5000000000;
    command.version = STR("2");
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(now0 + 1, deciding_held(deciding, "h").dirty_timestamp);
    assert_int_equal(now0, deciding_held(deciding, "h").up_timestamp);
    assert_int_equal(now0 + latest_step_ns, deciding_latest_of(deciding));
    assert_true(str_eq(STR("2"), deciding_held(deciding, "h").version));
}

static void an_older_explicit_dirty_changes_nothing_and_is_no_error(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    (void)deciding_register(deciding, &command);
    command.version = STR("2");
    command.dirty_timestamp = now0 - 1;
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_OK, deciding->decision.err);
    assert_true(str_eq(STR("1"), deciding_held(deciding, "h").version));
}

static void a_replicated_duplicate_changes_nothing(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    command.replication = true;
    command.dirty_timestamp = now0 + 7;
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(SPREAD_NOWHERE, deciding->decision.changes[0].spread);
    deciding->now += 1000;
    assert_int_equal(0, deciding_register(deciding, &command));
}

/* Whichever of the two has the greater hash. */
static void the_same_explicit_dirty_with_other_content_is_taken_one_above(void **state)
{
    struct deciding *deciding = *state;
    static const char *const hosts[] = {"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8"};

    for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct msg_register command = deciding_registration(deciding, hosts[i]);

        command.dirty_timestamp = now0;
        assert_int_equal(1, deciding_register(deciding, &command));
        deciding->now += 1000;
        assert_int_equal(
            0, deciding_register(deciding, &command)); /* the same content changes nothing */
        assert_int_equal(ERR_OK, deciding->decision.err);
        command.version = STR("2");
        assert_int_equal(1, deciding_register(deciding, &command));
        assert_true(str_eq(STR("2"), deciding_held(deciding, hosts[i]).version));
        assert_int_equal(now0 + 1, deciding_held(deciding, hosts[i]).dirty_timestamp);
        assert_int_equal(deciding->now, deciding_held(deciding, hosts[i]).reg_timestamp);
        command.version = STR("3"); /* what is older by now goes on being answered 0 */
        assert_int_equal(0, deciding_register(deciding, &command));
        assert_int_equal(ERR_OK, deciding->decision.err);
    }
}

static void a_replicated_one_with_the_same_dirty_is_compared_as_it_came(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    command.dirty_timestamp = now0;
    (void)deciding_register(deciding, &command);
    command.version = STR("2");
    command.replication = true;
    (void)deciding_register(deciding, &command);
    assert_int_equal(ERR_OK, deciding->decision.err);
    assert_int_equal(now0, deciding_held(deciding, "h").dirty_timestamp);
}

static void hold_at_the_ceiling(struct deciding *deciding, const char *hostname)
{
    struct msg_register command = deciding_registration(deciding, hostname);

    command.replication = true;
    command.dirty_timestamp = timestamp_told_max;
    assert_int_equal(1, deciding_register(deciding, &command));
}

static void assert_conflict(const struct deciding *deciding, const char *says)
{
    assert_int_equal(ERR_CONFLICT, deciding->decision.err);
    assert_int_equal(0, deciding->decision.count);
    assert_non_null(
        memmem(deciding->decision.text.data, deciding->decision.text.len, says, strlen(says)));
}

static void what_cannot_win_at_the_ceiling_is_refused_and_said(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command;

    hold_at_the_ceiling(deciding, "h");
    command = deciding_registration(deciding, "h");
    command.version = STR("2");
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_conflict(deciding, "4000000001000000000");
    command.dirty_timestamp = timestamp_max; /* older, and explicit: as ever */
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_OK, deciding->decision.err);
    assert_int_equal(1, deciding_cancel(deciding, "h", 0));
    assert_int_equal(
        0, deciding_register(deciding, &command)); /* a tombstone now: it must come back */
    assert_conflict(deciding, "hostname h");
    command.replication = true; /* a node's is compared */
    assert_int_equal(0, deciding_register(deciding, &command));
    assert_int_equal(ERR_OK, deciding->decision.err);
}

static void a_client_writes_up_to_its_limit_and_goes_on_from_there(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    command.dirty_timestamp = timestamp_max;
    assert_int_equal(1, deciding_register(deciding, &command));
    command.dirty_timestamp = 0;
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(1, deciding_cancel(deciding, "h", 0));
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(timestamp_max + 2, deciding_held(deciding, "h").dirty_timestamp);
    command.dirty_timestamp = timestamp_max + 2; /* a node tells it */
    command.replication = true;
    (void)deciding_register(deciding, &command);
    assert_int_equal(ERR_OK, deciding->decision.err);
}

static void a_replicated_register_loses_to_a_tombstone_with_equal_dirty(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    (void)deciding_register(deciding, &command);
    assert_int_equal(1, deciding_cancel(deciding, "h", 0));
    assert_false(deciding_live(deciding, "h"));
    assert_int_equal(now0, deciding_held(deciding, "h").dirty_timestamp);
    command.replication = true;
    command.dirty_timestamp = now0;
    assert_int_equal(0, deciding_register(deciding, &command));
    command.dirty_timestamp = now0 + 1;
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_true(deciding_live(deciding, "h"));
}

static void a_clients_own_registration_always_comes_back(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");

    (void)deciding_register(deciding, &command);
    (void)deciding_cancel(deciding, "h", 0);
    deciding->now -= 1000000;
    command.dirty_timestamp = 5;
    assert_int_equal(1, deciding_register(deciding, &command));
    assert_int_equal(now0 + 1, deciding_held(deciding, "h").dirty_timestamp);
}

static void an_app_that_came_back_repeats_no_latest_timestamp(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register command = deciding_registration(deciding, "h");
    int64_t before;

    (void)deciding_register(deciding, &command);
    deciding->now -= 1000000;
    (void)deciding_cancel(deciding, "h", 0);
    before = deciding_latest_of(deciding);
    (void)deciding_register(deciding, &command);
    assert_true(deciding_latest_of(deciding) > now0);
    assert_true(before <= deciding_latest_of(deciding));
}

static void a_cancels_latest_timestamp_sticks_as_in_the_reference(void **state)
{
    struct deciding *deciding = *state;
    struct msg_register one = deciding_registration(deciding, "h1");

    (void)deciding_register(deciding, &one);
    one.hostname = STR("h2");
    (void)deciding_register(deciding, &one);
    (void)deciding_cancel(deciding, "h1", 3000000000000000000);
    assert_int_equal(3000000000000000000, deciding_latest_of(deciding));
    one.hostname = STR("h3");
    (void)deciding_register(deciding, &one);
    assert_int_equal(3000000000000000000 + latest_step_ns, deciding_latest_of(deciding));
}

/* Replicated registers and cancels of one identity, told to two registries in
 * different orders, each told everything at least once: both end equal. */
static void any_order_of_replicated_registers_ends_the_same(void **state)
{
    struct deciding *deciding = *state;
    struct prng prng;

    prng_init(&prng, 3);
    for (unsigned round = 0; round < 300; round++) {
        enum { count = 6 };
        struct msg_register commands[count];
        char versions[count][2];
        uint64_t hashes[2];

        for (unsigned i = 0; i < count; i++) {
            versions[i][0] = (char)('0' + prng_below(&prng, 4));
            commands[i] = deciding_registration(deciding, "h");
            commands[i].version = (struct str){versions[i], 1};
            commands[i].dirty_timestamp = now0 + (int64_t)prng_below(&prng, 3);
            commands[i].status = 1 + (uint32_t)prng_below(&prng, 2);
            commands[i].replication = true;
        }
        for (unsigned side = 0; side < 2; side++) {
            struct instance instance;

            registry_destroy(&deciding->registry);
            deciding->registry = registry_new();
            deciding->now = now0;
            for (unsigned i = 0; i < count; i++) {
                unsigned j = i + (unsigned)prng_below(&prng, count - i);
                struct msg_register swap = commands[i];

                commands[i] = commands[j];
                commands[j] = swap;
            }
            for (unsigned i = 0; i < 2 * count; i++) {
                (void)deciding_register(deciding, &commands[i % count]);
            }
            instance = deciding_held(deciding, "h");
            hashes[side] = instance_hash(&instance);
        }
        assert_true(hashes[0] == hashes[1]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, deciding_set_up, deciding_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(register_takes_all_timestamps_from_the_clock),
        TEST(registering_again_keeps_up_and_always_wins_even_with_a_clock_behind),
        TEST(an_older_explicit_dirty_changes_nothing_and_is_no_error),
        TEST(a_replicated_duplicate_changes_nothing),
        TEST(the_same_explicit_dirty_with_other_content_is_taken_one_above),
        TEST(a_replicated_one_with_the_same_dirty_is_compared_as_it_came),
        TEST(what_cannot_win_at_the_ceiling_is_refused_and_said),
        TEST(a_client_writes_up_to_its_limit_and_goes_on_from_there),
        TEST(a_replicated_register_loses_to_a_tombstone_with_equal_dirty),
        TEST(a_clients_own_registration_always_comes_back),
        TEST(an_app_that_came_back_repeats_no_latest_timestamp),
        TEST(a_cancels_latest_timestamp_sticks_as_in_the_reference),
        TEST(any_order_of_replicated_registers_ends_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
