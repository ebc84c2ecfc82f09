/* The bytes of WatchResponses. What many watchers get is built once; each one's head is put in
 * front of it in place, for as long as it takes to send it:
 *
 *   room | event event | event | event …      a body
 *      head^ ............                     sent to who is to have all from the second revision
 * on
 */
#ifndef GATEWAY_ETCD_WATCH_BODY_H
#define GATEWAY_ETCD_WATCH_BODY_H

#include "common/wire/codec.h"

/* Whose responses they are, as REVISION tells. */
struct watch_source {
    uint64_t cluster, member, term;
};

/* All of a response but its events. What is 0, false or empty is left out. */
struct watch_head {
    int64_t revision;
    int64_t id;
    bool created, canceled, fragment;
    int64_t compacted;
    struct str reason;
};

/* Appends it. */
void watch_head_add(struct buf *to, const struct watch_source *source,
                    const struct watch_head *head);

/* Appends one of a response's events; with_prev: and what was before, if there was anything. */
void watch_event_add(struct buf *to, const struct msg_event *event, bool with_prev);

/* Events in order. {0}: none. */
struct watch_body {
    struct buf bytes; /* room for a head, and the events */
    struct watch_body_part {
        int64_t revision;
        size_t at;     /* its first event */
        size_t before; /* events before that */
    } * parts;         /* one a revision */
    size_t count, cap;
    size_t events;
    struct watch_body *next; /* of a list of those that wait to be used again */
};

void watch_body_fini(struct watch_body *self);
void watch_body_clear(struct watch_body *self);
/* event: what watch_event_add made; none of an earlier revision follows. */
void watch_body_add(struct watch_body *self, int64_t revision, struct str event);
/* The first part whose revision is not below next; count: there is none. */
size_t watch_body_from(const struct watch_body *self, int64_t next);
/* Drops what is not below revision. */
void watch_body_cut(struct watch_body *self, int64_t revision);

/* Sends the parts from `part` on as one response; more than one if fragment_max is not 0 and that
 * is more bytes: each as large as goes, all but the last marked. */
struct rpc;
void watch_body_send(struct watch_body *self, size_t part, struct rpc *to,
                     const struct watch_source *source, const struct watch_head *head,
                     size_t fragment_max);

#endif
