#include "gateway/discovery/accepted.h"

#include <stdlib.h>

/* Freed with free() at the connection's end. */
struct accepted {
    uint32_t count;
    uint64_t zone_hash;
    struct {
        uint64_t app_hash;
        int64_t claimed;
        int64_t given;
    } item[news_empty_max];
};

static uint64_t zone_hash(const struct news_asked *asked)
{
    return hash64(asked->query.key.zone.data, asked->query.key.zone.len);
}

void accepted_begin(struct request *request, struct news_asked *asked)
{
    const struct accepted *self = request_connection_user(request);

    if (self == NULL || self->count == 0 || self->zone_hash != zone_hash(asked)) {
        return;
    }
    for (uint32_t i = 0; i < asked->app_count; i++) {
        for (uint32_t k = 0; k < self->count; k++) {
            if (self->item[k].app_hash == asked->apps[i].app_hash &&
                self->item[k].claimed == asked->apps[i].claimed) {
                asked->apps[i].given = self->item[k].given;
            }
        }
    }
}

static void add(struct accepted *self, uint64_t app_hash, int64_t claimed, int64_t given)
{
    if (self->count < news_empty_max) {
        self->item[self->count].app_hash = app_hash;
        self->item[self->count].claimed = claimed;
        self->item[self->count++].given = given;
    }
}

void accepted_answer(const struct gateway *self, struct request *request,
                     const struct news_asked *asked, const struct news_answer *answer)
{
    struct accepted *kept = request_connection_user(request);

    if (kept == NULL) {
        if (answer->empty_count == 0) {
            return;
        }
        kept = calloc(1, sizeof(*kept));
        if (kept == NULL) {
            abort();
        }
        request_set_connection_user(request, kept);
    }
    kept->count = 0;
    kept->zone_hash = zone_hash(asked);
    for (uint32_t i = 0; i < asked->app_count; i++) {
        const struct news_app *app = &asked->apps[i];

        for (uint32_t k = 0; k < answer->empty_count; k++) {
            if (answer->empty[k].app_hash == app->app_hash) {
                add(kept, app->app_hash, app->claimed, answer->empty[k].latest_timestamp);
            }
        }
        if (app->given != app->claimed &&
            query_find(self, &asked->query, app->appid).latest_timestamp <= app->given) {
            add(kept, app->app_hash, app->claimed, app->given); /* not in this answer */
        }
    }
}

void accepted_forget(struct request *request)
{
    struct accepted *self = request_connection_user(request);

    if (self != NULL) {
        self->count = 0;
    }
}
