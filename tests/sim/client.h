/* The clients of a simulated cluster, as SDKs are: each host registers at a node, heartbeats every
 * 30 s, registers again on 404, goes to another node when one does not answer. Writes are named,
 * sent again when no answer comes, and given up at the deadline; each stands for a gateway of the
 * node it writes at. It remembers what it was promised.
 */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "common/naming/instance.h"
#include "common/runtime/actor.h"
#include "tests/sim/plan.h"
#include "tests/sim/trace.h"

enum { client_flight_max = 256, client_slots = 1024, host_signs = 8 };

enum host_state {
    HOST_UNKNOWN, /* a write was given up: it may or may not have been done */
    HOST_LIVE,
    HOST_GONE,
};

/* A state of one identity, as far as the order of states goes. */
struct state {
    int64_t dirty; /* -1: none */
    uint64_t hash;
    bool gone;
};
bool state_beats(const struct state *a, const struct state *b); /* a over b */

/* A sign of life that a node's registry has acknowledged. */
struct sign {
    uint32_t node;
    int64_t sent_ms;  /* it was given at this time at the earliest, */
    int64_t acked_ms; /* … at this one at the latest */
};

/* Also the schedule of an app: which is kept by nobody and gives no signs. */
struct host {
    char name[24];
    struct hash128 key;
    enum host_state state;
    uint32_t node;         /* where it registers and heartbeats */
    uint32_t version;      /* of the last acknowledged registration */
    bool silent;           /* its heartbeats have stopped for good */
    bool busy;             /* a write of it is under way */
    int64_t renew_ms;      /* when its next heartbeat is due */
    int64_t zone_ms;       /* when it came to the zone of that node */
    int64_t kept_since_ms; /* registered and heartbeating since; INT64_MAX: it is not */
    struct sign signs[host_signs];
    uint64_t sign_count;
    int64_t last_sign_ms; /* when a registry was given the last one, acknowledged or not */
    uint32_t cancels;     /* it ever asked for */
    struct state best;    /* of all states a registry decided for its writes */
    int64_t best_ms;      /* when that was, for the last time */
    struct state acked;   /* of those it was told of */
};

struct flight {
    uint64_t id; /* 0: free */
    enum msg_type type;
    uint32_t host;
    uint32_t node;
    uint32_t version;
    int64_t begun_ms;
    int64_t sent_ms;
    int64_t expires;
    struct state state; /* that a registry decided for it */
};

/* A write that was acknowledged: at (epoch, seq) the node's replica must show it. */
struct promise {
    bool open;
    uint32_t node;
    uint32_t host;
    uint64_t epoch;
    uint64_t seq;
    struct state state;
};
enum { client_promise_max = 64 };

struct sim;

struct client {
    struct plan *plan;
    struct sim *sim; /* for the nodes' clocks */
    struct trace *trace;
    struct prng prng;
    struct prng extra; /* of what only some seeds have */
    struct host hosts[plan_entries_max];
    uint16_t slots[client_slots]; /* by key: an entry's number + 1; 0: free */
    struct flight flights[client_flight_max];
    struct promise promises[client_promise_max];
    uint64_t promised;
    uint64_t gateway; /* + the node's number: of the writes at it */
    uint64_t last_id;
    uint32_t last_version;
    int64_t next_ms;    /* when it does something again */
    int64_t weights_ms; /* … with the weights of an app */
    bool quiet;         /* heartbeats only */
    uint64_t acknowledged;
    uint64_t moves;
    /* the number of a node's registry among the processes */
    unsigned (*registry_of)(void *context, uint32_t node);
    /* a heartbeat was answered 404; may be NULL */
    void (*missed)(void *context, uint32_t host, const struct flight *flight);
    void *context;
};

void client_init(struct client *self, struct plan *plan, struct sim *sim, struct trace *trace);
/* For the simulator: state is the client. */
void client_turn(void *context, void *state, const struct now *now, struct outbox *out);
int64_t client_due_ms(void *context);
void client_answer(void *state, enum actor_name from, uint32_t node, const struct msg *msg,
                   const struct now *now, struct outbox *out);

struct identity client_identity(const struct client *self, uint32_t host);
bool client_is_schedule(const struct client *self, uint32_t host);
/* The host or schedule with this key; UINT32_MAX: none. */
uint32_t client_host_of(const struct client *self, struct hash128 key);
/* A registry has decided a write of ours: what came of it. */
void client_decided(struct client *self, uint64_t gateway, uint64_t number, uint32_t host,
                    const struct state *state, int64_t now_ms);
/* Registered, and its heartbeats go on without a gap. */
bool client_keeps(const struct client *self, uint32_t host);

#endif
