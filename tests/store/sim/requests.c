#include "tests/store/sim/requests.h"

#include "common/etcdapi/lease.pb-c.h"

int64_t requests_lease(struct plan *plan)
{
    return 11 + plan_between(plan, 0, 3);
}

static int64_t ttl(struct plan *plan)
{
    return plan_one_in(plan, 4) ? plan_between(plan, 10, 40) : plan_between(plan, 1, 6);
}

struct call requests_call(struct plan *plan, const struct judge *judge, struct arena *arena)
{
    struct history history;
    struct call call;

    history_init(&history, plan_below(plan, UINT64_MAX), arena);
    history.revision = judge->model.revision;
    history.compacted = judge->model.compacted;
    call = history_call(&history);
    if (call.method == ETCD_METHOD_LEASE_GRANT) {
        Etcdserverpb__LeaseGrantRequest *grant = (Etcdserverpb__LeaseGrantRequest *)call.request;

        grant->ttl = plan_one_in(plan, 20) ? grant->ttl : ttl(plan);
        grant->id = plan_one_in(plan, 10) ? 0 : grant->id;
    }
    return call;
}
