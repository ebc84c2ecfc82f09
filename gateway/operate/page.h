/* A page of a list: {"key":[item, …],…,"next":"…"}, bounded in items by its caller and in bytes
 * here.
 *
 *   page_begin(&page, "apps");
 *   while (more && page_add(&page, item)) …
 *   if (more) { page_next(&page, cursor); }
 *   page_answer(&page, request);
 *
 * A cursor is what the list goes on behind; next is its hexadecimal form, which stands in a query
 * as it is.
 */
#ifndef GATEWAY_OPERATE_PAGE_H
#define GATEWAY_OPERATE_PAGE_H

#include "gateway/operate/routes.h"

struct page {
    struct buf body;
    struct buf next;
    size_t count;
    bool closed; /* the list is: what follows are other members */
};

void page_begin(struct page *self, const char *key);
/* The same within an object that has been begun in body. */
void page_list(struct page *self, const char *key);
/* False: it does not fit, the page is full. The first always fits (it is at most page_item_max). */
bool page_add(struct page *self, struct str item);
/* For further members of the object, field_… . */
struct buf *page_close(struct page *self);
void page_next(struct page *self, struct str cursor);
void page_next_number(struct page *self, uint64_t at);
void page_answer(struct page *self, struct request *request);
void page_fini(struct page *self); /* one that is not answered */

/* The most bytes of an item, and of all else in the answer together. */
enum { page_item_max = 100000, page_rest_max = 60000 };

/* What `after` says; absent: empty. False: it is no next of ours, and the request is refused.
 * cursor: the bytes; the caller's. */
bool page_after(const struct operate_ask *ask, struct buf *cursor);
bool page_after_number(const struct operate_ask *ask, uint64_t *at);

/* A cursor's parts: each with its length before it. */
void cursor_add(struct buf *cursor, struct str part);
void cursor_add_number(struct buf *cursor, uint64_t part);
/* Takes the next part off rest. False: there is none. */
bool cursor_part(struct str *rest, struct str *part);
bool cursor_part_number(struct str *rest, uint64_t *part);

/* 400: after is no next of ours. */
void page_refuse_after(const struct operate_ask *ask);

#endif
