/* What the reads share: which part of which app is asked for, looking it up, and
 * answering with the mark of a registry that has fallen silent. */
#ifndef GATEWAY_DISCOVERY_APP_QUERY_H
#define GATEWAY_DISCOVERY_APP_QUERY_H

#include "gateway/discovery/cache.h"
#include "gateway/discovery/gateway.h"

struct app_query {
    struct str env;
    struct cache_key key;
};

/* What is known of an app. An app without a live instance is not known. */
struct found {
    bool known;
    bool zone_known; /* some live instance stands in the zone asked for */
    bool own;        /* infra.discovery in an env that has none: this node's own instance */
    uint32_t app;    /* where known and not own */
    int64_t latest_timestamp;
};

struct found app_query_find(const struct gateway *self, const struct app_query *query,
                            struct str appid);

/* Appends {"instances":…,"scheduler":…,"latest_timestamp":…} (cache_app) of an app that is known;
 * returns the number of instances in it. */
uint32_t app_query_write(const struct gateway *self, const struct app_query *query,
                         const struct found *found, const struct now *now, struct buf *to);

/* Whether this request wants instances as an array (differences row 20). */
bool app_query_wants_legacy(const struct request *request);

/* Answers with response (borrowed; code: its discovery code), marked Muster-Stale-Ms
 * while the registry is silent. */
void app_query_answer(const struct gateway *self, struct request *request,
                      struct response *response, int code, const struct now *now);
/* The same with a body made for this request (taken). */
void app_query_answer_body(const struct gateway *self, struct request *request, int code,
                           struct buf *body, const struct now *now);

/* The header's text; false: the registry speaks. */
bool app_query_stale_text(const struct gateway *self, const struct now *now, char *text,
                          size_t size);

#endif
