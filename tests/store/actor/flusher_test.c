/* The thread that writes tails, over a real LMDB, while the loop goes on reading and writing. Run
 * with ThreadSanitizer too. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/store/flusher.h"
#include "actors/store/mvcc/backend_lmdb.h"
#include "actors/store/mvcc/mvcc.h"
#include "common/etcdapi/kv.pb-c.h"

enum { small_map_bytes = 1 << 20, map_bytes = 1 << 26 };

struct fixture {
    char directory[64];
    struct backend *backend;
    struct mvcc *mvcc;
    struct flusher *flusher;
    struct arena arena;
    uint64_t index;
};

static void open_all(struct fixture *self, uint64_t size, bool threaded)
{
    static const struct mvcc_settings settings = {.lease_ttl_min_s = 2};
    char text[backend_text_max] = "";

    if (backend_lmdb_open(self->directory, size, &self->backend, text) != ERR_OK ||
        mvcc_new(&settings, self->backend, &self->mvcc, text) != ERR_OK) {
        fail_msg("%s", text);
    }
    assert_int_equal(flusher_new(&self->flusher, self->backend, threaded ? &clock_os : NULL),
                     ERR_OK);
}

static void close_all(struct fixture *self)
{
    flusher_destroy(&self->flusher);
    mvcc_destroy(&self->mvcc);
    backend_close(&self->backend);
}

static struct fixture *made(uint64_t size, bool threaded)
{
    struct fixture *self = calloc(1, sizeof(*self));

    (void)snprintf(self->directory, sizeof(self->directory), "/tmp/muster-flusher-XXXXXX");
    assert_non_null(mkdtemp(self->directory));
    open_all(self, size, threaded);
    return self;
}

static int threaded(void **state)
{
    *state = made(map_bytes, true);
    return 0;
}

static int within_a_small_map(void **state)
{
    *state = made(small_map_bytes, true);
    return 0;
}

static int in_the_loop(void **state)
{
    *state = made(map_bytes, false);
    return 0;
}

static int away(void **state)
{
    struct fixture *self = *state;
    char path[128];

    close_all(self);
    arena_fini(&self->arena);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", self->directory,
                       i == 0 ? "data.mdb" : "lock.mdb");
        (void)unlink(path);
    }
    assert_int_equal(rmdir(self->directory), 0);
    free(self);
    return 0;
}

static void put(struct fixture *self, size_t value_bytes)
{
    Etcdserverpb__PutRequest request = ETCDSERVERPB__PUT_REQUEST__INIT;
    uint8_t *value = calloc(1, value_bytes);
    char key[32];

    (void)snprintf(key, sizeof(key), "key-%llu", (unsigned long long)self->index);
    request.key = (ProtobufCBinaryData){strlen(key), (uint8_t *)key};
    request.value = (ProtobufCBinaryData){value_bytes, value};
    mvcc_entry(self->mvcc, ++self->index, 1);
    assert_int_equal(mvcc_apply(self->mvcc, ETCD_METHOD_PUT, &request.base, &self->arena).error,
                     ETCD_OK);
    arena_reset(&self->arena);
    free(value);
}

static int64_t count(struct fixture *self)
{
    Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
    struct mvcc_answer answer;
    int64_t found;

    request.key = (ProtobufCBinaryData){1, (uint8_t *)"\0"};
    request.range_end = request.key;
    answer = mvcc_read(self->mvcc, ETCD_METHOD_RANGE, &request.base, &self->arena);
    assert_int_equal(answer.error, ETCD_OK);
    found = ((Etcdserverpb__RangeResponse *)answer.message)->count;
    assert_int_equal(((Etcdserverpb__RangeResponse *)answer.message)->n_kvs, found);
    arena_reset(&self->arena);
    return found;
}

static void what_is_handed_over_is_written_while_the_loop_goes_on(void **state)
{
    struct fixture *self = *state;

    for (int round = 0; round < 20; round++) {
        struct flushed flushed;

        for (int i = 0; i < 50; i++) {
            put(self, 100);
        }
        flusher_hand(self->flusher, mvcc_seal(self->mvcc));
        assert_true(flusher_is_busy(self->flusher));
        for (int i = 0; i < 10; i++) { /* beside it */
            put(self, 100);
            assert_int_equal(count(self), self->index);
        }
        assert_true(flusher_take(self->flusher, true, &flushed));
        assert_int_equal(flushed.err, ERR_OK);
        assert_int_equal(mvcc_flushed(self->mvcc), ERR_OK);
        assert_int_equal(mvcc_flushed_index(self->mvcc), self->index - 10);
        assert_int_equal(count(self), self->index);
    }
}

static void the_descriptor_tells_that_it_is_done(void **state)
{
    struct fixture *self = *state;
    struct pollfd done = {.fd = flusher_fd(self->flusher), .events = POLLIN};
    struct flushed flushed;

    assert_false(flusher_take(self->flusher, false, &flushed));
    assert_int_equal(poll(&done, 1, 0), 0);
    put(self, 10);
    flusher_hand(self->flusher, mvcc_seal(self->mvcc));
    assert_int_equal(poll(&done, 1, 10000), 1);
    assert_true(flusher_take(self->flusher, false, &flushed));
    assert_int_equal(poll(&done, 1, 0), 0);
    assert_false(flusher_is_busy(self->flusher));
    assert_int_equal(mvcc_flushed(self->mvcc), ERR_OK);
}

static void an_error_comes_with_its_words_and_it_may_be_tried_again(void **state)
{
    struct fixture *self = *state;
    const struct tail *tail;
    struct flushed flushed;

    put(self, (size_t)2 * small_map_bytes);
    tail = mvcc_seal(self->mvcc);
    for (int i = 0; i < 2; i++) {
        flusher_hand(self->flusher, tail);
        assert_true(flusher_take(self->flusher, true, &flushed));
        assert_int_equal(flushed.err, ERR_FULL);
        assert_true(strlen(flushed.text) > 0);
    }
    assert_int_equal(count(self), 1);
}

static void its_end_waits_for_what_it_has(void **state)
{
    struct fixture *self = *state;

    put(self, 1000);
    flusher_hand(self->flusher, mvcc_seal(self->mvcc));
    close_all(self);
    open_all(self, map_bytes, true);
    assert_int_equal(mvcc_position(self->mvcc).index, 1);
    assert_int_equal(count(self), 1);
}

static void without_a_thread_it_is_done_at_once(void **state)
{
    struct fixture *self = *state;
    struct flushed flushed;

    assert_int_equal(flusher_fd(self->flusher), -1);
    put(self, 10);
    flusher_hand(self->flusher, mvcc_seal(self->mvcc));
    assert_true(flusher_take(self->flusher, false, &flushed));
    assert_int_equal(flushed.err, ERR_OK);
    assert_int_equal(mvcc_flushed(self->mvcc), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_handed_over_is_written_while_the_loop_goes_on,
                                        threaded, away),
        cmocka_unit_test_setup_teardown(the_descriptor_tells_that_it_is_done, threaded, away),
        cmocka_unit_test_setup_teardown(an_error_comes_with_its_words_and_it_may_be_tried_again,
                                        within_a_small_map, away),
        cmocka_unit_test_setup_teardown(its_end_waits_for_what_it_has, threaded, away),
        cmocka_unit_test_setup_teardown(without_a_thread_it_is_done_at_once, in_the_loop, away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
