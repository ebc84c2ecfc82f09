/* A page of a list: {"key":[item, …],…,"next":"…"}, bounded in items by its caller and in bytes
 * here.
 *
 *   page_begin(&page, "apps");
 *   while (more && page_add(&page, item)) …
 *   if (more) { page_next(&page, cursor); }
 *   page_answer(&page, request);
 *
 * next is a cursor (cursor.h), which stands in a query as it is.
 */
#ifndef GATEWAY_OPERATE_PAGE_H
#define GATEWAY_OPERATE_PAGE_H

#include "gateway/operate/cursor.h"
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

/* 400: after is no next of ours. */
void page_refuse_after(const struct operate_ask *ask);

#endif
