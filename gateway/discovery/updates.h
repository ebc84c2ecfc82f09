/* What a poll has to be told, decided without sockets or time of its own: given
 * the replica and what a client has, is there news, and its body.
 *
 * An app is changed for a client when its latest_timestamp is above the one given
 * (delta: when the history holds a change after its position). A missing app is
 * no news, one that was there when the poll began and went is. So is a zone that has no instance
 * any more, to whoever has been told of the app before: it is told that there is none.
 */
#ifndef GATEWAY_DISCOVERY_UPDATES_H
#define GATEWAY_DISCOVERY_UPDATES_H

#include "gateway/discovery/app_query.h"
#include "gateway/discovery/delta.h"

enum updates_form {
    UPDATES_POLLS, /* every changed app, missing ones in error */
    UPDATES_POLL,  /* the first changed app as fetch; -404 when the first asked is missing */
    UPDATES_DELTA, /* UPDATES_POLLS, only what changed after a position */
};

struct updates_app {
    struct str appid;
    uint64_t app_hash;
    int64_t given;   /* latest_timestamp the client has, as it counts */
    int64_t claimed; /* the same as it was sent: differs after an answer without instance */
    bool was_known;  /* when the poll began */
};

struct updates_asked {
    enum updates_form form;
    struct app_query query;
    struct position_at since; /* UPDATES_DELTA; epoch 0: none */
    struct updates_app *apps; /* borrowed */
    uint32_t app_count;
    uint64_t asker; /* poll_repeats.h: names who asks, and who asks for just this */
    uint64_t list;
};

/* Fills in was_known. */
void updates_begin(const struct gateway *self, struct updates_asked *asked);

/* full: as if the client had nothing. */
bool updates_any(const struct gateway *self, const struct updates_asked *asked, bool full);

/* By how many ns the timestamp given for this app is ahead of this node's; 0: it is not. One that
 * is the same as a double is the same: clients that read numbers as doubles send back a rounded
 * one, and two of an app are never so close (differences row 26). */
int64_t updates_app_ahead(const struct gateway *self, const struct updates_asked *asked,
                          const struct updates_app *app);
/* Some timestamp (delta: the position) is ahead of this node's. */
bool updates_ahead(const struct gateway *self, const struct updates_asked *asked);

/* Equal keys in one replica_version: equal answers. Appends to key; it is no text. */
void updates_key(const struct gateway *self, const struct updates_asked *asked, bool full,
                 struct buf *key);

/* An answer, and the apps of it that hold no instance. */
enum { updates_empty_max = 16 };
struct updates_empty {
    uint64_t app_hash;
    int64_t latest_timestamp;
};
struct updates_answer {
    int code;
    uint32_t app; /* whose cached answer serves: cache_polls, or cache_fetch for UPDATES_POLL; … */
    struct buf body;      /* … REGISTRY_NONE: this does (owned) */
    uint32_t empty_count; /* at most updates_empty_max */
    struct updates_empty empty[updates_empty_max];
};
/* Only where updates_any said so. */
void updates_write(const struct gateway *self, const struct updates_asked *asked, bool full,
                   const struct now *now, struct updates_answer *answer);

#endif
