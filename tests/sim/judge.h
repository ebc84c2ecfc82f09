/* What must hold in a simulated cluster, checked while it runs. Times are ms as actors see them.
 *
 * On every change that any registry publishes:
 *   1. A state only ever gives way to one that wins over it (order of states), until it is evicted
 *      or forgotten: nothing that was cancelled comes back.
 *   2. What other nodes tell is taken in anew only while the last sign of life is no older than
 *      idle + 5 s (the limit, and what the buckets of ages may round): the silent never come back.
 *      An empty node's first copy since its start is excepted: it may not know how old what it
 * takes is. And an age over a restart is the wall clock's: once a registry has started after its
 * clock had jumped, it may be wrong by up to idle; then 9 still says when they are gone.
 *   3. Nobody is evicted who was heard. A sign of life of t, given to node m, is known at node n
 *      when m is n and worked at t, or the way between the two was good from 10 s before t to
 *      settle_ms after it; then n may not evict before t + idle - 2 s. Relayed signs count as well:
 *      when k had good ways to m and to n for the last idle + 40 s, what m has heard k knew, and n
 *      asked k before its own picture was idle, or has found it by a walk since: n may not evict
 * who gives signs each heartbeat. (One that has only just been given through a good way, by who was
 *      cut off before, has not had the time: judge.c.) A sign whose fact was lost within m
 *      (and only such a one) does not count when n holds a newer state than m, which has an older
 *      disk, or was cut off when it changed. A walk finds m's young age for who holds the same
 *      state or an older one; n wants no older one, and m cannot see n's, which is idle and so in
 *      no digest. The next heartbeat that m passes on is answered with the newer state; until then
 *      n has heard nothing of what it holds, and may evict it. It takes in m's by a walk then.
 * Nor does a sign that was given to what a tombstone has ended at m since: by a clock ahead, or
 * kept longer elsewhere, it wins over what the client registered meanwhile, whose next heartbeat is
 * answered 404. No tombstone tells of signs. Who was told of this one at once and had the instance
 * live knows it of whichever incarnation lives there; but where what lives now has come since, from
 * others and above that tombstone, it is as old as they say. That holds at m itself as well.
 *   4. A round evicts at most max(1, live - share × live), live when EVICT was handed over.
 *   5. A tombstone is forgotten no sooner than its life (ceiling + 10 min) after the cancel; none
 * is made without one; a node never evicts itself.
 *   6. A write is done once, however often it was sent.
 * On every message: a fact is at most fact_frame_max bytes, any other frame_max; an ACK is only
 * sent when the registry holds, of every record of the STATES, a state at least as new, or may
 * refuse it for its age; windows, queues and relays are within their limits. At the clients: what a
 * node answered 404 it was not told of, in the sense of 3. At the replicas: when (epoch, seq) of an
 * acknowledged write is reached, it is there; no app changes without a latest_timestamp above all
 * that were shown before, and without a wake-up for pollers.
 *
 *  15. A node is a node once. Where nodes have links, after agree_ms of calm each has every other
 *      one among its nodes, once, by the name and at the address it has now.
 *  16. A reference node has what it is told of: 110 s after calm it holds each kept instance of a
 *      client in its zone, and the muster nodes of its zone hold those of its clients; and the dead
 *      are gone at both six rounds after the ceiling.
 *  12. Who leaves is gone. A node that is told to leave and ends in good order is, leave_ms after
 *      that, no node at any node of its zone to which the way was good from 10 s before it was told
 *      until it ended, and which has run since; until it comes back.
 *
 * In calm: since the last disturbance `calm` is over (network.h), and since no registry has begun
 * its ages anew, by its start, its sync or a standstill, within the last idle + 15 s: until then it
 * takes for alive what others know is idle, which is what "nobody grows old for our own standstill"
 * means. (An empty node takes a whole copy also when it is no longer under init-protect: one that
 * was cut off, or stood still, for all of that since its start. Only it may take what is of unknown
 * age, and has it for alive from then on, when others have long had it for idle. So its sync is the
 * first records of a copy that are handed to a registry which holds nobody live; a copy that is
 * taken by one that does begins nothing anew. Who has evicted all clients' instances holds nobody,
 * whatever schedules it keeps: no tick counts them among the live, and they have no age.)
 *   7. Nodes agree. For no longer than agree_ms on end (two ticks until a walk begins, its
 * questions one after the other, leaves that move left out, at most two hops between zones) is a
 * kept instance not the same at any two registries, or has a node in its digests what another one
 *      lacks or holds an older state of. The roots are equal but for that long too. But what
 *      has left the digests, idle or an old tombstone, and wins over an entry of another node, is
 *      told to nobody and stops what it wins over: until its own end.
 *   8. A kept instance is live at every registry that is not under init-protect. (A restart gives a
 * tombstone at most half its life, so that it may outlive those of other nodes, and win over what
 * was then registered by a clock further behind. Being in no digest it is told only to who tells of
 * what it wins over, which its heartbeats do: over at most two hops, each within a heartbeat's
 * time, to the node that the client speaks to; the heartbeat after that is answered 404, and it
 * registers anew, above it. For three heartbeats of calm it may be missing so, and 7 does not count
 * it. If the tombstone's life ends before, the instance is told anew like any other.)
 *   9. The dead are gone. The last sign of life, or the beginning of calm, whichever is later, is
 * t; `dead` of them stand at a node that holds `live`. A round is due each interval and takes limit
 * = max(1, live × (1 - share)) at random of the idle. While the evictor is not self-protected they
 * are gone by t + idle + (2 + ceil(dead / limit)) × interval + 5 s (a window that was just begun,
 * and one that ends just before idle), under self-protection by t + ceiling + (2 + ceil(dead /
 * limit)) × interval + 5 s.
 *  10. A cancelled one, of whose writes the cancel has won, is gone everywhere agree_ms after calm
 *      has begun if its tombstone is in some node's digests; else 9 holds for it. If it is
 *      cancelled in calm, then agree_ms after that: after the last time, when the same state is
 *      cancelled again. (The first tombstone may be nowhere any more, lost with the only disk it
 * was on, which has the instance live again; or stand where it is told to nobody. What goes round
 * is the second, which has had no time yet.)
 *  11. Heartbeats are heard by all. A node at which, in calm and while clients only heartbeat,
 * nobody dead stood for three intervals is not self-protected (but where forms of a node of another
 * zone are not believed: judge_calm.c). Dead is also what a node was called before: its cancel is
 * told to nobody once it is past half a tombstone's life, and who was cut off for so long holds the
 * old name until it evicts it. In quiet, when clients only heartbeat: replicas equal their
 * registries entry by entry, at the latest a second after these have done something (tombstones are
 * forgotten then too), and registries hold what their facts have said, so that 7 is about what is
 * there.
 *
 * In each minute of calm in which clients only heartbeat:
 *  13. A sign of life counts once. A registry counts at most as many heartbeats as clients gave
 * signs to all nodes, and nodes for themselves, and a tenth more.
 *  14. No form is passed on for ever. All nodes together post at most one form for each of those
 *      signs to each other node, a reference node one more for what comes from another zone, and a
 *      fifth more. In no second at all, calm or not, are it more
 * than 500 and twice a form for each host from each node to each.
 *
 * Where nodes speak HTTP with each other (plan.h: forms) nothing finds what got lost but the next
 * heartbeat: it is answered -404 or -409. There 7 is about kept instances alone, in the same
 * incarnation (a form does not carry all that the order of states looks at), for no longer than two
 * heartbeats and 50 s; a cancel that comes late ends also a later incarnation, and its tombstone
 * stays (posts.h), so 7 and 8 hold for who stands as live or not at all; 3 holds at the node that
 * was given the sign; a form says nothing of age and may have waited for a node to come back, so 2
 * holds after idle + interval of calm, and ages are not looked at; 10 and 12 do not hold. Of nodes
 * that are not believed (plan.h: elsewhere) only heartbeats count: 7, 8 and 11 do not hold there. A
 * cancel's form may set the latest_timestamp of an app as far ahead as its node's clock is, and
 * when the app comes back nothing knows of it: it may be lower. What is sent to another zone is a
 * heartbeat only, whose dirty_timestamp nobody looks at: 7 and 8 hold in the zone that the client
 * heartbeats in, 8 once it has done so for as long as 7 gives.
 *
 * Beside a reference node a node may have that one as its peer of another zone while the muster
 * nodes there are shunned, a minute after they were lost: then 7 holds a minute later. Ages over a
 * reference node are not looked at, and 2 holds as it does where nodes speak HTTP.
 *
 * agree_ms is far below the 5 s of virtual time (5 s × scale) that are asked for.
 */
#ifndef TESTS_SIM_JUDGE_H
#define TESTS_SIM_JUDGE_H

#include "tests/sim/client.h"
#include "tests/sim/site.h"

enum { judge_apps = 3, judge_pending_max = 128, judge_records_max = 64, judge_versions_max = 8192 };

/* What a registry holds of a host, as its facts say. */
struct view {
    bool known;
    bool forgotten; /* not known: it was a tombstone whose life has ended */
    struct state state;
    int64_t since_ms;
    int64_t end_ms;     /* of a tombstone's life, by the age it was taken with */
    struct state born;  /* live: what it was when it came to be live here, … */
    int64_t born_ms;    /* … and when that was */
    struct state ended; /* the last tombstone that won over a live one here; not gone: none did */
    int64_t ended_ms;
};

/* A record of a STATES whose ACK has not been sent. */
struct told {
    uint32_t host;
    struct state state;
    int64_t age_ms;
    bool anew; /* nothing live was held when it came */
};
struct pending {
    uint64_t id; /* 0: free */
    uint32_t node;
    struct address from;
    uint32_t count;
    int64_t at_ms;
    int64_t older_ms; /* than the ages in it, at most */
    struct told told[judge_records_max];
};

struct judge_app {
    int64_t latest; /* greatest that was shown */
    uint64_t shown; /* hash of what was */
    bool woken;
};

/* A node is leaving, or has left. */
struct judge_leave {
    int64_t told_ms; /* INT64_MAX: it is not */
    bool settled;    /* it has ended; these know: */
    bool knows[plan_nodes_max];
};

/* A minute of calm in which clients only heartbeat: what there was when it began. */
struct judge_minute {
    int64_t since_ms; /* INT64_MAX: it has not begun */
    uint64_t signs;
    uint64_t posts;
    uint64_t heard[plan_nodes_max];
    uint64_t boot[plan_nodes_max];
    uint64_t last_posts; /* a second ago */
};

struct judge_node {
    struct judge *judge;
    uint32_t index;
    struct view held[plan_entries_max];
    struct judge_app apps[judge_apps];
    struct judge_leave leave;
    uint64_t heard; /* heartbeats its registry has counted, in the run heard_boot */
    uint64_t heard_boot;
    bool damaged;      /* its disk was, while the registry was down */
    bool jumped;       /* its wall clock did */
    int64_t copied_ms; /* it held nobody, and was handed the first of a whole copy */
    struct {
        uint32_t limit;
        uint32_t evicted;
    } round;
    int64_t unprotected_ms; /* self-protection is off since; INT64_MAX: it is on */
    uint32_t dead_max;      /* that stood here, since calm began */
    int64_t whole_ms;       /* since then none did; INT64_MAX: some do */
};

struct judge {
    struct plan *plan;
    struct sim *sim;
    struct network *network;
    struct trace *trace;
    struct site *sites;
    struct client *client;
    struct judge_node nodes[plan_nodes_max];
    struct pending pending[judge_pending_max];
    uint64_t pended;
    uint64_t seq_of[judge_versions_max];  /* of a client's registrations: the change it ended in */
    int64_t gone_ms[plan_entries_max];    /* when the best state, a cancel, was decided */
    int64_t gone_dirty[plan_entries_max]; /* … with this dirty_timestamp */
    int64_t differs_ms[plan_entries_max]; /* since then they do; INT64_MAX: they don't */
    int64_t roots_differ_ms;              /* the same of the digests' roots */
    int64_t calm_ms;                      /* of the last look: calm since; INT64_MAX: it is not */
    uint64_t signs;                       /* of clients, that any registry was handed */
    struct judge_minute minute;
    bool doubtful; /* a registry has started by a wall clock that had jumped */
    bool failed;
    int64_t failed_ms;
    char failure[400];
    uint64_t evicted;
    uint64_t acks;
    uint64_t checks;
};

void judge_init(struct judge *self, struct plan *plan, struct sim *sim, struct network *network,
                struct trace *trace, struct site *sites, struct client *client);

/* The first failure is the telling one. */
void judge_fail(struct judge *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All that is looked at now and then: call each second. */
void judge_second(struct judge *self);
/* Clients have been quiet, and the cluster in calm, for a while. */
void judge_quiet(struct judge *self);

/* judge_nodes.c: who is a node. A node is told to leave. */
void judge_leaves(struct judge *self, uint32_t node);
void judge_nodes(struct judge *self);
/* Live and idle at the node, and no node is called so any more. */
uint32_t judge_former_nodes(const struct judge *self, uint32_t node);

/* judge_wire.c: what is said between nodes. For sim_watch. */
void judge_door(void *context, uint32_t node, const struct address *from, const struct msg *msg);
void judge_door_reply(void *context, uint32_t node, const struct address *to, struct str frame);
void judge_door_command(void *context, uint32_t from, uint32_t to, struct str frame);
void judge_limits(struct judge *self);

/* judge_reads.c: what clients see at the replicas. */
void judge_reads(struct judge *self);
void judge_watch_replica(void *context, uint32_t node, struct replica *replica);
/* Every replica holds what its registry has done. */
bool judge_told(const struct judge *self);
void judge_replica_equals(struct judge *self, uint32_t node);

/* judge_calm.c */
void judge_calm(struct judge *self);

/* judge_minute.c: what is counted and passed on. */
void judge_minute(struct judge *self);

/* For so long nodes may differ. */
int64_t judge_agree_ms(const struct judge *self);
/* Whether a client's write has made the change; not another node's form. */
bool judge_by_client(const struct judge *self, const struct change *change);
/* The state of an entry; dirty -1: there is none. */
struct state judge_state(const struct registry *registry, struct hash128 key);
/* What a round may evict of so many. */
uint32_t judge_round_limit(const struct judge *self, uint32_t live);
bool judge_same(const struct state *a, const struct state *b);
/* Whether node n knows of the sign, which the entry `at` has given. */
bool judge_heard(const struct judge *self, const struct sign *sign, uint32_t at, uint32_t node);

static const int64_t judge_idle_ms = 90000;
static const int64_t judge_interval_ms = 60000;
static const int64_t judge_links_agree_ms = 40000;
static const int64_t judge_forms_agree_ms = 110000;

#endif
