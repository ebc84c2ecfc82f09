/* The turn that runs, for those who are called back within it: one for the process, set by its
 * actor at the beginning of each handler. */
#ifndef GATEWAY_ETCD_MOMENT_H
#define GATEWAY_ETCD_MOMENT_H

#include "common/base/clock.h"
#include "common/runtime/outbox.h"

struct moment {
    const struct now *now;
    struct outbox *out;
};

#endif
