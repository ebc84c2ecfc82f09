#include "gateway/discovery/fetch_many.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "gateway/discovery/replica.h"

struct fetch_many {
    const struct gateway *gateway; /* borrowed; outlives every request */
    struct request *request;       /* NULL: its client has gone, end() will follow */
    struct query query;            /* in text */
    struct buf text;               /* env, zone, then each name */
    struct strs names;             /* in text; what is left of them */
    struct buf out;                /* produced, not taken yet from out_at on */
    size_t out_at;
    bool ended;
};

/* First: what request_set_user was given. */
struct many_parked {
    struct parked parked;
    struct fetch_many many;
};

bool fetch_add(const struct gateway *self, const struct query *query, struct str appid, bool more,
               const struct now *now, struct buf *to)
{
    bool nulls = fault_on(self->config->faults, FAULT_REFERENCE_ROW_22);
    struct found found = query_find(self, query, appid);

    if (!found.zone_known && !nulls) {
        return false;
    }
    buf_add_str(to, more ? STR(",") : STR(""));
    json_quote(to, appid);
    buf_add_char(to, ':');
    if (found.zone_known) {
        (void)query_write(self, query, &found, now, to);
    } else {
        buf_add_str(to, STR("null"));
    }
    return true;
}

static void produce(struct fetch_many *self)
{
    struct now now = self->gateway->clock->now(self->gateway->clock);
    struct str appid;

    buf_fini(&self->out);
    self->out_at = 0;
    if (strs_next(&self->names.bytes, &appid)) {
        (void)fetch_add(self->gateway, &self->query, appid, true, &now, &self->out);
    } else {
        buf_add_str(&self->out, STR("}}"));
        self->ended = true;
    }
    if (self->request != NULL) {
        request_cost(self->request, 1 + self->out.len / cost_bytes);
        request_keeps(self->request, self->text.cap + self->out.cap);
    }
}

static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct many_parked *parked = context;
    struct fetch_many *self = &parked->many;
    size_t len;

    while (self->out_at == self->out.len && !self->ended) {
        produce(self);
    }
    len = self->out.len - self->out_at;
    len = len < max ? len : max;
    if (len == 0) {
        return HTTP_STREAM_END;
    }
    memcpy(to, self->out.data + self->out_at, len);
    self->out_at += len;
    return (int64_t)len;
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    (void)gateway;
    ((struct many_parked *)(void *)parked)->many.request = NULL;
}

static void end(void *context)
{
    struct many_parked *parked = context;

    buf_fini(&parked->many.text);
    buf_fini(&parked->many.out);
    free(parked);
}

void fetch_many(struct gateway *self, struct request *request, const struct args *args,
                uint32_t from, struct buf *body, const struct now *now)
{
    struct many_parked *parked = calloc(1, sizeof(*parked));
    struct fetch_many *many;
    size_t env_len = args->query.env.len;
    size_t zone_len = args->query.key.zone.len;
    size_t names_at;
    char stale[24];

    if (parked == NULL) {
        abort();
    }
    parked->parked.gone = on_gone;
    many = &parked->many;
    *many = (struct fetch_many){
        .gateway = self, .request = request, .query = args->query, .out = *body};
    *body = (struct buf){0};
    buf_add_str(&many->text, args->query.env);
    buf_add_str(&many->text, args->query.key.zone);
    names_at = many->text.len;
    for (uint32_t i = from; i < args->app_count; i++) {
        strs_pack(&many->text, args->apps[i].appid);
    }
    many->query.env = (struct str){many->text.data, env_len};
    many->query.key.zone = (struct str){many->text.data + env_len, zone_len};
    many->names = (struct strs){args->app_count - from,
                                {many->text.data + names_at, many->text.len - names_at}};
    request_set_user(request, &parked->parked);
    request_stream(request, 200, "application/json; charset=utf-8", next_bytes, end, parked);
    request_keeps(request, many->text.cap + many->out.cap);
    request_stream_header(request, "Kratos-Status-Code", "0");
    if (query_stale_text(self, now, stale, sizeof(stale))) {
        request_stream_header(request, "Muster-Stale-Ms", stale);
    }
}
