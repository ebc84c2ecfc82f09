/* Who waits for news of which app, by the hash of the app's name, so that apps
 * that do not exist yet can be waited for. Waking is O(1) while a change is
 * applied; the watchers become due one after the other when they are taken.
 */
#ifndef GATEWAY_DISCOVERY_WATCH_H
#define GATEWAY_DISCOVERY_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch;

enum { watch_bytes = 64 }; /* what a name that only one waits for takes, about */

/* First member of what waits. Zeroed by its owner before use. */
struct watcher {
    struct watcher *next;
    struct watcher *prev;
    bool due;
};

/* One app a watcher waits for; in the owner's memory, stays where it is. */
struct watch_node {
    struct watcher *watcher;
    struct watch *watch;
    struct watch_node *next;
    struct watch_node *prev;
};

struct watches;

struct watches *watches_new(void);
/* Every node must have been removed. */
void watches_destroy(struct watches **self);

void watches_add(struct watches *self, uint64_t app_hash, struct watcher *watcher,
                 struct watch_node *node);
void watches_remove(struct watches *self, struct watch_node *node);

/* How many wait for the app, and one of them; the others follow by next. */
uint32_t watches_waiting(const struct watches *self, uint64_t app_hash);
const struct watch_node *watches_first(const struct watches *self, uint64_t app_hash);

void watches_wake(struct watches *self, uint64_t app_hash);
/* Makes one due by itself; nothing if it is. */
void watches_push(struct watches *self, struct watcher *watcher);
/* Takes the watcher that has been due longest; NULL: none is. */
struct watcher *watches_take(struct watches *self);
bool watches_due(const struct watches *self);
/* The watcher is about to go: it is not due any more. Its nodes are removed by the owner. */
void watches_forget(struct watches *self, struct watcher *watcher);

uint64_t watches_count(const struct watches *self); /* names waited for */

#endif
