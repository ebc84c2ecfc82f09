/* The client of one stream of Watch, who believes nothing: each response is compared with what the
 * store has done. */
#ifndef TESTS_GATEWAY_ETCD_WATCH_CLIENT_H
#define TESTS_GATEWAY_ETCD_WATCH_CLIENT_H

#include "gateway/etcd/rpc.h"
#include "tests/gateway/etcd/watch_store.h"

enum { client_watchers_max = 256, client_requests_max = 256 };

/* What it asked of a watcher. Keys: texts of the test's. */
struct client_wish {
    const char *key;
    const char *end; /* "": key alone; "\1": all from key on */
    int64_t start, id;
    bool prev, progress, fragment, no_put, no_delete;
};

struct client_watcher {
    struct client_wish wish;
    int64_t id;
    unsigned number; /* of its create */
    int64_t next;    /* all it asked for of revisions below has come */
    size_t at;       /* the store's events before this were looked at */
    bool over;       /* canceled */
    bool cut;        /* the last response was a fragment */
    uint64_t events;
    int64_t compacted; /* that it was canceled with */
};

struct watch_client {
    struct rpc rpc; /* first */
    const struct played_store *store;
    bool reads;
    bool open; /* begun, and not over */
    enum grpc_code code;
    char text[128];
    struct client_watcher watchers[client_watchers_max];
    unsigned count;
    struct client_request {
        struct client_wish wish;
        int64_t revision; /* the store's when it was asked */
        unsigned number;
    } creates[client_requests_max];
    unsigned creates_first, creates_count;
    int64_t progress[client_requests_max]; /* the store's revision when it was asked */
    unsigned progress_first, progress_count;
    struct client_cancel {
        int64_t id;
        unsigned number; /* creates before it */
    } cancels[client_requests_max];
    unsigned creates_asked;
    unsigned cancels_count;
    uint64_t responses, events, refused, progress_told, fragments;
    int64_t header; /* of the last response */
    char reason[128];
};

void watch_client_init(struct watch_client *self, const struct played_store *store);
/* Both encode into to, and note it. */
void watch_client_create(struct watch_client *self, const struct client_wish *wish, struct buf *to);
void watch_client_progress(struct watch_client *self, struct buf *to);
void watch_client_cancel(struct watch_client *self, int64_t id, struct buf *to);
/* NULL: none that is not over. */
struct client_watcher *watch_client_find(struct watch_client *self, int64_t id);
/* Everything that was to come has come. */
void watch_client_is_complete(const struct watch_client *self);

#endif
