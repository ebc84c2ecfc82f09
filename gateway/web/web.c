#include "gateway/web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/heap.h"
#include "gateway/web/files.h"

enum { tag_size = 2 + 32 + 1 }; /* a quoted hash */

/* One file, as it is answered; made when it is asked for first. */
struct page {
    char tag[tag_size];
    struct response *whole; /* owns; NULL: not asked for yet */
    struct response *same;  /* owns: 304 */
};

struct web {
    struct page pages[WEB_FILE_COUNT];
};

struct web *web_new(void)
{
    return heap_new(sizeof(struct web));
}

void web_destroy(struct web **self)
{
    struct web *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    for (size_t i = 0; i < WEB_FILE_COUNT; i++) {
        response_unref(&it->pages[i].whole);
        response_unref(&it->pages[i].same);
    }
    free(it);
}

/* In every answer: also a page that says "not found" shows in the browser. */
static struct response *sealed(int status, const char *type, struct buf *body)
{
    struct response *response = response_new(status, type, body);

    response_header(response, "Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; form-action 'self'; "
                    "frame-ancestors 'none'");
    response_header(response, "Referrer-Policy", "no-referrer");
    response_header(response, "Cache-Control", "no-cache");
    return response;
}

static void answer(struct request *request, struct response *response)
{
    request_answer(request, response);
    response_unref(&response);
}

static void answer_elsewhere(struct request *request)
{
    struct buf body = {0};
    struct response *response = sealed(308, NULL, &body);

    response_header(response, "Location", "ui/"); /* relative: a proxy may have put it elsewhere */
    answer(request, response);
}

static void answer_nothing(struct request *request)
{
    struct buf body = {0};

    buf_add_str(&body, STR("404 page not found: the dashboard is at /ui/\n"));
    answer(request, sealed(404, "text/plain; charset=utf-8", &body));
}

static struct page *page_made(struct web *self, enum web_file file)
{
    struct page *page = &self->pages[file];
    struct web_content content = web_content(file);
    struct hash128 hash;
    struct buf body = {0};
    struct buf none = {0};

    if (page->whole != NULL) {
        return page;
    }
    hash = hash128(content.bytes.data, content.bytes.len);
    (void)snprintf(page->tag, sizeof(page->tag), "\"%016" PRIx64 "%016" PRIx64 "\"", hash.hi,
                   hash.lo);
    buf_add_str(&body, content.bytes);
    page->whole = sealed(200, content.type, &body);
    response_header(page->whole, "ETag", page->tag);
    page->same = sealed(304, NULL, &none);
    response_header(page->same, "ETag", page->tag);
    return page;
}

/* Whether the tag stands in a list such as W/"a", "b" (RFC 9110, 13.1.2). No other text can hold
 * its quotes and 32 digits. */
static bool names(struct str list, const char *tag)
{
    size_t len = tag_size - 1;

    for (size_t at = 0; at + len <= list.len; at++) {
        if (memcmp(list.data + at, tag, len) == 0) {
            return true;
        }
    }
    return str_eq(list, STR("*"));
}

void web_serve(struct web *self, struct request *request)
{
    static const struct str root = {"/ui/", 4};
    struct str path = request_path(request);
    const struct page *page;
    enum web_file file = WEB_FILE_INDEX;

    if (!str_starts(path, root)) {
        answer_elsewhere(request);
        return;
    }
    path.data += root.len;
    path.len -= root.len;
    if (path.len > 0 && web_file_find(path, &file) != ERR_OK) {
        answer_nothing(request);
        return;
    }
    page = page_made(self, file);
    request_answer(request, names(request_header(request, HTTP_HEADER_IF_NONE_MATCH), page->tag)
                                ? page->same
                                : page->whole);
}
