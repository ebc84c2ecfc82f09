/* The watchers of one stream by watch_id. {0} is empty. */
#ifndef GATEWAY_ETCD_WATCH_IDS_H
#define GATEWAY_ETCD_WATCH_IDS_H

#include <stddef.h>
#include <stdint.h>

struct watcher;

struct watch_ids {
    struct watch_id_cell {
        int64_t id;
        struct watcher *watcher; /* NULL: empty */
    } * cells;                   /* 1 << bits of them, linear probing; half of them at most used */
    unsigned bits;
    uint32_t count;
};

void watch_ids_fini(struct watch_ids *self);
struct watcher *watch_ids_find(const struct watch_ids *self, int64_t id);        /* NULL: none */
void watch_ids_add(struct watch_ids *self, int64_t id, struct watcher *watcher); /* id is free */
void watch_ids_remove(struct watch_ids *self, int64_t id);                       /* it is there */
/* All of them, one after the other: at begins at 0. NULL: that was all. Not while it changes, but
 * for the one that was given last. */
struct watcher *watch_ids_next(const struct watch_ids *self, size_t *at);

#endif
