/* store watch, store watchers: what happens to keys, and who follows it. */
#ifndef ACTORS_CTL_STORE_WATCH_H
#define ACTORS_CTL_STORE_WATCH_H

#include "actors/ctl/store_ask.h"

struct watch_span {
    struct str key;
    struct str range_end; /* as in WATCH_RANGE */
};

/* From --rev on, or from now on, until it is interrupted. */
enum ctl_exit store_follow(struct ctl *ctl, struct store_ask *call, const struct watch_span *span);

/* Of every process of etcd's gateway. */
enum ctl_exit store_watchers(struct ctl *ctl);

/* One event, for people or as JSON. */
void store_watch_line(const struct msg_event *event, struct str time, bool json, struct buf *to);

#endif
