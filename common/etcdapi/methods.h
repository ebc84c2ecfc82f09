/* Every method of etcd's v3 API, in one table: its path, which side streams, its messages.
 *
 * A call's path is "/SERVICE/METHOD" (gRPC over HTTP/2). The numbers travel between gateway and
 * store and are never reused. The messages are the *.proto files beside this, compiled at build
 * time: names and field numbers are etcd 3.4's, with the fields that later versions add.
 *
 * M(NAME, number, service, method, shape, stem of its messages)
 */
#ifndef COMMON_ETCDAPI_METHODS_H
#define COMMON_ETCDAPI_METHODS_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/str.h"

// clang-format off
#define ETCD_METHOD_TABLE(M) \
    M(RANGE,                       1,  "etcdserverpb.KV",          "Range",               ONE,    etcdserverpb__range_)                         \
    M(PUT,                         2,  "etcdserverpb.KV",          "Put",                 ONE,    etcdserverpb__put_)                           \
    M(DELETE_RANGE,                3,  "etcdserverpb.KV",          "DeleteRange",         ONE,    etcdserverpb__delete_range_)                  \
    M(TXN,                         4,  "etcdserverpb.KV",          "Txn",                 ONE,    etcdserverpb__txn_)                           \
    M(COMPACT,                     5,  "etcdserverpb.KV",          "Compact",             ONE,    etcdserverpb__compaction_)                    \
    M(WATCH,                       6,  "etcdserverpb.Watch",       "Watch",               BOTH,   etcdserverpb__watch_)                         \
    M(LEASE_GRANT,                 7,  "etcdserverpb.Lease",       "LeaseGrant",          ONE,    etcdserverpb__lease_grant_)                   \
    M(LEASE_REVOKE,                8,  "etcdserverpb.Lease",       "LeaseRevoke",         ONE,    etcdserverpb__lease_revoke_)                  \
    M(LEASE_KEEP_ALIVE,            9,  "etcdserverpb.Lease",       "LeaseKeepAlive",      BOTH,   etcdserverpb__lease_keep_alive_)              \
    M(LEASE_TIME_TO_LIVE,          10, "etcdserverpb.Lease",       "LeaseTimeToLive",     ONE,    etcdserverpb__lease_time_to_live_)            \
    M(LEASE_LEASES,                11, "etcdserverpb.Lease",       "LeaseLeases",         ONE,    etcdserverpb__lease_leases_)                  \
    M(MEMBER_ADD,                  12, "etcdserverpb.Cluster",     "MemberAdd",           ONE,    etcdserverpb__member_add_)                    \
    M(MEMBER_REMOVE,               13, "etcdserverpb.Cluster",     "MemberRemove",        ONE,    etcdserverpb__member_remove_)                 \
    M(MEMBER_UPDATE,               14, "etcdserverpb.Cluster",     "MemberUpdate",        ONE,    etcdserverpb__member_update_)                 \
    M(MEMBER_LIST,                 15, "etcdserverpb.Cluster",     "MemberList",          ONE,    etcdserverpb__member_list_)                   \
    M(MEMBER_PROMOTE,              16, "etcdserverpb.Cluster",     "MemberPromote",       ONE,    etcdserverpb__member_promote_)                \
    M(ALARM,                       17, "etcdserverpb.Maintenance", "Alarm",               ONE,    etcdserverpb__alarm_)                         \
    M(STATUS,                      18, "etcdserverpb.Maintenance", "Status",              ONE,    etcdserverpb__status_)                        \
    M(DEFRAGMENT,                  19, "etcdserverpb.Maintenance", "Defragment",          ONE,    etcdserverpb__defragment_)                    \
    M(HASH,                        20, "etcdserverpb.Maintenance", "Hash",                ONE,    etcdserverpb__hash_)                          \
    M(HASH_KV,                     21, "etcdserverpb.Maintenance", "HashKV",              ONE,    etcdserverpb__hash_kv)                        \
    M(SNAPSHOT,                    22, "etcdserverpb.Maintenance", "Snapshot",            SERVER, etcdserverpb__snapshot_)                      \
    M(MOVE_LEADER,                 23, "etcdserverpb.Maintenance", "MoveLeader",          ONE,    etcdserverpb__move_leader_)                   \
    M(AUTH_ENABLE,                 24, "etcdserverpb.Auth",        "AuthEnable",          ONE,    etcdserverpb__auth_enable_)                   \
    M(AUTH_DISABLE,                25, "etcdserverpb.Auth",        "AuthDisable",         ONE,    etcdserverpb__auth_disable_)                  \
    M(AUTH_STATUS,                 26, "etcdserverpb.Auth",        "AuthStatus",          ONE,    etcdserverpb__auth_status_)                   \
    M(AUTHENTICATE,                27, "etcdserverpb.Auth",        "Authenticate",        ONE,    etcdserverpb__authenticate_)                  \
    M(AUTH_USER_ADD,               28, "etcdserverpb.Auth",        "UserAdd",             ONE,    etcdserverpb__auth_user_add_)                 \
    M(AUTH_USER_GET,               29, "etcdserverpb.Auth",        "UserGet",             ONE,    etcdserverpb__auth_user_get_)                 \
    M(AUTH_USER_LIST,              30, "etcdserverpb.Auth",        "UserList",            ONE,    etcdserverpb__auth_user_list_)                \
    M(AUTH_USER_DELETE,            31, "etcdserverpb.Auth",        "UserDelete",          ONE,    etcdserverpb__auth_user_delete_)              \
    M(AUTH_USER_CHANGE_PASSWORD,   32, "etcdserverpb.Auth",        "UserChangePassword",  ONE,    etcdserverpb__auth_user_change_password_)     \
    M(AUTH_USER_GRANT_ROLE,        33, "etcdserverpb.Auth",        "UserGrantRole",       ONE,    etcdserverpb__auth_user_grant_role_)          \
    M(AUTH_USER_REVOKE_ROLE,       34, "etcdserverpb.Auth",        "UserRevokeRole",      ONE,    etcdserverpb__auth_user_revoke_role_)         \
    M(AUTH_ROLE_ADD,               35, "etcdserverpb.Auth",        "RoleAdd",             ONE,    etcdserverpb__auth_role_add_)                 \
    M(AUTH_ROLE_GET,               36, "etcdserverpb.Auth",        "RoleGet",             ONE,    etcdserverpb__auth_role_get_)                 \
    M(AUTH_ROLE_LIST,              37, "etcdserverpb.Auth",        "RoleList",            ONE,    etcdserverpb__auth_role_list_)                \
    M(AUTH_ROLE_DELETE,            38, "etcdserverpb.Auth",        "RoleDelete",          ONE,    etcdserverpb__auth_role_delete_)              \
    M(AUTH_ROLE_GRANT_PERMISSION,  39, "etcdserverpb.Auth",        "RoleGrantPermission", ONE,    etcdserverpb__auth_role_grant_permission_)    \
    M(AUTH_ROLE_REVOKE_PERMISSION, 40, "etcdserverpb.Auth",        "RoleRevokePermission", ONE,    etcdserverpb__auth_role_revoke_permission_)  \
    M(LOCK,                        41, "v3lockpb.Lock",            "Lock",                ONE,    v3lockpb__lock_)                              \
    M(UNLOCK,                      42, "v3lockpb.Lock",            "Unlock",              ONE,    v3lockpb__unlock_)                            \
    M(CAMPAIGN,                    43, "v3electionpb.Election",    "Campaign",            ONE,    v3electionpb__campaign_)                      \
    M(PROCLAIM,                    44, "v3electionpb.Election",    "Proclaim",            ONE,    v3electionpb__proclaim_)                      \
    M(LEADER,                      45, "v3electionpb.Election",    "Leader",              ONE,    v3electionpb__leader_)                        \
    M(OBSERVE,                     46, "v3electionpb.Election",    "Observe",             SERVER, v3electionpb__leader_)                        \
    M(RESIGN,                      47, "v3electionpb.Election",    "Resign",              ONE,    v3electionpb__resign_)                        \
    M(HEALTH_CHECK,                48, "grpc.health.v1.Health",    "Check",               ONE,    grpc__health__v1__health_check_)              \
    M(HEALTH_WATCH,                49, "grpc.health.v1.Health",    "Watch",               SERVER, grpc__health__v1__health_check_)
// clang-format on

enum etcd_method {
#define ETCD_METHOD_ENUM(NAME, number, service, method, shape, stem) ETCD_METHOD_##NAME = (number),
    ETCD_METHOD_TABLE(ETCD_METHOD_ENUM)
#undef ETCD_METHOD_ENUM
        ETCD_METHOD_END /* one above the last */
};

/* How many messages each side sends. */
enum etcd_shape {
    ETCD_SHAPE_ONE,    /* one each */
    ETCD_SHAPE_SERVER, /* one, answered by a stream */
    ETCD_SHAPE_BOTH,   /* streams, both at once */
};

struct etcd_method_row {
    struct str path;            /* "/etcdserverpb.KV/Range" */
    struct str service, method; /* parts of path */
    enum etcd_shape shape;
    const ProtobufCMessageDescriptor *request, *response;
};

/* method: 1 to ETCD_METHOD_END - 1. Static. */
const struct etcd_method_row *etcd_method_row(enum etcd_method method);

/* Errors: ERR_NOT_FOUND (the path of no method; answered UNIMPLEMENTED). */
enum err etcd_method_find(struct str path, enum etcd_method *out);

#endif
