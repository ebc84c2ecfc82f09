/* A store that is played, and a client of locks and elections. */
#ifndef TESTS_GATEWAY_ETCD_ERRAND_RIG_H
#define TESTS_GATEWAY_ETCD_ERRAND_RIG_H

#include "common/etcdapi/election.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/lock.pb-c.h"
#include "gateway/etcd/election.h"
#include "gateway/etcd/errand.h"
#include "gateway/etcd/lock.h"
#include "gateway/etcd/queue.h"

struct client {
    struct rpc rpc; /* first */
    unsigned sent;
    struct buf message; /* the newest */
    bool ended;
    enum grpc_code code;
    char text[128];
};

struct fixture {
    struct errands *errands;
    struct rpc_server server;
    struct moment moment;
    struct now now;
    struct outbox *out;
    struct rpc *asked; /* open */
    struct buf request;
    char token[32];
    unsigned asked_total;
    unsigned dropped;
    struct client client;
};

extern const struct rpc_caller errand_rig_caller; /* whose calls are struct client */

void errand_rig_tell(struct fixture *self, const ProtobufCMessage *message);
void errand_rig_end(struct fixture *self, enum grpc_code code, const char *text);
void errand_rig_answer(struct fixture *self, const ProtobufCMessage *message);
void errand_rig_call(struct fixture *self, const struct rpc_app *app, enum etcd_method method,
                     const ProtobufCMessage *message, int64_t timeout_ms);
void errand_rig_go(struct fixture *self, const struct rpc_app *app);
int errand_rig_set_up(void **state);
int errand_rig_tear_down(void **state);
void errand_rig_assert_asked(const struct fixture *self, enum etcd_method method);
bool errand_rig_bytes_are(ProtobufCBinaryData bytes, const char *text);
/* A Txn's answer. own, oldest: revisions at which the key and the oldest were created; 0: not told.
 */
void errand_rig_answer_txn(struct fixture *self, int64_t revision, bool succeeded, int64_t own,
                           const char *value, int64_t oldest);
void errand_rig_answer_range(struct fixture *self, int64_t revision, const char *key);
void errand_rig_tell_event(struct fixture *self, Mvccpb__Event__EventType type, const char *value);

#endif
