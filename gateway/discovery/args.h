/* The parameters of the read endpoints, checked. Everything wrong is named at once. */
#ifndef GATEWAY_DISCOVERY_ARGS_H
#define GATEWAY_DISCOVERY_ARGS_H

#include "gateway/discovery/query.h"

enum { limit_appids = 1000 }; /* of a poll */

/* What an endpoint requires beside env and at least one appid. */
enum args_need {
    ARGS_STATUS = 1,         /* a bit mask, not 0; else STATUS_UP */
    ARGS_HOSTNAME = 2,       /* who polls */
    ARGS_TIMESTAMPS = 4,     /* latest_timestamp for each appid */
    ARGS_TIMESTAMPS_MAY = 8, /* the same; all 0 when their number differs */
};

struct asked_app {
    struct str appid; /* borrowed from the request */
    int64_t given;    /* latest_timestamp the client has; 0: none */
};

struct args {
    struct query query;
    struct str hostname;    /* with ARGS_HOSTNAME; borrowed as appid */
    struct asked_app *apps; /* owns; as asked, also twice */
    uint32_t app_count;
};

/* True: args is filled (args_fini). False: the request has been answered -400. */
bool args_bind(struct request *request, unsigned needs, struct args *args);
void args_fini(struct args *args);
void args_sort(struct args *args); /* apps by name, as maps are printed */

#endif
