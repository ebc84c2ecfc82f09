/* What goes into a bundle, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/secrets.h"
#include "actors/ctl/tar.h"

static void becomes(const char *text, const char *expected)
{
    struct buf clean = {0};

    secrets_remove(str_from(text), &clean);
    buf_add_char(&clean, '\0');
    assert_string_equal(expected, clean.data);
    buf_fini(&clean);
}

#define KEY_43 "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9d"

static void what_may_be_a_secret_is_removed(void **state)
{
    (void)state;
    becomes("token mst_abcd1234_" KEY_43 ", used", "token [removed], used");
    becomes("Authorization: Bearer abc\nnext", "Authorization: Bearer [removed]\nnext");
    becomes("authorization: xyz then", "authorization: [removed] then");
    becomes("key=\"" KEY_43 "\"", "key=\"[removed]\"");
    becomes("http://user:pass@host:1/x", "http://[removed]@host:1/x");
    becomes("a\n-----BEGIN PRIVATE KEY-----\nMIIE\nabc\n-----END PRIVATE KEY-----\nb",
            "a\n[removed]\nb");
    becomes("-----BEGIN X", "[removed]");
    becomes("-----BEGIN ", "[removed]");
}

static void what_is_none_stays(void **state)
{
    static const char *const texts[] = {
        "",
        "2026-11-28 22:48:22.123+08:00 WARN registry storage_failed text key=value",
        "{\"digest\":\"e283a0bbad6c312305452d1c86c65be1e283a0bbad6c312305452d1c86c65be1\"}",
        "/Var/lib/muster/data/registry/journal-0000000000000001.log",
        "http://10.0.0.1:7171/muster/v1/apps",
        "购物车 \xff\xfe",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        becomes(texts[i], texts[i]);
    }
}

static void settings_that_are_secret_are_known(void **state)
{
    (void)state;
    assert_true(secret_setting(STR("peers.token_file")));
    assert_true(secret_setting(STR("tls.client_key")));
    assert_true(secret_setting(STR("x.password")));
    assert_false(secret_setting(STR("peers.keys")));
    assert_false(secret_setting(STR("gateway.listen")));
}

static void an_archive_has_blocks_of_512_bytes(void **state)
{
    struct buf tar = {0};

    (void)state;
    tar_add(&tar, "a/b.txt", 1000000000, STR("hello"));
    assert_int_equal(1024, tar.len);
    assert_string_equal("a/b.txt", tar.data);
    assert_string_equal("0000600", tar.data + 100);
    assert_string_equal("00000000005", tar.data + 124);
    assert_string_equal("00000000001", tar.data + 136);
    assert_memory_equal("ustar\00000", tar.data + 257, 8);
    assert_memory_equal("hello\0", tar.data + 512, 6);
    tar_add(&tar, "empty", 0, STR(""));
    assert_int_equal(1536, tar.len);
    tar_end(&tar);
    assert_int_equal(2560, tar.len);
    buf_fini(&tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_a_secret_is_removed),
        cmocka_unit_test(what_is_none_stays),
        cmocka_unit_test(settings_that_are_secret_are_known),
        cmocka_unit_test(an_archive_has_blocks_of_512_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
