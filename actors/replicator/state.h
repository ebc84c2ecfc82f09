/* What the files of the replicator share. */
#ifndef ACTORS_REPLICATOR_STATE_H
#define ACTORS_REPLICATOR_STATE_H

#include "actors/replicator/peers.h"
#include "common/naming/convert.h"
#include "common/wire/exchange.h"

/* answer NULL: none came. */
typedef void ask_answered_fn(struct replicator *self, const struct ask *ask,
                             const struct msg *answer, const struct now *now, struct outbox *out);

/* ── facts.c ── */
extern const struct follower_owner replicator_facts;

/* ── leaving.c ── */
actor_handle_fn leaving_on_shutdown;
/* After a signal: while the registry holds changes in memory only, others are told of them first.
 */
bool leaving_may_stop(void *state, const struct now *now, struct outbox *out);
/* The registry has done what own asked for, at seq. */
void leaving_answered(struct replicator *self, uint64_t seq);
void leaving_step(struct replicator *self, const struct now *now, struct outbox *out);

/* ── asking.c ── */

/* Whoever asked is told; answer NULL: there is none. Frees what ask holds. */
void replicator_answered(struct replicator *self, struct ask *ask, const struct msg *answer,
                         const struct now *now, struct outbox *out);
void replicator_overdue(struct replicator *self, const struct now *now, struct outbox *out);

/* Sends msg to the registry or to ask->peer, whichever the kind says, under an id of its own, which
 * it returns; takes ask->keys. 0: no room, nobody was asked. */
uint64_t replicator_ask(struct replicator *self, struct ask *ask, struct msg *msg,
                        const struct now *now, struct outbox *out);
/* A peer's number and life, for an ask of this kind. */
struct ask replicator_ask_for(const struct replicator *self, enum ask_kind kind,
                              const struct peer *peer);
/* How far a state spreads that came from this zone. */
enum spread replicator_spread_from(const struct replicator *self, struct str zone);
/* MERGEs of these records, in portions, each asked with a copy of ask. Returns how many left;
 * *whole: all did. */
uint32_t replicator_merge(struct replicator *self, const struct ask *ask,
                          const struct msg_merge *merge, const struct now *now, struct outbox *out,
                          bool *whole);
/* Takes up to max records off the list's bytes, and no more than merge_bytes_max, but one at least.
 */
struct msg_list list_cut(struct str *rest, uint32_t max);

bool roots_eq(const struct root *a, const struct root *b); /* both known, and the same */

/* ── members.c ── */
void members_step(struct replicator *self, const struct now *now, struct outbox *out);
void members_tick(struct replicator *self, const struct now *now, struct outbox *out);
/* A record of the registry's facts, whatever it is of. */
void members_record(struct replicator *self, const struct msg *record, const struct now *now);
ask_answered_fn members_on_nodes;

/* Who is at a node's address has answered, or not. */
void members_who(struct replicator *self, struct peer *peer, enum err err,
                 const struct answer_who *who, const struct now *now);

/* ── reach.c ── */
/* How a registration of infra.discovery says its node is reached, and who it is; borrowed from it.
 */
struct reach {
    struct str addr;
    struct str endpoint;
    struct str key;
    struct str id;
    struct str ipc;
};
struct reach reach_ways(const struct msg_put *put);
/* Takes what the registration says of its node. True: another way is to be opened to it. */
bool reach_describe(struct replicator *self, struct peer *peer, const struct msg_put *put,
                    const struct reach *ways);
/* Whether its address, and its door if that is to be used, may be sent anything. */
void reach_judge(struct replicator *self, struct peer *peer);
/* Nothing is sent to it any more; why: after the address. Said once. */
void reach_banned(struct replicator *self, struct peer *peer, struct str where, const char *why);

/* ── namesake.c ── */
/* A registration of infra.discovery in the own env. True: it is of this node, or of one that has
 * its name: of no other. */
bool namesake_record(struct replicator *self, const struct msg_put *put, struct str addr,
                     struct str id, const struct now *now);
/* What a node tells of infra.discovery, before the registry has it. */
void namesake_told(struct replicator *self, const struct msg_list *records, const struct now *now);
/* Who is at a namesake's address. */
void namesake_who(struct replicator *self, struct peer *peer, enum err err,
                  const struct answer_who *who, const struct now *now);
/* Registers this node once nobody else is known to have its name, and cancels what it was called
 * before. */
void namesake_step(struct replicator *self, const struct now *now, struct outbox *out);
void namesake_tick(struct replicator *self, const struct now *now);
/* Of what is told to a node that was just met: it may not know it yet. */
void namesake_keys(const struct replicator *self, struct buf *keys);
int64_t namesake_due_ms(const struct replicator *self); /* as actor_spec.due_ms */
void namesake_fini(struct replicator *self);
ask_answered_fn namesake_on_former;

/* ── link.c ── */
ask_answered_fn link_on_greeting, link_on_states, link_on_want;

/* ── inbound.c ── */
/* inbound_each, relays_each: of one node, once half of all places are taken: the others' part. */
enum { inbound_max = 512, inbound_each = 16, inbound_bytes_max = 64 << 20 };
void inbound_init(struct replicator *self);
void inbound_fini(struct replicator *self);
uint32_t inbound_count(const struct replicator *self);
actor_handle_fn inbound_states;
ask_answered_fn inbound_on_merged;

/* ── relay.c ── */
enum { relays_max = 1024, relays_each = 128 };
actor_handle_fn relay_question;
ask_answered_fn relay_on_answer;

/* ── ages.c: whose heartbeats get old here ── */
void ages_to_ask(struct replicator *self, struct str keys);
void ages_step(struct replicator *self, const struct now *now, struct outbox *out);
ask_answered_fn ages_on_found;

/* ── repair.c ── */
ask_answered_fn repair_on_mine, repair_on_theirs, repair_on_entries, repair_on_wanted,
    repair_on_found, repair_on_merged;

/* ── sync.c ── */
void sync_init(struct replicator *self, const struct now *now);
void sync_fini(struct replicator *self);
/* The registry runs anew. */
void sync_again(struct replicator *self, const struct now *now);
void sync_step(struct replicator *self, const struct now *now, struct outbox *out);
int64_t sync_due_ms(const struct replicator *self); /* as actor_spec.due_ms */
/* All that another node holds is being taken, or is to be: no need to look for what differs. */
bool sync_takes_whole(struct replicator *self);
/* A walk over this peer's digests has ended in good order. */
void sync_walked(struct replicator *self, const struct peer *peer);
void sync_answered(struct replicator *self, uint32_t peer, enum err err);
ask_answered_fn sync_on_slice, sync_on_merged, sync_on_synced;

/* ── http.c: nodes that speak HTTP only ── */
extern const struct posts_owner http_owner;
void http_init(struct replicator *self);
void http_fini(struct replicator *self);
void http_step(struct replicator *self, const struct now *now, struct outbox *out);
/* The registry's tick. */
void http_beat(struct replicator *self, const struct now *now, struct outbox *out);
bool http_told(const struct replicator *self); /* something told waits to be merged */
ask_answered_fn http_on_renews, http_on_told;

#endif
