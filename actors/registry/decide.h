/* The rules: (registry, command, now) → changes, or nothing, or an error. All of
 * them live here and only here; nothing is changed here.
 *
 * The order of states of one identity, which makes every exchange between nodes
 * in every order end the same:
 *   1. the greater dirty_timestamp;
 *   2. on equal dirty, gone wins over live;
 *   3. between two live ones, the greater instance_hash.
 * A client's own write without a dirty_timestamp takes max(now, stored + 1), so it
 * always wins here; an explicit or a replicated one is compared as it came, but a
 * client's own that is equal to the stored one and says other things takes stored + 1.
 * What does not win changes nothing: no fact, no wake-up, and still code 0. Where
 * stored + 1 would be past what nodes take from each other, the write is refused.
 */
#ifndef ACTORS_REGISTRY_DECIDE_H
#define ACTORS_REGISTRY_DECIDE_H

#include "common/naming/registry.h"
#include "common/wire/codec.h"

/* How far apart two latest_timestamps of an app are at least: more than what a double tells apart
 * up to 2^62, so that clients that read numbers as doubles miss no change (differences row 26). */
enum { latest_step_ns = 1024 };

/* What holds for a whole run. */
struct rules {
    bool trust_client_nodes; /* clients may write infra.discovery */
    uint64_t instances_max;  /* 0: any number */
    uint64_t seed;           /* random: of hashes of what strangers choose */
};

enum { zones_max = 256 }; /* of an app, with those whose instances have gone lately */
/* Limits of one SET: its changes are decided in one turn and travel as one. */
enum { set_hosts_max = 1024, set_bytes_max = 4 * 1024 * 1024, set_places = 2 * set_hosts_max };

struct decision {
    enum err err;
    struct buf text;        /* why, for a person; may be empty */
    struct change *changes; /* one an identity at most; seq is still 0. Borrow from command,
                               registry and store */
    uint32_t count;
    size_t cap;
    struct buf store;
    uint16_t places[set_places]; /* of a SET: hash of the hostname → index of its change, + 1 */
    size_t set_bytes;            /* of a SET: the instances it gives, about */
    uint32_t heartbeat;          /* slot whose instance gave a sign of life, or REGISTRY_NONE; of a
                                    merge the one whose state stays, being the same or newer */
    enum spread spread;          /* how far that heartbeat goes */
};

/* Fills out anew; its memory is used again. {0} is a fresh one. */
void decide_register(const struct registry *registry, const struct rules *rules,
                     const struct msg_register *command, int64_t now_ns, struct decision *out);
void decide_renew(const struct registry *registry, const struct rules *rules,
                  const struct msg_renew *command, int64_t now_ns, struct decision *out);
void decide_cancel(const struct registry *registry, const struct rules *rules,
                   const struct msg_cancel *command, int64_t now_ns, struct decision *out);
void decide_set(const struct registry *registry, const struct rules *rules,
                const struct msg_set *command, int64_t now_ns, struct decision *out);

/* ERR_NOT_FOUND: to be removed, and there is none. */
void decide_schedule(const struct registry *registry, const struct msg_schedule *command,
                     int64_t now_ns, struct decision *out);

/* What a peer holds of one identity, a PUT or GONE of a CANCEL. age_ms: how long ago it was last
 * heard, or how old the tombstone is; -1: unknown, of a live one. An instance that is not live here
 * is not taken in when its age has reached idle_ms, or is unknown and not restore; a tombstone not
 * when it has reached its life. What loses against what is held sets *newer: the peer should have
 * it. ERR_INVALID: a record no node may send. In merge.c. */
struct merge_rules {
    int64_t idle_ms;
    int64_t tombstone_ms;
    enum spread spread;
    bool restore;
};
void decide_merge(const struct registry *registry, const struct merge_rules *merge,
                  const struct msg *record, int64_t age_ms, int64_t now_ns, struct decision *out,
                  bool *newer);

/* An idle instance goes (EVICT: no tombstone, spreads nowhere); a tombstone's life ends (FORGET).
 */
void decide_removal(const struct registry *registry, uint32_t slot, enum change_kind kind,
                    int64_t now_ns, struct decision *out);

void decision_fini(struct decision *self);

#endif
