/* Who watches, for people: a slice at a time. */
#ifndef GATEWAY_ETCD_WATCH_LIST_H
#define GATEWAY_ETCD_WATCH_LIST_H

#include "common/wire/codec.h"
#include "gateway/etcd/watch.h"

/* Answers WATCHERS: a bounded slice of them into the list, which borrows from store. */
void watch_list(const struct watches *self, const struct msg_watchers *ask, struct buf *store,
                struct msg_watcher_list *answer);

#endif
