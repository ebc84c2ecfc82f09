/* The framing of journal and snapshot: over any bytes, and over a file that was
 * written well and then harmed in one place the input chooses.
 *
 * Covers: common/journal/record.c
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/journal/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool only_zeros(struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Reads to the first state that is not OK; len: bytes of whole frames before it. */
static enum record_state read_all(struct str file, size_t *len)
{
    struct str rest = file;
    struct str before = rest;
    struct str body;
    enum record_state state;

    while ((state = record_next(&rest, &body)) == RECORD_OK) {
        assert(body.len > 0 && body.len <= frame_max);
        assert(body.data == before.data + record_head_bytes);
        assert(rest.data == body.data + body.len);
        assert(rest.len == before.len - record_head_bytes - body.len);
        before = rest;
    }
    assert(rest.data == before.data && rest.len == before.len);
    assert((state == RECORD_END) == only_zeros(rest));
    *len = file.len - rest.len;
    return state;
}

/* Frames of FOOT messages with numbers of the input: no frame hides in another. */
static struct buf well_written(const uint8_t *data, size_t size)
{
    struct buf file = {0};

    while (size > 9 && file.len < 4096) {
        size_t mark = record_begin(&file);

        for (unsigned i = 0; i <= data[0] % 4u; i++) {
            struct msg foot = {.type = MSG_TYPE_FOOT};

            memcpy(&foot.as_foot.count, data + 1, 8);
            foot.as_foot.seq = i;
            msg_encode(&file, &foot);
        }
        record_end(&file, mark);
        data += 9;
        size -= 9;
    }
    return file;
}

static void check_harmed(const uint8_t *data, size_t size)
{
    size_t at = (size_t)data[0] << 8 | data[1];
    uint8_t flip = data[2];
    struct buf file = well_written(data + 3, size - 3);
    size_t len;

    if (file.len > 0) {
        at %= file.len;
        assert(read_all(buf_str(&file), &len) == RECORD_END && len == file.len);
        /* cut short: never damage */
        assert(read_all((struct str){file.data, at}, &len) != RECORD_DAMAGED && len <= at);
        /* one byte is another: what is read are the frames before it, and it is noticed */
        file.data[at] = (char)(file.data[at] ^ flip);
        assert((read_all(buf_str(&file), &len) == RECORD_END) == (flip == 0));
        assert(flip == 0 || len <= at);
    }
    buf_fini(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len;

    (void)read_all((struct str){(const char *)data, size}, &len);
    if (size > 3) {
        check_harmed(data, size);
    }
    return 0;
}
