/* Percent-escapes (RFC 3986, 2.1), one way for URIs, forms and topics. */
#ifndef COMMON_BASE_PERCENT_H
#define COMMON_BASE_PERCENT_H

#include <stdbool.h>

#include "common/base/str.h"

/* Appends text; what is no letter or digit of ASCII and not in plain is escaped. plus: a space is
 * written as '+', as in forms. */
void percent_add(struct buf *to, struct str text, const char *plain, bool plus);

/* What stands for itself in a URI and in a form besides letters and digits. */
static const char percent_unreserved[] = "-_.~";

/* Appends text with its escapes decoded, and '+' as a space where plus is set. False for a
 * malformed escape; then nothing is appended. */
bool percent_decode(struct buf *to, struct str text, bool plus);

#endif
