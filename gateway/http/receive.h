/* Brings a request from its first byte to its handler. */
#ifndef GATEWAY_HTTP_RECEIVE_H
#define GATEWAY_HTTP_RECEIVE_H

#include <microhttpd.h>

struct http;

/* A callback of the daemon: a header has come, a piece of a body, its end; and whenever it runs, of
 * who awaits an answer. */
enum MHD_Result receive_access(void *http, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **context);

/* A request was refused before any of ours saw it whole. */
void receive_refused(struct http *http, unsigned status);

#endif
