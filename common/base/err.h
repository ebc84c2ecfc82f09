/* Every way an operation of ours can end, in one table.
 *
 * One row gives the name, the number that travels in RESULT messages, the code
 * of the discovery API (go-kratos ecode, as recorded from the reference), the
 * HTTP status, the gRPC status and the text. No other place maps errors.
 * Numbers are never reused. 0 is success, everything else is negative.
 */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

// clang-format off
/*        name         value  discovery http  grpc  text                                       */
#define ERR_TABLE(X)                                                                           \
    X(OK,              0,     0,        200,  0,    "ok")                                      \
    X(NOT_MODIFIED,   -1,    -304,      200,  0,    "not modified")                            \
    X(INVALID,        -2,    -400,      200,  3,    "invalid argument")                        \
    X(NOT_FOUND,      -3,    -404,      200,  5,    "nothing found")                           \
    X(CONFLICT,       -4,    -409,      200,  9,    "conflict")                                \
    X(MALFORMED,      -5,    -400,      200,  3,    "malformed message")                       \
    X(TOO_LARGE,      -6,    -400,      413,  8,    "too large")                               \
    X(NO_MEMORY,      -7,    -500,      503,  8,    "out of memory")                           \
    X(TIMEOUT,        -8,    -500,      503,  4,    "timed out")                               \
    X(UNAVAILABLE,    -9,    -500,      503,  14,   "unavailable")                             \
    X(PROTECTED,      -10,   -500,      503,  14,   "starting: not in sync with peers yet")    \
    X(UNSUPPORTED,    -11,   -500,      501,  12,   "unsupported")                             \
    X(STALE,          -12,   -500,      503,  11,   "history not held")                        \
    X(REFUSED,        -13,   -400,      200,  7,    "refused")                                 \
    X(FULL,           -14,   -500,      503,  8,    "full")                                    \
    X(IO,             -15,   -500,      503,  13,   "input/output error")                      \
    X(CORRUPT,        -16,   -500,      503,  15,   "damaged data")                            \
    X(BUSY,           -17,   -500,      503,  14,   "held by another process")                   \
    X(UNUSABLE,       -18,   -500,      503,  13,   "can't be used as it is")                  \
    X(NOT_LEADER,     -19,   -500,      503,  14,   "not the leader")                          \
    X(TRANSFERRING,   -20,   -500,      503,  14,   "leadership is being handed over")         \
    X(NO_ROOM,        -21,   -500,      503,  8,    "no room on the disk")
// clang-format on

enum err {
#define ERR_ENUM(NAME, value, discovery, http, grpc, text) ERR_##NAME = (value),
    ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
};

/* All of these take any number, also one that arrived from outside; an unknown
 * one reads as "unknown error", -500, 500 and 2. Texts are static. */
const char *err_text(enum err err);
const char *err_name(enum err err);
int err_discovery_code(enum err err);
int err_http_status(enum err err);
int err_grpc_status(enum err err);

/* Of an errno that a file or directory gave: ERR_UNUSABLE: trying again is no use, a person must
 * see to it; ERR_IO: it may pass. */
enum err err_of_file(int number);

#endif
