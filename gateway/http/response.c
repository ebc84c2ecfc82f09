#include "gateway/http/response.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/heap.h"
#include "gateway/http/tally.h"

void rooms_take(struct rooms *self, struct buf *body)
{
    if (body->data == NULL && self->count > 0) {
        *body = (struct buf){.data = self->spare[--self->count], .cap = room_bytes};
    } else {
        buf_reserve(body, room_bytes);
    }
}

static void rooms_put(struct rooms *self, void *room)
{
    if (self->count < rooms_max) {
        self->spare[self->count++] = room;
    } else {
        free(room);
    }
}

void rooms_fini(struct rooms *self)
{
    assert(self->out == 0);
    while (self->count > 0) {
        free(self->spare[--self->count]);
    }
}

/* Its last holder, or libmicrohttpd if that still sends it, is done. */
static void body_free(void *context)
{
    struct response *self = context;
    void *body = (void *)(uintptr_t)self->body.data; /* ours, told to nobody but as const */

    if (self->rooms == NULL) {
        free(body);
    } else {
        self->rooms->out--;
        rooms_put(self->rooms, body);
    }
    free(self);
}

struct response *response_new_in(struct rooms *rooms, int status, const char *content_type,
                                 struct buf *body)
{
    struct response *self = heap_new(sizeof(*self));

    if (body->cap > body->len + 1024) { /* it may be kept for long */
        char *tight = realloc(body->data, body->len > 0 ? body->len : 1);

        body->data = tight != NULL ? tight : body->data;
    }
    if (rooms != NULL && body->cap == room_bytes) {
        self->rooms = rooms;
        rooms->out++;
    }
    self->mhd = MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->data,
                                                                       body_free, self);
    if (self->mhd == NULL) {
        abort();
    }
    self->body = buf_str(body);
    self->refs = 1;
    self->status = status;
    self->told = http_tally_code(status);
    *body = (struct buf){0};
    if (content_type != NULL) {
        response_header(self, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    }
    response_header(self, nosniff_name, nosniff_value);
    return self;
}

struct response *response_new(int status, const char *content_type, struct buf *body)
{
    return response_new_in(NULL, status, content_type, body);
}

void response_header(struct response *self, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_header(self->mhd, name, value);

    assert(added == MHD_YES); /* a name or value that is no header */
    (void)added;
}

void response_plain(struct response *self)
{
    (void)MHD_del_response_header(self->mhd, nosniff_name, nosniff_value);
}

void response_date(struct response *self, int64_t wall_s)
{
    time_t second = (time_t)wall_s;
    struct tm utc;
    char text[40];

    /* shared by handlers, or kept to be: its Date pays off */
    if (self->refs > 1 && self->dated_s != wall_s && gmtime_r(&second, &utc) != NULL &&
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0) {
        response_header(self, MHD_HTTP_HEADER_DATE, text); /* in place of the one it has */
        self->dated_s = wall_s;
    }
}

void response_code(struct response *self, int code)
{
    self->told = http_tally_code(code);
}

struct response *response_ref(struct response *self)
{
    self->refs++;
    return self;
}

void response_unref(struct response **self)
{
    struct response *it = *self;

    *self = NULL;
    if (it != NULL && --it->refs == 0) {
        MHD_destroy_response(it->mhd); /* answers under way hold their own count */
    }
}

struct str response_body(const struct response *self)
{
    return self->body;
}
