/* A client of the simulated node, which is its own gateway: it names its writes,
 * sends them again when no answer comes, gives up at the deadline, keeps heartbeats
 * going, and remembers what it was promised.
 */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "common/base/prng.h"
#include "common/runtime/actor.h"

enum { client_host_max = 40, client_flight_max = 64 };

enum host_state {
    HOST_UNKNOWN, /* a write was given up: it may or may not have been done */
    HOST_LIVE,
    HOST_GONE,
};

struct host {
    char name[16];
    enum host_state state;
    uint32_t version;      /* of the last acknowledged registration */
    bool silent;           /* its heartbeats have stopped for good */
    bool busy;             /* a write of it is under way */
    int64_t renew_ms;      /* when its next heartbeat is due */
    int64_t kept_since_ms; /* unbroken heartbeats since; INT64_MAX: none */
};

struct flight {
    uint64_t id; /* 0: free */
    enum msg_type type;
    uint32_t host;
    uint32_t version;
    int64_t sent_ms;
    int64_t deadline_ms;
    int64_t expires;
};

struct client {
    struct prng prng;
    struct host hosts[client_host_max];
    struct flight flights[client_flight_max];
    uint64_t gateway;
    uint64_t last_id;
    uint32_t last_version;
    int64_t heartbeat_ms;
    int64_t next_ms;     /* when it does something again */
    bool quiet;          /* heartbeats only */
    bool changes_its_id; /* planted: a resent write is sent under a new id */
    uint64_t acknowledged;
    const char
        *lost; /* one that was acknowledged, kept its heartbeat, and is not known; NULL: none */
};

void client_init(struct client *self, uint64_t seed, int64_t heartbeat_ms);
/* actor_turn_fn and actor_answer_fn for the simulator; state is the client. */
void client_turn(void *state, const struct now *now, struct outbox *out);
void client_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                   const struct now *now, struct outbox *out);

struct identity;
struct identity client_identity(const struct client *self, uint32_t host);

#endif
