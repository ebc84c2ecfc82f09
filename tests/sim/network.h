/* What carries messages between nodes, and what becomes of each: it comes late, twice, never, or is
 * held until a partition heals. Also the book of what was disturbed when, from which follows what a
 * node must have heard.
 *
 * Times are the simulator's, ms since the run began.
 */
#ifndef TESTS_SIM_NETWORK_H
#define TESTS_SIM_NETWORK_H

#include "tests/sim/plan.h"

struct network;

struct network *network_new(struct plan *plan);
void network_destroy(struct network **self);

/* Chaos: messages get lost as the plan has it. Off at first. */
void network_chaos(struct network *self, bool on);

/* What is sent from a to b is stopped from now on, or no longer. */
void network_cut(struct network *self, uint32_t a, uint32_t b, bool on, int64_t at_ms);
bool network_is_cut(const struct network *self, uint32_t a, uint32_t b);

/* Each node has one of two addresses; what goes to the other one reaches nobody. */
uint32_t network_address(const struct network *self, uint32_t node);
void network_move(struct network *self, uint32_t node);

struct fate {
    uint32_t copies;     /* 0: lost; or held */
    bool held;           /* until network_released: then network_send is asked again */
    int64_t due_ms[2];   /* of each copy */
    uint32_t connection; /* what is of another one when it is due is lost */
};
struct fate network_send(struct network *self, uint32_t a, uint32_t b, int64_t at_ms);
uint32_t network_connection(const struct network *self, uint32_t a, uint32_t b);
/* Counts partitions that ended: what is held may go when it moves on. */
uint32_t network_released(const struct network *self);

/* ── the book ───────────────────────────────────────────────────────────────*/

/* A process that starts has to catch up, greet and be greeted. */
static const int64_t network_start_settles_ms = 20000;

/* The node did not work, or was catching up, from … to. */
void network_disturb_node(struct network *self, uint32_t node, int64_t from_ms, int64_t to_ms);
/* Whether messages went to and fro between a and b, and both worked, all the time from … to (now
 * or before). a may be b. */
bool network_was_good(const struct network *self, uint32_t a, uint32_t b, int64_t from_ms,
                      int64_t to_ms);
/* The same of the way alone. */
bool network_way_was_good(const struct network *self, uint32_t a, uint32_t b, int64_t from_ms,
                          int64_t to_ms);
/* When the last disturbance of anything was over; INT64_MAX: something is. */
int64_t network_calm_since(const struct network *self);

struct network_counts {
    uint64_t partitions;
    uint64_t lost;
    uint64_t doubled;
    uint64_t held;
    uint64_t broken; /* connections */
    uint64_t late;   /* out of order */
};
struct network_counts network_counts(const struct network *self);

#endif
