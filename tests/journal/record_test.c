#include "tests/wire/samples.h"

#include <string.h>

#include "common/journal/record.h"

/* A file of a PUT and a CANCEL's GONE, one frame each. first: where the second begins. */
struct file {
    struct buf bytes;
    size_t first;
};

static void add_frame(struct buf *to, enum msg_type type)
{
    struct msg msg = sample(type, SAMPLE_USUAL);
    size_t mark = record_begin(to);

    msg_encode(to, &msg);
    record_end(to, mark);
}

static struct file two_frames(void)
{
    struct file file = {0};

    add_frame(&file.bytes, MSG_TYPE_PUT);
    file.first = file.bytes.len;
    add_frame(&file.bytes, MSG_TYPE_GONE);
    return file;
}

static void add_zeros(struct buf *to, size_t count)
{
    memset(buf_reserve(to, count), 0, count);
    to->len += count;
}

/* Reads to the first state that is not OK; frames: how many were. */
static enum record_state read_all(struct str rest, unsigned *frames)
{
    enum record_state state;
    struct str body;

    *frames = 0;
    while ((state = record_next(&rest, &body)) == RECORD_OK) {
        ++*frames;
    }
    return state;
}

static void a_file_is_read_frame_by_frame_to_its_end(void **state)
{
    struct file file = two_frames();
    struct str rest = buf_str(&file.bytes);
    struct str body;
    struct msg msg;
    struct msg put = sample(MSG_TYPE_PUT, SAMPLE_USUAL);
    struct msg gone = sample(MSG_TYPE_GONE, SAMPLE_USUAL);

    (void)state;
    assert_int_equal(RECORD_OK, record_next(&rest, &body));
    assert_int_equal(ERR_OK, msg_decode(&body, &msg));
    assert_true(sample_equal(&put, &msg));
    assert_int_equal(RECORD_OK, record_next(&rest, &body));
    assert_int_equal(ERR_OK, msg_decode(&body, &msg));
    assert_true(sample_equal(&gone, &msg));
    assert_int_equal(RECORD_END, record_next(&rest, &body));
    buf_fini(&file.bytes);
}

static void nothing_and_zeros_are_the_end(void **state)
{
    static const char zeros[10000];
    unsigned frames;

    (void)state;
    for (size_t len = 0; len < sizeof(zeros); len = len * 2 + 1) {
        assert_int_equal(RECORD_END, read_all((struct str){zeros, len}, &frames));
    }
    assert_int_equal(RECORD_END, read_all((struct str){0}, &frames));
}

/* The frame of PING 7: its bytes are the format on disk and must never change. */
static void the_framing_is_that_of_the_documentation(void **state)
{
    static const unsigned char want[] = {0, 0, 0, 3, 0xf6, 0x31, 0xb8, 0xec, 0x92, 1, 7};
    struct msg ping = {.type = MSG_TYPE_PING, .as_ping.id = 7};
    struct buf bytes = {0};
    size_t mark;

    (void)state;
    buf_add_str(&bytes, STR("before"));
    mark = record_begin(&bytes);
    msg_encode(&bytes, &ping);
    record_end(&bytes, mark);
    assert_int_equal(6, mark);
    assert_int_equal(6 + sizeof(want), bytes.len);
    assert_memory_equal(want, bytes.data + 6, sizeof(want));
    buf_fini(&bytes);
}

/* What a crash left of the last frame, which begins at mark: a torn tail, or nothing at all; damage
 * where as much as its length says, or all behind its length, was written, or all but one byte. */
static void last_frame_is_torn(const struct file *whole, size_t mark, struct str bytes,
                               unsigned frames_before)
{
    size_t end = mark == 0 ? whole->first : whole->bytes.len;
    struct str left = {bytes.data + mark, bytes.len - mark};
    enum record_state expected = record_only_zeros(left) ? RECORD_END : RECORD_TORN;
    unsigned frames;
    unsigned missing = 0;
    unsigned of_length = 0;

    for (size_t i = mark; i < end && bytes.len >= end; i++) {
        missing += bytes.data[i] != whole->bytes.data[i] ? 1 : 0;
        of_length = i < mark + 4 ? missing : of_length;
    }
    if (bytes.len >= end &&
        (missing == 1 || missing == of_length || (of_length == 0 && bytes.data[end - 1] != 0))) {
        expected = RECORD_DAMAGED;
    }
    assert_int_equal(expected, read_all(bytes, &frames));
    assert_int_equal(frames_before, frames);
}

/* Cut at any byte; so too when a preallocated file goes on with zeros. */
static void every_cut_is_a_torn_tail(void **state)
{
    struct file file = two_frames();

    (void)state;
    for (size_t len = 0; len < file.bytes.len; len++) {
        struct buf cut = {0};
        bool second = len >= file.first;
        size_t mark = second ? file.first : 0;

        buf_add(&cut, file.bytes.data, len);
        last_frame_is_torn(&file, mark, buf_str(&cut), second);
        add_zeros(&cut, 5000);
        last_frame_is_torn(&file, mark, buf_str(&cut), second);
        buf_fini(&cut);
    }
    buf_fini(&file.bytes);
}

/* Pages of the last write that did not reach the disk are zeros. */
static void a_hole_in_the_last_frame_is_a_torn_tail(void **state)
{
    struct file file = two_frames();

    (void)state;
    for (size_t from = file.first; from < file.bytes.len; from++) {
        for (size_t to = from + 1; to <= file.bytes.len; to++) {
            struct buf holed = {0};

            buf_add(&holed, file.bytes.data, from);
            add_zeros(&holed, to - from);
            buf_add(&holed, file.bytes.data + to, file.bytes.len - to);
            if (!str_eq(buf_str(&holed), buf_str(&file.bytes))) {
                add_zeros(&holed, 100);
                last_frame_is_torn(&file, file.first, buf_str(&holed), 1);
            }
            buf_fini(&holed);
        }
    }
    buf_fini(&file.bytes);
}

/* In front of a whole frame it is damage, never a tail that may be cut. */
static void every_flipped_bit_in_front_of_a_frame_is_damage(void **state)
{
    struct file file = two_frames();

    (void)state;
    for (unsigned zeros = 0; zeros < 2; zeros++) {
        for (size_t bit = 0; bit < 8 * file.first; bit++) {
            unsigned frames;

            file.bytes.data[bit / 8] = (char)(file.bytes.data[bit / 8] ^ 1 << bit % 8);
            assert_int_equal(RECORD_DAMAGED, read_all(buf_str(&file.bytes), &frames));
            assert_int_equal(0, frames);
            file.bytes.data[bit / 8] = (char)(file.bytes.data[bit / 8] ^ 1 << bit % 8);
        }
        add_zeros(&file.bytes, 5000);
    }
    buf_fini(&file.bytes);
}

static void every_flipped_bit_of_the_last_frame_is_seen(void **state)
{
    struct file file = two_frames();

    (void)state;
    for (size_t bit = 8 * file.first; bit < 8 * file.bytes.len; bit++) {
        struct str rest;
        unsigned frames;
        enum record_state ended;

        file.bytes.data[bit / 8] = (char)(file.bytes.data[bit / 8] ^ 1 << bit % 8);
        rest = buf_str(&file.bytes);
        ended = read_all(rest, &frames);
        assert_true(ended == RECORD_TORN || ended == RECORD_DAMAGED);
        assert_int_equal(1, frames);
        file.bytes.data[bit / 8] = (char)(file.bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    buf_fini(&file.bytes);
}

/* Bytes a client could have stored: a wrong frame of 1 MiB begins at every 11th. */
static void bytes_made_to_be_searched_for_long_are_damage_before_that(void **state)
{
    static const char decoy[11] = {0, 0x10, 0, 0, 1, 2, 3, 4, (char)0x92, 1, 7};
    struct buf file = {0};
    unsigned frames;

    (void)state;
    buf_add_str(&file, STR("\x00\x7f\xff\xff\x01\x02\x03\x04"));
    while (file.len < (size_t)4 << 20) {
        buf_add(&file, decoy, sizeof(decoy));
    }
    assert_int_equal(RECORD_DAMAGED, read_all(buf_str(&file), &frames));
    file.len = 20000; /* the same, but shorter than any decoy claims */
    assert_int_equal(RECORD_TORN, read_all(buf_str(&file), &frames));
    buf_fini(&file);
}

static void what_is_not_ok_moves_nothing(void **state)
{
    static const char torn[] = {0, 0, 0, 9, 1};
    struct str rest = {torn, sizeof(torn)};
    struct str body = STR("as before");

    (void)state;
    assert_int_equal(RECORD_TORN, record_next(&rest, &body));
    assert_ptr_equal(torn, rest.data);
    assert_int_equal(sizeof(torn), rest.len);
    assert_true(str_eq(STR("as before"), body));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_frame_by_frame_to_its_end),
        cmocka_unit_test(nothing_and_zeros_are_the_end),
        cmocka_unit_test(the_framing_is_that_of_the_documentation),
        cmocka_unit_test(every_cut_is_a_torn_tail),
        cmocka_unit_test(a_hole_in_the_last_frame_is_a_torn_tail),
        cmocka_unit_test(every_flipped_bit_in_front_of_a_frame_is_damage),
        cmocka_unit_test(every_flipped_bit_of_the_last_frame_is_seen),
        cmocka_unit_test(bytes_made_to_be_searched_for_long_are_damage_before_that),
        cmocka_unit_test(what_is_not_ok_moves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
