/* URIs as they come in a request's first line. Pure. */
#ifndef GATEWAY_HTTP_URI_H
#define GATEWAY_HTTP_URI_H

#include <stdbool.h>

#include "common/base/str.h"

/* Puts the decoded, cleaned path into path ("//" and "/./" are one slash, "/x/.." goes, a trailing
 * slash stays; it begins with one) and lets query borrow what is behind the first "?". Scheme and
 * authority are left out. False: malformed; then path is of no use. */
bool uri_split(struct str uri, struct buf *path, struct str *query);

#endif
