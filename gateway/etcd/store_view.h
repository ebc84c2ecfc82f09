/* What the gateway knows of its store, as the store's facts tell it. */
#ifndef GATEWAY_ETCD_STORE_VIEW_H
#define GATEWAY_ETCD_STORE_VIEW_H

#include "gateway/etcd/relay.h"

/* boot 0: nothing yet. */
struct store_view {
    uint64_t epoch, boot;
    int64_t revision, compacted;
    uint64_t cluster, member, term;
    uint64_t lead;         /* 0: none */
    int64_t heard_ms;      /* mono */
    int64_t leaderless_ms; /* mono, since when there is no leader it knows; INT64_MAX: it has one */
    uint64_t leader_changes; /* seen */
};

#endif
