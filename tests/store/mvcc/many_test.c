/* More keys than one block, one step or one tail holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/mvcc/key_value.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(what_was_deleted_and_compacted_is_gone),
        cmocka_unit_test(a_lease_takes_its_keys_along_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
