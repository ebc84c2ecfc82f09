#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/etcd/grpc.h"

enum { max = 100 };

static void prefix_is_five_bytes_with_the_length_in_network_order(void **state)
{
    char prefix[grpc_prefix_bytes];

    (void)state;
    grpc_prefix(prefix, 0x01020304);
    assert_memory_equal(prefix, "\0\1\2\3\4", sizeof(prefix));
}

/* Two messages, "abc" and an empty one, in pieces of every size. */
static void messages_are_whole_however_they_are_cut(void **state)
{
    static const char framed[] = "\0\0\0\0\3abc\0\0\0\0\0";
    const size_t len = sizeof(framed) - 1;

    (void)state;
    for (size_t piece = 1; piece <= len; piece++) {
        struct grpc_reader reader = {0};
        struct str message;
        unsigned found = 0;

        for (size_t at = 0; at < len; at += piece) {
            struct str data = {framed + at, at + piece < len ? piece : len - at};

            while (data.len > 0) {
                enum grpc_read read = grpc_read(&reader, &data, max, &message);

                assert_true(read == GRPC_READ_MORE || read == GRPC_READ_MESSAGE);
                if (read == GRPC_READ_MESSAGE) {
                    assert_true(str_eq(message, found == 0 ? STR("abc") : STR("")));
                    found++;
                }
            }
            assert_int_equal(grpc_read_cut(&reader), at + piece < len && at + piece != 8);
        }
        assert_int_equal(found, 2);
        buf_fini(&reader.bytes);
    }
}

static void what_is_too_large_is_not_kept(void **state)
{
    struct grpc_reader reader = {0};
    struct str data = STR("\0\0\0\0\145 a hundred and one bytes begin");
    struct str message;

    (void)state;
    assert_int_equal(grpc_read(&reader, &data, max, &message), GRPC_READ_TOO_LARGE);
    assert_int_equal(message.len, 101);
    assert_true(reader.bytes.len <= grpc_prefix_bytes);
    buf_fini(&reader.bytes);
}

static void as_large_as_may_be_is_read(void **state)
{
    struct grpc_reader reader = {0};
    struct str data = STR("\0\0\0\0\144");
    struct str message;

    (void)state;
    assert_int_equal(grpc_read(&reader, &data, max, &message), GRPC_READ_MORE);
    buf_fini(&reader.bytes);
}

static void compressed_is_refused(void **state)
{
    struct grpc_reader reader = {0};
    struct str data = STR("\1\0\0\0\1x");
    struct str message;

    (void)state;
    assert_int_equal(grpc_read(&reader, &data, max, &message), GRPC_READ_COMPRESSED);
    buf_fini(&reader.bytes);
}

static void timeouts_are_rounded_up_to_milliseconds(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"0n", 0},          {"1n", 1},      {"4993676u", 4994}, {"20m", 20},
        {"3S", 3000},       {"2M", 120000}, {"1H", 3600000},    {"99999999H", grpc_timeout_max_ms},
        {"00000007S", 7000}};
    static const char *const bad[] = {"",    "S",   "1",          "1s",  "-1S",
                                      "+1S", "1 S", "999999999S", "1Sx", "0x1S"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;

        assert_int_equal(grpc_timeout(str_from(good[i].text), &ms), ERR_OK);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = -7;

        assert_int_equal(grpc_timeout(str_from(bad[i]), &ms), ERR_MALFORMED);
        assert_int_equal(ms, -7);
    }
}

static void texts_of_a_status_are_printable_ascii(void **state)
{
    struct buf to = {0};

    (void)state;
    grpc_message(&to, STR("100% \xc3\xa4\n~"));
    assert_true(str_eq(buf_str(&to), STR("100%25 %C3%A4%0A~")));
    buf_fini(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefix_is_five_bytes_with_the_length_in_network_order),
        cmocka_unit_test(messages_are_whole_however_they_are_cut),
        cmocka_unit_test(what_is_too_large_is_not_kept),
        cmocka_unit_test(as_large_as_may_be_is_read),
        cmocka_unit_test(compressed_is_refused),
        cmocka_unit_test(timeouts_are_rounded_up_to_milliseconds),
        cmocka_unit_test(texts_of_a_status_are_printable_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
