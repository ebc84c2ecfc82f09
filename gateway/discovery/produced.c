#include "gateway/discovery/produced.h"

#include <string.h>

#include "gateway/discovery/app_query.h"

/* As much as fits: each call's bytes become a chunk of their own. */
static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct produced *self = context;
    size_t filled = 0;

    while (filled < max && !(self->ended && self->at == self->out.len)) {
        size_t len = self->out.len - self->at;

        if (len == 0) {
            self->next(self->context);
            continue;
        }
        len = len < max - filled ? len : max - filled;
        memcpy(to + filled, self->out.data + self->at, len);
        self->at += len;
        filled += len;
    }
    return filled > 0 ? (int64_t)filled : HTTP_STREAM_END;
}

static void end(void *context)
{
    struct produced *self = context;

    self->end(self->context);
}

void produced_answer(struct produced *self, const struct gateway *gateway, struct request *request,
                     const struct now *now)
{
    char stale[24];

    request_stream(request, 200, "application/json; charset=utf-8", next_bytes, end, self);
    request_stream_header(request, "Kratos-Status-Code", "0");
    request_stream_code(request, 0);
    if (app_query_stale_text(gateway, now, stale, sizeof(stale))) {
        request_stream_header(request, "Muster-Stale-Ms", stale);
    }
}
