/* The fuzzers' seeds are the samples of these tests. After a change of the
 * table, MUSTER_WRITE_SEEDS=1 makes this test write them afresh. */
#include "tests/wire/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/journal/record.h"

static const char corpus[] = "tests/fuzz/corpus";

static void write_seed(const char *path, struct str want)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(want.data, 1, want.len, file) != want.len || fclose(file) != 0) {
        fail_msg("%s can't be written", path);
    }
}

static void seed_is(const char *fuzzer, const char *name, struct str want)
{
    struct buf path = {0};
    struct buf got = {0};
    FILE *file;

    buf_printf(&path, "%s/%s/%s", corpus, fuzzer, name);
    buf_add_char(&path, 0);
    if (getenv("MUSTER_WRITE_SEEDS") != NULL) {
        write_seed(path.data, want);
    }
    file = fopen(path.data, "rb");
    if (file == NULL) {
        fail_msg("%s is missing: run this test with MUSTER_WRITE_SEEDS=1", path.data);
    }
    got.len = fread(buf_reserve(&got, want.len + 1), 1, want.len + 1, file);
    (void)fclose(file);
    if (!str_eq(want, buf_str(&got))) {
        fail_msg("%s is outdated: run this test with MUSTER_WRITE_SEEDS=1", path.data);
    }
    buf_fini(&got);
    buf_fini(&path);
}

static void every_message_is_a_seed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct buf bytes = sample_encoded(sample_types[i], SAMPLE_USUAL);

        seed_is("fuzz_message", msg_type_name(sample_types[i]), buf_str(&bytes));
        buf_fini(&bytes);
    }
}

static void frames_that_must_be_refused_are_seeds(void **state)
{
    (void)state;
    seed_is("fuzz_message", "claims-gigabytes", STR("\xdf\xdf\xdf\xdf\xdf\xdf\xe2"));
    seed_is("fuzz_message", "unknown-type", STR("\x93\xcd\x03\xe8\x2a\xa1x\x92\x01\x07"));
    seed_is("fuzz_message", "no-message",
            STR("\x81\x91\x01\xcb\x3f\xf8\0\0\0\0\0\0\xc4\x01\xff\xc1"));
}

static void a_file_in_every_state_is_a_seed(void **state)
{
    struct buf file = {0};
    size_t second = 0;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct msg msg = sample(i == 0 ? MSG_TYPE_HEAD : MSG_TYPE_GONE, SAMPLE_USUAL);

        second = record_begin(&file);
        msg_encode(&file, &msg);
        record_end(&file, second);
    }
    seed_is("fuzz_record", "whole", buf_str(&file));
    seed_is("fuzz_record", "torn", (struct str){file.data, file.len - 5});
    seed_is("fuzz_record", "cut-head", (struct str){file.data, second + 6});
    memset(buf_reserve(&file, 64), 0, 64);
    file.len += 64;
    seed_is("fuzz_record", "zeros-behind", buf_str(&file));
    file.data[1] = 1;
    seed_is("fuzz_record", "length-damaged", buf_str(&file));
    file.data[1] = 0;
    file.data[10] = 0;
    seed_is("fuzz_record", "body-damaged", buf_str(&file));
    buf_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_a_seed),
        cmocka_unit_test(frames_that_must_be_refused_are_seeds),
        cmocka_unit_test(a_file_in_every_state_is_a_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
