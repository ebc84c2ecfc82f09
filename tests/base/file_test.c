#include "common/base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A file of so many bytes, its name left in path. */
static void make(char path[32], size_t bytes)
{
    char text[10000];
    int fd;

    assert_true(bytes <= sizeof(text));
    memset(text, 'x', bytes);
    memcpy(path, "/tmp/file_test.XXXXXX", sizeof("/tmp/file_test.XXXXXX"));
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)bytes, write(fd, text, bytes));
    assert_int_equal(0, close(fd));
}

static void a_file_is_appended_whole(void **state)
{
    char path[32];
    struct buf text = {0};

    (void)state;
    make(path, 9000);
    buf_add_str(&text, STR("before"));
    assert_int_equal(ERR_OK, file_read(path, 9000, &text));
    assert_int_equal(9006, text.len);
    assert_memory_equal("beforexxx", text.data, 9);
    buf_fini(&text);
    unlink(path);
}

static void of_one_that_is_too_large_one_byte_more_is_read(void **state)
{
    char path[32];
    struct buf text = {0};

    (void)state;
    make(path, 9000);
    assert_int_equal(ERR_OK, file_read(path, 5000, &text));
    assert_int_equal(5001, text.len);
    buf_fini(&text);
    unlink(path);
}

static void what_can_t_be_read_says_why(void **state)
{
    struct buf text = {0};

    (void)state;
    assert_int_equal(ERR_IO, file_read("/tmp/file_test.none", 10, &text));
    assert_int_equal(ENOENT, errno);
    assert_int_equal(ERR_IO, file_read("/tmp", 10, &text));
    assert_int_equal(EISDIR, errno);
    assert_int_equal(0, text.len);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_appended_whole),
        cmocka_unit_test(of_one_that_is_too_large_one_byte_more_is_read),
        cmocka_unit_test(what_can_t_be_read_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
