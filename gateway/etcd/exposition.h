/* /metrics: etcd's own names, with this node's values, in Prometheus' text form. What the store
 * knows it is asked for (STATS): requests that come meanwhile share the answer; a store that does
 * not answer in time leaves its numbers out, never the gateway's.
 *
 *   web ──► STATS ──► store
 *     ◄── text ◄── COUNTERS, or 500 ms
 */
#ifndef GATEWAY_ETCD_EXPOSITION_H
#define GATEWAY_ETCD_EXPOSITION_H

#include "gateway/etcd/checks.h"
#include "gateway/etcd/moment.h"
#include "gateway/etcd/port.h"
#include "gateway/etcd/watch.h"
#include "gateway/etcd/web.h"

struct exposition;

/* All borrowed. */
struct exposition_options {
    const struct release *release;
    const struct store_view *store;
    const struct relay *relay;
    const struct tally *tally;
    const struct checks *checks;
    const struct watches *watches; /* NULL: of none is told */
    const struct moment *moment;
};

struct exposition *exposition_new(const struct exposition_options *options);
void exposition_destroy(struct exposition **self); /* whoever waits is gone before */

/* What the port has counted; before a turn's answers. */
void exposition_port(struct exposition *self, const struct port_counts *counts);

/* cors: the answer's first headers. Within a turn. */
void exposition_serve(struct exposition *self, struct web *web, const struct web_head *cors);
/* What the store has answered; of no question of these: ignored. */
void exposition_counters(struct exposition *self, const struct msg_counters *counters);
void exposition_turn(struct exposition *self, const struct now *now);
int64_t exposition_due_ms(const struct exposition *self); /* mono ms; INT64_MAX: nobody waits */

#endif
