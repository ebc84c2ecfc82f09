/* Where the JSON gateway answers which method of etcd's, in one table over both transports.
 *
 * A path is PREFIX and what the table says behind it; a prefix is "/v3", and what older clients
 * say: "/v3beta", "/v3alpha". All are POST.
 *
 * R(path behind the prefix, method, from which minor release of 3 on)
 */
#ifndef GATEWAY_ETCD_ROUTES_H
#define GATEWAY_ETCD_ROUTES_H

#include "common/etcdapi/methods.h"
#include "gateway/etcd/release.h"

// clang-format off
#define JSON_ROUTE_TABLE(R) \
    R("/kv/range",                        RANGE,                       0) \
    R("/kv/put",                          PUT,                         0) \
    R("/kv/deleterange",                  DELETE_RANGE,                0) \
    R("/kv/txn",                          TXN,                         0) \
    R("/kv/compaction",                   COMPACT,                     0) \
    R("/watch",                           WATCH,                       0) \
    R("/lease/grant",                     LEASE_GRANT,                 0) \
    R("/lease/revoke",                    LEASE_REVOKE,                0) \
    R("/kv/lease/revoke",                 LEASE_REVOKE,                0) \
    R("/lease/keepalive",                 LEASE_KEEP_ALIVE,            0) \
    R("/lease/timetolive",                LEASE_TIME_TO_LIVE,          0) \
    R("/kv/lease/timetolive",             LEASE_TIME_TO_LIVE,          0) \
    R("/lease/leases",                    LEASE_LEASES,                0) \
    R("/kv/lease/leases",                 LEASE_LEASES,                0) \
    R("/cluster/member/add",              MEMBER_ADD,                  0) \
    R("/cluster/member/remove",           MEMBER_REMOVE,               0) \
    R("/cluster/member/update",           MEMBER_UPDATE,               0) \
    R("/cluster/member/list",             MEMBER_LIST,                 0) \
    R("/cluster/member/promote",          MEMBER_PROMOTE,              0) \
    R("/maintenance/alarm",               ALARM,                       0) \
    R("/maintenance/status",              STATUS,                      0) \
    R("/maintenance/defragment",          DEFRAGMENT,                  0) \
    R("/maintenance/hash",                HASH,                        0) \
    R("/maintenance/hashkv",              HASH_KV,                     5) \
    R("/maintenance/snapshot",            SNAPSHOT,                    0) \
    R("/maintenance/transfer-leadership", MOVE_LEADER,                 0) \
    R("/auth/enable",                     AUTH_ENABLE,                 0) \
    R("/auth/disable",                    AUTH_DISABLE,                0) \
    R("/auth/status",                     AUTH_STATUS,                 5) \
    R("/auth/authenticate",               AUTHENTICATE,                0) \
    R("/auth/user/add",                   AUTH_USER_ADD,               0) \
    R("/auth/user/get",                   AUTH_USER_GET,               0) \
    R("/auth/user/list",                  AUTH_USER_LIST,              0) \
    R("/auth/user/delete",                AUTH_USER_DELETE,            0) \
    R("/auth/user/changepw",              AUTH_USER_CHANGE_PASSWORD,   0) \
    R("/auth/user/grant",                 AUTH_USER_GRANT_ROLE,        0) \
    R("/auth/user/revoke",                AUTH_USER_REVOKE_ROLE,       0) \
    R("/auth/role/add",                   AUTH_ROLE_ADD,               0) \
    R("/auth/role/get",                   AUTH_ROLE_GET,               0) \
    R("/auth/role/list",                  AUTH_ROLE_LIST,              0) \
    R("/auth/role/delete",                AUTH_ROLE_DELETE,            0) \
    R("/auth/role/grant",                 AUTH_ROLE_GRANT_PERMISSION,  0) \
    R("/auth/role/revoke",                AUTH_ROLE_REVOKE_PERMISSION, 0) \
    R("/lock/lock",                       LOCK,                        0) \
    R("/lock/unlock",                     UNLOCK,                      0) \
    R("/election/campaign",               CAMPAIGN,                    0) \
    R("/election/proclaim",               PROCLAIM,                    0) \
    R("/election/leader",                 LEADER,                      0) \
    R("/election/observe",                OBSERVE,                     0) \
    R("/election/resign",                 RESIGN,                      0)
// clang-format on

enum json_route {
    JSON_ROUTE_METHOD,
    JSON_ROUTE_UNKNOWN, /* below a prefix, and nothing there */
    JSON_ROUTE_BARE,    /* a prefix without a slash behind it */
    JSON_ROUTE_OTHER,   /* none of the JSON gateway's */
};

/* path: cleaned. *method: of JSON_ROUTE_METHOD. */
enum json_route json_route_find(struct str path, const struct release *release,
                                enum etcd_method *method);

#endif
