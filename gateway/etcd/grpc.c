#include "gateway/etcd/grpc.h"

void grpc_prefix(char to[grpc_prefix_bytes], uint32_t len)
{
    to[0] = 0;
    to[1] = (char)(len >> 24);
    to[2] = (char)(len >> 16);
    to[3] = (char)(len >> 8);
    to[4] = (char)len;
}

static uint32_t length_in(const struct buf *bytes)
{
    const unsigned char *at = (const unsigned char *)bytes->data;

    return (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
}

/* Until bytes has so many, or data ends. */
static bool take(struct grpc_reader *self, struct str *data, size_t until)
{
    size_t lacking = until - self->bytes.len;
    size_t len = data->len < lacking ? data->len : lacking;

    buf_add(&self->bytes, data->data, len);
    data->data += len;
    data->len -= len;
    return len == lacking;
}

enum grpc_read grpc_read(struct grpc_reader *self, struct str *data, uint32_t max,
                         struct str *message)
{
    uint32_t len;

    if (self->whole) {
        self->whole = false;
        self->bytes.len = 0;
    }
    if (self->bytes.len < grpc_prefix_bytes && !take(self, data, grpc_prefix_bytes)) {
        return GRPC_READ_MORE;
    }
    if (self->bytes.data[0] != 0) {
        return GRPC_READ_COMPRESSED;
    }
    len = length_in(&self->bytes);
    if (len > max) {
        *message = (struct str){NULL, len};
        return GRPC_READ_TOO_LARGE;
    }
    if (!take(self, data, grpc_prefix_bytes + (size_t)len)) {
        return GRPC_READ_MORE;
    }
    self->whole = true;
    *message = (struct str){self->bytes.data + grpc_prefix_bytes, len};
    return GRPC_READ_MESSAGE;
}

bool grpc_read_cut(const struct grpc_reader *self)
{
    return !self->whole && self->bytes.len > 0;
}

enum err grpc_timeout(struct str value, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t multiply;
        int64_t divide;
    } units[] = {
        {'H', 3600000, 1}, {'M', 60000, 1}, {'S', 1000, 1},
        {'m', 1, 1},       {'u', 1, 1000},  {'n', 1, 1000000},
    };
    const size_t digits_max = 8;
    uint32_t number;

    if (value.len < 2 || value.len > digits_max + 1 ||
        str_to_u32((struct str){value.data, value.len - 1}, &number) != ERR_OK) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == value.data[value.len - 1]) {
            int64_t time = (number * units[i].multiply + units[i].divide - 1) / units[i].divide;

            *ms = time < grpc_timeout_max_ms ? time : grpc_timeout_max_ms;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}

void grpc_message(struct buf *to, struct str text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c >= ' ' && c <= '~' && c != '%') {
            buf_add_char(to, (char)c);
        } else {
            buf_add(to, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        }
    }
}
