/* Locks, step by step: what is asked, what the client is told, and that nobody who has gone is left
 * in a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gateway/etcd/errand_rig.h"

static void lock(struct fixture *self, const char *name, int64_t lease, int64_t timeout_ms)
{
    V3lockpb__LockRequest request = V3LOCKPB__LOCK_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){strlen(name), (uint8_t *)(uintptr_t)name};
    request.lease = lease;
    errand_rig_call(self, &lock_app, ETCD_METHOD_LOCK, &request.base, timeout_ms);
}

static void assert_locked(const struct fixture *self, const char *key, int64_t revision)
{
    V3lockpb__LockResponse *response = v3lockpb__lock_response__unpack(
        NULL, self->client.message.len, (const uint8_t *)self->client.message.data);

    assert_true(self->client.ended && self->client.code == GRPC_OK);
    assert_true(errand_rig_bytes_are(response->key, key));
    assert_int_equal(response->header->revision, revision);
    v3lockpb__lock_response__free_unpacked(response, NULL);
}

static void assert_deletes(struct fixture *self, const char *key)
{
    Etcdserverpb__DeleteRangeRequest *request;

    errand_rig_assert_asked(self, ETCD_METHOD_DELETE_RANGE);
    request = etcdserverpb__delete_range_request__unpack(NULL, self->request.len,
                                                         (const uint8_t *)self->request.data);
    assert_true(errand_rig_bytes_are(request->key, key) && request->range_end.len == 0);
    etcdserverpb__delete_range_request__free_unpacked(request, NULL);
    errand_rig_end(self, GRPC_OK, "");
}

static void a_free_lock_is_had_at_once(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    errand_rig_assert_asked(self, ETCD_METHOD_TXN);
    errand_rig_answer_txn(self, 35, true, 0, "", 35);
    assert_locked(self, "L/1f", 35);
}

static void who_brings_no_lease_gets_one(void **state)
{
    struct fixture *self = *state;
    Etcdserverpb__LeaseGrantResponse granted = ETCDSERVERPB__LEASE_GRANT_RESPONSE__INIT;
    Etcdserverpb__LeaseGrantRequest *request;

    lock(self, "L", 0, -1);
    errand_rig_assert_asked(self, ETCD_METHOD_LEASE_GRANT);
    request = etcdserverpb__lease_grant_request__unpack(NULL, self->request.len,
                                                        (const uint8_t *)self->request.data);
    assert_int_equal(request->ttl, queue_lease_s);
    etcdserverpb__lease_grant_request__free_unpacked(request, NULL);
    granted.id = 0xabc;
    errand_rig_answer(self, &granted.base);
    errand_rig_answer_txn(self, 35, true, 0, "", 35);
    assert_locked(self, "L/abc", 35);
}

static void who_has_it_already_has_it(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    errand_rig_answer_txn(self, 40, false, 35, "", 35);
    assert_locked(self, "L/1f", 40);
}

/* Up to the watch of the one before. */
static void wait_behind(struct fixture *self, int64_t timeout_ms)
{
    Etcdserverpb__RangeRequest *range;
    Etcdserverpb__WatchRequest *watch;

    lock(self, "L", 0x1f, timeout_ms);
    errand_rig_answer_txn(self, 36, true, 0, "", 35);
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    range = etcdserverpb__range_request__unpack(NULL, self->request.len,
                                                (const uint8_t *)self->request.data);
    assert_true(errand_rig_bytes_are(range->key, "L/") &&
                errand_rig_bytes_are(range->range_end, "L0"));
    assert_int_equal(range->max_create_revision, 35);
    assert_int_equal(range->limit, 1);
    assert_int_equal(range->sort_order, ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND);
    assert_int_equal(range->sort_target, ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE);
    etcdserverpb__range_request__free_unpacked(range, NULL);
    errand_rig_answer_range(self, 37, "L/1e");
    errand_rig_assert_asked(self, ETCD_METHOD_WATCH);
    watch = etcdserverpb__watch_request__unpack(NULL, self->request.len,
                                                (const uint8_t *)self->request.data);
    assert_true(errand_rig_bytes_are(watch->create_request->key, "L/1e"));
    assert_int_equal(watch->create_request->start_revision, 38);
    etcdserverpb__watch_request__free_unpacked(watch, NULL);
    assert_false(self->client.ended);
}

static void a_held_lock_is_waited_for(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, -1);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__PUT, "");
    assert_int_equal(self->dropped, 0);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    assert_int_equal(self->dropped, 1); /* the watch */
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    errand_rig_answer_range(self, 38, NULL);
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE); /* its own key */
    errand_rig_answer_range(self, 39, "L/1f");
    assert_locked(self, "L/1f", 39);
}

static void a_lease_that_ran_out_meanwhile_has_no_lock(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, -1);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    errand_rig_answer_range(self, 38, NULL);
    errand_rig_answer_range(self, 39, NULL);
    assert_int_equal(self->client.code, GRPC_UNKNOWN);
    assert_string_equal(self->client.text, "mutex: session is expired");
}

static void who_goes_while_waiting_is_taken_out_of_the_line(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, -1);
    errand_rig_go(self, &lock_app);
    assert_deletes(self, "L/1f");
}

static void who_goes_before_it_is_known_to_be_in_is_taken_out_then(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    errand_rig_go(self, &lock_app);
    errand_rig_assert_asked(self, ETCD_METHOD_TXN);
    assert_int_equal(self->asked_total, 1);
    errand_rig_answer_txn(self, 36, true, 0, "", 35);
    assert_deletes(self, "L/1f");
}

/* What another call of its session has put is not this one's to take out. */
static void who_goes_leaves_a_lock_that_was_there(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    errand_rig_go(self, &lock_app);
    errand_rig_answer_txn(self, 40, false, 35, "", 35);
    assert_int_equal(self->asked_total, 1);
    assert_null(self->asked);
}

static void a_watch_that_is_refused_ends_the_wait(void **state)
{
    struct fixture *self = *state;
    Etcdserverpb__WatchResponse response = ETCDSERVERPB__WATCH_RESPONSE__INIT;
    static char reason[] = "etcdserver: too many requests";

    wait_behind(self, -1);
    response.created = response.canceled = true;
    response.cancel_reason = reason;
    errand_rig_tell(self, &response.base);
    assert_int_equal(self->client.code, GRPC_UNAVAILABLE);
    assert_string_equal(self->client.text, reason);
    assert_deletes(self, "L/1f");
}

static void who_goes_before_anything_is_put_leaves_nothing_to_do(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0, -1);
    errand_rig_assert_asked(self, ETCD_METHOD_LEASE_GRANT);
    errand_rig_go(self, &lock_app);
    assert_int_equal(self->dropped, 1);
}

static void whose_time_is_over_is_told_and_taken_out(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, 5000);
    assert_int_equal(errands_due_ms(self->errands), 6000);
    self->now.mono_ms = 6000;
    errands_turn(self->errands, &self->now);
    assert_true(self->client.ended);
    assert_int_equal(self->client.code, GRPC_DEADLINE_EXCEEDED);
    assert_deletes(self, "L/1f");
}

static void errors_of_the_store_are_told_as_unknown(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    errand_rig_end(self, GRPC_NOT_FOUND, "etcdserver: requested lease not found");
    assert_int_equal(self->client.code, GRPC_UNKNOWN);
    assert_string_equal(self->client.text, "etcdserver: requested lease not found");
    wait_behind(self, -1);
    errand_rig_end(self, GRPC_UNAVAILABLE, "etcdserver: no leader"); /* the watch */
    assert_int_equal(self->client.code, GRPC_UNAVAILABLE);
    assert_deletes(self, "L/1f");
}

static void a_watch_that_fell_behind_is_begun_anew(void **state)
{
    struct fixture *self = *state;
    Etcdserverpb__WatchResponse response = ETCDSERVERPB__WATCH_RESPONSE__INIT;

    wait_behind(self, -1);
    response.canceled = true;
    response.compact_revision = 50;
    errand_rig_tell(self, &response.base);
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    errand_rig_go(self, &lock_app);
    assert_deletes(self, "L/1f");
}

static void unlock_deletes_the_key(void **state)
{
    struct fixture *self = *state;
    V3lockpb__UnlockRequest request = V3LOCKPB__UNLOCK_REQUEST__INIT;

    request.key = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "L/1f"};
    errand_rig_call(self, &lock_app, ETCD_METHOD_UNLOCK, &request.base, -1);
    assert_deletes(self, "L/1f");
    assert_true(self->client.ended && self->client.code == GRPC_OK);
    assert_int_equal(self->client.sent, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, errand_rig_set_up, errand_rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_free_lock_is_had_at_once),
        TEST(who_brings_no_lease_gets_one),
        TEST(who_has_it_already_has_it),
        TEST(who_goes_leaves_a_lock_that_was_there),
        TEST(a_watch_that_is_refused_ends_the_wait),
        TEST(a_held_lock_is_waited_for),
        TEST(a_lease_that_ran_out_meanwhile_has_no_lock),
        TEST(who_goes_while_waiting_is_taken_out_of_the_line),
        TEST(who_goes_before_it_is_known_to_be_in_is_taken_out_then),
        TEST(who_goes_before_anything_is_put_leaves_nothing_to_do),
        TEST(whose_time_is_over_is_told_and_taken_out),
        TEST(errors_of_the_store_are_told_as_unknown),
        TEST(a_watch_that_fell_behind_is_begun_anew),
        TEST(unlock_deletes_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
