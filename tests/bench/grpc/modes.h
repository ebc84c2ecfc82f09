/* What the load can do, each from options on the command line. Before what is measured each prints
 * `ready` and waits for a line; after it, one line of JSON. */
#ifndef TESTS_BENCH_GRPC_MODES_H
#define TESTS_BENCH_GRPC_MODES_H

#include "tests/bench/grpc/watches.h"

/* clang-format off */
#define OPTION_TABLE(O)                                                                            \
    O(port,        0)                                                                              \
    O(clients,     1)                                                                              \
    O(connections, 1)                                                                              \
    O(seconds,     1)                                                                              \
    O(keys,        10000)                                                                          \
    O(width,       8)      /* digits of a key */                                                   \
    O(value,       256)    /* bytes */                                                             \
    O(calls,       0)      /* at most; 0: as many as fit the seconds */                            \
    O(rate,        0)      /* calls a second; 0: as the answers come */                            \
    O(stalled,     0)      /* connections whose watch over all keys is not read */                 \
    O(watches,     1)                                                                              \
    O(puts,        1)
/* clang-format on */

struct options {
#define OPTION_FIELD(name, value) uint32_t name;
    OPTION_TABLE(OPTION_FIELD)
#undef OPTION_FIELD
    struct loop *loop; /* borrowed */
};

/* Each returns the exit code: 0 when all was answered as it must be. */
typedef int mode_fn(struct options *options);
mode_fn mode_put, mode_range, mode_watch, mode_idle, mode_leases;

enum { wide_window_bytes = 1024 * 1024, usual_window_bytes = 65535 };

void ready(void);

/* A crowd of `clients` over `connections`, opened here. */
struct crowd_options crowd_of(struct options *options, struct deed deed);

#endif
