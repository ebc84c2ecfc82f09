/* The dashboard: serves the files of gateway/web/ui under /ui/. The page asks /muster/v1 for all it
 * shows; nothing here knows what that is.
 *
 * Browsers keep a file and ask whether it is still the same (ETag), so that a new version shows at
 * once. What is sent may load nothing from elsewhere and run no script but its own. */
#ifndef GATEWAY_WEB_WEB_H
#define GATEWAY_WEB_WEB_H

#include "gateway/http/http.h"

struct web;

struct web *web_new(void);
/* Before the server ends nothing it has answered with is freed. */
void web_destroy(struct web **self);

/* Answers a GET or HEAD of "/ui" or of what is below it. */
void web_serve(struct web *self, struct request *request);

#endif
