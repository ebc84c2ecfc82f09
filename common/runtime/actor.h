/* The actor: a pure core described by a struct actor_spec, and the shell that
 * gives it sockets, time and turns.
 *
 * A turn (turn.h): take what waits on commands (bounded), on the answers to our own
 * commands, on followed facts, on guest descriptors; hand each message to the
 * core; send the NOW lane; turn_end (append, sync once); send the SYNCED lane.
 * The simulator and the tests run the same turns without sockets.
 *
 * The shell answers PING, STATS, LOG_LEVEL and LINES itself, and publishes the log's lines as
 * facts while somebody listens; it answers SHUTDOWN too unless the core has a handler for it.
 * SNAPSHOT and FACTS are the core's (struct publisher serves the small ones). A command no handler
 * takes is answered RESULT UNSUPPORTED; bytes that are no message are counted and dropped.
 */
#ifndef COMMON_RUNTIME_ACTOR_H
#define COMMON_RUNTIME_ACTOR_H

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/counting.h"
#include "common/runtime/follower.h"
#include "common/runtime/outbox.h"

/* A history and where its newest fact is. */
struct position {
    uint64_t epoch;
    uint64_t boot;
    uint64_t seq;
};

/* msg and all it points to live until the handler returns: copy what stays. */
typedef void actor_handle_fn(void *state, const struct address *from, const struct msg *msg,
                             const struct now *now, struct outbox *out);
typedef void actor_answer_fn(void *state, enum actor_name from, uint32_t index,
                             const struct msg *msg, const struct now *now, struct outbox *out);
typedef void actor_turn_fn(void *state, const struct now *now, struct outbox *out);

struct actor_handler {
    enum msg_type type;
    actor_handle_fn *handle;
};

/* Another actor whose commands socket this one sends to, and whose facts it may follow. */
struct actor_link {
    enum actor_name to;
    uint32_t index;
    struct follower *follower; /* NULL: its facts are not followed */
    const char *const *topics; /* NULL-terminated prefixes to subscribe to; static */
};

/* A descriptor of a library that has its own loop (libmicrohttpd's epoll, the
 * parked clients' epoll): ready is called in every turn in which fd is readable,
 * and in every turn at all if always is set. */
struct actor_guest {
    int fd;
    bool always;
    actor_turn_fn *ready;
    actor_turn_fn *turn_end; /* when the turn's messages have left; its own wait for the next turn;
                              * may be NULL */
    void *state;             /* of these two; NULL: the core's */
};

struct actor_spec {
    enum actor_name name;
    const struct actor_handler *handlers;
    size_t handler_count;
    actor_answer_fn *answer; /* answers to own commands that no follower took; may be NULL */
    /* Commands that are taken through the door for other nodes, in a table of their own: whoever
     * comes that way can ask for nothing else, not even PING. Their address says `door`. An actor
     * that has such handlers also has an ipc door in the run directory (endpoint_door), for nodes
     * of the same user on this host. */
    const struct actor_handler *door_handlers;
    size_t door_handler_count;
    /* Answers to what was sent with outbox_peer; may be NULL */
    void (*peer_answer)(void *state, uint32_t peer, const struct msg *msg, const struct now *now,
                        struct outbox *out);
    /* Whether another node's door that is told by a name, host, may stand at a number it was found
     * to stand for; NULL: at any */
    bool (*may_stand)(void *state, struct str host, struct str number);
    /* Before all else in a turn: time has moved on. May be NULL */
    actor_turn_fn *turn_begin;
    actor_turn_fn *turn_end; /* may be NULL */
    actor_turn_fn *tick;     /* every tick_ms; may be NULL */
    int64_t tick_ms;
    /* mono ms of the next thing due before the next tick, INT64_MAX if none; may be NULL */
    int64_t (*due_ms)(void *state, const struct now *now);
    struct position (*position)(void *state); /* never NULL */
    /* Own counters and sizes, for STATS; may be NULL. */
    void (*count)(void *state, const struct counting *to);
    /* After a signal to end, once a turn: whether it ends now. NULL: always. */
    bool (*may_stop)(void *state, const struct now *now, struct outbox *out);
    actor_turn_fn *stop; /* the process is about to end in good order; may be NULL */
    /* What is followed over a link from now on, like its topics: asked at each turn's end. May be
     * NULL: those of the link, always. */
    const char *const *(*topics)(void *state, const struct actor_link *link);
    /* For a service manager (notify.h): whether the process does what it is for; adds to words
     * how it is, in one line. NULL: once it has caught up with all it follows. */
    bool (*ready)(void *state, const struct now *now, struct buf *words);
};

struct actor_options {
    const struct actor_spec *spec;
    void *state;
    uint32_t index; /* of a gateway */
    const char *run_dir;
    const struct clock *clock;
    struct log *log;
    const struct actor_link *links; /* borrowed while it runs */
    size_t link_count;
    const struct actor_guest *guests; /* borrowed while it runs */
    size_t guest_count;
    const char *door;          /* host:port for other nodes; NULL: none */
    bool door_waits;           /* it is opened by outbox_door_open only */
    const struct endpoint *at; /* tcp endpoints of the node's actors; NULL: ipc in run_dir only */
    const struct curve_keys *keys; /* for every tcp socket; NULL: not encrypted */
};

/* Takes the lock on run_dir/<actor>.lock, writes <actor>.pid, binds both endpoints,
 * runs until SHUTDOWN, SIGTERM or SIGINT, cleans up. Says on the log why it can't,
 * and tells a service manager when it is ready, how it is, and when it ends.
 * Errors: ERR_BUSY (somebody else holds the directory: named in the log), ERR_INVALID
 * (run_dir is too long for an ipc address), ERR_IO. */
enum err actor_run(const struct actor_options *options);

#endif
