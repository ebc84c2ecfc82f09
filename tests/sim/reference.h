/* A node of the reference implementation in a simulated cluster, as it was recorded: a registry by
 * dirty_timestamp without tombstones, evictions by its own rule, forms to every node of its zone,
 * the answers -404 and -409 to them, fetch/all at its start, itself as infra.discovery. It has some
 * clients of its own, which register with it alone.
 *
 * It stands at "reference:7171" and is known to the muster nodes by peers.nodes. */
#ifndef TESTS_SIM_REFERENCE_H
#define TESTS_SIM_REFERENCE_H

#include "common/naming/instance.h"
#include "tests/sim/edge.h"

enum { reference_clients = 3 };

struct reference;

/* Adds its process, and starts it. sites: the muster nodes. Its number as a node is plan->nodes. */
struct reference *reference_new(struct plan *plan, struct sim *sim, struct site *sites);
void reference_destroy(struct reference **self); /* after the simulator's end */

bool reference_has(const struct reference *self, struct hash128 key);
/* One of its clients; since_ms: it has been silent since then; INT64_MAX: it is not. */
struct identity reference_client(const struct reference *self, uint32_t client, int64_t *silent_ms);
uint64_t reference_posts(const struct reference *self);

/* ── for http.c ─────────────────────────────────────────────────────────────*/

unsigned reference_process(const struct reference *self);
/* A form of a muster node: arg is struct edge_form, then the form. context: the reference. */
sim_call_fn reference_take;
/* The answer to one of its own forms. arg: struct edge_form, then the body. */
sim_call_fn reference_answered;
/* A GET. */
void reference_get(const struct reference *self, struct str path, struct buf *body);

#endif
