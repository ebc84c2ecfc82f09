#include "actors/store/call.h"

#include <stdio.h>

#include "actors/store/keep_alive.h"
#include "actors/store/local.h"
#include "actors/store/mvcc/request.h"
#include "actors/store/parts.h"
#include "actors/store/reply.h"
#include "common/base/prng.h"
#include "common/etcdapi/cluster.pb-c.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"

/* What becomes of a call. */
enum way {
    WAY_LATER,   /* not built yet */
    WAY_WRITE,   /* through the log */
    WAY_READ,    /* once leadership is confirmed */
    WAY_LOCAL,   /* what this member knows of itself */
    WAY_HASH,    /* of all there is, in slices */
    WAY_GATEWAY, /* composed in the gateway, of other calls */
};

static const enum way ways[ETCD_METHOD_END] = {
    [ETCD_METHOD_RANGE] = WAY_READ,
    [ETCD_METHOD_PUT] = WAY_WRITE,
    [ETCD_METHOD_DELETE_RANGE] = WAY_WRITE,
    [ETCD_METHOD_TXN] = WAY_WRITE,
    [ETCD_METHOD_COMPACT] = WAY_WRITE,
    [ETCD_METHOD_LEASE_GRANT] = WAY_WRITE,
    [ETCD_METHOD_LEASE_REVOKE] = WAY_WRITE,
    [ETCD_METHOD_LEASE_KEEP_ALIVE] = WAY_READ,
    [ETCD_METHOD_LEASE_TIME_TO_LIVE] = WAY_READ,
    [ETCD_METHOD_LEASE_LEASES] = WAY_LOCAL,
    [ETCD_METHOD_HASH] = WAY_HASH,
    [ETCD_METHOD_HASH_KV] = WAY_HASH,
    [ETCD_METHOD_MEMBER_UPDATE] = WAY_WRITE,
    [ETCD_METHOD_MEMBER_LIST] = WAY_LOCAL,
    [ETCD_METHOD_STATUS] = WAY_LOCAL,
    [ETCD_METHOD_ALARM] = WAY_LOCAL,
    [ETCD_METHOD_MOVE_LEADER] = WAY_LOCAL,
    [ETCD_METHOD_AUTH_STATUS] = WAY_LOCAL,
    [ETCD_METHOD_WATCH] = WAY_GATEWAY,
    [ETCD_METHOD_LOCK] = WAY_GATEWAY,
    [ETCD_METHOD_UNLOCK] = WAY_GATEWAY,
    [ETCD_METHOD_CAMPAIGN] = WAY_GATEWAY,
    [ETCD_METHOD_PROCLAIM] = WAY_GATEWAY,
    [ETCD_METHOD_LEADER] = WAY_GATEWAY,
    [ETCD_METHOD_OBSERVE] = WAY_GATEWAY,
    [ETCD_METHOD_RESIGN] = WAY_GATEWAY,
    [ETCD_METHOD_HEALTH_CHECK] = WAY_GATEWAY,
    [ETCD_METHOD_HEALTH_WATCH] = WAY_GATEWAY,
};

/* A call at hand. */
struct call {
    const struct address *from;
    const struct msg_call *msg;
    enum etcd_method method;
    ProtobufCMessage *request; /* in the store's arena */
    int64_t deadline_ms;
};

static struct waiter *wait_for(struct store *self, const struct call *call)
{
    struct waiter *waiter = waiting_add(&self->waiting);

    waiter->from = *call->from;
    waiter->id = call->msg->id;
    waiter->method = call->method;
    waiter->deadline_ms = call->deadline_ms;
    return waiter;
}

/* ── writes ── */

/* An id is chosen before the proposal: an entry says the same on every member. */
static void choose_lease_id(struct store *self, const struct call *call)
{
    Etcdserverpb__LeaseGrantRequest *grant = (Etcdserverpb__LeaseGrantRequest *)call->request;
    struct mvcc_lease lease;

    while (grant->id == 0 || mvcc_lease(self->keyspace.mvcc, grant->id, &lease)) {
        if (grant->id != 0) {
            return; /* the client's choice: refused when it is applied */
        }
        /* always of 16 digits, with leading zeros or without */
        grant->id = (int64_t)(prng_next(self->options.prng) >> 2 | (uint64_t)1 << 62);
        if (mvcc_lease(self->keyspace.mvcc, grant->id, &lease)) {
            grant->id = 0;
        }
    }
}

static enum etcd_error error_of(enum err err)
{
    switch (err) {
    case ERR_OK:
        return ETCD_OK;
    case ERR_TOO_LARGE:
        return ETCD_ERROR_REQUEST_TOO_LARGE;
    case ERR_NO_ROOM:
        return ETCD_ERROR_NO_SPACE;
    case ERR_TIMEOUT:
        return ETCD_ERROR_TIMEOUT;
    default:
        return ETCD_ERROR_TOO_MANY_REQUESTS;
    }
}

/* A backend that takes nothing for long: what is applied has to stay in memory, and is bounded. */
static bool is_behind(const struct store *self)
{
    enum { flushes_behind_max = 16 };

    return mvcc_unflushed_bytes(self->keyspace.mvcc) / flushes_behind_max >
           self->options.flush_bytes;
}

static void write(struct store *self, const struct call *call, struct outbox *out)
{
    uint64_t number = self->waiting.next;
    struct str request = call->msg->request;
    struct waiter *waiter;
    enum err err;

    self->packed.len = 0;
    if (call->method == ETCD_METHOD_LEASE_GRANT) {
        choose_lease_id(self, call);
        self->packed.len = protobuf_c_message_pack(
            call->request, (uint8_t *)buf_reserve(
                               &self->packed, protobuf_c_message_get_packed_size(call->request)));
        request = buf_str(&self->packed);
    }
    self->body.len = 0;
    keyspace_call(&self->body, call->method, request);
    err = is_behind(self)
              ? ERR_FULL
              : raft_node_call(self->node, number, buf_str(&self->body), call->deadline_ms);
    if (err != ERR_OK) {
        self->refused_total++;
        store_refuse(call->from, call->msg->id, OUTBOX_NOW, error_of(err), out);
        return;
    }
    waiter = wait_for(self, call);
    if (call->method == ETCD_METHOD_LEASE_REVOKE) {
        waiter->lease = ((const Etcdserverpb__LeaseRevokeRequest *)call->request)->id;
        lessor_revoke(self->keyspace.lessor, waiter->lease);
    }
}

/* ── reads ── */

static void serve_read(struct store *self, const struct address *from, uint64_t id,
                       enum etcd_method method, const ProtobufCMessage *request,
                       enum outbox_lane lane, struct outbox *out)
{
    enum etcd_error error;

    if (method == ETCD_METHOD_RANGE &&
        mvcc_range_slices((const Etcdserverpb__RangeRequest *)request)) {
        parts_range(self, (const Etcdserverpb__RangeRequest *)request, from, id, lane, out);
        return;
    }
    self->packed.len = 0;
    error = keyspace_read(&self->keyspace, method, request, &self->arena, &self->packed);
    if (error == ETCD_OK) {
        store_answer(self, from, id, lane, buf_str(&self->packed), out);
    } else {
        store_refuse(from, id, lane, error, out);
    }
}

static void read(struct store *self, const struct call *call, struct outbox *out)
{
    uint64_t number = self->waiting.next;
    struct waiter *waiter;
    enum err err;

    if (call->method == ETCD_METHOD_RANGE &&
        ((const Etcdserverpb__RangeRequest *)call->request)->serializable) {
        serve_read(self, call->from, call->msg->id, call->method, call->request, OUTBOX_NOW, out);
        return;
    }
    err = raft_node_read(self->node, number, call->deadline_ms);
    if (err != ERR_OK) {
        self->refused_total++;
        store_refuse(call->from, call->msg->id, OUTBOX_NOW, error_of(err), out);
        return;
    }
    waiter = wait_for(self, call);
    buf_add_str(&waiter->request, call->msg->request);
    if (call->method == ETCD_METHOD_LEASE_KEEP_ALIVE) {
        waiter->lease = ((const Etcdserverpb__LeaseKeepAliveRequest *)call->request)->id;
    }
}

/* ── from the member ── */

void store_answered(struct store *self, const struct raft_answer *answer, struct outbox *out)
{
    struct waiter *waiter = waiting_find(&self->waiting, answer->number);
    ProtobufCMessage *request = NULL;
    struct str response;

    if (waiter == NULL) {
        return;
    }
    if (waiter->method == ETCD_METHOD_LEASE_REVOKE) {
        lessor_revoked(self->keyspace.lessor, waiter->lease);
    }
    if (answer->err == ERR_OK && waiter->method == ETCD_METHOD_LEASE_KEEP_ALIVE) {
        keep_alive_serve(self, answer->number, waiter, out);
        return;
    }
    if (answer->err != ERR_OK) {
        store_refuse(&waiter->from, waiter->id, OUTBOX_SYNCED, error_of(answer->err), out);
    } else if (waiter->method == ETCD_METHOD_MEMBER_LIST) {
        store_answer(self, &waiter->from, waiter->id, OUTBOX_SYNCED,
                     local_members(self, waiter->method), out);
    } else if (answer->body.len > 0) { /* of a write */
        enum etcd_error error = keyspace_answer(answer->body, &response);

        if (error == ETCD_OK && waiter->method == ETCD_METHOD_MEMBER_UPDATE) {
            response = local_members(self, waiter->method);
        }
        if (error == ETCD_OK) {
            store_answer_write(self, &waiter->from, waiter->id, response, out);
        } else {
            store_refuse(&waiter->from, waiter->id, OUTBOX_SYNCED, error, out);
        }
    } else if (request_unpack(waiter->method, buf_str(&waiter->request), &self->arena, &request) ==
               ERR_OK) { /* it could be when it came */
        serve_read(self, &waiter->from, waiter->id, waiter->method, request, OUTBOX_SYNCED, out);
    }
    arena_reset(&self->arena);
    waiting_done(&self->waiting, waiter);
}

/* ── from the gateway ── */

static void refuse_later(const struct call *call, struct outbox *out)
{
    struct str method = etcd_method_row(call->method)->method;
    char text[128];
    int len = snprintf(text, sizeof(text), "muster: %.*s comes later", STR_ARG(method));

    store_refuse_with(call->from, call->msg->id, GRPC_UNIMPLEMENTED,
                      (struct str){text, (size_t)len}, out);
}

static enum etcd_error check_urls(const struct call *call)
{
    const Etcdserverpb__MemberUpdateRequest *update =
        (const Etcdserverpb__MemberUpdateRequest *)call->request;

    return call->method != ETCD_METHOD_MEMBER_UPDATE ||
                   members_are_urls(update->peerurls, update->n_peerurls)
               ? ETCD_OK
               : ETCD_ERROR_BAD_MEMBER_URLS;
}

/* False: it is answered. */
static bool judge(struct store *self, struct call *call, struct outbox *out)
{
    enum etcd_error error;

    switch (request_unpack(call->method, call->msg->request, &self->arena, &call->request)) {
    case ERR_OK:
        break;
    case ERR_TOO_LARGE:
        store_refuse(call->from, call->msg->id, OUTBOX_NOW, ETCD_ERROR_TOO_MANY_OPS, out);
        return false;
    default:
        store_refuse_with(call->from, call->msg->id, GRPC_INTERNAL,
                          STR("grpc: error unmarshalling request"), out);
        return false;
    }
    error = check_urls(call);
    if (error == ETCD_OK) {
        error =
            shape_check(call->method, call->request, call->msg->request.len, &self->options.limits);
    }
    if (error != ETCD_OK) {
        store_refuse(call->from, call->msg->id, OUTBOX_NOW, error, out);
    }
    return error == ETCD_OK;
}

/* A Txn that writes nothing is a read, and so is what asks to be; of alarms there are none to raise
 * or to lift yet. */
static enum way way_of(const struct store *self, const struct call *call)
{
    if (call->method == ETCD_METHOD_MEMBER_LIST && version_from_3_5(&self->version) &&
        ((const Etcdserverpb__MemberListRequest *)call->request)->linearizable) {
        return WAY_READ;
    }
    if (call->method == ETCD_METHOD_TXN && !mvcc_writes(call->method, call->request)) {
        return WAY_READ;
    }
    if (call->method == ETCD_METHOD_ALARM &&
        ((const Etcdserverpb__AlarmRequest *)call->request)->action !=
            ETCDSERVERPB__ALARM_REQUEST__ALARM_ACTION__GET) {
        return WAY_LATER;
    }
    return ways[call->method];
}

static void hash(struct store *self, const struct call *call, struct outbox *out)
{
    int64_t revision = call->method == ETCD_METHOD_HASH_KV
                           ? ((const Etcdserverpb__HashKVRequest *)call->request)->revision
                           : 0;

    hashes_call(self, call->method, revision, call->from, call->msg->id, out);
}

static void go(struct store *self, const struct call *call, struct outbox *out)
{
    switch (way_of(self, call)) {
    case WAY_WRITE:
        write(self, call, out);
        break;
    case WAY_READ:
        read(self, call, out);
        break;
    case WAY_HASH:
        hash(self, call, out);
        break;
    case WAY_LOCAL:
        local_answer(self, call->method, call->request, call->from, call->msg->id, out);
        break;
    default:
        refuse_later(call, out);
    }
}

void store_call(void *state, const struct address *from, const struct msg *msg,
                const struct now *now, struct outbox *out)
{
    struct store *self = state;
    struct call call = {.from = from, .msg = &msg->as_call};

    self->calls_total++;
    if (call.msg->boot != self->options.boot) { /* it was meant for a run that is no more */
        store_refuse(from, call.msg->id, OUTBOX_NOW, ETCD_ERROR_TIMEOUT_LEADER_FAILED, out);
        return;
    }
    if (call.msg->method == 0 || call.msg->method >= ETCD_METHOD_END || call.msg->left_ms <= 0) {
        store_refuse_with(from, call.msg->id, GRPC_UNIMPLEMENTED, STR("muster: no such method"),
                          out);
        return;
    }
    call.method = (enum etcd_method)call.msg->method;
    call.deadline_ms = now->mono_ms + call.msg->left_ms;
    if (call.method == ETCD_METHOD_AUTH_STATUS && !version_from_3_5(&self->version)) {
        store_refuse_with(from, call.msg->id, GRPC_UNIMPLEMENTED,
                          STR("unknown method AuthStatus for service etcdserverpb.Auth"), out);
    } else if (ways[call.method] == WAY_LATER || ways[call.method] == WAY_GATEWAY) {
        refuse_later(&call, out);
    } else if (judge(self, &call, out)) {
        go(self, &call, out);
    }
    arena_reset(&self->arena);
}
