/* What a seed draws: how many there are, how large everything may be, what goes wrong and how
 * often. */
#ifndef TESTS_STORE_SIM_PLAN_H
#define TESTS_STORE_SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/store/mvcc/shape.h"
#include "common/base/prng.h"

enum { plan_gateways_max = 2, plan_clients_max = 10 };

// clang-format off
/* What a seed may have go wrong, and in how many seeds of ten. */
#define PLAN_FAULTS(F)      \
    F(kill,            8)   \
    F(midway,          7)   \
    F(power,           7)   \
    F(pause,           7)   \
    F(gateway_kill,    6)   \
    F(gateway_pause,   4)   \
    F(lost_facts,      7)   \
    F(delay,           7)   \
    F(full_disk,       3)   \
    F(slow_sync,       4)   \
    F(wall_jump,       3)   \
    F(deaf_client,     6)
// clang-format on

struct plan_faults {
#define PLAN_FIELD(name, of_ten) bool name;
    PLAN_FAULTS(PLAN_FIELD)
#undef PLAN_FIELD
};

struct plan {
    uint64_t seed;
    struct prng prng;
    struct plan_faults faults;
    unsigned gateways;
    unsigned clients;
    unsigned ops_max; /* of all clients together */
    int64_t chaos_ms; /* until nothing goes wrong any more */
    int64_t pace_ms;  /* between two things that one client does, on average */
    int64_t fault_ms; /* between two that go wrong */
    int election_ms;
    int64_t flush_ms;
    size_t flush_bytes;
    int64_t checkpoint_ms;
    uint64_t segment_bytes;
    uint64_t compact_bytes; /* of the log */
    uint64_t entry_bytes_max;
    uint64_t apply_bytes;
    struct shape_limits limits;
    unsigned batch_max;         /* messages a turn */
    unsigned calls_max;         /* under way at a gateway */
    size_t kept_max;            /* bytes that wait for the store there */
    size_t unread_scale;        /* a byte that a client has not read counts as so many */
    uint32_t watchers_max;      /* of a gateway */
    uint32_t watch_waiting_max; /* requests of watches that wait for the store */
    uint32_t fragment_bytes;
    int64_t progress_ms;
    unsigned open_max;  /* calls of one client at once */
    unsigned burst_max; /* that it makes at once */
};

void plan_draw(struct plan *self, uint64_t seed);

static inline uint64_t plan_below(struct plan *self, uint64_t bound)
{
    return prng_below(&self->prng, bound);
}

static inline bool plan_one_in(struct plan *self, uint64_t n)
{
    return prng_below(&self->prng, n) == 0;
}

/* Between a and b, both included. */
static inline int64_t plan_between(struct plan *self, int64_t a, int64_t b)
{
    return a + (int64_t)prng_below(&self->prng, (uint64_t)(b - a) + 1);
}

#endif
