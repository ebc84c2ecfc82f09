/* What a node of a simulated cluster makes of other nodes' forms: a gateway's edge without HTTP.
 * The product's own pieces decide: params and form read them, trust says whether the sender is
 * believed, command what they ask, pending how long they wait. */
#ifndef TESTS_SIM_EDGE_H
#define TESTS_SIM_EDGE_H

#include "tests/sim/site.h"

/* A form on its way. */
struct edge_form {
    uint64_t id;   /* of the sender's request */
    uint32_t from; /* the sender's node */
    uint32_t life; /* … and the run of its replicator */
    char path[32];
};

/* Borrows site and replica; seed is not 0. */
struct edge *edge_new(struct site *site, struct replica *replica, uint64_t seed);
void edge_destroy(struct edge **self);

/* arg: struct edge_form, then the form. For sim_later; context is the site. */
sim_call_fn edge_take;
void edge_answer(struct edge *self, const struct msg *msg, const struct now *now);
void edge_turn(struct edge *self, const struct now *now, struct outbox *out);
int64_t edge_due_ms(const struct edge *self); /* in the simulator's time */

#endif
