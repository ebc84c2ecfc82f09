/* SHA-1 against the published vectors, and at every length around a block's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/sha1.h"

static void expect(const char *text, const char *hex)
{
    unsigned char digest[sha1_bytes];
    char got[2 * sha1_bytes + 1];

    sha1(text, strlen(text), digest);
    for (size_t i = 0; i < sha1_bytes; i++) {
        (void)snprintf(got + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(hex, got);
}

static void published_vectors_hold(void **state)
{
    static char million[1000001];

    (void)state;
    expect("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
           "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    expect(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlm"
        "nopqrsmnopqrstnopqrstu",
        "a49b2446a02c645bf419f995b67091253a04a259");
    memset(million, 'a', 1000000);
    expect(million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* As sha1sum has them. */
static void every_length_around_a_block_is_whole(void **state)
{
    static const char *const hex[] = {
        "c1c8bbdc22796e28c0e15163d20899b65621d65a", "c2db330f6083854c99d4b5bfb6e8f29f201be699",
        "03f09f5b158a7a8cdad920bddc29b81c18a551f5", "0098ba824b5c16427bd7a1122a5a442a25ec644d",
        "11655326c708d70319be2610e8a57d9a5b959d3b", "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56",
        "f34c1488385346a55709ba056ddd08280dd4c6d6",
    };
    static const size_t lengths[] = {55, 56, 63, 64, 65, 119, 120};
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(text, 'a', lengths[i]);
        text[lengths[i]] = '\0';
        expect(text, hex[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_hold),
        cmocka_unit_test(every_length_around_a_block_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
