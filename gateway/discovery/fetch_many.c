#include "gateway/discovery/fetch_many.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/discovery/produced.h"
#include "gateway/discovery/replica.h"

struct fetch_many {
    struct parked parked;          /* first: the request's user */
    const struct gateway *gateway; /* borrowed; outlives every request */
    struct request *request;       /* NULL: its client has gone, end() will follow */
    struct app_query query;        /* in text */
    struct buf text;               /* env, zone, then each name */
    struct strs names;             /* in text; what is left of them */
    struct produced produced;
};

bool fetch_add(const struct gateway *self, const struct app_query *query, struct str appid,
               bool more, const struct now *now, struct buf *to)
{
    struct found found = app_query_find(self, query, appid);

    if (!found.zone_known) {
        return false;
    }
    buf_add_str(to, more ? STR(",") : STR(""));
    json_quote(to, appid);
    buf_add_char(to, ':');
    (void)app_query_write(self, query, &found, now, to);
    return true;
}

static void produce(void *context)
{
    struct fetch_many *self = context;
    struct now now = self->gateway->clock->now(self->gateway->clock);
    struct str appid;

    buf_fini(&self->produced.out);
    self->produced.at = 0;
    if (strs_next(&self->names.bytes, &appid)) {
        (void)fetch_add(self->gateway, &self->query, appid, true, &now, &self->produced.out);
    } else {
        buf_add_str(&self->produced.out, STR("}}"));
        self->produced.ended = true;
    }
    if (self->request != NULL) {
        request_cost(self->request, 1 + self->produced.out.len / cost_bytes);
        request_keeps(self->request, self->text.cap + self->produced.out.cap);
    }
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    (void)gateway;
    ((struct fetch_many *)(void *)parked)->request = NULL;
}

static void end(void *context)
{
    struct fetch_many *self = context;

    buf_fini(&self->text);
    buf_fini(&self->produced.out);
    free(self);
}

void fetch_many(struct gateway *self, struct request *request, const struct read_params *args,
                uint32_t from, struct buf *body, const struct now *now)
{
    struct fetch_many *many = heap_new(sizeof(*many));
    size_t env_len = args->query.env.len;
    size_t zone_len = args->query.key.zone.len;
    size_t names_at;

    *many = (struct fetch_many){
        .parked = {.gone = on_gone},
        .gateway = self,
        .request = request,
        .query = args->query,
        .produced = {.out = *body, .next = produce, .end = end, .context = many}};
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
    request_set_user(request, &many->parked);
    produced_answer(&many->produced, self, request, now);
    request_keeps(request, many->text.cap + many->produced.out.cap);
}
