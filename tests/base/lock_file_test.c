#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/lock_file.h"

static char dir[] = "/tmp/muster-lock-XXXXXX";
static char path[sizeof(dir) + 8];

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/lock", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

static void write_file(const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_int_equal(strlen(text), write(fd, text, strlen(text)));
    (void)close(fd);
}

static void who_is_refused_learns_the_holder_s_pid(void **state)
{
    int64_t holder = 5;
    int fd = lock_file_take(path, &holder);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(0, holder);
    assert_int_equal(-EWOULDBLOCK, lock_file_take(path, &holder)); /* nothing is in it yet */
    assert_int_equal(0, holder);
    write_file("123456789012345678901\n"); /* longer than what is written next */
    assert_true(pid_write(fd));
    assert_int_equal(-EWOULDBLOCK, lock_file_take(path, &holder));
    assert_int_equal(getpid(), holder);
    (void)close(fd);
    fd = lock_file_take(path, &holder);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void what_is_no_pid_is_none(void **state)
{
    static const char *const texts[] = {"12", "-3\n", "12x\n", "\n",
                                        "99999999999999999999999999\n"};
    int64_t holder;
    int fd = lock_file_take(path, &holder);

    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_file(texts[i]);
        assert_int_equal(-EWOULDBLOCK, lock_file_take(path, &holder));
        assert_int_equal(0, holder);
    }
    (void)close(fd);
}

static void a_link_is_not_followed(void **state)
{
    char target[sizeof(path) + 8];
    int64_t holder;

    (void)state;
    (void)unlink(path);
    (void)snprintf(target, sizeof(target), "%s/target", dir);
    assert_int_equal(0, symlink(target, path));
    assert_int_equal(-ELOOP, lock_file_take(path, &holder));
    assert_int_not_equal(0, access(target, F_OK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_refused_learns_the_holder_s_pid),
        cmocka_unit_test(what_is_no_pid_is_none),
        cmocka_unit_test(a_link_is_not_followed),
    };

    return cmocka_run_group_tests_name("lock file", tests, setup, teardown);
}
