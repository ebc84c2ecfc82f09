/* Leases of a store: when they end, and that they outlive a restart. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/store/store_state.h"
#include "actors/store/upkeep.h"
#include "tests/store/actor/rig.h"

static int64_t keep_alive(struct rig *rig, int64_t id)
{
    Etcdserverpb__LeaseKeepAliveRequest request = ETCDSERVERPB__LEASE_KEEP_ALIVE_REQUEST__INIT;
    Etcdserverpb__LeaseKeepAliveResponse *answer;
    int64_t ttl;

    request.id = id;
    answer = rig_call(rig, ETCD_METHOD_LEASE_KEEP_ALIVE, &request, NULL);
    assert_int_equal(answer->id, id);
    ttl = answer->ttl;
    etcdserverpb__lease_keep_alive_response__free_unpacked(answer, NULL);
    return ttl;
}

static int64_t time_to_live(struct rig *rig, int64_t id)
{
    Etcdserverpb__LeaseTimeToLiveRequest request = ETCDSERVERPB__LEASE_TIME_TO_LIVE_REQUEST__INIT;
    Etcdserverpb__LeaseTimeToLiveResponse *answer;
    int64_t ttl;

    request.id = id;
    answer = rig_call(rig, ETCD_METHOD_LEASE_TIME_TO_LIVE, &request, NULL);
    ttl = answer->ttl;
    etcdserverpb__lease_time_to_live_response__free_unpacked(answer, NULL);
    return ttl;
}

static void leases_are_listed_by_their_end(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__LeaseLeasesRequest list = ETCDSERVERPB__LEASE_LEASES_REQUEST__INIT;
    Etcdserverpb__LeaseLeasesResponse *leases;

    assert_int_equal(rig_grant(rig, 1, 300), 1);
    assert_int_equal(rig_grant(rig, 2, 20), 2);
    assert_int_equal(rig_grant(rig, 3, 100), 3);
    rig_pass(rig, 1000);
    assert_int_equal(keep_alive(rig, 3), 100);
    assert_int_equal(rig_grant(rig, 4, 100), 4); /* in the same moment, and the same end, as 3 */
    assert_int_equal(keep_alive(rig, 3), 100);
    leases = rig_call(rig, ETCD_METHOD_LEASE_LEASES, &list, NULL);
    assert_int_equal(leases->n_leases, 4);
    assert_int_equal(leases->leases[0]->id, 2);
    assert_int_equal(leases->leases[1]->id, 4);
    assert_int_equal(leases->leases[2]->id, 3);
    assert_int_equal(leases->leases[3]->id, 1);
    etcdserverpb__lease_leases_response__free_unpacked(leases, NULL);
}

static void a_lease_ends_with_its_keys_and_not_before_its_time(void **state)
{
    struct rig *rig = *state;
    int64_t id = rig_grant(rig, 0, 10);

    assert_true(id >= INT64_C(1) << 62); /* of 16 digits */
    assert_int_equal(rig_put(rig, "a", "1", id), 2);
    rig_pass(rig, 9900);
    assert_string_equal(rig_get(rig, "a"), "1");
    assert_int_equal(time_to_live(rig, id), 0);
    rig_pass(rig, 200);
    assert_string_equal(rig_get(rig, "a"), "");
    assert_int_equal(time_to_live(rig, id), -1);
    assert_int_equal(keep_alive(rig, id), 0);
    assert_int_equal(rig_put(rig, "b", "1", 0), 4); /* its end was revision 3 */
}

static void a_lease_that_is_kept_alive_stays(void **state)
{
    struct rig *rig = *state;
    int64_t id = rig_grant(rig, 5, 10);

    assert_int_equal(id, 5);
    (void)rig_put(rig, "a", "1", id);
    for (int i = 0; i < 5; i++) {
        rig_pass(rig, 8000);
        assert_int_equal(time_to_live(rig, id), 2);
        assert_int_equal(keep_alive(rig, id), 10);
        assert_int_equal(time_to_live(rig, id), 10);
    }
    assert_string_equal(rig_get(rig, "a"), "1");
}

static void a_store_that_stood_still_expires_nobody_for_it(void **state)
{
    struct rig *rig = *state;
    int64_t id = rig_grant(rig, 5, 10);

    (void)rig_put(rig, "a", "1", id);
    rig_turn(rig, 3600000);
    assert_string_equal(rig_get(rig, "a"), "1");
    assert_true(time_to_live(rig, id) >= 7);
    rig_pass(rig, 11000);
    assert_string_equal(rig_get(rig, "a"), "");
}

static void many_leases_end_together(void **state)
{
    enum { many = 2500 };
    struct rig *rig = *state;
    Etcdserverpb__LeaseLeasesRequest list = ETCDSERVERPB__LEASE_LEASES_REQUEST__INIT;
    Etcdserverpb__LeaseLeasesResponse *leases;

    for (int64_t id = 1; id <= many; id++) {
        assert_int_equal(rig_grant(rig, id, 5), id);
    }
    rig_pass(rig, 4900);
    leases = rig_call(rig, ETCD_METHOD_LEASE_LEASES, &list, NULL);
    assert_int_equal(leases->n_leases, many);
    etcdserverpb__lease_leases_response__free_unpacked(leases, NULL);
    rig_pass(rig, 500);
    leases = rig_call(rig, ETCD_METHOD_LEASE_LEASES, &list, NULL);
    assert_int_equal(leases->n_leases, 0);
    etcdserverpb__lease_leases_response__free_unpacked(leases, NULL);
}

static void a_lease_has_all_its_time_after_a_restart(void **state)
{
    struct rig *rig = *state;
    int64_t id = rig_grant(rig, 5, 10);

    (void)rig_put(rig, "a", "1", id);
    rig_pass(rig, 8000);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_int_equal(time_to_live(rig, id), 10);
    rig_pass(rig, 9900);
    assert_string_equal(rig_get(rig, "a"), "1");
    rig_pass(rig, 200);
    assert_string_equal(rig_get(rig, "a"), "");
}

static uint64_t send_keep_alive(struct rig *rig, int64_t id)
{
    Etcdserverpb__LeaseKeepAliveRequest request = ETCDSERVERPB__LEASE_KEEP_ALIVE_REQUEST__INIT;

    request.id = id;
    return rig_send(rig, ETCD_METHOD_LEASE_KEEP_ALIVE, &request);
}

/* Its TTL, as it was answered. */
static int64_t kept_alive(struct rig *rig, uint64_t id)
{
    const struct rig_answer *answer = rig_answer(rig, id);
    Etcdserverpb__LeaseKeepAliveResponse *response;
    int64_t ttl;

    assert_non_null(answer);
    assert_int_equal(answer->code, 0);
    response = etcdserverpb__lease_keep_alive_response__unpack(
        NULL, answer->response.len, (const uint8_t *)answer->response.data);
    ttl = response->ttl;
    etcdserverpb__lease_keep_alive_response__free_unpacked(response, NULL);
    return ttl;
}

/* So much that what comes behind it is not proposed at once. */
static void send_much(struct rig *rig)
{
    enum { large = 1200000, count = 10 };
    char *value = calloc(1, large + 1);

    memset(value, 'v', large);
    for (int i = 0; i < count; i++) {
        (void)rig_send_put(rig, "much", value);
    }
    free(value);
}

static void a_keep_alive_waits_for_the_revoke_that_came_before_it(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__LeaseRevokeRequest revoke = ETCDSERVERPB__LEASE_REVOKE_REQUEST__INIT;
    uint64_t first;
    uint64_t second;

    (void)rig_grant(rig, 5, 10);
    first = send_keep_alive(rig, 5);
    rig_turn(rig, 0);
    assert_int_equal(kept_alive(rig, first), 10);
    revoke.id = 5;
    send_much(rig);
    (void)rig_send(rig, ETCD_METHOD_LEASE_REVOKE, &revoke);
    second = send_keep_alive(rig, 5);
    rig_turn(rig, 0);
    assert_int_equal(kept_alive(rig, second), 0);
    assert_int_equal(time_to_live(rig, 5), -1);
}

static void a_keep_alive_that_comes_with_the_end_is_too_late(void **state)
{
    struct rig *rig = *state;
    uint64_t id;

    (void)rig_grant(rig, 5, 10);
    rig_pass(rig, 9900);
    clock_virtual_advance(&rig->clock, 100);
    send_much(rig);
    id = send_keep_alive(rig, 5);
    rig_turn(rig, 0);
    assert_int_equal(kept_alive(rig, id), 0);
}

static void what_is_left_of_a_long_lease_outlives_a_restart(void **state)
{
    struct rig *rig = *state;

    rig_stop(rig);
    rig->options.lease_checkpoint_ms = 60000;
    rig_start(rig);
    (void)rig_grant(rig, 5, 600);
    (void)rig_grant(rig, 6, 60);
    rig_pass(rig, 59000);
    assert_int_equal(keep_alive(rig, 6), 60);
    rig_pass(rig, 8000);
    assert_int_equal(time_to_live(rig, 5), 533);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_int_equal(time_to_live(rig, 5), 540); /* as written down after a minute */
    assert_int_equal(time_to_live(rig, 6), 60);
    rig_pass(rig, 539000);
    assert_int_equal(time_to_live(rig, 5), 1);
    assert_int_equal(keep_alive(rig, 5), 600);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_int_equal(time_to_live(rig, 5),
                     600); /* a sign of life has taken back what was written */
    rig_pass(rig, 60000);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_int_equal(time_to_live(rig, 5), 540);
}

static void a_rest_is_written_down_again_and_again(void **state)
{
    struct rig *rig = *state;

    rig_stop(rig);
    rig->options.lease_checkpoint_ms = 60000;
    rig_start(rig);
    (void)rig_grant(rig, 5, 600);
    rig_pass(rig, 190000);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_int_equal(time_to_live(rig, 5), 420);
}

/* It may be applied all the same, and a start would count on from it: until an empty one behind it
 * is applied, no sign of life is told of as if there were none. */
static void a_rest_of_which_nothing_is_known_is_followed_by_an_empty_one(void **state)
{
    const struct raft_answer unknown = {.number = 1000000, .err = ERR_TIMEOUT};
    struct rig *rig = *state;
    struct disk_log_stats before;
    struct disk_log_stats after;

    rig->store->checkpointing = true;
    rig->store->checkpoint = unknown.number;
    disk_log_stats(rig->log, &before);
    rig_turn(rig, 100);
    disk_log_stats(rig->log, &after);
    assert_int_equal(after.frame_count, before.frame_count); /* it is waited for */
    assert_true(upkeep_answered(rig->store, &unknown));
    assert_true(rig->store->checkpointing);
    rig_turn(rig, 0);
    disk_log_stats(rig->log, &after);
    assert_int_equal(after.frame_count, before.frame_count + 1);
    assert_false(rig->store->checkpointing);
}

static void many_rests_are_written_down_in_parts(void **state)
{
    enum { many = 2500 };
    struct rig *rig = *state;
    struct disk_log_stats before;
    struct disk_log_stats after;

    rig_stop(rig);
    rig->options.lease_checkpoint_ms = 10000;
    rig_start(rig);
    for (int64_t id = 1; id <= many; id++) {
        assert_int_equal(rig_grant(rig, id, 100), id);
    }
    rig_turn(rig, 1000);
    disk_log_stats(rig->log, &before);
    rig_pass(rig, 10000);
    disk_log_stats(rig->log, &after);
    assert_true(after.frame_count - before.frame_count >= 3);
    assert_true(after.frame_count - before.frame_count < 30);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    for (int64_t id = 1; id <= many; id += 100) {
        int64_t ttl = time_to_live(rig, id);

        assert_true(ttl >= 89 && ttl <= 90);
    }
}

/* When the loop would make its next turn by itself. */
static int64_t due_in_ms(struct rig *rig)
{
    return store_spec.due_ms(rig->store, &rig->clock.at) - rig->clock.at.mono_ms;
}

static void a_lease_that_ends_while_the_log_takes_nothing_is_tried_now_and_then(void **state)
{
    struct rig *rig = *state;

    (void)rig_grant(rig, 5, 10);
    (void)rig_grant(rig, 6, 10);
    (void)rig_put(rig, "a", "1", 5);
    disk_sim_fail(rig->disk, DISK_OP_ALLOCATE, 0, UINT32_MAX, ENOSPC);
    while (rig_put(rig, "b", "1", 0) != 0) {
    }
    rig_pass(rig, 10000);
    for (int i = 0; i < 20; i++) {
        rig_turn(rig, 100);
        assert_in_range(due_in_ms(rig), 1, 500);
    }
    assert_string_equal(rig_get(rig, "a"), "1");
    disk_sim_fail(rig->disk, 0, 0, 0, 0);
    rig_pass(rig, 2000); /* in which the log makes itself room again */
    assert_string_equal(rig_get(rig, "a"), "");
    assert_int_equal(time_to_live(rig, 6), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(leases_are_listed_by_their_end),
        CASE(a_lease_ends_with_its_keys_and_not_before_its_time),
        CASE(a_lease_that_is_kept_alive_stays),
        CASE(a_store_that_stood_still_expires_nobody_for_it),
        CASE(many_leases_end_together),
        CASE(a_lease_has_all_its_time_after_a_restart),
        CASE(a_keep_alive_waits_for_the_revoke_that_came_before_it),
        CASE(a_keep_alive_that_comes_with_the_end_is_too_late),
        CASE(what_is_left_of_a_long_lease_outlives_a_restart),
        CASE(a_rest_is_written_down_again_and_again),
        CASE(a_rest_of_which_nothing_is_known_is_followed_by_an_empty_one),
        CASE(a_lease_that_ends_while_the_log_takes_nothing_is_tried_now_and_then),
        CASE(many_rests_are_written_down_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
