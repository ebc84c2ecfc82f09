/* One suite over both backends; then what LMDB's alone promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/store/mvcc/backend_lmdb.h"
#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/mvcc/crc32c.h"

enum { map_bytes = 1 << 26 };

struct place {
    char directory[64]; /* empty: in memory */
    struct backend *backend;
};

static struct backend *opened(const char *directory)
{
    struct backend *backend = NULL;
    char text[backend_text_max] = "";

    if (backend_lmdb_open(directory, map_bytes, &backend, text) != ERR_OK) {
        fail_msg("%s", text);
    }
    return backend;
}

static int in_memory(void **state)
{
    struct place *self = calloc(1, sizeof(*self));

    self->backend = backend_memory_new();
    *state = self;
    return 0;
}

static int in_lmdb(void **state)
{
    struct place *self = calloc(1, sizeof(*self));

    (void)snprintf(self->directory, sizeof(self->directory), "/tmp/muster-backend-XXXXXX");
    assert_non_null(mkdtemp(self->directory));
    self->backend = opened(self->directory);
    *state = self;
    return 0;
}

static int away(void **state)
{
    struct place *self = *state;
    char path[128];

    backend_close(&self->backend);
    if (self->directory[0] != '\0') {
        (void)snprintf(path, sizeof(path), "%s/data.mdb", self->directory);
        (void)unlink(path);
        (void)snprintf(path, sizeof(path), "%s/lock.mdb", self->directory);
        (void)unlink(path);
        assert_int_equal(0, rmdir(self->directory));
    }
    free(self);
    return 0;
}

static void write_as(struct backend *backend, uint64_t index, const struct backend_change *changes,
                     size_t count)
{
    struct backend_batch batch = {changes, count, index, index / 10};
    char text[backend_text_max] = "";

    if (backend->write(backend, &batch, text) != ERR_OK) {
        fail_msg("%s", text);
    }
}

static struct backend_change put(enum backend_bucket bucket, const char *key, const char *value)
{
    return (struct backend_change){bucket, false, str_from(key), str_from(value)};
}

static struct backend_change removal(enum backend_bucket bucket, const char *key)
{
    return (struct backend_change){bucket, true, str_from(key), {0}};
}

static void expect(struct backend *backend, enum backend_bucket bucket, const char *key,
                   const char *value)
{
    struct str got = {0};
    enum err err = backend->get(backend, bucket, str_from(key), &got);

    if (value == NULL) {
        assert_int_equal(ERR_NOT_FOUND, err);
    } else {
        assert_int_equal(ERR_OK, err);
        assert_true(str_eq(got, str_from(value)));
    }
}

/* All of a bucket, "key=value " each. */
static void expect_all(struct backend *backend, enum backend_bucket bucket, const char *from,
                       const char *text)
{
    struct backend_record record;
    struct buf got = {0};
    enum err err = backend->seek(backend, bucket, str_from(from), &record);

    while (err == ERR_OK) {
        buf_printf(&got, "%.*s=%.*s ", STR_ARG(record.key), STR_ARG(record.value));
        err = backend->step(backend, bucket, &record);
    }
    assert_int_equal(ERR_NOT_FOUND, err);
    if (!str_eq(buf_str(&got), str_from(text))) {
        fail_msg("%.*s, not %s", STR_ARG(buf_str(&got)), text);
    }
    buf_fini(&got);
}

static void empty_it_has_nothing_and_no_mark(void **state)
{
    struct backend *backend = ((struct place *)*state)->backend;
    struct backend_mark mark = backend->mark(backend);

    assert_int_equal(0, mark.index + mark.term + mark.count + mark.sum);
    expect(backend, BUCKET_REV, "a", NULL);
    expect_all(backend, BUCKET_REV, "", "");
}

static void reads_see_what_is_written_from_the_renewal_on(void **state)
{
    struct backend *backend = ((struct place *)*state)->backend;
    const struct backend_change first[] = {put(BUCKET_REV, "a", "1"), put(BUCKET_META, "a", "2")};
    const struct backend_change second[] = {put(BUCKET_REV, "a", "3"), removal(BUCKET_META, "a")};
    struct str borrowed = {0};

    write_as(backend, 11, first, 2);
    expect(backend, BUCKET_REV, "a", NULL);
    assert_int_equal(ERR_OK, backend->renew(backend));
    expect(backend, BUCKET_REV, "a", "1");
    expect(backend, BUCKET_META, "a", "2");
    assert_int_equal(ERR_OK, backend->get(backend, BUCKET_REV, STR("a"), &borrowed));

    write_as(backend, 23, second, 2);
    expect(backend, BUCKET_META, "a", "2");
    assert_true(str_eq(borrowed, STR("1")));
    assert_int_equal(11, backend->mark(backend).index);
    assert_int_equal(ERR_OK, backend->renew(backend));
    expect(backend, BUCKET_REV, "a", "3");
    expect(backend, BUCKET_META, "a", NULL);
    assert_int_equal(23, backend->mark(backend).index);
    assert_int_equal(2, backend->mark(backend).term);
}

static void a_cursor_goes_in_order_of_bytes_from_where_it_is_put(void **state)
{
    struct backend *backend = ((struct place *)*state)->backend;
    const struct backend_change changes[] = {
        put(BUCKET_REV, "a", ""), put(BUCKET_REV, "ab", "2"), put(BUCKET_REV, "b", "3"),
        put(BUCKET_REV, "\xff", "4"), put(BUCKET_LEASE, "a", "5")};

    write_as(backend, 1, changes, 5);
    assert_int_equal(ERR_OK, backend->renew(backend));
    expect_all(backend, BUCKET_REV, "", "a= ab=2 b=3 \xff=4 ");
    expect_all(backend, BUCKET_REV, "aa", "ab=2 b=3 \xff=4 ");
    expect_all(backend, BUCKET_REV, "b", "b=3 \xff=4 ");
    expect_all(backend, BUCKET_LEASE, "", "a=5 ");
    expect_all(backend, BUCKET_ALARM, "", "");
}

static void the_mark_counts_and_sums_what_is_there(void **state)
{
    struct backend *backend = ((struct place *)*state)->backend;
    const struct backend_change changes[] = {put(BUCKET_REV, "a", "1"), put(BUCKET_REV, "b", "2"),
                                             put(BUCKET_META, "m", "3")};
    const struct backend_change others[] = {removal(BUCKET_REV, "a"), put(BUCKET_REV, "b", "4"),
                                            put(BUCKET_REV, "c", "5"), removal(BUCKET_REV, "d")};
    struct backend_record record;
    struct backend_mark mark;
    uint64_t sum = 0;
    uint64_t count = 0;

    write_as(backend, 1, changes, 3);
    write_as(backend, 1, others, 4);
    assert_int_equal(ERR_OK, backend->renew(backend));
    for (enum err err = backend->seek(backend, BUCKET_REV, STR(""), &record); err == ERR_OK;
         err = backend->step(backend, BUCKET_REV, &record)) {
        sum += record.digest;
        count++;
    }
    mark = backend->mark(backend);
    assert_int_equal(2, count);
    assert_int_equal(count, mark.count);
    assert_true(sum == mark.sum && sum != 0);
}

static void large_values_and_the_longest_key_fit(void **state)
{
    struct backend *backend = ((struct place *)*state)->backend;
    char *bytes = calloc(1, 1 << 21);
    struct str key = {bytes, backend_key_max};
    struct backend_change change = {BUCKET_AUTH, false, key, {bytes, 1 << 21}};
    struct str got = {0};

    bytes[(1 << 21) - 1] = 'x';
    write_as(backend, 1, &change, 1);
    assert_int_equal(ERR_OK, backend->renew(backend));
    assert_int_equal(ERR_OK, backend->get(backend, BUCKET_AUTH, key, &got));
    assert_true(str_eq(got, change.value));
    free(bytes);
}

static void a_transaction_without_changes_moves_the_mark(void **state)
{
    struct backend *backend = ((struct place *)*state)->backend;

    write_as(backend, 70, NULL, 0);
    assert_int_equal(ERR_OK, backend->renew(backend));
    assert_int_equal(70, backend->mark(backend).index);
}

static void both_have_the_same_sums(void **state)
{
    const struct backend_change changes[] = {put(BUCKET_REV, "a", "1"), put(BUCKET_REV, "b", "")};
    struct backend *lmdb = ((struct place *)*state)->backend;
    struct backend *memory = backend_memory_new();

    write_as(lmdb, 1, changes, 2);
    write_as(memory, 1, changes, 2);
    (void)lmdb->renew(lmdb);
    (void)memory->renew(memory);
    assert_true(lmdb->mark(lmdb).sum == memory->mark(memory).sum);
    backend_close(&memory);
}

static void lmdb_keeps_it_over_a_restart(void **state)
{
    struct place *place = *state;
    const struct backend_change changes[] = {put(BUCKET_REV, "a", "1"), put(BUCKET_META, "m", "2")};
    struct backend_mark before;
    struct backend_mark after;

    write_as(place->backend, 44, changes, 2);
    (void)place->backend->renew(place->backend);
    before = place->backend->mark(place->backend);
    backend_close(&place->backend);
    place->backend = opened(place->directory);
    expect_all(place->backend, BUCKET_REV, "", "a=1 ");
    expect(place->backend, BUCKET_META, "m", "2");
    place->backend->settle(place->backend);
    expect(place->backend, BUCKET_META, "m", "2");
    after = place->backend->mark(place->backend);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(44, after.index);
}

/* In every place that holds the text, one byte another. */
static void harm(const char *directory, struct str text)
{
    struct buf bytes = {0};
    char path[128];
    FILE *file;
    unsigned harmed = 0;

    (void)snprintf(path, sizeof(path), "%s/data.mdb", directory);
    file = fopen(path, "r+b");
    assert_non_null(file);
    while (true) {
        size_t got = fread(buf_reserve(&bytes, 65536), 1, 65536, file);

        bytes.len += got;
        if (got == 0) {
            break;
        }
    }
    for (size_t i = 0; i + text.len <= bytes.len; i++) {
        if (memcmp(bytes.data + i, text.data, text.len) == 0) {
            assert_int_equal(0, fseek(file, (long)i, SEEK_SET));
            assert_int_equal('#', fputc('#', file));
            harmed++;
        }
    }
    assert_int_equal(0, fclose(file));
    assert_true(harmed > 0);
    buf_fini(&bytes);
}

static void lmdb_tells_a_damaged_record(void **state)
{
    static const char *const harmed[] = {"a value to be harmed", "a key to be harmed"};
    struct place *place = *state;

    for (int i = 0; i < 2; i++) {
        const struct backend_change changes[] = {put(BUCKET_REV, "a key to be harmed", "1"),
                                                 put(BUCKET_REV, "b", "a value to be harmed"),
                                                 put(BUCKET_REV, "c", "3")};
        struct backend_record record;
        enum err err;
        unsigned good = 0;

        write_as(place->backend, 1, changes, 3);
        backend_close(&place->backend);
        harm(place->directory, str_from(harmed[i]));
        place->backend = opened(place->directory);
        err = place->backend->seek(place->backend, BUCKET_REV, STR(""), &record);
        for (; err == ERR_OK && good < 9; good++) {
            err = place->backend->step(place->backend, BUCKET_REV, &record);
        }
        assert_int_equal(ERR_CORRUPT, err);
        assert_non_null(strstr(place->backend->text(place->backend), "bucket key is damaged"));
        assert_true(good < 3);
    }
}

static void lmdb_says_why_a_directory_can_not_be_opened(void **state)
{
    struct place *place = *state;
    struct backend *backend = NULL;
    char text[backend_text_max];
    char path[128];
    FILE *file;

    assert_int_equal(ERR_UNUSABLE, backend_lmdb_open("/nowhere/at/all", map_bytes, &backend, text));
    assert_non_null(strstr(text, "/nowhere/at/all"));
    assert_non_null(strstr(text, "must be a directory"));
    assert_null(backend);

    backend_close(&place->backend);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", place->directory);
    file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 100000; i++) {
        (void)fputc('x', file);
    }
    assert_int_equal(0, fclose(file));
    assert_int_equal(ERR_CORRUPT, backend_lmdb_open(place->directory, map_bytes, &backend, text));
    assert_non_null(strstr(text, "damaged or not a store's"));
}

static void lmdb_says_when_its_map_is_full_and_lives_on(void **state)
{
    struct place *place = *state;
    char *bytes = calloc(1, map_bytes);
    const struct backend_change large = {BUCKET_REV, false, STR("a"), {bytes, map_bytes}};
    struct backend_batch batch = {&large, 1, 5, 5};
    const struct backend_change small = put(BUCKET_REV, "b", "1");
    char text[backend_text_max];

    assert_int_equal(ERR_FULL, place->backend->write(place->backend, &batch, text));
    assert_non_null(strstr(text, "store.map"));
    write_as(place->backend, 6, &small, 1);
    (void)place->backend->renew(place->backend);
    expect_all(place->backend, BUCKET_REV, "", "b=1 ");
    assert_int_equal(6, place->backend->mark(place->backend).index);
    assert_int_equal(1, place->backend->mark(place->backend).count);
    free(bytes);
}

/* RFC 3720, B.4 */
static void crc32c_is_the_standard_s(void **state)
{
    unsigned char bytes[32];

    (void)state;
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(0x8a9136aa, crc32c(0, bytes, 32));
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(0x62a8ab43, crc32c(0, bytes, 32));
    for (int i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(0x46dd794e, crc32c(0, bytes, 32));
    assert_int_equal(0x46dd794e, crc32c(crc32c(0, bytes, 13), bytes + 13, 19));
}

// clang-format off
#define OVER(place, test) {#test "_" #place, test, place, away, NULL}
#define OVER_BOTH(test) OVER(in_memory, test), OVER(in_lmdb, test)
// clang-format on

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_is_the_standard_s),
        OVER_BOTH(empty_it_has_nothing_and_no_mark),
        OVER_BOTH(reads_see_what_is_written_from_the_renewal_on),
        OVER_BOTH(a_cursor_goes_in_order_of_bytes_from_where_it_is_put),
        OVER_BOTH(the_mark_counts_and_sums_what_is_there),
        OVER_BOTH(large_values_and_the_longest_key_fit),
        OVER_BOTH(a_transaction_without_changes_moves_the_mark),
        OVER(in_lmdb, both_have_the_same_sums),
        OVER(in_lmdb, lmdb_keeps_it_over_a_restart),
        OVER(in_lmdb, lmdb_tells_a_damaged_record),
        OVER(in_lmdb, lmdb_says_why_a_directory_can_not_be_opened),
        OVER(in_lmdb, lmdb_says_when_its_map_is_full_and_lives_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
