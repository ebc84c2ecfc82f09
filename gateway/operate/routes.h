/* The endpoints of gateway/operate in one table: it is what is served and what /openapi.json says.
 */
#ifndef GATEWAY_OPERATE_ROUTES_H
#define GATEWAY_OPERATE_ROUTES_H

#include "gateway/operate/operate.h"
#include "gateway/operate/pattern.h"

/* One request, while it is served. */
struct operate_ask {
    struct request *request;
    const struct now *now;
    struct outbox *out;
    struct str var[pattern_vars_max];
    struct operate_args args;
};

/* Answers, parks or streams it. */
typedef void operate_fn(struct operate *self, const struct operate_ask *ask);

enum operate_trait {
    OPERATE_LIGHT = 1,  /* needs hardly any memory: answered when there is none left for others */
    OPERATE_STREAM = 2, /* Server-Sent Events */
    OPERATE_PAGE = 4,   /* not JSON, and not under /muster/v1 */
};

struct operate_route {
    const char *path; /* pattern.h */
    const char *method;
    unsigned takes; /* 1 << enum operate_param */
    unsigned traits;
    operate_fn *serve;
    const char *help;
};

extern const struct operate_route operate_routes[];
extern const size_t operate_route_count;

#endif
