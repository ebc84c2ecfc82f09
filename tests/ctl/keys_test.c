/* keygen, and the keys of a tcp address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/runtime/curve.h"
#include "tests/ctl/stub.h"

static char dir[32];

static int setup(void **state)
{
    (void)state;
    memcpy(dir, "/tmp/muster-keys-XXXXXX", sizeof("/tmp/muster-keys-XXXXXX"));
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const files[] = {"/keys/node.key", "/keys/10.0.0.5.pub", "/keys", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "%s%s", dir, files[i]);
        (void)remove(path);
    }
    return access(dir, F_OK) != 0 ? 0 : -1; /* nothing else was made */
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

static void keys_are_made_once(void **state)
{
    struct curve_keys keys;
    struct called called;
    struct buf why = {0};
    char path[64];

    (void)state;
    call(&called, "keygen %s/keys --name 10.0.0.5", dir);
    assert_int_equal(0, called.code);
    has(called.out.data, "/keys/10.0.0.5.pub: copy it to the keys of every host");
    called_fini(&called);
    (void)snprintf(path, sizeof(path), "%s/keys", dir);
    assert_int_equal(ERR_OK, curve_load(&keys, path, &why));
    assert_string_equal(keys.public_key, curve_key_of(&keys, STR("10.0.0.5")));

    call(&called, "keygen --dir %s --name other", dir); /* the same place */
    assert_int_equal(1, called.code);
    has(called.err.data, "is there already and is not overwritten");
    called_fini(&called);
    curve_fini(&keys);
}

static void a_name_for_no_file_is_wrong_usage(void **state)
{
    struct called called;

    (void)state;
    call(&called, "keygen %s/keys --name a/b", dir);
    assert_int_equal(2, called.code);
    has(called.err.data, "a/b: no name for a .pub file");
    called_fini(&called);
}

static void a_directory_without_keys_is_said(void **state)
{
    struct called called;

    (void)state;
    call(&called, "ping --endpoint tcp://127.0.0.1:1 --keys %s/keys", dir);
    assert_int_equal(2, called.code);
    has(called.err.data, "/keys/node.key: can't be read");
    called_fini(&called);
    call(&called, "tap --endpoint tcp://127.0.0.1:1 --keys %s/keys", dir);
    assert_int_equal(2, called.code);
    has(called.err.data, "/keys/node.key: can't be read");
    called_fini(&called);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_are_made_once),
        TEST(a_name_for_no_file_is_wrong_usage),
        TEST(a_directory_without_keys_is_said),
    };

    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
