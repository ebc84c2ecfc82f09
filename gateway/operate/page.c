#include "gateway/operate/page.h"

#include "gateway/operate/answer.h"
#include "gateway/operate/fields.h"

_Static_assert(page_item_max + page_rest_max < operate_body_max, "one item always fits");

void page_list(struct page *self, const char *key)
{
    field_open(&self->body, key, '[');
    self->count = 0;
    self->closed = false;
}

void page_begin(struct page *self, const char *key)
{
    *self = (struct page){0};
    buf_add_char(&self->body, '{');
    page_list(self, key);
}

bool page_add(struct page *self, struct str item)
{
    assert(item.len <= page_item_max && !self->closed);
    if (self->count > 0 && self->body.len + item.len + 1 > operate_body_max - page_rest_max) {
        return false;
    }
    field_item(&self->body);
    buf_add_str(&self->body, item);
    self->count++;
    return true;
}

struct buf *page_close(struct page *self)
{
    if (!self->closed) {
        buf_add_char(&self->body, ']');
        self->closed = true;
    }
    return &self->body;
}

static char digit(unsigned value)
{
    return (char)(value < 10 ? '0' + value : 'a' + value - 10);
}

void page_next(struct page *self, struct str cursor)
{
    self->next.len = 0;
    for (size_t i = 0; i < cursor.len; i++) {
        unsigned byte = (unsigned char)cursor.data[i];

        buf_add_char(&self->next, digit(byte >> 4));
        buf_add_char(&self->next, digit(byte & 15));
    }
}

void page_next_number(struct page *self, uint64_t at)
{
    struct buf cursor = {0};

    cursor_add_number(&cursor, at);
    page_next(self, buf_str(&cursor));
    buf_fini(&cursor);
}

void page_answer(struct page *self, struct request *request)
{
    struct buf *body = page_close(self);

    field_text_or_null(body, "next", buf_str(&self->next));
    buf_add_char(body, '}');
    operate_answer(request, 200, body);
    page_fini(self);
}

void page_fini(struct page *self)
{
    buf_fini(&self->body);
    buf_fini(&self->next);
}

/* ── cursors ────────────────────────────────────────────────────────────────*/

void cursor_add(struct buf *cursor, struct str part)
{
    assert(part.len <= UINT16_MAX);
    buf_add_char(cursor, (char)(part.len >> 8));
    buf_add_char(cursor, (char)(part.len & 255));
    buf_add_str(cursor, part);
}

void cursor_add_number(struct buf *cursor, uint64_t part)
{
    char bytes[8];

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(part >> (56 - 8 * i));
    }
    cursor_add(cursor, (struct str){bytes, sizeof(bytes)});
}

bool cursor_part(struct str *rest, struct str *part)
{
    size_t len;

    if (rest->len < 2) {
        return false;
    }
    len = (size_t)(unsigned char)rest->data[0] << 8 | (unsigned char)rest->data[1];
    if (rest->len - 2 < len) {
        return false;
    }
    *part = (struct str){rest->data + 2, len};
    rest->data += 2 + len;
    rest->len -= 2 + len;
    return true;
}

bool cursor_part_number(struct str *rest, uint64_t *part)
{
    struct str bytes;

    if (!cursor_part(rest, &bytes) || bytes.len != sizeof(*part)) {
        return false;
    }
    *part = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        *part = *part << 8 | (unsigned char)bytes.data[i];
    }
    return true;
}

static int value_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void page_refuse_after(const struct operate_ask *ask)
{
    operate_refuse(ask->request, 400,
                   STR("after must be the next of the page before, unchanged; leave it out to "
                       "begin"),
                   STR("after"), STR(""));
}

bool page_after(const struct operate_ask *ask, struct buf *cursor)
{
    struct str text = ask->args.text[OPERATE_AFTER];
    bool ok = text.len % 2 == 0;

    for (size_t i = 0; ok && i < text.len; i += 2) {
        int high = value_of(text.data[i]);
        int low = value_of(text.data[i + 1]);

        ok = high >= 0 && low >= 0;
        if (ok) {
            buf_add_char(cursor, (char)(high * 16 + low));
        }
    }
    if (!ok) {
        page_refuse_after(ask);
    }
    return ok;
}

bool page_after_number(const struct operate_ask *ask, uint64_t *at)
{
    struct buf cursor = {0};
    struct str rest;
    bool ok = page_after(ask, &cursor);

    rest = buf_str(&cursor);
    if (ok && rest.len > 0 && (!cursor_part_number(&rest, at) || rest.len > 0)) {
        page_refuse_after(ask);
        ok = false;
    }
    buf_fini(&cursor);
    return ok;
}
