/* What a request is called where it comes from, so that lines of several logs can be put together:
 * the trace id of a traceparent header (W3C Trace Context). */
#ifndef GATEWAY_DISCOVERY_TRACE_H
#define GATEWAY_DISCOVERY_TRACE_H

#include "common/base/log.h"

/* The 32 hex digits in "00-<trace id>-<parent id>-<flags>"; empty: it has none, or none that is
 * well formed. Borrows. */
struct str trace_id(struct str traceparent);

#endif
