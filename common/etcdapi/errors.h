/* How a call of etcd's API can end, in one table: gRPC's status codes, and the texts that clients
 * compare.
 *
 * Clients decide by these texts (etcd's rpctypes), byte for byte; they are etcd 3.4's, recorded.
 * A text that names what it is about (a method, a size) is made where it is raised, with a code of
 * GRPC_TABLE.
 *
 * E(NAME, code, text)
 */
#ifndef COMMON_ETCDAPI_ERRORS_H
#define COMMON_ETCDAPI_ERRORS_H

#include "common/base/str.h"

// clang-format off
/* Code, and the status of the JSON gateway's answer. Source: gRPC's statuscodes.md, grpc-gateway 1. */
#define GRPC_TABLE(G)               \
    G(OK,                   0, 200) \
    G(CANCELLED,            1, 408) \
    G(UNKNOWN,              2, 500) \
    G(INVALID_ARGUMENT,     3, 400) \
    G(DEADLINE_EXCEEDED,    4, 504) \
    G(NOT_FOUND,            5, 404) \
    G(ALREADY_EXISTS,       6, 409) \
    G(PERMISSION_DENIED,    7, 403) \
    G(RESOURCE_EXHAUSTED,   8, 429) \
    G(FAILED_PRECONDITION,  9, 412) \
    G(ABORTED,             10, 409) \
    G(OUT_OF_RANGE,        11, 400) \
    G(UNIMPLEMENTED,       12, 501) \
    G(INTERNAL,            13, 500) \
    G(UNAVAILABLE,         14, 503) \
    G(DATA_LOSS,           15, 500) \
    G(UNAUTHENTICATED,     16, 401)

#define ETCD_ERROR_TABLE(E) \
    E(EMPTY_KEY,               INVALID_ARGUMENT,    "etcdserver: key is not provided")                                             \
    E(KEY_NOT_FOUND,           INVALID_ARGUMENT,    "etcdserver: key not found")                                                   \
    E(VALUE_PROVIDED,          INVALID_ARGUMENT,    "etcdserver: value is provided")                                               \
    E(LEASE_PROVIDED,          INVALID_ARGUMENT,    "etcdserver: lease is provided")                                               \
    E(TOO_MANY_OPS,            INVALID_ARGUMENT,    "etcdserver: too many operations in txn request")                              \
    E(DUPLICATE_KEY,           INVALID_ARGUMENT,    "etcdserver: duplicate key given in txn request")                              \
    E(REQUEST_TOO_LARGE,       INVALID_ARGUMENT,    "etcdserver: request is too large")                                            \
    E(COMPACTED,               OUT_OF_RANGE,        "etcdserver: mvcc: required revision has been compacted")                      \
    E(FUTURE_REVISION,         OUT_OF_RANGE,        "etcdserver: mvcc: required revision is a future revision")                    \
    E(NO_SPACE,                RESOURCE_EXHAUSTED,  "etcdserver: mvcc: database space exceeded")                                   \
    E(LEASE_NOT_FOUND,         NOT_FOUND,           "etcdserver: requested lease not found")                                       \
    E(LEASE_EXISTS,            FAILED_PRECONDITION, "etcdserver: lease already exists")                                            \
    E(LEASE_TTL_TOO_LARGE,     OUT_OF_RANGE,        "etcdserver: too large lease TTL")                                             \
    E(MEMBER_NOT_FOUND,        NOT_FOUND,           "etcdserver: member not found")                                                \
    E(MEMBER_EXISTS,           FAILED_PRECONDITION, "etcdserver: member ID already exist")                                         \
    E(PEER_URLS_EXIST,         FAILED_PRECONDITION, "etcdserver: Peer URLs already exists")                                        \
    E(BAD_MEMBER_URLS,         INVALID_ARGUMENT,    "etcdserver: given member URLs are invalid")                                   \
    E(NOT_ENOUGH_STARTED,      FAILED_PRECONDITION, "etcdserver: re-configuration failed due to not enough started members")       \
    E(NOT_A_LEARNER,           FAILED_PRECONDITION, "etcdserver: can only promote a learner member")                               \
    E(LEARNER_NOT_READY,       FAILED_PRECONDITION, "etcdserver: can only promote a learner member which is in sync with leader")  \
    E(TOO_MANY_LEARNERS,       FAILED_PRECONDITION, "etcdserver: too many learner members in cluster")                             \
    E(BAD_LEADER_TRANSFEREE,   FAILED_PRECONDITION, "etcdserver: bad leader transferee")                                           \
    E(NOT_LEADER,              FAILED_PRECONDITION, "etcdserver: not leader")                                                      \
    E(TOO_MANY_REQUESTS,       RESOURCE_EXHAUSTED,  "etcdserver: too many requests")                                               \
    E(NO_LEADER,               UNAVAILABLE,         "etcdserver: no leader")                                                       \
    E(LEADER_CHANGED,          UNAVAILABLE,         "etcdserver: leader changed")                                                  \
    E(NOT_CAPABLE,             UNAVAILABLE,         "etcdserver: not capable")                                                     \
    E(STOPPED,                 UNAVAILABLE,         "etcdserver: server stopped")                                                  \
    E(TIMEOUT,                 UNAVAILABLE,         "etcdserver: request timed out")                                               \
    E(TIMEOUT_LEADER_FAILED,   UNAVAILABLE,         "etcdserver: request timed out, possibly due to previous leader failure")      \
    E(TIMEOUT_CONNECTION_LOST, UNAVAILABLE,         "etcdserver: request timed out, possibly due to connection lost")              \
    E(TIMEOUT_APPLIED_INDEX,   UNAVAILABLE,         "etcdserver: request timed out, waiting for the applied index took too long")  \
    E(UNHEALTHY,               UNAVAILABLE,         "etcdserver: unhealthy cluster")                                               \
    E(LEARNER_REFUSES,         UNAVAILABLE,         "etcdserver: rpc not supported for learner")                                   \
    E(CORRUPT,                 DATA_LOSS,           "etcdserver: corrupt cluster")                                                 \
    E(ROOT_USER_NOT_FOUND,     FAILED_PRECONDITION, "etcdserver: root user does not exist")                                        \
    E(ROOT_ROLE_NOT_GRANTED,   FAILED_PRECONDITION, "etcdserver: root user does not have root role")                               \
    E(USER_EXISTS,             FAILED_PRECONDITION, "etcdserver: user name already exists")                                        \
    E(USER_EMPTY,              INVALID_ARGUMENT,    "etcdserver: user name is empty")                                              \
    E(USER_NOT_FOUND,          FAILED_PRECONDITION, "etcdserver: user name not found")                                             \
    E(ROLE_EXISTS,             FAILED_PRECONDITION, "etcdserver: role name already exists")                                        \
    E(ROLE_NOT_FOUND,          FAILED_PRECONDITION, "etcdserver: role name not found")                                             \
    E(ROLE_EMPTY,              INVALID_ARGUMENT,    "etcdserver: role name is empty")                                              \
    E(AUTH_FAILED,             INVALID_ARGUMENT,    "etcdserver: authentication failed, invalid user ID or password")              \
    E(PERMISSION_DENIED,       PERMISSION_DENIED,   "etcdserver: permission denied")                                               \
    E(ROLE_NOT_GRANTED,        FAILED_PRECONDITION, "etcdserver: role is not granted to the user")                                 \
    E(PERMISSION_NOT_GRANTED,  FAILED_PRECONDITION, "etcdserver: permission is not granted to the role")                           \
    E(AUTH_NOT_ENABLED,        FAILED_PRECONDITION, "etcdserver: authentication is not enabled")                                   \
    E(INVALID_AUTH_TOKEN,      UNAUTHENTICATED,     "etcdserver: invalid auth token")                                              \
    E(INVALID_AUTH_MANAGEMENT, INVALID_ARGUMENT,    "etcdserver: invalid auth management")                                         \
    E(AUTH_OLD_REVISION,       INVALID_ARGUMENT,    "etcdserver: revision of auth store is old")                                   \
    E(ELECTION_NO_LEADER,      UNKNOWN,             "election: no leader")                                                         \
    E(ELECTION_NOT_LEADER,     UNKNOWN,             "election: not leader")
// clang-format on

enum grpc_code {
#define GRPC_ENUM(NAME, number, http) GRPC_##NAME = (number),
    GRPC_TABLE(GRPC_ENUM)
#undef GRPC_ENUM
        GRPC_END
};

enum etcd_error {
    ETCD_OK,
#define ETCD_ERROR_ENUM(NAME, code, text) ETCD_ERROR_##NAME,
    ETCD_ERROR_TABLE(ETCD_ERROR_ENUM)
#undef ETCD_ERROR_ENUM
        ETCD_ERROR_END
};

/* OK: GRPC_OK and an empty text. Static. */
enum grpc_code etcd_error_code(enum etcd_error error);
struct str etcd_error_text(enum etcd_error error);

/* Of the JSON gateway. */
unsigned grpc_http_status(enum grpc_code code);

#endif
