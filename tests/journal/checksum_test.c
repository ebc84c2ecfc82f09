#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "common/journal/record.h"

enum { body_max = 5000 };

/* CRC-32 as its definition has it: ISO 3309, bit by bit. */
static uint32_t sum_of(uint32_t sum, const unsigned char *bytes, size_t len)
{
    sum = ~sum;
    for (size_t i = 0; i < len; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = (sum & 1) != 0 ? sum >> 1 ^ UINT32_C(0xedb88320) : sum >> 1;
        }
    }
    return ~sum;
}

static void the_definition_gives_the_sum_that_everybody_knows(void **state)
{
    (void)state;
    assert_int_equal(0xcbf43926, sum_of(0, (const unsigned char *)"123456789", 9));
}

/* Bytes 4 to 7 of a frame: of its length, then of its body. */
static void a_frame_of_any_length_has_the_sum_of_the_definition(void **state)
{
    struct prng prng;

    (void)state;
    prng_init(&prng, 1);
    for (size_t len = 1; len <= body_max; len += len < 600 ? 1 : 113) {
        struct buf frame = {0};
        size_t mark = record_begin(&frame);
        const unsigned char *at;
        uint32_t told = 0;

        for (size_t i = 0; i < len; i++) {
            buf_add_char(&frame, (char)prng_next(&prng));
        }
        record_end(&frame, mark);
        at = (const unsigned char *)frame.data;
        for (size_t i = 4; i < 8; i++) {
            told = told << 8 | at[i];
        }
        assert_int_equal(sum_of(sum_of(0, at, 4), at + record_head_bytes, len), told);
        buf_fini(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_definition_gives_the_sum_that_everybody_knows),
        cmocka_unit_test(a_frame_of_any_length_has_the_sum_of_the_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
