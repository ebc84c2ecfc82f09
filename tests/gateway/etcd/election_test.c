/* Elections, step by step: who is elected, proclaims, resigns and is observed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gateway/etcd/errand_rig.h"

static void campaign(struct fixture *self, const char *value, int64_t lease)
{
    V3electionpb__CampaignRequest request = V3ELECTIONPB__CAMPAIGN_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "E"};
    request.value = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
    request.lease = lease;
    errand_rig_call(self, &election_app, ETCD_METHOD_CAMPAIGN, &request.base, -1);
}

static void assert_elected(const struct fixture *self, const char *key, int64_t revision,
                           int64_t header)
{
    V3electionpb__CampaignResponse *response = v3electionpb__campaign_response__unpack(
        NULL, self->client.message.len, (const uint8_t *)self->client.message.data);

    assert_true(self->client.ended && self->client.code == GRPC_OK);
    assert_true(errand_rig_bytes_are(response->leader->name, "E"));
    assert_true(errand_rig_bytes_are(response->leader->key, key));
    assert_int_equal(response->leader->rev, revision);
    assert_int_equal(response->header->revision, header);
    v3electionpb__campaign_response__free_unpacked(response, NULL);
}

/* If the key was created at a revision: it is deleted. */
static void assert_resigns(struct fixture *self, const char *key, int64_t created)
{
    Etcdserverpb__TxnRequest *request;

    errand_rig_assert_asked(self, ETCD_METHOD_TXN);
    request = etcdserverpb__txn_request__unpack(NULL, self->request.len,
                                                (const uint8_t *)self->request.data);
    assert_int_equal(request->n_success, 1);
    assert_true(errand_rig_bytes_are(request->success[0]->request_delete_range->key, key));
    assert_true(errand_rig_bytes_are(request->compare[0]->key, key));
    assert_int_equal(request->compare[0]->create_revision, created);
    etcdserverpb__txn_request__free_unpacked(request, NULL);
}

static void who_campaigns_alone_is_elected(void **state)
{
    struct fixture *self = *state;

    campaign(self, "me", 0x1f);
    errand_rig_answer_txn(self, 40, true, 0, "", 0);
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    errand_rig_answer_range(self, 41, NULL);
    assert_elected(self, "E/1f", 40, 40);
}

static void who_campaigns_again_proclaims_a_new_value(void **state)
{
    struct fixture *self = *state;

    campaign(self, "new", 0x1f);
    errand_rig_answer_txn(self, 45, false, 40, "old", 0);
    errand_rig_assert_asked(self, ETCD_METHOD_TXN);
    errand_rig_answer_txn(self, 46, true, 0, "", 0);
    errand_rig_answer_range(self, 47, NULL);
    assert_elected(self, "E/1f", 40, 45);
    campaign(self, "old", 0x1f);
    errand_rig_answer_txn(self, 48, false, 40, "old", 0);
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    errand_rig_answer_range(self, 48, NULL);
    assert_elected(self, "E/1f", 40, 48);
}

static void who_goes_while_campaigning_resigns(void **state)
{
    struct fixture *self = *state;

    campaign(self, "me", 0x1f);
    errand_rig_answer_txn(self, 40, true, 0, "", 0);
    errand_rig_answer_range(self, 41, "E/1e");
    errand_rig_assert_asked(self, ETCD_METHOD_WATCH);
    errand_rig_go(self, &election_app);
    assert_resigns(self, "E/1f", 40);
    errand_rig_end(self, GRPC_UNAVAILABLE, ""); /* its lease ends it then */
}

static void who_goes_leaves_a_leadership_that_was_there(void **state)
{
    struct fixture *self = *state;

    campaign(self, "me", 0x1f);
    errand_rig_go(self, &election_app);
    errand_rig_answer_txn(self, 45, false, 40, "me", 0);
    assert_null(self->asked);
}

static void only_a_leader_proclaims(void **state)
{
    struct fixture *self = *state;
    V3electionpb__ProclaimRequest request = V3ELECTIONPB__PROCLAIM_REQUEST__INIT;
    V3electionpb__LeaderKey leader = V3ELECTIONPB__LEADER_KEY__INIT;

    errand_rig_call(self, &election_app, ETCD_METHOD_PROCLAIM, &request.base, -1);
    assert_int_equal(self->client.code, GRPC_UNKNOWN);
    assert_string_equal(self->client.text, "\"leader\" field must be provided");
    leader.key = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "E/1f"};
    leader.rev = 40;
    request.leader = &leader;
    errand_rig_call(self, &election_app, ETCD_METHOD_PROCLAIM, &request.base, -1);
    errand_rig_answer_txn(self, 41, true, 0, "", 0);
    assert_true(self->client.ended && self->client.code == GRPC_OK);
    errand_rig_call(self, &election_app, ETCD_METHOD_PROCLAIM, &request.base, -1);
    errand_rig_answer_txn(self, 41, false, 0, "", 0);
    assert_string_equal(self->client.text, "election: not leader");
}

static void resign_is_for_the_same_incarnation_only(void **state)
{
    struct fixture *self = *state;
    V3electionpb__ResignRequest request = V3ELECTIONPB__RESIGN_REQUEST__INIT;
    V3electionpb__LeaderKey leader = V3ELECTIONPB__LEADER_KEY__INIT;

    leader.key = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "E/1f"};
    leader.rev = 40;
    request.leader = &leader;
    errand_rig_call(self, &election_app, ETCD_METHOD_RESIGN, &request.base, -1);
    assert_resigns(self, "E/1f", 40);
    errand_rig_answer_txn(self, 43, false, 0, "", 0);
    assert_true(self->client.ended && self->client.code == GRPC_OK);
}

static void the_leader_is_the_oldest(void **state)
{
    struct fixture *self = *state;
    V3electionpb__LeaderRequest request = V3ELECTIONPB__LEADER_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "E"};
    errand_rig_call(self, &election_app, ETCD_METHOD_LEADER, &request.base, -1);
    errand_rig_answer_range(self, 40, "E/1f");
    assert_true(self->client.ended && self->client.code == GRPC_OK);
    errand_rig_call(self, &election_app, ETCD_METHOD_LEADER, &request.base, -1);
    errand_rig_answer_range(self, 40, NULL);
    assert_string_equal(self->client.text, "election: no leader");
}

static void who_observes_is_told_of_each_leader(void **state)
{
    struct fixture *self = *state;
    V3electionpb__LeaderRequest request = V3ELECTIONPB__LEADER_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "E"};
    errand_rig_call(self, &observe_app, ETCD_METHOD_OBSERVE, &request.base, -1);
    errand_rig_answer_range(self, 40, NULL);
    errand_rig_assert_asked(self, ETCD_METHOD_WATCH);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    errand_rig_assert_asked(self, ETCD_METHOD_WATCH);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__PUT, "me");
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    errand_rig_answer_range(self, 42, "E/1f");
    assert_int_equal(self->client.sent, 1);
    errand_rig_assert_asked(self, ETCD_METHOD_WATCH);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__PUT, "me again");
    assert_int_equal(self->client.sent, 2);
    errand_rig_tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    errand_rig_assert_asked(self, ETCD_METHOD_RANGE);
    errand_rig_go(self, &observe_app);
}

static void what_is_no_message_is_refused(void **state)
{
    struct fixture *self = *state;

    self->client.rpc =
        (struct rpc){.caller = &errand_rig_caller, .method = ETCD_METHOD_LOCK, .timeout_ms = -1};
    lock_app.begin(self->errands, &self->client.rpc);
    lock_app.message(self->errands, &self->client.rpc, STR("\xff\xff"));
    assert_true(self->client.ended);
    assert_int_equal(self->client.code, GRPC_INTERNAL);
}

static void a_prefix_ends_behind_its_last_key(void **state)
{
    struct buf end_of = {0};

    (void)state;
    queue_prefix_end(&end_of, STR("L/"));
    assert_true(str_eq(buf_str(&end_of), STR("L0")));
    end_of.len = 0;
    queue_prefix_end(&end_of, STR("a\xff\xff"));
    assert_true(str_eq(buf_str(&end_of), STR("b")));
    end_of.len = 0;
    queue_prefix_end(&end_of, STR("\xff"));
    assert_true(str_eq(buf_str(&end_of), STR("\0")));
    buf_fini(&end_of);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, errand_rig_set_up, errand_rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_campaigns_alone_is_elected),
        TEST(who_campaigns_again_proclaims_a_new_value),
        TEST(who_goes_while_campaigning_resigns),
        TEST(who_goes_leaves_a_leadership_that_was_there),
        TEST(only_a_leader_proclaims),
        TEST(resign_is_for_the_same_incarnation_only),
        TEST(the_leader_is_the_oldest),
        TEST(who_observes_is_told_of_each_leader),
        TEST(what_is_no_message_is_refused),
        cmocka_unit_test(a_prefix_ends_behind_its_last_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
