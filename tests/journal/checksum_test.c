#include "common/journal/checksum.h"

#include "common/base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

enum { bytes_max = 5000 };

static unsigned char bytes[bytes_max];

static void fill(struct prng *prng)
{
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)prng_next(prng);
    }
}

static void it_is_zlibs_sum_for_every_length_and_place(void **state)
{
    struct prng prng;

    (void)state;
    prng_init(&prng, 1);
    fill(&prng);
    for (size_t len = 0; len <= 600; len++) {
        size_t from = len % 17;
        uint32_t before = (uint32_t)prng_next(&prng);

        assert_int_equal(checksum_add(0, bytes + from, len), crc32_z(0, bytes + from, len));
        assert_int_equal(checksum_add(before, bytes + from, len),
                         crc32_z(before, bytes + from, len));
    }
    assert_int_equal(checksum_add(0, bytes, bytes_max), crc32_z(0, bytes, bytes_max));
}

static void a_sum_goes_on_where_another_ended(void **state)
{
    struct prng prng;

    (void)state;
    prng_init(&prng, 2);
    fill(&prng);
    for (size_t cut = 0; cut <= bytes_max; cut += 113) {
        uint32_t sum = checksum_add(checksum_add(0, bytes, cut), bytes + cut, bytes_max - cut);

        assert_int_equal(sum, crc32_z(0, bytes, bytes_max));
    }
}

static void it_is_the_sum_that_everybody_knows(void **state)
{
    (void)state;
    assert_int_equal(checksum_add(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(checksum_add(7, NULL, 0), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_zlibs_sum_for_every_length_and_place),
        cmocka_unit_test(a_sum_goes_on_where_another_ended),
        cmocka_unit_test(it_is_the_sum_that_everybody_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
