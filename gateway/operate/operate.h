/* What a node tells of itself over HTTP: /muster/v1/… in JSON, /openapi.json, and one page at /
 * that says where to look. The page for people, musterctl and scripts ask the same.
 *
 * It is told of the node through a view, asks the actors by a round (gateway/bus/round.h), and
 * changes nothing. Status codes mean what they say here; the forms: docs/api.md.
 */
#ifndef GATEWAY_OPERATE_OPERATE_H
#define GATEWAY_OPERATE_OPERATE_H

#include "common/naming/change.h"
#include "common/runtime/outbox.h"
#include "gateway/http/http.h"
#include "gateway/operate/params.h"
#include "gateway/operate/view.h"

struct operate;

/* view: copied; what it points to outlives this. */
struct operate *operate_new(const struct operate_view *view);
/* After http_destroy: touches no request. */
void operate_destroy(struct operate **self);

/* path: decoded. Else it is nobody's here. */
bool operate_owns(struct str path);
/* Answers, parks or streams a request for what it owns. pairs: its parameters, until it returns. */
void operate_serve(struct operate *self, struct request *request, const struct operate_pair *pairs,
                   size_t count, const struct now *now, struct outbox *out);

/* Once a turn: goes on with what takes longer than one. */
void operate_turn(struct operate *self, const struct now *now, struct outbox *out);
int64_t operate_due_ms(const struct operate *self); /* mono ms; INT64_MAX: nothing */
/* Once a second: notes how the node is. */
void operate_tick(struct operate *self, const struct now *now);
/* Places for connections run short: ends one stream. False: there is none. */
bool operate_spare(struct operate *self);

/* A change of the registry's history, of this epoch, that comes next; before it is taken in.
 * before: what stands there, NULL: nothing that lives. Not during a snapshot. */
void operate_change(struct operate *self, const struct change *change,
                    const struct instance *before, uint64_t epoch, const struct now *now);
/* Any other fact. */
void operate_fact(struct operate *self, const struct msg *fact, const struct now *now);
/* The replicator's answer to a question of operate's. */
void operate_nodes(struct operate *self, const struct msg_node_list *list, const struct now *now);
/* An actor's answer to a question of operate's. */
void operate_lines(struct operate *self, enum actor_name from, uint32_t index,
                   const struct msg_tail *tail);

#endif
