#include "gateway/discovery/poll_waiter.h"

#include <stddef.h>

#include "common/base/heap.h"

struct waiter *waiter_new(const struct updates_asked *asked, struct str hostname, size_t *bytes)
{
    size_t count = asked->app_count;
    size_t text_bytes = asked->query.env.len + asked->query.key.zone.len + hostname.len;
    struct waiter *self;
    struct updates_app *apps;
    char *text;

    for (size_t i = 0; i < count; i++) {
        text_bytes += asked->apps[i].appid.len;
    }
    *bytes = sizeof(*self) + count * (sizeof(*apps) + sizeof(*self->nodes)) + text_bytes;
    self = heap_new(*bytes);
    apps = (struct updates_app *)(void *)(self + 1);
    self->nodes = (struct watch_node *)(void *)(apps + count);
    text = (char *)(self->nodes + count);
    self->asked = *asked;
    self->asked.apps = apps;
    self->asked.query.env = str_put(&text, asked->query.env);
    self->asked.query.key.zone = str_put(&text, asked->query.key.zone);
    self->hostname = str_put(&text, hostname);
    for (size_t i = 0; i < count; i++) {
        apps[i] = asked->apps[i];
        apps[i].appid = str_put(&text, asked->apps[i].appid);
    }
    return self;
}

struct waiter *waiter_of_deadline(struct deadline *deadline)
{
    return (struct waiter *)(void *)((char *)deadline - offsetof(struct waiter, deadline));
}

struct waiter *waiter_of_watcher(struct watcher *watcher)
{
    return (struct waiter *)(void *)((char *)watcher - offsetof(struct waiter, watcher));
}

struct operate_poller waiter_poller(const struct waiter *self, const struct now *now)
{
    struct operate_poller poller = {
        .number = self->number,
        .hostname = self->hostname,
        .zone = self->asked.query.key.zone,
        .env = self->asked.query.env,
        .waits_ms = now->mono_ms - self->began_ms,
        .left_ms = self->ends_ms > now->mono_ms ? self->ends_ms - now->mono_ms : 0,
        .app_count = self->asked.app_count,
        .appid = self->asked.apps[0].appid,
    };

    request_peer(self->request, poller.from, sizeof(poller.from));
    return poller;
}
