/* Files of the operating system, where it can't do all that is asked of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/journal/disk.h"

static int refusal; /* errno of every fallocate */

/* The library's. */
int fallocate(int fd, int mode, off_t offset, off_t len)
{
    (void)fd;
    (void)mode;
    (void)offset;
    (void)len;
    errno = refusal;
    return -1;
}

static int allocated(uint64_t *size)
{
    char path[] = "/tmp/muster-disk-XXXXXX";
    struct disk *disk = disk_os();
    struct stat st;
    int fd = mkstemp(path);
    int rc;

    assert_true(fd >= 0);
    rc = disk->allocate(disk, fd, 0, 200000);
    assert_int_equal(0, fstat(fd, &st));
    *size = (uint64_t)st.st_blocks * 512;
    (void)close(fd);
    (void)unlink(path);
    return rc;
}

static void room_is_taken_where_none_can_be_reserved(void **state)
{
    static const int cannot[] = {EOPNOTSUPP, ENOSYS};
    uint64_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(cannot) / sizeof(cannot[0]); i++) {
        refusal = cannot[i];
        assert_int_equal(0, allocated(&size));
        assert_true(size >= 200000);
    }
}

static void a_full_disk_is_told(void **state)
{
    uint64_t size;

    (void)state;
    refusal = ENOSPC;
    assert_int_equal(-ENOSPC, allocated(&size));
    assert_int_equal(0, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_taken_where_none_can_be_reserved),
        cmocka_unit_test(a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
