/* A store on a disk that forgets, turned by hand: calls go in as protobuf, answers come out. */
#ifndef TESTS_STORE_ACTOR_RIG_H
#define TESTS_STORE_ACTOR_RIG_H

#include "actors/store/store.h"
#include "common/base/prng.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/journal/disk_sim.h"

enum { rig_answers_max = 4096, rig_boot = 77, rig_cluster = 11, rig_member = 22 };

struct rig_answer {
    uint64_t id;
    uint32_t code;
    char text[128];
    struct buf response;
    enum outbox_lane lane;
    uint32_t parts; /* that others follow */
    uint32_t taken; /* of these acknowledged */
    bool more;      /* it is not all here */
};

struct rig {
    struct disk_sim *disk;
    struct clock_virtual clock;
    struct backend *durable; /* what was written; the store has a copy, which writes here too */
    struct disk_log *log;
    struct store *store;
    struct store_options options; /* boot: rig_boot, then another one each run */
    struct outbox *out;
    struct prng prng;
    uint64_t id; /* of the last call */
    struct rig_answer *answers;
    size_t answer_count;
    bool deaf;         /* parts are not acknowledged */
    size_t sent_bytes; /* of responses, in the last turn */
    size_t other_at;
    struct buf others; /* answers that are no ANSWERED, one after the other */
    struct rig_fact *facts;
    size_t fact_count, fact_cap;
};

struct rig_fact {
    char topic[256];
    struct buf frame;
};

void rig_init(struct rig *self, uint64_t seed);
void rig_fini(struct rig *self);
void rig_start(struct rig *self);
/* The process is gone; the log's disk keeps what keep says of what was not synced. */
void rig_kill(struct rig *self, enum disk_sim_keep keep);
void rig_stop(struct rig *self); /* in good order */

/* Sends a call; its id. No turn is made. */
uint64_t rig_send(struct rig *self, enum etcd_method method, const void *request);
/* A turn, as the shell makes it, ms later; until nothing more is due at once. */
void rig_turn(struct rig *self, int64_t ms);
/* One turn, and no other. True: another is due at once. */
bool rig_one_turn(struct rig *self);
/* NULL: not answered yet, or in part only. */
struct rig_answer *rig_answer(struct rig *self, uint64_t id);
/* So many parts are here. wanted false: no more of them. */
void rig_taken(struct rig *self, uint64_t id, uint32_t taken, bool wanted);

/* A call and its turn, answered: unpacked; the caller frees (protobuf_c_message_free_unpacked).
 * NULL: refused, with code and text in *refused, which may be NULL. */
void *rig_call(struct rig *self, enum etcd_method method, const void *request,
               struct rig_answer **refused);

/* A command but for CALL. No turn is made. */
void rig_ask(struct rig *self, const struct msg *msg);
/* The next of the others; false: no more. What it gives is there until rig_forget. */
bool rig_other(struct rig *self, struct msg *msg);
/* The next fact on that topic from *at on, which then stands behind it. */
bool rig_fact(const struct rig *self, const char *topic, size_t *at, struct msg *msg);
void rig_forget(struct rig *self); /* facts and others that were heard */

/* The usual calls. Revision; 0: refused. */
int64_t rig_put(struct rig *self, const char *key, const char *value, int64_t lease);
/* "" when there is none. In a static buffer. */
const char *rig_get(struct rig *self, const char *key);
int64_t rig_grant(struct rig *self, int64_t id, int64_t ttl_s); /* its id; 0: refused */

uint64_t rig_send_put(struct rig *self, const char *key, const char *value); /* not waited for */

ProtobufCBinaryData rig_bytes(const char *text);

/* Turns of 100 ms at most. */
void rig_pass(struct rig *self, int64_t ms);

/* A store that has started. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

#endif
