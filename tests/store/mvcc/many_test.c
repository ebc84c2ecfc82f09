/* More keys than one block, one step or one tail holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/mvcc/key_value.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/store/mvcc/gather.h"
#include "tests/store/mvcc/rig.h"

enum { keys = 3000, attached_every = 3 };

static const char *name_of(int i)
{
    static char name[32];

    (void)snprintf(name, sizeof(name), "/registry/%s/%05d", i % 2 == 0 ? "pods" : "nodes", i / 2);
    return name;
}

/* In order of keys: nodes 0 … then pods 0 …; every third has lease 5. */
static struct rig *filled(void)
{
    struct rig *rig = rig_new();

    assert_int_equal(ETCD_OK, rig_grant(rig, 5, 600));
    for (int i = 0; i < keys; i++) {
        int place = i * 7 % keys; /* not in order */

        assert_int_equal(ETCD_OK,
                         rig_put(rig, name_of(place), "1", place % attached_every == 0 ? 5 : 0));
        if (i % 250 == 249) {
            rig_flush(rig);
        }
        arena_reset(&rig->arena);
    }
    return rig;
}

static const Etcdserverpb__RangeResponse *range(struct rig *rig, const char *from, const char *end,
                                                int64_t limit)
{
    Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    ProtobufCMessage *answer = NULL;

    request.key = bytes_of_str(str_from(from));
    request.range_end = bytes_of_str(str_from(end));
    request.limit = limit;
    assert_int_equal(ETCD_OK, rig_read(rig, ETCD_METHOD_RANGE, &request.base, &answer));
    return (const Etcdserverpb__RangeResponse *)answer;
}

static void check_order(const Etcdserverpb__RangeResponse *answer)
{
    for (size_t i = 1; i < answer->n_kvs; i++) {
        assert_true(
            str_cmp(str_of_bytes(answer->kvs[i - 1]->key), str_of_bytes(answer->kvs[i]->key)) < 0);
    }
}

static void pages_follow_each_other(void **state)
{
    struct rig *rig = filled();
    char from[64] = "/registry/";
    int seen = 0;

    (void)state;
    while (true) {
        const Etcdserverpb__RangeResponse *page = range(rig, from, "/registry0", 300);

        check_order(page);
        assert_int_equal(keys - seen, page->count);
        seen += (int)page->n_kvs;
        if (!page->more) {
            break;
        }
        assert_int_equal(300, page->n_kvs);
        (void)snprintf(from, sizeof(from), "%.*s0", STR_ARG(str_of_bytes(page->kvs[299]->key)));
    }
    assert_int_equal(keys, seen);
    rig_free(rig);
}

static void what_was_deleted_and_compacted_is_gone(void **state)
{
    struct rig *rig = filled();
    char text[backend_text_max] = "";
    int64_t half = keys / 2;

    (void)state;
    assert_int_equal(half, rig_delete(rig, "/registry/nodes/", "/registry/nodes0"));
    assert_int_equal(ETCD_OK, rig_compact(rig, mvcc_position(rig->mvcc).revision));
    while (mvcc_compact_step(rig->mvcc, 300)) {
        rig_flush(rig);
    }
    rig_flush(rig);
    assert_int_equal(half, rig->backend->mark(rig->backend).count);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(half, range(rig, "/", "0", 0)->count);
        assert_int_equal(0, range(rig, "/registry/nodes/", "/registry/nodes0", 0)->count);
        assert_int_equal(ERR_OK, rig_restart(rig, text));
    }
    rig_free(rig);
}

static void a_lease_takes_its_keys_along_in_their_order(void **state)
{
    struct rig *rig = filled();
    struct gathered events;
    struct mvcc_lease lease;
    int64_t before = mvcc_position(rig->mvcc).revision;

    (void)state;
    assert_true(mvcc_lease(rig->mvcc, 5, &lease));
    assert_int_equal(keys / attached_every, lease.key_count);
    assert_int_equal(ETCD_OK, rig_revoke(rig, 5));
    assert_int_equal(before + 1, mvcc_position(rig->mvcc).revision);
    events = gather(rig->mvcc, before + 1, 1, false, &rig->arena);
    assert_int_equal(keys / attached_every, events.count);
    for (size_t i = 1; i < events.count; i++) {
        assert_true(str_cmp(str_of_bytes(events.events[i - 1]->kv->key),
                            str_of_bytes(events.events[i]->kv->key)) < 0);
    }
    assert_int_equal(keys - keys / attached_every, range(rig, "/", "0", 0)->count);
    rig_free(rig);
}

/* ── one key of many revisions ── */

enum { revisions = 100000, life = 10 }; /* one of ten deletes it */

static struct rig *with_a_long_history(void)
{
    struct rig *rig = rig_new();

    (void)rig_put(rig, "a", "1", 0);
    for (int i = 0; i < revisions; i++) {
        if (i % life == life - 1) {
            (void)rig_delete(rig, "long", "");
        } else {
            (void)rig_put(rig, "long", "1", 0);
        }
        if (i % (revisions / 10) == 0) {
            rig_flush(rig);
        }
        arena_reset(&rig->arena);
    }
    (void)rig_put(rig, "z", "1", 0);
    rig_flush(rig);
    return rig;
}

static uint32_t hash_of(struct rig *rig, int64_t revision)
{
    Etcdserverpb__HashKVRequest request = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    ProtobufCMessage *answer = NULL;

    request.revision = revision;
    assert_int_equal(ETCD_OK, rig_read(rig, ETCD_METHOD_HASH_KV, &request.base, &answer));
    return ((const Etcdserverpb__HashKVResponse *)answer)->hash;
}

static void are_alike(struct rig *a, struct rig *b)
{
    int64_t now = mvcc_position(a->mvcc).revision;

    assert_int_equal(now, mvcc_position(b->mvcc).revision);
    for (int64_t at = mvcc_position(a->mvcc).compacted; at <= now; at++) {
        const Etcdserverpb__RangeResponse *ranges[2];

        for (int i = 0; i < 2; i++) {
            Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
            ProtobufCMessage *answer = NULL;
            struct rig *rig = i == 0 ? a : b;

            request.key = bytes_of_str(STR("long"));
            request.revision = at;
            assert_int_equal(ETCD_OK, rig_read(rig, ETCD_METHOD_RANGE, &request.base, &answer));
            ranges[i] = (const Etcdserverpb__RangeResponse *)answer;
        }
        assert_int_equal(ranges[0]->count, ranges[1]->count);
        if (ranges[0]->count > 0) {
            assert_int_equal(ranges[0]->kvs[0]->mod_revision, ranges[1]->kvs[0]->mod_revision);
            assert_int_equal(ranges[0]->kvs[0]->version, ranges[1]->kvs[0]->version);
        }
    }
    assert_int_equal(hash_of(a, 0), hash_of(b, 0));
    assert_int_equal(hash_of(a, now - 1), hash_of(b, now - 1));
}

/* As one that goes at once, on the way and at its end; and so it is after a restart. */
static void a_long_history_goes_in_steps(void **state)
{
    enum { step_work = 1000 };
    struct rig *whole = with_a_long_history();
    struct rig *rig = with_a_long_history();
    int64_t compacted = mvcc_position(rig->mvcc).revision - 15; /* it is live there */
    char text[backend_text_max] = "";
    unsigned steps = 0;

    (void)state;
    assert_int_equal(ETCD_OK, rig_compact(whole, compacted));
    assert_false(mvcc_compact_step(whole->mvcc, UINT32_MAX));
    rig_flush(whole);
    assert_int_equal(ETCD_OK, rig_compact(rig, compacted));
    while (mvcc_compact_step(rig->mvcc, step_work)) {
        if (++steps % 25 == 0) { /* what a piece leaves is what a start takes */
            uint64_t left = rig->backend->mark(rig->backend).count;

            are_alike(whole, rig);
            rig_flush(rig);
            assert_true(rig->backend->mark(rig->backend).count < left);
            assert_int_equal(ERR_OK, rig_restart(rig, text));
            assert_true(mvcc_is_compacting(rig->mvcc));
            are_alike(whole, rig);
        }
    }
    assert_in_range(steps, revisions / step_work - 1, revisions / step_work + 10);
    rig_flush(rig);
    for (int i = 0; i < 2; i++) {
        are_alike(whole, rig);
        assert_int_equal(whole->backend->mark(whole->backend).count,
                         rig->backend->mark(rig->backend).count);
        assert_int_equal(ERR_OK, rig_restart(rig, text));
        assert_false(mvcc_is_compacting(rig->mvcc));
    }
    rig_free(whole);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(what_was_deleted_and_compacted_is_gone),
        cmocka_unit_test(a_lease_takes_its_keys_along_in_their_order),
        cmocka_unit_test(a_long_history_goes_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
