/* fetch and fetchs: what is registered now of the apps asked for. */
#include <stdlib.h>

#include "gateway/discovery/early.h"
#include "gateway/discovery/fetch_large.h"
#include "gateway/discovery/fetch_many.h"
#include "gateway/discovery/read_params.h"
#include "gateway/discovery/replica.h"

static void answer_nothing(const struct gateway *self, struct request *request,
                           const struct read_params *args, const struct found *found,
                           const struct now *now)
{
    struct buf body = {0};

    request_room(request, &body);
    answer_open(&body, ERR_NOT_FOUND);
    if (found->known) {
        (void)app_query_write(self, &args->query, found, now, &body);
    } else {
        buf_add_str(&body, STR("null"));
    }
    buf_add_char(&body, '}');
    app_query_answer_body(self, request, -404, &body, now);
}

static void answer_own(const struct gateway *self, struct request *request,
                       const struct read_params *args, const struct found *found,
                       const struct now *now)
{
    struct buf body = {0};

    request_room(request, &body);
    answer_open(&body, ERR_OK);
    (void)app_query_write(self, &args->query, found, now, &body);
    buf_add_char(&body, '}');
    app_query_answer_body(self, request, 0, &body, now);
}

void serve_fetch(struct gateway *self, struct request *request, const struct now *now)
{
    struct read_params args;
    struct found found;

    if (!read_params_bind(request, READ_STATUS, &args)) {
        return;
    }
    found = app_query_find(self, &args.query, args.apps[0].appid);
    if (!found.known && early_waits(self, request, serve_fetch, now)) {
        read_params_fini(&args);
        return;
    }
    if (!found.known || !found.zone_known) {
        answer_nothing(self, request, &args, &found, now);
    } else if (found.own) {
        answer_own(self, request, &args, &found, now);
    } else if (!args.query.key.legacy && request_may_stream(request) &&
               cache_would_be_large(replica_cache(self->replica), found.app, &args.query.key,
                                    now)) {
        fetch_large(self, request, &args, &found, now);
    } else {
        app_query_answer(self, request,
                         cache_fetch(replica_cache(self->replica), found.app, &args.query.key, now),
                         0, now);
    }
    read_params_fini(&args);
}

void serve_fetchs(struct gateway *self, struct request *request, const struct now *now)
{
    struct read_params args;
    struct buf body = {0};
    bool more = false;

    if (!read_params_bind(request, READ_STATUS, &args)) {
        return;
    }
    read_params_sort(&args);
    request_room(request, &body);
    answer_open(&body, ERR_OK);
    buf_add_char(&body, '{');
    for (uint32_t i = 0; i < args.app_count; i++) {
        more = fetch_add(self, &args.query, args.apps[i].appid, more, now, &body) || more;
        if (body.len > answer_piece_max && request_may_stream(request)) {
            fetch_many(self, request, &args, i + 1, &body, now);
            read_params_fini(&args);
            return;
        }
    }
    buf_add_str(&body, STR("}}"));
    app_query_answer_body(self, request, 0, &body, now);
    read_params_fini(&args);
}
