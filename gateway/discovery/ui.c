/* The dashboard: /ui and what is below it. */
#include "gateway/discovery/gateway.h"
#include "gateway/web/web.h"

void serve_ui(struct gateway *self, struct request *request, const struct now *now)
{
    (void)now;
    web_serve(self->web, request);
}
