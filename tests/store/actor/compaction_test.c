/* A compaction beside what clients do: how much of it a turn does, and what it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "actors/store/mvcc/state.h"
#include "actors/store/store_state.h"
#include "tests/store/actor/rig.h"

enum { revisions = 10000, flush_bytes = 8192 };

static int set_up(void **state)
{
    static struct rig rig;

    rig_init(&rig, 1);
    rig.options.flush_bytes = flush_bytes;
    rig_start(&rig);
    for (int i = 0; i < revisions; i++) {
        (void)rig_send_put(&rig, "k", "1");
        if (i % 100 == 99) {
            rig_turn(&rig, 0);
        }
    }
    *state = &rig;
    return 0;
}

static void compact_all(struct rig *rig)
{
    Etcdserverpb__CompactionRequest compact = ETCDSERVERPB__COMPACTION_REQUEST__INIT;

    compact.revision = mvcc_position(rig->store->keyspace.mvcc).revision;
    assert_int_equal(compact.revision, revisions + 1);
    (void)rig_send(rig, ETCD_METHOD_COMPACT, &compact);
}

static void a_long_history_goes_over_turns(void **state)
{
    struct rig *rig = *state;
    unsigned turns = 0;

    compact_all(rig);
    do {
        (void)rig_one_turn(rig);
        turns++;
    } while (mvcc_is_compacting(rig->store->keyspace.mvcc));
    assert_in_range(turns, 10, 20);
    assert_string_equal(rig_get(rig, "k"), "1");
}

static enum err full(struct backend *self, const struct backend_batch *batch, char *text)
{
    (void)self;
    (void)batch;
    (void)snprintf(text, backend_text_max, "full");
    return ERR_FULL;
}

static void while_the_backend_is_behind_it_waits_and_writes_go_on(void **state)
{
    struct rig *rig = *state;
    enum err (*write)(struct backend *, const struct backend_batch *, char *) = rig->durable->write;

    rig->durable->write = full;
    compact_all(rig);
    rig_pass(rig, 3000);
    assert_true(mvcc_is_compacting(rig->store->keyspace.mvcc));
    assert_true(mvcc_unflushed_bytes(rig->store->keyspace.mvcc) < (size_t)4 * flush_bytes);
    assert_true(rig_put(rig, "k", "2", 0) > 0);
    rig->durable->write = write;
    rig_pass(rig, 500);
    assert_false(mvcc_is_compacting(rig->store->keyspace.mvcc));
    assert_int_equal(rig->durable->mark(rig->durable).count, 2); /* what was live at it, and now */
    assert_int_equal(rig->store->refused_total, 0);
}

/* Revisions that are to go, and are still there. */
static uint32_t dead(const struct rig *rig)
{
    const struct mvcc *mvcc = rig->store->keyspace.mvcc;

    return key_index_dead(&mvcc->index, 0, mvcc->compacted);
}

static void while_it_stays_behind_as_much_goes_as_is_written(void **state)
{
    enum { more = 2500 };
    struct rig *rig = *state;

    rig->store->options.flush_bytes = (size_t)4 * flush_bytes; /* room for all that is to come */
    rig->durable->write = full;
    compact_all(rig);
    rig_pass(rig, 3000);
    assert_in_range(dead(rig), revisions - 3000, revisions);
    for (unsigned before = dead(rig), i = 1; i <= more; i++) {
        assert_true(rig_put(rig, "k", "2", 0) > 0);
        assert_in_range(before - dead(rig), i < 1100 ? 0 : i - 1100, i + 1000);
    }
    assert_int_equal(rig->store->refused_total, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_long_history_goes_over_turns),
        CASE(while_the_backend_is_behind_it_waits_and_writes_go_on),
        CASE(while_it_stays_behind_as_much_goes_as_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
