/* What /health, /livez and /readyz find out, by asking the store: alarms, a read of its own state,
 * a read that a majority confirms. A store that is not there has failed all of them at once.
 *
 *   GET /health    alarms, leader, read             {"health":"true"}, with a reason from 3.5 on
 *   GET /livez     serializable_read                [+] and [-] lines, as etcd 3.5 has them
 *   GET /readyz    data_corruption, serializable_read, linearizable_read
 */
#ifndef GATEWAY_ETCD_CHECKS_H
#define GATEWAY_ETCD_CHECKS_H

#include "gateway/etcd/release.h"
#include "gateway/etcd/store_view.h"
#include "gateway/etcd/subcall.h"
#include "gateway/etcd/web.h"

struct checks;

/* All borrowed. */
struct checks_options {
    const struct release *release;
    const struct relay *relay;
    const struct store_view *store;
    struct rpc_server calls;
};

struct checks *checks_new(const struct checks_options *options);
void checks_destroy(struct checks **self); /* whoever waits is gone before */

/* Whether path is one of theirs. */
bool checks_know(struct str path);
/* A GET of such a path. cors: the answer's first headers. Within a turn. */
void checks_serve(struct checks *self, struct web *web, struct str path, struct str query,
                  const struct web_head *cors);

struct checks_counts {
    uint64_t healthy_total; /* answers of /health */
    uint64_t unhealthy_total;
};
void checks_counts(const struct checks *self, struct checks_counts *counts);

#endif
