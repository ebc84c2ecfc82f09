/* Links to nodes that speak HTTP only, the reference implementation's: what is to be posted to
 * whom, and what their answers mean. Pure; curl.c carries the requests. Form and order of the posts
 * as recorded from the reference (forms.h).
 *
 *   renew ──-404──► register      they lack it: they get it whole
 *     └────-409──► owner.records  theirs is newer: it is offered to our registry
 *
 * Each peer has a queue of at most posts_waiting_max and posts_bytes_max (over it the oldest
 * heartbeats go first, then all and exchanged(false) is said), and posts_at_once requests under way
 * at most, never two of one instance, which would overtake each other. What has changed is posted
 * before heartbeats, and of an instance's heartbeats that wait the last alone: so a node that
 * answers slowly gets all that changes at once, and heartbeats as often as it can. Nothing is
 * retried: the next renew repairs it. After an exchange that failed the heartbeats that wait are
 * thrown away, and one request a second tries the peer until one succeeds; so one that hangs or is
 * gone costs no more than that. A cancel names no version and would end a later registration too:
 * it is thrown away when it has waited posts_cancel_ms. A peer of which nothing was heard for
 * posts_quiet_ms is asked whether it is there. Also asks any node, also a muster one whose ways are
 * not known yet, for its infra.discovery instances, and a reference node for all it has. Questions
 * are not held back by a queue.
 *
 * What concerns a peer that is not open is ignored. The owner may open and close peers when it is
 * called.
 */
#ifndef ACTORS_REPLICATOR_POSTS_H
#define ACTORS_REPLICATOR_POSTS_H

#include "actors/replicator/http_answer.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/config/config.h"
#include "common/wire/codec.h"

enum {
    posts_waiting_max = 10000,
    posts_bytes_max = 16 * 1024 * 1024,
    posts_at_once = 8,
    posts_under_way_max = 64, /* of all peers */
    posts_slice_max = 256,
    posts_cancel_ms = 5000,
    posts_pause_ms = 1000,
    posts_quiet_ms = 5000,
};

enum posts_source {
    POSTS_CONFLICT, /* an answer -409 */
    POSTS_NODES,    /* posts_ask_nodes */
    POSTS_ALL,      /* posts_ask_all */
};

/* What became of an instance at a peer. */
enum posts_fate {
    POSTS_TAKEN,  /* a register was answered 0: it is held there, or lost against what is */
    POSTS_HELD,   /* a renew was */
    POSTS_LACKED, /* a renew was answered -404; a register follows */
};

struct posts_owner {
    /* States that a peer has told, as PUT with age_ms by its renew_timestamp (durations: the answer
     * gives no clock to compare with, so its own Date header does). In slices of at most
     * posts_slice_max. */
    void (*records)(void *state, uint32_t peer, enum posts_source source,
                    const struct msg_list *records, const struct now *now);
    /* A question is answered in full, or failed: err OK, PROTECTED (it is under init-protect),
     * UNAVAILABLE. Not called for a peer that was closed. */
    void (*answered)(void *state, uint32_t peer, enum posts_source source, enum err err,
                     const struct now *now);
    /* posts_ask_who is answered: who with err OK only, borrowed; PROTECTED, UNAVAILABLE as above.
     * May be NULL if it is never asked. */
    void (*who)(void *state, uint32_t peer, enum err err, const struct answer_who *who,
                const struct now *now);
    /* The name of a peer that is not configured stands for an address that no node may have;
     * nothing was sent. May be NULL. */
    void (*forbidden)(void *state, uint32_t peer, const struct now *now);
    /* key: of the instance's identity. May be NULL. */
    void (*posted)(void *state, uint32_t peer, struct hash128 key, enum posts_fate fate,
                   const struct now *now);
    /* After every exchange: whether the peer gave a good answer: also -404, -409 or -400, or that
     * it is under init-protect; not -500 to a post, another HTTP status than 200, or no answer. */
    void (*exchanged)(void *state, uint32_t peer, bool good, const struct now *now);
};

struct posts;

/* owner and config are borrowed for its life. */
struct posts *posts_new(const struct config *config, const struct posts_owner *owner, void *state);
void posts_destroy(struct posts **self);

/* peer: a number below outbox_peers_max; an open one is closed first. addr: host:port; copied.
 * own_zone: it stands in ours. configured: whatever its name stands for is meant. */
void posts_open(struct posts *self, uint32_t peer, struct str addr, bool own_zone, bool configured);
/* Its queue goes; answers that still come for it are ignored. */
void posts_close(struct posts *self, uint32_t peer);

/* record: PUT → register, GONE of kind CANCEL → cancel, others, and what is no instance
 * (schedules): nothing. Copied. */
void posts_change(struct posts *self, uint32_t peer, const struct msg *record);
/* record: the PUT of an instance that was heard. */
void posts_renew(struct posts *self, uint32_t peer, const struct msg *record);
/* GET /discovery/fetch of infra.discovery in our env, any status. Asked once however often it is
 * called until it is answered. */
void posts_ask_nodes(struct posts *self, uint32_t peer);
/* GET /discovery/nodes?identity=1: who is there. */
void posts_ask_who(struct posts *self, uint32_t peer);
/* GET /discovery/fetch/all. */
void posts_ask_all(struct posts *self, uint32_t peer);
uint32_t posts_waiting(const struct posts *self, uint32_t peer);

/* ── for the shell ──────────────────────────────────────────────────────────*/

struct post {
    uint64_t id;
    uint32_t peer;
    const char *url; /* borrowed until the next call of any function */
    struct str body; /* a form, borrowed as url is; data NULL: GET */
    bool configured; /* else what its name stands for is judged before it is connected to */
    int64_t timeout_ms;
    size_t answer_max; /* bytes; a longer answer is a failure */
};
/* The next request that may go now; false: none. */
bool posts_next(struct posts *self, const struct now *now, struct post *post);
enum { posts_forbidden = -1 };
/* status: HTTP's, 0: there was no answer; posts_forbidden: the address was judged, and nothing
 * sent. date_ns: its Date header as wall ns, 0: none. A body that is to be read on is taken, and
 * empty then; any other stays the caller's. */
void posts_answer(struct posts *self, uint64_t id, int status, int64_t date_ns, struct buf *body,
                  const struct now *now);
/* Once a turn. Reads on in the answers to questions, a slice. True: it has, so another turn should
 * follow at once. */
bool posts_step(struct posts *self, const struct now *now);

struct posts_counts {
    uint64_t sent;
    uint64_t failed;  /* of these: no good answer, or the post was refused */
    uint64_t dropped; /* thrown away: a full queue, a failing peer, cancels that waited too long */
    uint64_t passed;  /* instances in answers that break a limit */
    uint64_t waiting;
    uint64_t under_way;
};
struct posts_counts posts_counts(const struct posts *self);

#endif
