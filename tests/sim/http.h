/* The requests of a replicator to other nodes: GETs are answered as the other node's gateway would,
 * forms are handed to it (edge.h). What the network loses is answered by nobody, and the requester
 * gives up when its time is over. */
#ifndef TESTS_SIM_HTTP_H
#define TESTS_SIM_HTTP_H

#include "tests/sim/site.h"

struct edge_form;

/* For the replicator's turn: carries what it wants to ask now. */
void http_carry(struct site *self, struct replicator *replicator, const struct now *now,
                struct outbox *out);

/* A form of the reference node, on its way to this one: bytes are a struct edge_form and the form.
 */
void http_send(struct site *self, uint32_t from, struct str bytes);
/* The answer of the reference node to a form of this one. */
void http_reference_answer(struct site *self, const struct edge_form *form, struct str body);
/* What this node answers to GET fetch/all; empty: nothing. */
void http_get_all(const struct site *self, struct buf *body);

/* The answer of this node to a form, on its way back. */
void http_answer(struct site *self, const struct edge_form *form, int status, struct str body);

#endif
