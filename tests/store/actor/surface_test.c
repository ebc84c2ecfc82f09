/* What a member tells of itself and does by itself: hashes, members, status, compaction, counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/etcdapi/auth.pb-c.h"
#include "common/etcdapi/cluster.pb-c.h"
#include "common/metrics/reading.h"
#include "tests/store/actor/rig.h"

static int set_up(void **state)
{
    static struct rig rig;

    rig_init(&rig, 1);
    rig_start(&rig);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_fini(*state);
    return 0;
}

static void restart_as(struct rig *rig, const char *version)
{
    rig_stop(rig);
    rig->options.version = version;
    rig_start(rig);
}

static void refused_with(struct rig *rig, enum etcd_method method, const void *request,
                         uint32_t code, const char *text)
{
    struct rig_answer *refused = NULL;

    assert_null(rig_call(rig, method, request, &refused));
    assert_int_equal(refused->code, code);
    assert_string_equal(refused->text, text);
}

static void pass(struct rig *rig, int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        rig_turn(rig, ms < 1000 ? ms : 1000);
    }
}

/* ── hashes ── */

static void put_many(struct rig *rig, int count)
{
    for (int i = 0; i < count; i++) {
        Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
        char key[16];

        (void)snprintf(key, sizeof(key), "k%d", i);
        put.key = rig_bytes(key);
        (void)rig_send(rig, ETCD_METHOD_PUT, &put);
    }
    rig_turn(rig, 0);
}

static uint32_t hash_kv(struct rig *rig, int64_t revision, int64_t *hashed)
{
    Etcdserverpb__HashKVRequest request = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    Etcdserverpb__HashKVResponse *answer;
    uint32_t hash;

    request.revision = revision;
    answer = rig_call(rig, ETCD_METHOD_HASH_KV, &request, NULL);
    assert_non_null(answer);
    hash = answer->hash;
    *hashed = answer->hash_revision;
    etcdserverpb__hash_kvresponse__free_unpacked(answer, NULL);
    return hash;
}

static uint32_t whole_hash(struct rig *rig)
{
    Etcdserverpb__HashRequest request = ETCDSERVERPB__HASH_REQUEST__INIT;
    Etcdserverpb__HashResponse *answer = rig_call(rig, ETCD_METHOD_HASH, &request, NULL);
    uint32_t hash;

    assert_non_null(answer);
    hash = answer->hash;
    etcdserverpb__hash_response__free_unpacked(answer, NULL);
    return hash;
}

/* Turns until the call is answered; puts go on meanwhile. */
static unsigned turns_of_a_hash(struct rig *rig, uint64_t id)
{
    unsigned turns = 0;

    while (rig_answer(rig, id) == NULL) {
        struct outbox_item item;
        size_t cursor = 0;

        store_spec.turn_begin(rig->store, &rig->clock.at, rig->out);
        store_spec.turn_end(rig->store, &rig->clock.at, rig->out);
        while (outbox_next(rig->out, OUTBOX_SYNCED, &cursor, &item)) {
            if (item.kind == OUTBOX_REPLY) {
                return turns;
            }
        }
        outbox_clear(rig->out, OUTBOX_SYNCED);
        assert_true(outbox_take_again(rig->out));
        turns++;
    }
    return turns;
}

static void a_hash_is_made_over_turns(void **state)
{
    enum { many = 20000 };
    struct rig *rig = *state;
    Etcdserverpb__HashKVRequest request = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    int64_t hashed;
    uint32_t before;
    uint32_t all;

    put_many(rig, many);
    before = hash_kv(rig, 0, &hashed);
    assert_int_equal(hashed, many + 1);
    all = whole_hash(rig);
    request.revision = many + 1;
    assert_true(turns_of_a_hash(rig, rig_send(rig, ETCD_METHOD_HASH_KV, &request)) >= 9);
    rig_turn(rig, 0);
    put_many(rig, 10);
    assert_int_equal(hash_kv(rig, many + 1, &hashed), before);
    assert_int_equal(hashed, many + 1);
    assert_true(whole_hash(rig) != all);
}

static void a_hash_may_be_refused(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__HashKVRequest request = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    Etcdserverpb__CompactionRequest compact = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    void *answer;
    uint64_t id = 0;

    request.revision = 9;
    refused_with(rig, ETCD_METHOD_HASH_KV, &request, 11,
                 "etcdserver: mvcc: required revision is a future revision");
    put_many(rig, 9);
    compact.revision = 9;
    answer = rig_call(rig, ETCD_METHOD_COMPACT, &compact, NULL);
    etcdserverpb__compaction_response__free_unpacked(answer, NULL);
    refused_with(rig, ETCD_METHOD_HASH_KV, &request, 11,
                 "etcdserver: mvcc: required revision has been compacted");
    request.revision = 0;
    for (int i = 0; i <= 64; i++) {
        id = rig_send(rig, ETCD_METHOD_HASH_KV, &request);
    }
    rig_turn(rig, 0);
    assert_int_equal(rig_answer(rig, id)->code, 8);
    assert_int_equal(rig_answer(rig, id - 1)->code, 0);
}

static void equal_stores_have_equal_hashes(void **state)
{
    struct rig *rig = *state;
    int64_t hashed;
    uint32_t all;
    uint32_t kv;

    put_many(rig, 100);
    kv = hash_kv(rig, 0, &hashed);
    all = whole_hash(rig);
    pass(rig, 3000); /* flushed */
    assert_int_equal(hash_kv(rig, 0, &hashed), kv);
    assert_int_equal(whole_hash(rig), all);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_int_equal(whole_hash(rig), all);
}

/* ── members ── */

static void expect_peer_urls(struct rig *rig, const char *expected)
{
    Etcdserverpb__MemberListRequest list = ETCDSERVERPB__MEMBER_LIST_REQUEST__INIT;
    Etcdserverpb__MemberListResponse *answer;
    char text[256] = "";

    list.linearizable = true;
    answer = rig_call(rig, ETCD_METHOD_MEMBER_LIST, &list, NULL);
    assert_int_equal(answer->n_members, 1);
    assert_int_equal(answer->header->revision, 0);
    for (size_t i = 0; i < answer->members[0]->n_peerurls; i++) {
        size_t len = strlen(text);

        (void)snprintf(text + len, sizeof(text) - len, "%s ", answer->members[0]->peerurls[i]);
    }
    assert_string_equal(text, expected);
    etcdserverpb__member_list_response__free_unpacked(answer, NULL);
}

static void peer_urls_are_updated_for_good(void **state)
{
    static char *first[] = {"http://127.0.0.1:2380"};
    struct rig *rig = *state;
    char *urls[] = {"http://10.0.0.1:2380", "https://[::1]:2381"};
    Etcdserverpb__MemberUpdateRequest update = ETCDSERVERPB__MEMBER_UPDATE_REQUEST__INIT;
    Etcdserverpb__MemberUpdateResponse *answer;

    rig_stop(rig);
    rig->options.peer_urls = first;
    rig->options.peer_url_count = 1;
    rig_start(rig);
    expect_peer_urls(rig, "http://127.0.0.1:2380 ");
    update.id = rig_member;
    update.peerurls = urls;
    update.n_peerurls = 2;
    answer = rig_call(rig, ETCD_METHOD_MEMBER_UPDATE, &update, NULL);
    assert_non_null(answer);
    assert_int_equal(answer->n_members, 1);
    assert_string_equal(answer->members[0]->name, "rig");
    assert_string_equal(answer->members[0]->peerurls[1], "https://[::1]:2381");
    etcdserverpb__member_update_response__free_unpacked(answer, NULL);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    expect_peer_urls(rig, "http://10.0.0.1:2380 https://[::1]:2381 ");
    pass(rig, 1000);
    rig_stop(rig);
    rig_start(rig);
    expect_peer_urls(rig, "http://10.0.0.1:2380 https://[::1]:2381 ");
    update.id = 5;
    refused_with(rig, ETCD_METHOD_MEMBER_UPDATE, &update, 5, "etcdserver: member not found");
}

static void peer_urls_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",        "x",           "ftp://a:1",   "http://a",
                                      "http://", "http://a:1/", "http://::1:5"};
    struct rig *rig = *state;
    char *url = NULL;
    Etcdserverpb__MemberUpdateRequest update = ETCDSERVERPB__MEMBER_UPDATE_REQUEST__INIT;

    update.id = rig_member;
    refused_with(rig, ETCD_METHOD_MEMBER_UPDATE, &update, 3,
                 "etcdserver: given member URLs are invalid");
    update.peerurls = &url;
    update.n_peerurls = 1;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        url = (char *)bad[i];
        refused_with(rig, ETCD_METHOD_MEMBER_UPDATE, &update, 3,
                     "etcdserver: given member URLs are invalid");
    }
    expect_peer_urls(rig, "");
}

/* ── versions ── */

static void before_3_5_nothing_newer_is_told(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__StatusRequest ask = ETCDSERVERPB__STATUS_REQUEST__INIT;
    Etcdserverpb__AuthStatusRequest auth = ETCDSERVERPB__AUTH_STATUS_REQUEST__INIT;
    Etcdserverpb__StatusResponse *status;
    void *answer;
    int64_t hashed;

    rig->options.quota_bytes = 1000;
    restart_as(rig, "3.5.21");
    put_many(rig, 2);
    (void)hash_kv(rig, 0, &hashed);
    assert_int_equal(hashed, 3);
    status = rig_call(rig, ETCD_METHOD_STATUS, &ask, NULL);
    assert_string_equal(status->storageversion, "3.5.0");
    assert_int_equal(status->dbsizequota, 1000);
    assert_non_null(status->downgradeinfo);
    etcdserverpb__status_response__free_unpacked(status, NULL);
    answer = rig_call(rig, ETCD_METHOD_AUTH_STATUS, &auth, NULL);
    assert_non_null(answer);
    etcdserverpb__auth_status_response__free_unpacked(answer, NULL);
    restart_as(rig, "3.4.23");
    (void)hash_kv(rig, 0, &hashed);
    assert_int_equal(hashed, 0);
    status = rig_call(rig, ETCD_METHOD_STATUS, &ask, NULL);
    assert_string_equal(status->storageversion, "");
    assert_int_equal(status->dbsizequota, 0);
    assert_null(status->downgradeinfo);
    etcdserverpb__status_response__free_unpacked(status, NULL);
    refused_with(rig, ETCD_METHOD_AUTH_STATUS, &auth, 12,
                 "unknown method AuthStatus for service etcdserverpb.Auth");
    expect_peer_urls(rig, "");
}

static void status_tells_how_large_it_is(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__StatusRequest ask = ETCDSERVERPB__STATUS_REQUEST__INIT;
    Etcdserverpb__StatusResponse *status;

    put_many(rig, 100);
    pass(rig, 2000);
    status = rig_call(rig, ETCD_METHOD_STATUS, &ask, NULL);
    assert_true(status->dbsize > 2000);
    assert_int_equal(status->dbsize, status->dbsizeinuse);
    etcdserverpb__status_response__free_unpacked(status, NULL);
}

/* ── by itself ── */

static void it_compacts_by_itself(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RangeResponse *answer;

    rig_stop(rig);
    rig->options.compaction_mode = COMPACTION_REVISION;
    rig->options.compaction_retention = 10;
    rig_start(rig);
    put_many(rig, 99);
    range.key = rig_bytes("k1");
    range.revision = 89;
    pass(rig, 298000);
    answer = rig_call(rig, ETCD_METHOD_RANGE, &range, NULL);
    assert_non_null(answer);
    etcdserverpb__range_response__free_unpacked(answer, NULL);
    pass(rig, 3000);
    refused_with(rig, ETCD_METHOD_RANGE, &range, 11,
                 "etcdserver: mvcc: required revision has been compacted");
    range.revision = 90;
    answer = rig_call(rig, ETCD_METHOD_RANGE, &range, NULL);
    assert_non_null(answer);
    etcdserverpb__range_response__free_unpacked(answer, NULL);
}

static int64_t count_of(const struct msg_counters *counters, enum metric metric)
{
    struct metric_index index;
    struct reading reading;
    struct metric_series series;

    metric_index_init(&index);
    reading_init(&reading, &index, counters);
    while (reading_next(&reading, &series)) {
        if (series.metric == metric && metric_row(metric)->kind != METRIC_KIND_HISTOGRAM) {
            return series.value;
        }
        if (series.metric == metric) {
            return (int64_t)durations_count(&series.took);
        }
    }
    fail_msg("%s is not counted", metric_row(metric)->name);
    return 0;
}

static void what_it_does_is_counted(void **state)
{
    struct rig *rig = *state;
    struct msg_counters counted = {0};
    struct buf stores[2] = {{0}, {0}};
    const struct counting to = {&counted.counters, &stores[0], &counted.sizes, &stores[1]};

    put_many(rig, 20);
    (void)rig_grant(rig, 5, 60);
    pass(rig, 2000);
    (void)rig_put(rig, "k0", "1", 0);
    store_spec.count(rig->store, &to);
    assert_int_equal(count_of(&counted, METRIC_STORE_CALLS), 22);
    assert_int_equal(count_of(&counted, METRIC_STORE_REFUSED), 0);
    assert_true(count_of(&counted, METRIC_STORE_LOG_SYNC) >= 3);
    assert_true(count_of(&counted, METRIC_STORE_FLUSH) >= 1);
    assert_int_equal(count_of(&counted, METRIC_STORE_KEY_EVENTS), 21);
    assert_int_equal(count_of(&counted, METRIC_STORE_EVENTS_TOLD), 0);
    assert_int_equal(count_of(&counted, METRIC_STORE_REVISION), 22);
    assert_int_equal(count_of(&counted, METRIC_STORE_COMPACTED), -1);
    assert_int_equal(count_of(&counted, METRIC_STORE_KEYS), 20);
    assert_int_equal(count_of(&counted, METRIC_STORE_LEASES), 1);
    assert_true(count_of(&counted, METRIC_STORE_UNFLUSHED) > 0);
    assert_true(count_of(&counted, METRIC_STORE_DB) > 0);
    buf_fini(&stores[0]);
    buf_fini(&stores[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_hash_is_made_over_turns),
        CASE(a_hash_may_be_refused),
        CASE(equal_stores_have_equal_hashes),
        CASE(peer_urls_are_updated_for_good),
        CASE(peer_urls_that_are_none_are_refused),
        CASE(before_3_5_nothing_newer_is_told),
        CASE(status_tells_how_large_it_is),
        CASE(it_compacts_by_itself),
        CASE(what_it_does_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
