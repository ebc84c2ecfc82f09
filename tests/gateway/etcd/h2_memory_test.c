#include "gateway/etcd/h2_memory.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct h2_memory *self = calloc(1, sizeof(*self));

    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct h2_memory *self = *state;

    h2_memory_fini(self);
    free(self);
    return 0;
}

static void *take(struct h2_memory *self, size_t size)
{
    void *object = h2_memory_take(size, self);

    assert_non_null(object);
    assert_int_equal((uintptr_t)object % alignof(max_align_t), 0);
    memset(object, 'x', size);
    return object;
}

static void give(struct h2_memory *self, void *object)
{
    h2_memory_give_back(object, self);
}

static void what_was_freed_last_is_given_next(void **state)
{
    struct h2_memory *self = *state;
    void *first = take(self, 144);
    void *second = take(self, 144);

    give(self, first);
    give(self, second);
    assert_int_equal(self->kept, 2 * 144);
    assert_ptr_equal(take(self, 144), second);
    assert_ptr_equal(take(self, 130), first); /* of its class */
    assert_int_equal(self->kept, 0);
    give(self, first);
    give(self, second);
}

static void a_smaller_one_is_never_given(void **state)
{
    struct h2_memory *self = *state;
    void *small = take(self, 128);
    void *larger;

    give(self, small);
    larger = take(self, 129);
    assert_ptr_not_equal(larger, small);
    give(self, larger);
}

static void what_is_large_is_not_kept(void **state)
{
    struct h2_memory *self = *state;

    give(self, take(self, 256));
    assert_int_equal(self->kept, 256);
    give(self, take(self, 257));
    give(self, take(self, 65536));
    assert_int_equal(self->kept, 256);
}

static void no_more_is_kept_than_may_be(void **state)
{
    enum { count = h2_memory_kept / 256 + 10 };
    struct h2_memory *self = *state;
    void **objects = calloc(count, sizeof(*objects));

    for (size_t i = 0; i < count; i++) {
        objects[i] = take(self, 256);
    }
    for (size_t i = 0; i < count; i++) {
        give(self, objects[i]);
    }
    assert_int_equal(self->kept, h2_memory_kept);
    free(objects);
}

static void zeroed_is_zero_whoever_had_it_before(void **state)
{
    static const unsigned char zero[96];
    struct h2_memory *self = *state;
    void *object;

    give(self, take(self, 96));
    object = h2_memory_take_zeroed(8, 12, self);
    assert_memory_equal(object, zero, sizeof(zero));
    give(self, object);
    assert_null(h2_memory_take_zeroed(SIZE_MAX / 2, 3, self));
    assert_null(h2_memory_take(SIZE_MAX, self));
}

static void what_grows_keeps_what_it_holds(void **state)
{
    struct h2_memory *self = *state;
    char *object = h2_memory_resize(NULL, 20, self);

    memcpy(object, "nineteen characters", 20);
    assert_ptr_equal(h2_memory_resize(object, 32, self), object);
    object = h2_memory_resize(object, 200, self);
    assert_string_equal(object, "nineteen characters");
    object = h2_memory_resize(object, 4000, self);
    assert_string_equal(object, "nineteen characters");
    assert_null(h2_memory_resize(object, SIZE_MAX, self));
    give(self, object);
    give(self, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_freed_last_is_given_next),
        CASE(a_smaller_one_is_never_given),
        CASE(what_is_large_is_not_kept),
        CASE(no_more_is_kept_than_may_be),
        CASE(zeroed_is_zero_whoever_had_it_before),
        CASE(what_grows_keeps_what_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
