/* What watchers are told, against what the log has done (judge.h), in the words of etcd's API
 * guarantees:
 *
 *   ordered      events come in order of revision, within one in that of its changes
 *   unique       none twice
 *   reliable     none that the filter lets pass is left out
 *   atomic       no revision is split over responses, but those marked as fragments
 *   resumable    one that begins at a revision that is not compacted misses nothing from there on
 *   bookmarkable progress at a revision says that all up to it has been told
 *
 * What was acknowledged before a create is no news to it unless it asks for it by its revision. An
 * event is as it was in its revision, byte for byte; what was there before is told to who wants it,
 * unless it is compacted. A progress request is answered, not below what any client had been told
 * when it was made. A watcher is canceled for compaction only below what is compacted.
 */
#ifndef TESTS_STORE_SIM_JUDGE_WATCH_H
#define TESTS_STORE_SIM_JUDGE_WATCH_H

#include "common/etcdapi/watch.pb-c.h"
#include "tests/store/sim/judge.h"

enum { watched_max = 12, watched_progress_max = 16 };

struct watched {
    enum { WATCHED_NONE, WATCHED_ASKED, WATCHED_LIVE } state;
    uint64_t order; /* of the create */
    char bytes[64];
    struct str key, end; /* in bytes */
    bool no_put, no_delete, prev, fragment;
    int64_t start;
    int64_t floor; /* told to anybody when it was asked for */
    int64_t id;
    int64_t from;   /* of a live one: where it begins */
    size_t at;      /* place of the first event that it may be told */
    int64_t low;    /* it has been told all below */
    int64_t split;  /* revision that a fragment has begun to tell; 0: none */
    bool canceling; /* the client has asked for it */
};

/* A stream's. */
struct watched_stream {
    struct watched items[watched_max];
    uint64_t orders;
    int64_t progress[watched_progress_max]; /* revisions that requests are not to be below */
    unsigned progress_count;
};

/* NULL: there is no place. The request is noted as asked. */
struct watched *watched_create(struct judge *self, struct watched_stream *stream,
                               const Etcdserverpb__WatchCreateRequest *request);
bool watched_progress(struct judge *self, struct watched_stream *stream); /* asked for */
/* A response's bytes. */
void watched_told(struct judge *self, struct watched_stream *stream, struct str response);
void watched_end(struct judge *self, uint32_t code, struct str text);
/* All is calm: nothing is left to tell. */
void watched_at_head(struct judge *self, const struct watched_stream *stream);
/* Live ones. */
unsigned watched_count(const struct watched_stream *stream);

#endif
