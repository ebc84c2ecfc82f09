/* A request's header: which of it are noted, and what of it is refused (header.c says why). */
#ifndef GATEWAY_HTTP_HEADER_H
#define GATEWAY_HTTP_HEADER_H

#include "gateway/http/http.h"

/* Which headers are noted, and under which number. */
struct header_names {
    struct str at[HTTP_HEADER_COUNT + http_app_headers_max];
    unsigned count;
};

void header_names_init(struct header_names *self, const struct http_app *app);
/* 0, or the status to refuse the request with and why (static). 431: there is no
 * memory left to answer with. */
int header_check(struct request *self, const char *method, const char *version, const char **why);
/* Where the body begins, behind the header. */
const char *header_end(const struct request *self, const char *method);

#endif
