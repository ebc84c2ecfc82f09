#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/hash.h"

struct vector {
    unsigned len;
    uint64_t narrow;
    struct hash128 wide;
};

/* Published vectors: key 00 01 … 0f, input 00 01 … of that length. */
static const struct vector vectors[] = {
    {0, 0x726fdb47dd0e0e31, {0xe6a825ba047f81a3, 0x930255c71472f66d}},
    {1, 0x74f839c593dc67fd, {0x44af996bd8c187da, 0x45fc229b11597634}},
    {7, 0xab0200f58b01d137, {0x53c1dbd8beebf1a1, 0x3982f01fa64ab8c0}},
    {8, 0x93f5f5799a932462, {0x61f55862baa9623b, 0xb49714f364e2830f}},
    {15, 0xa129ca6149be45e5, {0x11a8b03399e99354, 0xd9c3cf970fec087e}},
    {16, 0x3f2acc7f57c29bdb, {0xbb54b067caa4e26e, 0x77052385bf1533fd}},
    {63, 0x958a324ceb064572, {0x4a83502f77d15051, 0x7cbd3f979a063e50}},
};

static void counting_up(unsigned char *input, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        input[i] = (unsigned char)i;
    }
}

static void gives_the_published_values(void **state)
{
    unsigned char input[64];

    (void)state;
    counting_up(input, sizeof(input));
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_true(hash64(input, vectors[i].len) == vectors[i].narrow);
        assert_true(hash128_eq(hash128(input, vectors[i].len), vectors[i].wide));
    }
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return bits == 0 ? value : value << bits | value >> (64 - bits);
}

/* All 64 published vectors, folded into one number each. */
static void gives_the_published_value_for_every_length(void **state)
{
    unsigned char input[64];
    uint64_t narrow = 0;
    struct hash128 wide = {0};

    (void)state;
    counting_up(input, sizeof(input));
    for (unsigned len = 0; len < sizeof(input); len++) {
        struct hash128 hash = hash128(input, len);

        narrow ^= rotate(hash64(input, len), len);
        wide.hi ^= rotate(hash.hi, len);
        wide.lo ^= rotate(hash.lo, len);
    }
    assert_true(narrow == 0xb708e381849a1197);
    assert_true(hash128_eq(wide, (struct hash128){0xd514038185edc58e, 0x24d8f2e088e4a16c}));
}

static void input_may_stand_anywhere_and_be_nothing(void **state)
{
    unsigned char room[32];

    (void)state;
    for (unsigned at = 0; at < 8; at++) {
        counting_up(room + at, 15);
        assert_true(hash64(room + at, 15) == 0xa129ca6149be45e5);
    }
    assert_true(hash64(NULL, 0) == 0x726fdb47dd0e0e31);
}

static void order_is_that_of_the_number(void **state)
{
    static const struct hash128 rising[] = {
        {0, 0}, {0, 1}, {0, UINT64_MAX}, {1, 0}, {UINT64_MAX, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
        for (size_t j = 0; j < sizeof(rising) / sizeof(rising[0]); j++) {
            int order = hash128_cmp(rising[i], rising[j]);

            assert_int_equal((i > j) - (i < j), (order > 0) - (order < 0));
            assert_int_equal(i == j, hash128_eq(rising[i], rising[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_values),
        cmocka_unit_test(gives_the_published_value_for_every_length),
        cmocka_unit_test(input_may_stand_anywhere_and_be_nothing),
        cmocka_unit_test(order_is_that_of_the_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
