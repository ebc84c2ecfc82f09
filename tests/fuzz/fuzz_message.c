/* Any bytes as a frame. What decodes encodes, and decodes again to the same; what
 * is accepted here msgpack-c accepts too, to the same length; and whatever it is,
 * it prints as valid JSON.
 *
 * Covers: common/wire/codec.c common/wire/value.c common/wire/print.c
 */
#include <assert.h>
#include <msgpack.h>
#include <stdint.h>
#include <string.h>

#include "common/naming/convert.h"
#include "common/wire/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ── is it JSON? ──────────────────────────────────────────────────────────── */

static bool json_value(struct str *s, unsigned depth);

static bool take(struct str *s, struct str word)
{
    if (!str_starts(*s, word)) {
        return false;
    }
    s->data += word.len;
    s->len -= word.len;
    return true;
}

static bool json_string(struct str *s)
{
    if (!take(s, STR("\""))) {
        return false;
    }
    while (!take(s, STR("\""))) {
        size_t len = str_utf8(*s);

        if (len == 0 || (unsigned char)s->data[0] < 0x20) {
            return false;
        }
        if (take(s, STR("\\u"))) {
            len = 4;
            for (size_t i = 0; i < len; i++) {
                if (s->len < len || strchr("0123456789abcdef", s->data[i]) == NULL) {
                    return false;
                }
            }
        } else if (take(s, STR("\\")) && (s->len == 0 || strchr("\"\\", s->data[0]) == NULL)) {
            return false;
        }
        s->data += len;
        s->len -= len;
    }
    return true;
}

static bool json_digits(struct str *s)
{
    size_t before = s->len;

    while (s->len > 0 && s->data[0] >= '0' && s->data[0] <= '9') {
        s->data++;
        s->len--;
    }
    return s->len != before;
}

static bool json_number(struct str *s)
{
    (void)take(s, STR("-"));
    if (!take(s, STR("0")) && !json_digits(s)) {
        return false;
    }
    if (take(s, STR(".")) && !json_digits(s)) {
        return false;
    }
    if (take(s, STR("e"))) {
        if (!take(s, STR("+"))) {
            (void)take(s, STR("-"));
        }
        return json_digits(s);
    }
    return true;
}

static bool json_items(struct str *s, struct str close, bool named, unsigned depth)
{
    if (take(s, close)) {
        return true;
    }
    do {
        if (named && (!json_string(s) || !take(s, STR(":")))) {
            return false;
        }
        if (!json_value(s, depth)) {
            return false;
        }
    } while (take(s, STR(",")));
    return take(s, close);
}

static bool json_value(struct str *s, unsigned depth)
{
    if (depth == 0) {
        return false;
    }
    if (take(s, STR("null")) || take(s, STR("true")) || take(s, STR("false"))) {
        return true;
    }
    if (take(s, STR("["))) {
        return json_items(s, STR("]"), false, depth - 1);
    }
    if (take(s, STR("{"))) {
        return json_items(s, STR("}"), true, depth - 1);
    }
    return str_starts(*s, STR("\"")) ? json_string(s) : json_number(s);
}

/* ── what is asked of every input ─────────────────────────────────────────── */

static void check_oracle(struct str bytes)
{
    msgpack_unpacked unpacked;
    size_t at = 0;

    msgpack_unpacked_init(&unpacked);
    assert(msgpack_unpack_next(&unpacked, bytes.data, bytes.len, &at) == MSGPACK_UNPACK_SUCCESS);
    assert(at == bytes.len);
    msgpack_unpacked_destroy(&unpacked);
}

static struct buf encoded(const struct msg *msg)
{
    struct buf bytes = {0};

    msg_encode(&bytes, msg);
    return bytes;
}

static void check_stable(const struct msg *msg)
{
    struct buf once = encoded(msg);
    struct str rest = buf_str(&once);
    struct msg back;
    struct buf twice;

    assert(msg_decode(&rest, &back) != ERR_MALFORMED);
    assert(rest.len == 0);
    twice = encoded(&back);
    assert(str_eq(buf_str(&once), buf_str(&twice)));
    assert(msg->type == back.type && msg->unknown_count == back.unknown_count);
    assert(str_eq(msg->unknown, back.unknown));
    buf_fini(&once);
    buf_fini(&twice);
}

static void check_change(const struct msg *msg)
{
    struct change change;
    struct msg back;
    struct buf bytes;
    struct buf again;

    if (change_from_msg(msg, &change) != ERR_OK) {
        return;
    }
    msg_from_change(&change, &back);
    back.unknown = msg->unknown;
    back.unknown_count = msg->unknown_count;
    bytes = encoded(msg);
    again = encoded(&back);
    assert(str_eq(buf_str(&bytes), buf_str(&again)));
    buf_fini(&bytes);
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str frame = {(const char *)data, size};
    struct str rest = frame;
    struct buf json = {0};
    struct str text;
    struct msg msg;

    while (rest.len > 0) {
        struct str bytes = rest;

        if (msg_decode(&rest, &msg) == ERR_MALFORMED) {
            assert(rest.data == bytes.data && rest.len == bytes.len);
            break;
        }
        bytes.len -= rest.len;
        check_oracle(bytes);
        check_stable(&msg);
        check_change(&msg);
        (void)msg_id(&msg);
    }
    frame_print(&json, frame);
    text = buf_str(&json);
    assert(json_value(&text, 64) && text.len == 0);
    buf_fini(&json);
    return 0;
}
