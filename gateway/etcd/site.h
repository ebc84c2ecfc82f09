/* What the client port answers besides gRPC, alike over both transports: the JSON gateway, checks,
 * /version, /metrics, /debug/vars. Forms are etcd's, recorded.
 *
 *   web ──path──► routes ──► json_call
 *                 checks, exposition, or at once
 */
#ifndef GATEWAY_ETCD_SITE_H
#define GATEWAY_ETCD_SITE_H

#include "gateway/etcd/checks.h"
#include "gateway/etcd/exposition.h"
#include "gateway/etcd/json_call.h"

/* All borrowed. */
struct site {
    const struct release *release;
    struct json_calls *calls;
    struct checks *checks;
    struct exposition *exposition;
    const char *const *origins; /* of pages that may use it; "*" among them: all */
    size_t origin_count;
};

extern const struct web_app site_app; /* of a struct site */

#endif
