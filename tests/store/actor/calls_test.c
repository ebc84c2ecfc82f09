/* The store behind its messages: what it answers, when, and what is left after a power cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/store/store_state.h"
#include "common/etcdapi/auth.pb-c.h"
#include "common/etcdapi/cluster.pb-c.h"
#include "tests/store/actor/rig.h"

static void what_is_put_is_got(void **state)
{
    struct rig *rig = *state;

    assert_string_equal(rig_get(rig, "a"), "");
    assert_int_equal(rig_put(rig, "a", "1", 0), 2);
    assert_int_equal(rig_put(rig, "a", "2", 0), 3);
    assert_string_equal(rig_get(rig, "a"), "2");
}

static void headers_say_who_answers(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RangeResponse *answer;

    range.key = rig_bytes("a");
    answer = rig_call(rig, ETCD_METHOD_RANGE, &range, NULL);
    assert_int_equal(answer->header->cluster_id, rig_cluster);
    assert_int_equal(answer->header->member_id, rig_member);
    assert_int_equal(answer->header->revision, 1);
    assert_true(answer->header->raft_term > 0);
    etcdserverpb__range_response__free_unpacked(answer, NULL);
}

static void writes_of_a_turn_are_one_sync_and_answered_after_it(void **state)
{
    struct rig *rig = *state;
    struct disk_log_stats before;
    struct disk_log_stats after;
    uint64_t id = 0;

    disk_log_stats(rig->log, &before);
    for (int i = 0; i < 50; i++) {
        id = rig_send_put(rig, "k", "v");
        assert_null(rig_answer(rig, id));
    }
    rig_turn(rig, 0);
    disk_log_stats(rig->log, &after);
    assert_int_equal(after.sync_count, before.sync_count + 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(rig_answer(rig, id - (uint64_t)i)->code, 0);
        assert_int_equal(rig_answer(rig, id - (uint64_t)i)->lane, OUTBOX_SYNCED);
    }
}

static void a_serializable_read_waits_for_nobody(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    uint64_t linearizable;
    uint64_t serializable;

    range.key = rig_bytes("a");
    linearizable = rig_send(rig, ETCD_METHOD_RANGE, &range);
    range.serializable = 1;
    serializable = rig_send(rig, ETCD_METHOD_RANGE, &range);
    rig_turn(rig, 0);
    assert_int_equal(rig_answer(rig, serializable)->lane, OUTBOX_NOW);
    assert_int_equal(rig_answer(rig, linearizable)->lane, OUTBOX_SYNCED);
}

/* Read after a write of the same turn: it sees it. */
static void a_read_sees_what_was_written_before_it(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RangeResponse *answer;

    range.key = rig_bytes("a");
    (void)rig_send_put(rig, "a", "1");
    answer = rig_call(rig, ETCD_METHOD_RANGE, &range, NULL);
    assert_int_equal(answer->n_kvs, 1);
    etcdserverpb__range_response__free_unpacked(answer, NULL);
}

static void a_txn_that_only_reads_is_a_read(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RequestOp op = ETCDSERVERPB__REQUEST_OP__INIT;
    Etcdserverpb__RequestOp *ops[] = {&op};
    Etcdserverpb__TxnRequest txn = ETCDSERVERPB__TXN_REQUEST__INIT;
    Etcdserverpb__TxnResponse *answer;
    struct disk_log_stats before;
    struct disk_log_stats after;

    range.key = rig_bytes("a");
    op.request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
    op.request_range = &range;
    txn.success = ops;
    txn.n_success = 1;
    (void)rig_put(rig, "a", "1", 0);
    disk_log_stats(rig->log, &before);
    answer = rig_call(rig, ETCD_METHOD_TXN, &txn, NULL);
    disk_log_stats(rig->log, &after);
    assert_true(answer->succeeded);
    assert_int_equal(answer->responses[0]->response_range->n_kvs, 1);
    assert_int_equal(after.frame_count, before.frame_count);
    etcdserverpb__txn_response__free_unpacked(answer, NULL);
}

static void refused_with(struct rig *rig, enum etcd_method method, const void *request,
                         uint32_t code, const char *text)
{
    struct rig_answer *refused = NULL;

    assert_null(rig_call(rig, method, request, &refused));
    assert_int_equal(refused->code, code);
    assert_string_equal(refused->text, text);
}

static void what_is_refused_says_why_as_etcd_does(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__LeaseRevokeRequest revoke = ETCDSERVERPB__LEASE_REVOKE_REQUEST__INIT;
    Etcdserverpb__CompactionRequest compact = ETCDSERVERPB__COMPACTION_REQUEST__INIT;

    refused_with(rig, ETCD_METHOD_PUT, &put, 3, "etcdserver: key is not provided");
    put.key = rig_bytes("a");
    put.lease = 7;
    refused_with(rig, ETCD_METHOD_PUT, &put, 5, "etcdserver: requested lease not found");
    range.key = rig_bytes("a");
    range.revision = 9;
    refused_with(rig, ETCD_METHOD_RANGE, &range, 11,
                 "etcdserver: mvcc: required revision is a future revision");
    refused_with(rig, ETCD_METHOD_LEASE_REVOKE, &revoke, 5,
                 "etcdserver: requested lease not found");
    compact.revision = 9;
    refused_with(rig, ETCD_METHOD_COMPACT, &compact, 11,
                 "etcdserver: mvcc: required revision is a future revision");
}

static void what_comes_later_says_so_by_name(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__DefragmentRequest defragment = ETCDSERVERPB__DEFRAGMENT_REQUEST__INIT;
    Etcdserverpb__AuthUserListRequest users = ETCDSERVERPB__AUTH_USER_LIST_REQUEST__INIT;
    Etcdserverpb__AlarmRequest alarm = ETCDSERVERPB__ALARM_REQUEST__INIT;
    void *none = rig_call(rig, ETCD_METHOD_ALARM, &alarm, NULL);

    assert_non_null(none);
    etcdserverpb__alarm_response__free_unpacked(none, NULL);
    alarm.action = ETCDSERVERPB__ALARM_REQUEST__ALARM_ACTION__DEACTIVATE;
    refused_with(rig, ETCD_METHOD_ALARM, &alarm, 12, "muster: Alarm comes later");
    refused_with(rig, ETCD_METHOD_DEFRAGMENT, &defragment, 12, "muster: Defragment comes later");
    refused_with(rig, ETCD_METHOD_AUTH_USER_LIST, &users, 12, "muster: UserList comes later");
}

static void send_raw(struct rig *rig, uint64_t boot, uint32_t method, struct str request)
{
    const struct address from = {.len = 1, .bytes = {1}};
    const struct msg msg = {
        .type = MSG_TYPE_CALL,
        .as_call = {
            .id = ++rig->id, .boot = boot, .method = method, .left_ms = 1000, .request = request}};

    store_spec.handlers[0].handle(rig->store, &from, &msg, &rig->clock.at, rig->out);
    rig_turn(rig, 0);
}

static void a_call_for_another_run_or_of_no_method_is_refused(void **state)
{
    struct rig *rig = *state;

    send_raw(rig, rig->options.boot + 1, ETCD_METHOD_PUT, STR("\n\1a"));
    assert_int_equal(rig_answer(rig, rig->id)->code, 14);
    send_raw(rig, rig->options.boot, 0, STR(""));
    assert_int_equal(rig_answer(rig, rig->id)->code, 12);
    send_raw(rig, rig->options.boot, 200, STR(""));
    assert_int_equal(rig_answer(rig, rig->id)->code, 12);
    send_raw(rig, rig->options.boot, ETCD_METHOD_PUT, STR("\377\377"));
    assert_int_equal(rig_answer(rig, rig->id)->code, 13);
    assert_string_equal(rig_get(rig, "a"), "");
}

static void a_member_tells_of_itself(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__MemberListRequest list = ETCDSERVERPB__MEMBER_LIST_REQUEST__INIT;
    Etcdserverpb__StatusRequest ask = ETCDSERVERPB__STATUS_REQUEST__INIT;
    Etcdserverpb__MoveLeaderRequest move = ETCDSERVERPB__MOVE_LEADER_REQUEST__INIT;
    Etcdserverpb__MemberListResponse *members;
    Etcdserverpb__StatusResponse *status;
    void *moved;

    members = rig_call(rig, ETCD_METHOD_MEMBER_LIST, &list, NULL);
    assert_int_equal(members->n_members, 1);
    assert_int_equal(members->members[0]->id, rig_member);
    assert_string_equal(members->members[0]->name, "rig");
    assert_string_equal(members->members[0]->clienturls[0], "http://127.0.0.1:2379");
    etcdserverpb__member_list_response__free_unpacked(members, NULL);
    (void)rig_put(rig, "a", "1", 0);
    status = rig_call(rig, ETCD_METHOD_STATUS, &ask, NULL);
    assert_string_equal(status->version, "3.5.21");
    assert_int_equal(status->leader, rig_member);
    assert_int_equal(status->header->revision, 2);
    assert_int_equal(status->raftappliedindex, status->raftindex);
    etcdserverpb__status_response__free_unpacked(status, NULL);
    refused_with(rig, ETCD_METHOD_MOVE_LEADER, &move, 9, "etcdserver: bad leader transferee");
    move.targetid = rig_member;
    moved = rig_call(rig, ETCD_METHOD_MOVE_LEADER, &move, NULL);
    assert_non_null(moved);
    etcdserverpb__move_leader_response__free_unpacked(moved, NULL);
}

static enum err takes_nothing(struct backend *backend, const struct backend_batch *batch,
                              char *text)
{
    (void)backend;
    (void)batch;
    text[0] = '\0';
    return ERR_FULL;
}

static void what_a_backend_does_not_take_is_bounded_and_all_goes_on_when_it_does(void **state)
{
    static char value[1 << 20];
    struct rig *rig = *state;
    struct backend *backend = rig->store->keyspace.backend;
    enum err (*write)(struct backend *, const struct backend_batch *, char *) = backend->write;
    unsigned taken = 0;
    uint64_t id;

    memset(value, 'v', sizeof(value) - 1);
    backend->write = takes_nothing;
    do {
        id = rig_send_put(rig, "k", value);
        rig_turn(rig, 10);
        taken += rig_answer(rig, id)->code == 0;
    } while (rig_answer(rig, id)->code == 0 && taken < 100);
    assert_string_equal(rig_answer(rig, id)->text, "etcdserver: too many requests");
    assert_in_range(taken, 16, 20); /* of rig's flush_bytes each */
    assert_int_equal(rig_get(rig, "k")[0], 'v');
    backend->write = write;
    rig_turn(rig, 200);
    assert_true(rig_put(rig, "k", "v", 0) > 0);
}

static void what_was_answered_outlives_a_power_cut(void **state)
{
    static const int64_t waits_ms[] = {0, 1000}; /* before and after it was flushed */
    struct rig *rig = *state;

    for (size_t i = 0; i < 2; i++) {
        char value[8];

        (void)snprintf(value, sizeof(value), "%zu", i);
        assert_true(rig_put(rig, "a", value, 0) > 0);
        rig_pass(rig, waits_ms[i]);
        rig_kill(rig, DISK_KEEP_NOTHING);
        rig_start(rig);
        assert_string_equal(rig_get(rig, "a"), value);
    }
}

/* Puts of numbers to a few keys, killed at any moment: what was answered is there or something
 * newer is; what nobody answered is there whole or not at all. */
static void no_answered_write_is_lost_whenever_it_is_killed(void **state)
{
    enum { keys = 5, rounds = 150 };
    struct rig *rig = *state;
    struct prng prng;
    int acknowledged[keys] = {0};
    int sent[keys] = {0};

    prng_init(&prng, 5);
    for (int round = 0; round < rounds; round++) {
        uint64_t ids[64];
        unsigned key_of[64];
        int value_of[64];
        unsigned count = 1 + (unsigned)prng_below(&prng, 40);

        for (unsigned i = 0; i < count; i++) {
            char key[2] = {(char)('a' + (int)prng_below(&prng, keys)), 0};
            char value[16];

            key_of[i] = (unsigned)(key[0] - 'a');
            value_of[i] = ++sent[key_of[i]];
            (void)snprintf(value, sizeof(value), "%d", value_of[i]);
            ids[i] = rig_send_put(rig, key, value);
            if (prng_below(&prng, 10) == 0) {
                rig_turn(rig, (int64_t)prng_below(&prng, 200));
            }
        }
        if (prng_below(&prng, 2) == 0) {
            rig_turn(rig, 0);
        }
        for (unsigned i = 0; i < count; i++) {
            const struct rig_answer *answer = rig_answer(rig, ids[i]);

            if (answer != NULL && answer->code == 0 && acknowledged[key_of[i]] < value_of[i]) {
                acknowledged[key_of[i]] = value_of[i];
            }
        }
        rig->answer_count = 0;
        rig_kill(rig, prng_below(&prng, 2) == 0 ? DISK_KEEP_NOTHING : DISK_KEEP_RANDOM);
        rig_start(rig);
        for (int k = 0; k < keys; k++) {
            char key[2] = {(char)('a' + k), 0};
            int is = (int)strtol(rig_get(rig, key), NULL, 10);

            assert_true(is >= acknowledged[k] && is <= sent[k]);
            acknowledged[k] = is;
        }
    }
}

static void ended_in_good_order_all_is_in_the_backend(void **state)
{
    struct rig *rig = *state;
    struct backend_mark mark;

    assert_int_equal(rig_put(rig, "a", "1", 0), 2);
    rig_stop(rig);
    (void)rig->durable->renew(rig->durable);
    mark = rig->durable->mark(rig->durable);
    assert_int_equal(mark.count, 1);
    rig_start(rig);
    assert_string_equal(rig_get(rig, "a"), "1");
    assert_int_equal(rig_put(rig, "a", "2", 0), 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

static enum err damaged_get(struct backend *self, enum backend_bucket bucket, struct str key,
                            struct str *value)
{
    (void)self;
    (void)bucket;
    (void)key;
    (void)value;
    return ERR_CORRUPT;
}

static void an_answer_with_a_damaged_record_is_none(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    enum err (*get)(struct backend *, enum backend_bucket, struct str, struct str *) =
        rig->durable->get;
    struct rig_answer *refused = NULL;

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "b", "2", 0);
    rig_pass(rig, 1000); /* what was put is in the backend alone */
    range.key = rig_bytes("a");
    range.range_end = rig_bytes("z");
    range.keys_only = true;
    range.serializable = true;
    rig->durable->get = damaged_get;
    assert_null(rig_call(rig, ETCD_METHOD_RANGE, &range, &refused));
    assert_int_equal(refused->code, GRPC_DATA_LOSS);
    assert_string_equal(refused->text, "etcdserver: corrupt cluster");
    assert_int_equal(rig->store->failed, ERR_CORRUPT);
    rig->durable->get = get;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_put_is_got),
        CASE(an_answer_with_a_damaged_record_is_none),
        CASE(headers_say_who_answers),
        CASE(writes_of_a_turn_are_one_sync_and_answered_after_it),
        CASE(a_serializable_read_waits_for_nobody),
        CASE(a_read_sees_what_was_written_before_it),
        CASE(a_txn_that_only_reads_is_a_read),
        CASE(what_is_refused_says_why_as_etcd_does),
        CASE(what_comes_later_says_so_by_name),
        CASE(a_call_for_another_run_or_of_no_method_is_refused),
        CASE(a_member_tells_of_itself),
        CASE(what_a_backend_does_not_take_is_bounded_and_all_goes_on_when_it_does),
        CASE(what_was_answered_outlives_a_power_cut),
        CASE(no_answered_write_is_lost_whenever_it_is_killed),
        CASE(ended_in_good_order_all_is_in_the_backend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
