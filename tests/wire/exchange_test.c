/* What one side of an exchange may send the other takes, and docs/protocol-naming.md says so. Runs
 * in the root of the source tree. */
#include "common/wire/exchange.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <string.h>

#include "common/wire/codec.h"
#include "common/wire/pack.h"

static const char path[] = "docs/protocol-naming.md";

static const struct {
    const char *message;
    const char *what;
    int64_t sent;
    int64_t taken;
} pairs[] = {
#define PAIR(message, what, sent, taken) {message, what, (int64_t)(sent), (int64_t)(taken)},
    EXCHANGES(PAIR)
#undef PAIR
};

enum { pair_count = sizeof(pairs) / sizeof(pairs[0]) };

static void what_is_sent_is_taken(void **state)
{
    (void)state;
    for (unsigned i = 0; i < pair_count; i++) {
        if (pairs[i].sent > pairs[i].taken) {
            fail_msg("%s, %s: %lld may be sent, %lld are taken", pairs[i].message, pairs[i].what,
                     (long long)pairs[i].sent, (long long)pairs[i].taken);
        }
    }
}

static void every_pair_has_its_row(void **state)
{
    static char page[1 << 20];
    FILE *file = fopen(path, "rb");

    (void)state;
    assert_non_null(file); /* run it in the root of the source tree */
    page[fread(page, 1, sizeof(page) - 1, file)] = 0;
    (void)fclose(file);
    for (unsigned i = 0; i < pair_count; i++) {
        char row[200];

        (void)snprintf(row, sizeof(row), "\n| %s | %s | %lld | %lld |\n", pairs[i].message,
                       pairs[i].what, (long long)pairs[i].sent, (long long)pairs[i].taken);
        if (strstr(page, row) == NULL) {
            fail_msg("%s lacks the row: %s", path, row + 1);
        }
    }
}

static struct strs many(struct buf *store, unsigned count, size_t len)
{
    struct buf item = {0};

    memset(buf_reserve(&item, len), 'x', len);
    item.len = len;
    for (unsigned i = 0; i < count; i++) {
        strs_pack(store, buf_str(&item));
    }
    buf_fini(&item);
    return (struct strs){count, buf_str(store)};
}

/* By the limits of what is registered: names of 255 bytes, a version of 512, 64 addresses of 512,
 * 64 pairs of metadata in 16 KiB; or a schedule of 48 KiB. */
static void the_largest_record_is_no_larger_than_is_said(void **state)
{
    static char name[512];
    struct str names = {name, 255};
    struct msg put = {.type = MSG_TYPE_PUT};
    struct buf addrs = {0};
    struct buf metadata = {0};
    struct buf out = {0};

    (void)state;
    memset(name, 'n', sizeof(name));
    put.as_put = (struct msg_put){
        .kind = UINT32_MAX,
        .seq = UINT64_MAX,
        .spread = UINT32_MAX,
        .gateway = UINT64_MAX,
        .number = UINT64_MAX,
        .at = INT64_MAX,
        .latest_of_app = INT64_MAX,
        .age_ms = INT64_MAX,
        .env = names,
        .appid = names,
        .zone = names,
        .hostname = names,
        .region = names,
        .version = {name, 512},
        .addrs = many(&addrs, 64, 512),
        .metadata = many(&metadata, 128, 16384 / 128),
        .status = UINT32_MAX,
        .reg_timestamp = INT64_MAX,
        .up_timestamp = INT64_MAX,
        .renew_timestamp = INT64_MAX,
        .dirty_timestamp = INT64_MAX,
        .latest_timestamp = INT64_MAX,
    };
    put.as_put.metadata.count = 64;
    msg_encode(&out, &put);
    assert_in_range(out.len, 48 * 1024, record_bytes_max);
    addrs.len = 0;
    out.len = 0;
    put.as_put.addrs = many(&addrs, 3 * 1024, 15); /* 48 KiB */
    put.as_put.metadata = (struct strs){0};
    msg_encode(&out, &put);
    assert_in_range(out.len, 48 * 1024, record_bytes_max);
    buf_fini(&out);
    buf_fini(&addrs);
    buf_fini(&metadata);
}

static void the_smallest_record_is_no_smaller_than_is_said(void **state)
{
    struct msg gone = {.type = MSG_TYPE_GONE};
    struct buf out = {0};

    (void)state;
    gone.as_gone.at = 1700000000000000000; /* of a clock */
    gone.as_gone.env = STR("e");
    gone.as_gone.appid = STR("a");
    msg_encode(&out, &gone);
    assert_true(out.len >= record_bytes_min);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_taken),
        cmocka_unit_test(every_pair_has_its_row),
        cmocka_unit_test(the_largest_record_is_no_larger_than_is_said),
        cmocka_unit_test(the_smallest_record_is_no_smaller_than_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
