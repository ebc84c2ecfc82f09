/* What is in which tail, what survives, and what a start refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/mvcc/key_value.h"
#include "actors/store/mvcc/tail.h"
#include "tests/store/mvcc/gather.h"
#include "tests/store/mvcc/rig.h"

static int begin(void **state)
{
    *state = rig_new();
    return 0;
}

static int end(void **state)
{
    rig_free(*state);
    return 0;
}

static void what_is_sealed_is_read_until_it_is_flushed(void **state)
{
    struct rig *rig = *state;
    const struct tail *first;
    const struct tail *second;
    char text[backend_text_max];

    (void)rig_put(rig, "a", "1", 0);
    first = mvcc_seal(rig->mvcc);
    (void)rig_put(rig, "b", "2", 0);
    second = mvcc_seal(rig->mvcc);
    (void)rig_put(rig, "a", "3", 0);
    rig_expect(rig, 0, "a=3@4 b=2@3 ");
    assert_int_equal(ERR_OK, tail_flush(first, rig->backend, text));
    rig_expect(rig, 2, "a=1@2 ");
    assert_int_equal(0, mvcc_flushed_index(rig->mvcc));
    assert_int_equal(ERR_OK, mvcc_flushed(rig->mvcc));
    assert_int_equal(1, mvcc_flushed_index(rig->mvcc));
    assert_int_equal(ERR_OK, tail_flush(second, rig->backend, text));
    assert_int_equal(ERR_OK, mvcc_flushed(rig->mvcc));
    rig_expect(rig, 0, "a=3@4 b=2@3 ");
    rig_expect(rig, 3, "a=1@2 b=2@3 ");
}

static void nothing_new_is_nothing_to_flush(void **state)
{
    struct rig *rig = *state;

    assert_null(mvcc_seal(rig->mvcc));
    (void)rig_put(rig, "a", "1", 99); /* refused: the index moves alone */
    assert_int_equal(0, mvcc_unflushed_bytes(rig->mvcc));
    rig_flush(rig);
    assert_int_equal(1, mvcc_flushed_index(rig->mvcc));
    assert_null(mvcc_seal(rig->mvcc));
}

static void a_record_compacted_before_its_flush_is_not_written(void **state)
{
    struct rig *rig = *state;

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    assert_int_equal(ETCD_OK, rig_compact(rig, 3));
    while (mvcc_compact_step(rig->mvcc, 1)) {
    }
    rig_flush(rig);
    assert_int_equal(1, rig->backend->mark(rig->backend).count);
}

static void a_start_takes_up_a_compaction_that_was_not_done(void **state)
{
    struct rig *rig = *state;
    char text[backend_text_max] = "";

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    (void)rig_put(rig, "b", "1", 0);
    assert_int_equal(1, rig_delete(rig, "b", ""));
    assert_int_equal(ETCD_OK, rig_compact(rig, 5));
    rig_flush(rig);
    assert_int_equal(4, rig->backend->mark(rig->backend).count);
    assert_int_equal(ERR_OK, rig_restart(rig, text));
    assert_int_equal(5, mvcc_position(rig->mvcc).revision);
    assert_int_equal(5, mvcc_position(rig->mvcc).compacted);
    assert_true(mvcc_is_compacting(rig->mvcc));
    while (mvcc_compact_step(rig->mvcc, 1)) {
    }
    rig_flush(rig);
    assert_int_equal(1, rig->backend->mark(rig->backend).count);
    assert_int_equal(ERR_OK, rig_restart(rig, text));
    assert_false(mvcc_is_compacting(rig->mvcc));
    assert_int_equal(5, mvcc_position(rig->mvcc).revision);
}

/* One more transaction that nobody has made. */
static void meddle(struct rig *rig, struct backend_change change)
{
    struct backend_batch batch = {&change, 1, rig->backend->mark(rig->backend).index, 1};
    char text[backend_text_max];

    assert_int_equal(ERR_OK, rig->backend->write(rig->backend, &batch, text));
}

static void a_start_refuses_records_that_do_not_follow(void **state)
{
    struct rig *rig = *state;
    struct revision_key first = revision_key((struct revision){2, 0}, false);
    char text[backend_text_max] = "";

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    rig_flush(rig);
    meddle(rig, (struct backend_change){BUCKET_REV, false, revision_key_str(&first),
                                        STR("\x0a\x01"
                                            "a\x10\x02\x18\x02\x20\x07")});
    assert_int_equal(ERR_CORRUPT, rig_restart(rig, text));
    assert_non_null(strstr(text, "does not follow"));
}

/* A backend that has lost one record and does not know it. */
static enum err lossy_step(struct backend *self, enum backend_bucket bucket,
                           struct backend_record *record)
{
    (void)self;
    (void)bucket;
    (void)record;
    return ERR_NOT_FOUND;
}

static void a_start_misses_records_that_are_lost(void **state)
{
    struct rig *rig = *state;
    char text[backend_text_max] = "";

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "b", "2", 0);
    rig_flush(rig);
    rig->backend->step = lossy_step;
    assert_int_equal(ERR_CORRUPT, rig_restart(rig, text));
    assert_non_null(strstr(text, "1 records are there, 2 were written"));
}

static enum err damaged_get(struct backend *self, enum backend_bucket bucket, struct str key,
                            struct str *value)
{
    (void)self;
    (void)bucket;
    (void)key;
    (void)value;
    return ERR_CORRUPT;
}

static void a_damaged_record_is_no_answer_and_stays_known(void **state)
{
    struct rig *rig = *state;
    Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    enum err (*get)(struct backend *, enum backend_bucket, struct str, struct str *) =
        rig->backend->get;

    request.key = bytes_of_str(STR("a"));
    (void)rig_put(rig, "a", "1", 0);
    rig_flush(rig);
    rig->backend->get = damaged_get;
    assert_int_equal(ETCD_ERROR_CORRUPT, rig_read(rig, ETCD_METHOD_RANGE, &request.base, NULL));
    rig->backend->get = get;
    assert_int_equal(ERR_CORRUPT, mvcc_damage(rig->mvcc));
    assert_int_equal(ETCD_ERROR_CORRUPT, rig_put(rig, "b", "1", 0));
}

static void leases_come_back_with_their_keys(void **state)
{
    struct rig *rig = *state;
    struct mvcc_lease lease;
    char text[backend_text_max] = "";

    assert_int_equal(ETCD_OK, rig_grant(rig, -7, 600));
    assert_int_equal(ETCD_OK, rig_grant(rig, 8, 1));
    (void)rig_put(rig, "b", "1", -7);
    (void)rig_put(rig, "a", "1", -7);
    (void)rig_put(rig, "c", "1", -7);
    (void)rig_put(rig, "c", "2", 0);
    assert_true(mvcc_lease(rig->mvcc, -7, &lease));
    assert_int_equal(2, lease.key_count);
    mvcc_lease_checkpoint(rig->mvcc, -7, 300);
    rig_flush(rig);
    assert_int_equal(ERR_OK, rig_restart(rig, text));
    assert_true(mvcc_lease(rig->mvcc, -7, &lease));
    assert_int_equal(600, lease.ttl_s);
    assert_int_equal(300, lease.rest_s);
    assert_int_equal(2, lease.key_count);
    assert_true(mvcc_lease(rig->mvcc, 8, &lease));
    assert_int_equal(2, lease.ttl_s);
    assert_int_equal(ETCD_OK, rig_revoke(rig, -7));
    rig_expect(rig, 0, "c=2@5 ");
    assert_int_equal(6, mvcc_position(rig->mvcc).revision);
    rig_flush(rig);
    assert_int_equal(ERR_OK, rig_restart(rig, text));
    assert_false(mvcc_lease(rig->mvcc, -7, &lease));
}

static void each_lease_that_expires_with_keys_is_a_revision(void **state)
{
    struct rig *rig = *state;
    const int64_t ids[] = {3, 1, 9, 2};
    struct gathered events;

    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(ETCD_OK, rig_grant(rig, id, 60));
    }
    (void)rig_put(rig, "y", "1", 3);
    (void)rig_put(rig, "x", "1", 3);
    (void)rig_put(rig, "z", "1", 2);
    mvcc_entry(rig->mvcc, ++rig->index, 1);
    mvcc_lease_expire(rig->mvcc, ids, 4);
    assert_int_equal(6, mvcc_position(rig->mvcc).revision);
    events = gather(rig->mvcc, 5, SIZE_MAX, false, &rig->arena);
    assert_int_equal(3, events.count);
    assert_true(str_eq(str_of_bytes(events.events[0]->kv->key), STR("x")));
    assert_int_equal(5, events.events[1]->kv->mod_revision);
    assert_int_equal(6, events.events[2]->kv->mod_revision);
    assert_int_equal(MVCCPB__EVENT__EVENT_TYPE__DELETE, events.events[2]->type);
}

static void events_are_cut_between_revisions(void **state)
{
    struct rig *rig = *state;
    struct gathered events;

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "b", "1", 0);
    rig_flush(rig);
    assert_int_equal(2, rig_delete(rig, "a", "c"));
    events = gather(rig->mvcc, 2, 1, false, &rig->arena);
    assert_int_equal(1, events.count);
    assert_int_equal(2, events.to);
    events = gather(rig->mvcc, 4, 1, false, &rig->arena);
    assert_int_equal(2, events.count);
    assert_int_equal(4, events.to);
    events = gather(rig->mvcc, 5, 1, false, &rig->arena);
    assert_int_equal(0, events.count);
    assert_int_equal(4, events.to);
}

static bool take_two(void *context, const struct mvcc_event *event)
{
    struct buf *seen = context;

    buf_printf(seen, "%lld.%u%s%.*s ", (long long)event->revision, event->sub,
               event->deletes ? "-" : "+", STR_ARG(event->key));
    return seen->len < 12;
}

static void events_are_read_from_within_a_revision(void **state)
{
    struct rig *rig = *state;
    struct buf seen = {0};

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "b", "1", 0);
    (void)rig_put(rig, "c", "1", 0);
    assert_int_equal(3, rig_delete(rig, "a", "d"));
    (void)rig_put(rig, "d", "1", 0);
    mvcc_events(rig->mvcc, 5, 1, take_two, &seen);
    assert_true(str_eq(buf_str(&seen), STR("5.1-b 5.2-c ")));
    rig_flush(rig);
    seen.len = 0;
    mvcc_events(rig->mvcc, 5, 2, take_two, &seen);
    assert_true(str_eq(buf_str(&seen), STR("5.2-c 6.0+d ")));
    buf_fini(&seen);
}

static bool add_before(void *context, const struct mvcc_event *event)
{
    struct rig *rig = context;

    assert_int_equal(event->revision > 3, mvcc_event_before(rig->mvcc, event).len > 0);
    return true;
}

static void what_is_compacted_was_not_before(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 3; i++) {
        (void)rig_put(rig, "a", "1", 0);
    }
    assert_int_equal(ETCD_OK, rig_compact(rig, 3)); /* said, not done */
    mvcc_events(rig->mvcc, 2, 0, add_before, rig);
}

static void a_compaction_waits_for_a_hash(void **state)
{
    struct rig *rig = *state;
    struct mvcc_hash *hash;
    uint32_t before;
    uint32_t after;

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    assert_int_equal(ETCD_OK, mvcc_hash_begin(rig->mvcc, 0, &hash));
    while (mvcc_hash_step(hash, 1)) {
    }
    mvcc_hash_end(&hash, &before, NULL);
    assert_int_equal(ETCD_OK, mvcc_hash_begin(rig->mvcc, 0, &hash));
    assert_int_equal(ETCD_OK, rig_compact(rig, 3));
    assert_false(mvcc_compact_step(rig->mvcc, 10));
    assert_true(mvcc_is_compacting(rig->mvcc));
    (void)rig_put(rig, "b", "1", 0);
    while (mvcc_hash_step(hash, 1)) {
    }
    mvcc_hash_end(&hash, &after, NULL);
    assert_int_equal(before, after);
    while (mvcc_compact_step(rig->mvcc, 10)) {
    }
    assert_false(mvcc_is_compacting(rig->mvcc));
}

static void a_compaction_goes_on_beside_a_hash_of_what_it_leaves(void **state)
{
    struct rig *rig = *state;
    struct mvcc_hash *hash;
    uint32_t hashes[2];

    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    (void)rig_put(rig, "b", "1", 0);
    (void)rig_delete(rig, "b", NULL);
    assert_int_equal(ETCD_OK, rig_compact(rig, 5));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ETCD_OK, mvcc_hash_begin(rig->mvcc, 0, &hash));
        for (bool more = true; more;) {
            more = mvcc_hash_step(hash, 1);
            (void)mvcc_compact_step(rig->mvcc, i == 0 ? 0 : 1);
        }
        assert_int_equal(i == 0, mvcc_is_compacting(rig->mvcc));
        mvcc_hash_end(&hash, &hashes[i], NULL);
    }
    assert_int_equal(hashes[0], hashes[1]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_is_read_until_it_is_flushed),
        TEST(nothing_new_is_nothing_to_flush),
        TEST(a_record_compacted_before_its_flush_is_not_written),
        TEST(a_start_takes_up_a_compaction_that_was_not_done),
        TEST(a_start_refuses_records_that_do_not_follow),
        TEST(a_start_misses_records_that_are_lost),
        TEST(a_damaged_record_is_no_answer_and_stays_known),
        TEST(leases_come_back_with_their_keys),
        TEST(each_lease_that_expires_with_keys_is_a_revision),
        TEST(events_are_cut_between_revisions),
        TEST(events_are_read_from_within_a_revision),
        TEST(what_is_compacted_was_not_before),
        TEST(a_compaction_waits_for_a_hash),
        TEST(a_compaction_goes_on_beside_a_hash_of_what_it_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
