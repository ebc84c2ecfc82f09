/* The parameters of the read endpoints, checked. Everything wrong is named at once. */
#ifndef GATEWAY_DISCOVERY_READ_PARAMS_H
#define GATEWAY_DISCOVERY_READ_PARAMS_H

#include "gateway/discovery/app_query.h"

enum { limit_appids = 1000 }; /* of a poll */

/* What an endpoint requires beside env and at least one appid. */
enum read_params_need {
    READ_STATUS = 1,         /* a bit mask, not 0; else STATUS_UP */
    READ_HOSTNAME = 2,       /* who polls */
    READ_TIMESTAMPS = 4,     /* latest_timestamp for each appid */
    READ_TIMESTAMPS_MAY = 8, /* the same; all 0 when their number differs */
};

struct asked_app {
    struct str appid; /* borrowed from the request */
    int64_t given;    /* latest_timestamp the client has; 0: none */
};

struct read_params {
    struct app_query query;
    struct str hostname;    /* with READ_HOSTNAME; borrowed as appid */
    struct asked_app *apps; /* owns; as asked, also twice */
    uint32_t app_count;
};

/* True: args is filled (read_params_fini). False: the request has been answered -400. */
bool read_params_bind(struct request *request, unsigned needs, struct read_params *args);
void read_params_fini(struct read_params *args);
void read_params_sort(struct read_params *args); /* apps by name, as maps are printed */

#endif
