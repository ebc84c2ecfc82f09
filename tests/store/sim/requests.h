/* Random requests, and what is wrong with a few of them. */
#ifndef TESTS_STORE_SIM_REQUESTS_H
#define TESTS_STORE_SIM_REQUESTS_H

#include "tests/store/sim/judge.h"

/* In arena. */
struct call requests_call(struct plan *plan, const struct judge *judge, struct arena *arena);
/* One of the leases that calls are about. */
int64_t requests_lease(struct plan *plan);

#endif
