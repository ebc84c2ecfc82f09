#include "gateway/etcd/watch_list.h"

#include "gateway/etcd/watch_parts.h"

enum {
    slice_watchers_max = 500,
    slice_looked_max = 5000, /* streams */
};
static const size_t slice_bytes_max = (size_t)512 * 1024;

static const char *const states[] = {
    [WATCHER_SYNCED] = "synced",
    [WATCHER_LAGS] = "lags",
    [WATCHER_READS] = "reads",
    [WATCHER_BLOCKED] = "blocked",
};

static void add(const struct watcher *watcher, struct buf *store, struct msg_list *list)
{
    const struct watch_wish *wish = &watcher->group->wish;
    const struct msg msg = {.type = MSG_TYPE_WATCHER,
                            .as_watcher = {.stream = watcher->stream->number,
                                           .watch_id = watcher->id,
                                           .key = wish->key,
                                           .range_end = wish->end,
                                           .next = watcher->next,
                                           .state = str_from(states[watcher->state]),
                                           .prev = wish->prev,
                                           .progress = watcher->progress}};

    msg_list_add(list, store, &msg);
}

/* False: the slice is full; *at is where it goes on. */
static bool add_stream(const struct watch_stream *stream, size_t *at, struct buf *store,
                       struct msg_list *list)
{
    const struct watcher *watcher;

    for (;;) {
        if (list->count >= slice_watchers_max || store->len >= slice_bytes_max) {
            return false;
        }
        watcher = watch_ids_next(&stream->ids, at);
        if (watcher == NULL) {
            return true;
        }
        add(watcher, store, list);
    }
}

/* Streams stand in the order of their numbers. */
void watch_list(const struct watches *self, const struct msg_watchers *ask, struct buf *store,
                struct msg_watcher_list *answer)
{
    const struct watch_link *link = watch_links_first(&self->streams);
    unsigned looked = 0;

    *answer = (struct msg_watcher_list){.id = ask->id};
    for (; link != NULL; link = watch_links_next(&self->streams, link)) {
        const struct watch_stream *stream = (const struct watch_stream *)(const void *)link;
        size_t at = stream->number == ask->stream ? (size_t)ask->at : 0;

        if (stream->number < ask->stream) {
            continue;
        }
        if (++looked > slice_looked_max || !add_stream(stream, &at, store, &answer->watchers)) {
            answer->stream = stream->number;
            answer->at = at;
            return;
        }
    }
}
