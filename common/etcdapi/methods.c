#include "common/etcdapi/methods.h"

#include <assert.h>

#include "common/etcdapi/auth.pb-c.h"
#include "common/etcdapi/cluster.pb-c.h"
#include "common/etcdapi/election.pb-c.h"
#include "common/etcdapi/health.pb-c.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/lock.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "common/etcdapi/watch.pb-c.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct etcd_method_row rows[ETCD_METHOD_END] = {
#define METHOD_ROW(NAME, number, service, method, shape, stem)                                     \
    [number] = {TEXT("/" service "/" method),                                                      \
                TEXT(service),                                                                     \
                TEXT(method),                                                                      \
                ETCD_SHAPE_##shape,                                                                \
                &stem##request__descriptor,                                                        \
                &stem##response__descriptor},
    ETCD_METHOD_TABLE(METHOD_ROW)
#undef METHOD_ROW
};

const struct etcd_method_row *etcd_method_row(enum etcd_method method)
{
    assert(method > 0 && method < ETCD_METHOD_END);
    return &rows[method];
}

/* A look at each costs a call less than 100 ns; the methods that matter stand first. */
enum err etcd_method_find(struct str path, enum etcd_method *out)
{
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        if (str_eq(path, rows[i].path)) {
            *out = (enum etcd_method)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}
