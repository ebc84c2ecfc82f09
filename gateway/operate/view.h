/* What gateway/operate is told of the node it is in, by the gateway that stands around it. */
#ifndef GATEWAY_OPERATE_VIEW_H
#define GATEWAY_OPERATE_VIEW_H

#include "common/config/config.h"
#include "gateway/http/http.h"

/* An endpoint of another table, for /openapi.json. All texts are static. */
struct operate_foreign {
    const char *path;
    bool get;
    bool post;
    /* Names of its parameters, separated by blanks; ! behind one that is required, + behind one
     * that may be given several times. */
    const char *takes;
    const char *help;
};

/* All borrowed. */
struct operate_view {
    const struct config *config;
    const struct http *http;
    const struct operate_foreign *foreign;
    size_t foreign_count;
};

#endif
