/* A poll that waits. */
#ifndef GATEWAY_DISCOVERY_POLL_WAITER_H
#define GATEWAY_DISCOVERY_POLL_WAITER_H

#include "common/base/deadlines.h"
#include "gateway/discovery/gateway.h"
#include "gateway/discovery/updates.h"
#include "gateway/discovery/watch.h"
#include "gateway/operate/view.h"

/* In one piece of memory with its apps, nodes and names. */
struct waiter {
    struct parked parked; /* first: the request's user */
    struct watcher watcher;
    struct deadline deadline; /* when to look at it: its end, or at a client that is ahead */
    struct request *request;
    uint64_t number; /* in order of their coming */
    int64_t began_ms;
    int64_t ends_ms;
    struct str hostname; /* as it calls itself */
    struct updates_asked asked;
    struct watch_node *nodes; /* one for each app */
};

/* Of copies of what is asked and by whom; all else is zero. bytes: what it takes. The caller frees
 * it. */
struct waiter *waiter_new(const struct updates_asked *asked, struct str hostname, size_t *bytes);

struct waiter *waiter_of_deadline(struct deadline *deadline);
struct waiter *waiter_of_watcher(struct watcher *watcher);

/* As an operator is shown it; texts are the waiter's. */
struct operate_poller waiter_poller(const struct waiter *self, const struct now *now);

#endif
