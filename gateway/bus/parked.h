/* A request that waits for something: what request_set_user is given begins with this, and tells
 * its owner when the client goes. */
#ifndef GATEWAY_BUS_PARKED_H
#define GATEWAY_BUS_PARKED_H

#include "gateway/http/http.h"

/* What a gateway is made of, in its own folder: here it is only handed on. */
struct gateway;

struct parked {
    /* The client of a parked or streaming request went: the request dies after the call. */
    void (*gone)(struct gateway *self, struct parked *parked);
};

/* For http_app.gone, whose state is the gateway. A request without a user is nobody's. */
static inline void parked_gone(void *gateway, struct request *request)
{
    struct parked *parked = request_user(request);

    if (parked != NULL) {
        parked->gone(gateway, parked);
    }
}

#endif
