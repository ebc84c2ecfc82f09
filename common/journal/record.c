#include "common/journal/record.h"

#include <assert.h>
#include <libdeflate.h>
#include <string.h>

#include "common/wire/value.h"

enum { search_bytes = 1 << 30 }; /* to sum: about a second */

static void store_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

static uint32_t load_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t checksum(const unsigned char *frame, size_t len)
{
    return libdeflate_crc32(libdeflate_crc32(0, frame, 4), frame + record_head_bytes, len);
}

size_t record_begin(struct buf *to)
{
    static const char head[record_head_bytes];
    size_t mark = to->len;

    buf_add(to, head, sizeof(head));
    return mark;
}

void record_end(struct buf *to, size_t mark)
{
    unsigned char *frame = (unsigned char *)to->data + mark;
    size_t len = to->len - mark - record_head_bytes;

    assert(len > 0 && len <= frame_max);
    store_u32(frame, (uint32_t)len);
    store_u32(frame + 4, checksum(frame, len));
}

bool record_only_zeros(struct str bytes)
{
    return bytes.len == 0 ||
           (bytes.data[0] == 0 && memcmp(bytes.data, bytes.data + 1, bytes.len - 1) == 0);
}

static struct str behind(struct str bytes, size_t len)
{
    return (struct str){bytes.data + len, bytes.len - len};
}

/* Claimed length of the frame at the beginning; 0: none that could be. */
static size_t claimed(struct str rest)
{
    size_t len = rest.len >= record_head_bytes ? load_u32((const unsigned char *)rest.data) : 0;

    return len <= frame_max ? len : 0;
}

size_t record_wants(struct str head)
{
    size_t len = head.len < 4 ? 0 : load_u32((const unsigned char *)head.data);

    return record_head_bytes + (len <= frame_max ? len : frame_max);
}

static bool whole(struct str rest, size_t len)
{
    const unsigned char *frame = (const unsigned char *)rest.data;

    return len > 0 && len <= rest.len - record_head_bytes &&
           load_u32(frame + 4) == checksum(frame, len);
}

/* The first bytes of a message of ours; saves the checksum of nearly every wrong guess. */
static bool message_begins(struct str body)
{
    struct cursor in = cursor_over(body);
    struct value value;

    return value_next(&in, &value) && value.kind == VALUE_ARRAY && value.number > 0 &&
           value_next(&in, &value) && value.kind == VALUE_INT && value.number <= UINT32_MAX &&
           msg_type_name((enum msg_type)value.number) != NULL;
}

/* Where in from … within - 1 a whole frame begins; within: nowhere. *sure false: it takes too
 * long to say whether one begins there: bytes can be made up so that every eleventh begins
 * something that must be summed to its far end. */
static size_t find_frame(struct str rest, size_t from, size_t within, bool *sure)
{
    size_t budget = search_bytes;

    *sure = true;
    for (size_t i = from; i < within; i++) {
        struct str at = behind(rest, i);
        size_t len = claimed(at);

        if (len == 0 || len > at.len - record_head_bytes ||
            !message_begins((struct str){at.data + record_head_bytes, len})) {
            continue;
        }
        if (len > budget) {
            *sure = false;
            return i;
        }
        if (whole(at, len)) {
            return i;
        }
        budget -= len;
    }
    return within;
}

static bool frame_inside(struct str rest, size_t within)
{
    bool sure;

    return find_frame(rest, 0, within, &sure) < within;
}

size_t record_seek(struct str rest)
{
    bool sure;
    size_t at = find_frame(rest, 1, rest.len, &sure);

    return at < rest.len && sure ? at : 0;
}

/* By how much the checksum differs from that of a frame of so many bytes; 0: it is whole. */
static uint32_t difference(const unsigned char *frame, size_t len)
{
    size_t body = len - record_head_bytes;
    unsigned char head[4] = {(unsigned char)(body >> 24), (unsigned char)(body >> 16),
                             (unsigned char)(body >> 8), (unsigned char)body};

    return load_u32(frame + 4) ^ libdeflate_crc32(libdeflate_crc32(0, head, sizeof(head)),
                                                  frame + record_head_bytes, body);
}

/* What each byte makes of a sum without any, by its top byte, which is there once: the way back. */
struct step {
    uint32_t sum;
    uint32_t byte;
};

static void steps_init(struct step steps[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        unsigned char byte = (unsigned char)i;
        uint32_t sum = ~libdeflate_crc32(UINT32_MAX, &byte, 1);

        steps[sum >> 24] = (struct step){sum, i};
    }
}

/* The difference one byte earlier in the sum. */
static uint32_t step_back(const struct step steps[256], uint32_t after)
{
    const struct step *step = &steps[after >> 24];

    return (after ^ step->sum) << 8 | step->byte;
}

/* Whether a single wrong byte of the body, or of the checksum, makes this difference. */
static bool one_byte_off(uint32_t differs, size_t body)
{
    struct step steps[256];

    for (int shift = 0; shift < 32; shift += 8) {
        if ((differs & ~(UINT32_C(0xff) << shift)) == 0) {
            return true;
        }
    }
    steps_init(steps);
    for (; body > 0; body--) {
        differs = step_back(steps, differs);
        if (differs <= 0xff) {
            return true;
        }
    }
    return false;
}

/* A frame whose last byte is there was written to its end; so was one in which a single byte is
 * wrong, be it one of the length, or the last, which is now zero as if it had not been
 * written. A write cut short is none of these; but one that lacks a single byte is taken for it. */
static bool written_whole(struct str rest)
{
    enum { zeros_max = 64 }; /* that a frame may end with */
    size_t claims = record_head_bytes + claimed(rest);
    size_t there = rest.len;

    while (there > 0 && rest.data[there - 1] == 0) {
        there--;
    }
    if (there <= record_head_bytes) {
        return false;
    }
    for (size_t len = there; len <= rest.len && len <= there + zeros_max; len++) {
        uint32_t differs;

        if (len - record_head_bytes > frame_max) {
            return false;
        }
        differs = difference((const unsigned char *)rest.data, len);
        if (differs == 0 ||
            (len == claims && (len == there || one_byte_off(differs, len - record_head_bytes)))) {
            return true;
        }
    }
    return false;
}

enum record_state record_next(struct str *rest, struct str *body)
{
    size_t len = claimed(*rest);
    size_t extent;

    if (whole(*rest, len)) {
        *body = (struct str){rest->data + record_head_bytes, len};
        *rest = behind(*rest, record_head_bytes + len);
        return RECORD_OK;
    }
    if (record_only_zeros(*rest)) {
        return RECORD_END;
    }
    extent = record_head_bytes + (len != 0 ? len : frame_max);
    extent = extent < rest->len ? extent : rest->len;
    if (record_only_zeros(behind(*rest, extent)) && !frame_inside(*rest, extent) &&
        !written_whole(*rest)) {
        return RECORD_TORN;
    }
    return RECORD_DAMAGED;
}
