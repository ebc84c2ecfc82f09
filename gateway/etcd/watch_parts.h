/* What watches are made of. Their parts know each other in one direction only, downwards:
 *
 *   watch           the app, its life, a turn
 *   watch_request   what clients ask: create, cancel, progress
 *   watch_live      facts: the position, and whom they concern
 *   watch_history   who has missed something: what is kept, or read
 *   watch_ask       questions to the store
 *   watch_tell      one watcher: its responses, its state, its end
 *   watch_list      all of them, for people
 *   watch_groups, watch_recent, watch_body, watch_ids, watch_links
 *
 * A watcher:
 *
 *   create ──► LAGS ──read up to the position──► SYNCED ──its client does not read,──┐
 *               ▲ └──a read takes it along──► READS       or prev was not told       │
 *               ├──────────────────────────────┘                                     │
 *               └──────client reads again── BLOCKED ◄────────────────────────────────┘
 *
 * One that begins in the future is SYNCED. `next` is the first revision that it may be told of:
 * facts and answers below pass it by.
 */
#ifndef GATEWAY_ETCD_WATCH_PARTS_H
#define GATEWAY_ETCD_WATCH_PARTS_H

#include "common/base/deadlines.h"
#include "gateway/etcd/watch.h"
#include "gateway/etcd/watch_body.h"
#include "gateway/etcd/watch_groups.h"
#include "gateway/etcd/watch_ids.h"
#include "gateway/etcd/watch_recent.h"

enum {
    watch_unsent_max = 64 * 1024, /* bytes a client has not taken: it is told no more */
    watch_recent_max = 1024 * 1024,
    watch_reads_max = 4,    /* under way at once, for those who lag */
    watch_ranges_max = 128, /* of one read */
    watch_interest_max = 1000,
    watch_answer_ms = 5000, /* what is not answered is asked again */
    watch_again_ms = 100,   /* what was refused is asked again */
};

enum watcher_state { WATCHER_SYNCED, WATCHER_LAGS, WATCHER_READS, WATCHER_BLOCKED };

struct watcher {
    struct watch_link link; /* first; of the list of its state */
    struct watch_stream *stream;
    struct watch_group *group;
    int64_t id;
    int64_t next;
    struct deadline pulse; /* if it wants progress: when it may be due */
    int64_t told_ms;
    enum watcher_state state;
    bool progress;
};

/* A request whose turn has not come: each of a stream waits for those before it. */
struct watch_op {
    struct watch_link link; /* first; of all that are to be asked, or are asked */
    struct watch_op *next;  /* of its stream */
    struct watch_stream *stream;
    enum { WATCH_CREATE, WATCH_CANCEL, WATCH_PROGRESS } kind;
    uint64_t id;     /* of the question */
    uint32_t number; /* in the table of questions */
    int64_t asked_ms;
    bool answered;
    struct watch_wish wish; /* keys are behind it */
    int64_t watch_id;
    int64_t start;
    bool progress;
    uint32_t code; /* of the answer, and its text */
    struct buf text;
    int64_t revision, compacted;
};

struct watch_ops {
    struct watch_op *first, *last;
    uint32_t count;
};

struct watch_stream {
    struct watch_link link;    /* first; of all, or of those that are gone */
    struct watch_link waiting; /* of those with progress to tell */
    struct watch_link blocks;  /* of those whose client does not read */
    struct watches *all;
    struct rpc *rpc; /* NULL: it is gone */
    uint64_t number; /* from 1 on, in the order they came */
    struct watch_ids ids;
    size_t reaped; /* of ids, when it is gone */
    int64_t next_id;
    uint32_t unsynced;
    struct watch_ops ops;
    struct watch_ops progress;  /* their answers wait for its watchers */
    struct watch_links blocked; /* watchers */
};

/* A READ_EVENTS under way, or one to come. */
struct watch_read {
    uint64_t id; /* 0: none is under way */
    int64_t from, to;
    uint32_t sub;
    int64_t asked_ms;
    struct watch_links watchers;
    struct watch_group *groups[watch_ranges_max];
    uint32_t count; /* of groups */
};

struct watches {
    struct watches_options options;
    const struct relay *relay;
    const struct moment *moment;
    struct watch_source source;
    uint64_t boot;                  /* of the store that is asked */
    uint64_t fact_epoch, fact_boot; /* of the last REVISION; 0: none */
    int64_t position;  /* all up to it has come; who is SYNCED has been told, or is in this turn */
    int64_t known;     /* the store's revision, as far as it was told */
    int64_t ticked;    /* as of the last REVISION */
    int64_t compacted; /* as told by anyone */
    int64_t compacted_fact; /* as told by facts: what came before it in their order has come */
    bool compaction;        /* either is new */
    struct watch_groups groups;
    struct watch_recent recent;
    struct watch_group **told; /* with a body */
    size_t told_count, told_cap;
    size_t told_bytes;
    struct watch_body *bodies; /* to be used again */
    unsigned body_count;
    struct buf plain, full; /* one event as it is sent, without and with prev */
    struct buf scratch;
    uint64_t stream_count; /* that ever came */
    struct watch_links streams, gone, waiting_streams, blocked_streams;
    struct watch_links lags; /* watchers */
    uint32_t synced;         /* watchers */
    struct watch_read gap;   /* of what facts have left out */
    int64_t gap_to;          /* … up to here; 0: nothing */
    struct watch_read reads[watch_reads_max];
    uint64_t read_count;
    int64_t reads_ms; /* not before */
    struct table questions;
    struct memory memory;
    struct watch_links to_ask, asked; /* ops */
    uint64_t op_count;
    size_t op_bytes;     /* of their keys */
    int64_t ops_ms;      /* not before */
    int64_t interest_ms; /* when it is to be told again; 0: at once */
    struct deadlines pulses;
    struct watches_counts counts;
};

#endif
