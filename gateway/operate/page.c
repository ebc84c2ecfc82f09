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

void page_next(struct page *self, struct str cursor)
{
    self->next.len = 0;
    cursor_print(cursor, &self->next);
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

/* ── what it goes on behind ── */

void page_refuse_after(const struct operate_ask *ask)
{
    operate_refuse(ask->request, 400,
                   STR("after must be the next of the page before, unchanged; leave it out to "
                       "begin"),
                   STR("after"), STR(""));
}

bool page_after(const struct operate_ask *ask, struct buf *cursor)
{
    bool ok = cursor_read(ask->args.text[OPERATE_AFTER], cursor);

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
