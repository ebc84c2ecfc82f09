/* What the files of gateway/operate share. */
#ifndef GATEWAY_OPERATE_STATE_H
#define GATEWAY_OPERATE_STATE_H

#include "gateway/operate/routes.h"

struct operate {
    struct operate_view view;
    struct pattern_vars vars; /* of the request that is served */
};

/* handlers, each in the file of its name */
operate_fn operate_front, operate_openapi, operate_config;

#endif
