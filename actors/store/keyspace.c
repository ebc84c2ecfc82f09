#include "actors/store/keyspace.h"

#include <errno.h>
#include <stdlib.h>

#include "actors/store/mvcc/request.h"
#include "actors/store/mvcc/tail.h"
#include "common/etcdapi/header.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"

/* ── bodies and answers ── */

void keyspace_call(struct buf *to, enum etcd_method method, struct str request)
{
    static_assert((int)ETCD_METHOD_END <= (int)KEYSPACE_CHECKPOINT, "a method is one byte");
    buf_add_char(to, (char)method);
    buf_add_str(to, request);
}

static void add_number(struct buf *to, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8) {
        buf_add_char(to, (char)((uint64_t)number >> shift));
    }
}

static bool take_number(struct str *rest, int64_t *number)
{
    uint64_t taken = 0;

    if (rest->len < sizeof(taken)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(taken); i++) {
        taken = taken << 8 | (unsigned char)rest->data[i];
    }
    *rest = (struct str){rest->data + sizeof(taken), rest->len - sizeof(taken)};
    *number = (int64_t)taken;
    return true;
}

void keyspace_expire(struct buf *to, const int64_t *ids, size_t count)
{
    buf_add_char(to, (char)KEYSPACE_EXPIRE);
    for (size_t i = 0; i < count; i++) {
        add_number(to, ids[i]);
    }
}

void keyspace_checkpoint(struct buf *to, const struct lease_rest *rests, size_t count)
{
    buf_add_char(to, (char)KEYSPACE_CHECKPOINT);
    for (size_t i = 0; i < count; i++) {
        add_number(to, rests[i].id);
        add_number(to, rests[i].rest_s);
    }
}

static_assert(ETCD_ERROR_END <= UINT8_MAX, "an error is one byte of an answer");

enum etcd_error keyspace_answer(struct str answer, struct str *response)
{
    assert(answer.len > 0 && (unsigned char)answer.data[0] < ETCD_ERROR_END);
    *response = (struct str){answer.data + 1, answer.len - 1};
    return (enum etcd_error)(unsigned char)answer.data[0];
}

void keyspace_pack(const struct keyspace *self, ProtobufCMessage *response, struct buf *to)
{
    const ProtobufCFieldDescriptor *first = &response->descriptor->fields[0];
    Etcdserverpb__ResponseHeader *header =
        *(Etcdserverpb__ResponseHeader **)(void *)((char *)response + first->offset);
    size_t len;

    assert(first->descriptor == &etcdserverpb__response_header__descriptor && header != NULL);
    header->cluster_id = self->cluster_id;
    header->member_id = self->member_id;
    header->raft_term = self->term;
    len = protobuf_c_message_get_packed_size(response);
    to->len += protobuf_c_message_pack(response, (uint8_t *)buf_reserve(to, len));
}

/* ── entries ── */

/* The lessor follows what was done to leases. */
static void follow_lease(struct keyspace *self, enum etcd_method method,
                         const ProtobufCMessage *request, const ProtobufCMessage *response)
{
    if (method == ETCD_METHOD_LEASE_GRANT) {
        const Etcdserverpb__LeaseGrantResponse *grant =
            (const Etcdserverpb__LeaseGrantResponse *)response;

        lessor_add(self->lessor, grant->id, grant->ttl, grant->ttl, self->awake_ms);
    } else if (method == ETCD_METHOD_LEASE_REVOKE) {
        lessor_remove(self->lessor, ((const Etcdserverpb__LeaseRevokeRequest *)request)->id);
    }
}

static void expire(struct keyspace *self, struct str body)
{
    int64_t ids[keyspace_expire_max] = {0};
    size_t count = 0;

    while (count < keyspace_expire_max && take_number(&body, &ids[count])) {
        count++;
    }
    mvcc_lease_expire(self->mvcc, ids, count);
    for (size_t i = 0; i < count; i++) {
        lessor_remove(self->lessor, ids[i]);
    }
}

/* What another run has written down is how its lease stands here. */
static void checkpoint(struct keyspace *self, const struct machine_call *call, struct str body)
{
    bool known = call->member == self->member_id && call->boot == self->boot;
    struct lease_rest rest;
    struct mvcc_lease lease;

    while (take_number(&body, &rest.id) && take_number(&body, &rest.rest_s)) {
        mvcc_lease_checkpoint(self->mvcc, rest.id, rest.rest_s);
        if (!known && mvcc_lease(self->mvcc, rest.id, &lease)) {
            lessor_add(self->lessor, lease.id, lease.ttl_s,
                       lease.rest_s > 0 ? lease.rest_s : lease.ttl_s, self->awake_ms);
        }
    }
}

/* What no client calls. */
static bool apply_own(struct keyspace *self, const struct machine_call *call, struct str body)
{
    unsigned char kind = (unsigned char)call->body.data[0];

    if (kind == KEYSPACE_EXPIRE) {
        expire(self, body);
    } else if (kind == KEYSPACE_CHECKPOINT) {
        checkpoint(self, call, body);
    } else {
        return false;
    }
    return true;
}

static bool is_member(const struct raft_members *set, uint64_t id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->ids[i] == id) {
            return true;
        }
    }
    return false;
}

static enum etcd_error update_member(struct keyspace *self, const ProtobufCMessage *request)
{
    const Etcdserverpb__MemberUpdateRequest *update =
        (const Etcdserverpb__MemberUpdateRequest *)request;

    if (!is_member(&self->config.voters, update->id) &&
        !is_member(&self->config.learners, update->id)) {
        return ETCD_ERROR_MEMBER_NOT_FOUND;
    }
    members_update(&self->members, self->mvcc, update->id, update->peerurls, update->n_peerurls);
    return ETCD_OK;
}

static void answer_with(struct buf *answer, enum etcd_error error)
{
    if (answer != NULL) {
        buf_add_char(answer, (char)error);
    }
}

static bool apply(struct machine *machine, uint64_t index, const struct machine_call *call,
                  struct buf *answer)
{
    struct keyspace *self = (struct keyspace *)machine;
    struct str bytes = {call->body.data + 1, call->body.len - 1};
    enum etcd_method method;
    ProtobufCMessage *request = NULL;
    struct mvcc_answer done;

    (void)index;
    assert(call->body.len > 0); /* of our own making: raft_node keeps it whole */
    self->within = true;
    if (apply_own(self, call, bytes)) {
        answer_with(answer, ETCD_OK);
        return true;
    }
    method = (enum etcd_method)(unsigned char)call->body.data[0];
    if (method == 0 || method >= ETCD_METHOD_END ||
        request_unpack(method, bytes, &self->arena, &request) != ERR_OK) {
        answer_with(answer, ETCD_ERROR_NOT_CAPABLE); /* of a later version: alike on every member */
        arena_reset(&self->arena);
        return true;
    }
    if (method ==
        ETCD_METHOD_MEMBER_UPDATE) { /* who asks is told of all members, as they are then */
        answer_with(answer, update_member(self, request));
        arena_reset(&self->arena);
        return true;
    }
    done = mvcc_apply(self->mvcc, method, request, &self->arena);
    answer_with(answer, done.error);
    if (done.error == ETCD_OK) {
        follow_lease(self, method, request, done.message);
        if (answer != NULL) {
            keyspace_pack(self, done.message, answer);
        }
    }
    arena_reset(&self->arena);
    return true;
}

static void applied(struct machine *machine, uint64_t index, uint64_t term,
                    const struct raft_config *config)
{
    struct keyspace *self = (struct keyspace *)machine;

    mvcc_entry(self->mvcc, index, term);
    self->config = *config;
    self->within = false;
}

static void flushed(const struct machine *machine, struct machine_position *out)
{
    *out = ((const struct keyspace *)machine)->flushed;
}

static enum err install(struct machine *machine, const struct raft_snapshot *snapshot)
{
    const struct keyspace *self = (const struct keyspace *)machine;

    (void)snapshot;
    log_event(self->log, LOG_ERROR, "snapshot_refused",
              "a snapshot of another member can't be taken in");
    return ERR_IO; /* one member: nobody sends one */
}

/* ── reads ── */

struct ending {
    struct lease_end end;
    Etcdserverpb__LeaseStatus *lease;
};

static int compare_endings(const void *a, const void *b)
{
    const struct ending *one = a;
    const struct ending *other = b;

    if (one->end.at_ms != other->end.at_ms) {
        return one->end.at_ms < other->end.at_ms ? -1 : 1;
    }
    return one->end.place < other->end.place ? -1 : one->end.place > other->end.place;
}

/* etcd lists what ends first, first. */
static void sort_by_end(const struct keyspace *self, Etcdserverpb__LeaseLeasesResponse *response,
                        struct arena *arena)
{
    struct ending *endings = arena_get(arena, response->n_leases * sizeof(*endings));

    for (size_t i = 0; i < response->n_leases; i++) {
        endings[i] =
            (struct ending){lessor_end(self->lessor, response->leases[i]->id), response->leases[i]};
    }
    qsort(endings, response->n_leases, sizeof(*endings), compare_endings);
    for (size_t i = 0; i < response->n_leases; i++) {
        response->leases[i] = endings[i].lease;
    }
}

enum etcd_error keyspace_read(struct keyspace *self, enum etcd_method method,
                              const ProtobufCMessage *request, struct arena *arena, struct buf *to)
{
    struct mvcc_answer done = mvcc_read(self->mvcc, method, request, arena);

    if (done.error != ETCD_OK) {
        return done.error;
    }
    if (method == ETCD_METHOD_LEASE_TIME_TO_LIVE) {
        Etcdserverpb__LeaseTimeToLiveResponse *response =
            (Etcdserverpb__LeaseTimeToLiveResponse *)done.message;
        int64_t rest_s;

        if (lessor_rest(self->lessor, response->id, self->awake_ms, &rest_s)) {
            response->ttl = rest_s;
        }
    } else if (method == ETCD_METHOD_LEASE_LEASES) {
        sort_by_end(self, (Etcdserverpb__LeaseLeasesResponse *)done.message, arena);
    }
    keyspace_pack(self, done.message, to);
    return ETCD_OK;
}

enum etcd_error keyspace_range_begin(struct keyspace *self,
                                     const Etcdserverpb__RangeRequest *request,
                                     struct mvcc_range **range, struct buf *to)
{
    Etcdserverpb__RangeResponse response = ETCDSERVERPB__RANGE_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;
    enum etcd_error error = mvcc_range_begin(self->mvcc, request, range);

    if (error == ETCD_OK) {
        header.revision = mvcc_position(self->mvcc).revision;
        response.header = &header;
        keyspace_pack(self, &response.base, to);
    }
    return error;
}

/* ── flushing ── */

/* A disk that takes nothing is said once in a while, not ten times a second. */
static void say_failed(struct keyspace *self, const char *text)
{
    enum { quiet_ms = 10000 };

    if (!self->flush_failed || self->awake_ms - self->said_ms >= quiet_ms) {
        self->said_ms = self->awake_ms;
        log_event(self->log, LOG_ERROR, "flush_failed",
                  "the log has it all, and goes on growing until this succeeds",
                  log_text("reason", text));
    }
    self->flush_failed = true;
}

enum err keyspace_settle(struct keyspace *self, bool wait)
{
    struct flushed flushed;

    if (!flusher_take(self->flusher, wait, &flushed)) {
        return ERR_OK;
    }
    if (flushed.err != ERR_OK) {
        say_failed(self, flushed.text);
        return flushed.err;
    }
    if (self->flush_failed) {
        self->flush_failed = false;
        log_event(self->log, LOG_INFO, "flush_succeeded",
                  "what is applied is in the backend again");
    }
    self->flushes_total++;
    durations_add(&self->flushes, flushed.took_us);
    self->flushed = self->sealed_at;
    self->sealed = NULL;
    return mvcc_flushed(self->mvcc);
}

enum err keyspace_flush(struct keyspace *self)
{
    if (flusher_is_busy(self->flusher)) {
        return ERR_OK;
    }
    if (self->sealed == NULL && !self->within) { /* an entry is in it whole or not at all */
        self->sealed = mvcc_seal(self->mvcc);
        if (self->sealed != NULL) {
            self->sealed_at = (struct machine_position){
                .index = self->sealed->index, .term = self->sealed->term, .config = self->config};
        }
    }
    if (self->sealed != NULL) {
        flusher_hand(self->flusher, self->sealed);
    }
    return keyspace_settle(self, false);
}

/* ── its life ── */

/* Each lease has what was checkpointed of it, or all of its time. */
static void begin_leases(struct keyspace *self)
{
    struct arena arena = {0};
    size_t count;
    const struct mvcc_lease *leases = mvcc_leases(self->mvcc, &arena, &count);

    for (size_t i = 0; i < count; i++) {
        lessor_add(self->lessor, leases[i].id, leases[i].ttl_s,
                   leases[i].rest_s > 0 ? leases[i].rest_s : leases[i].ttl_s, self->awake_ms);
    }
    arena_fini(&arena);
}

enum err keyspace_init(struct keyspace *self, const struct mvcc_settings *settings,
                       struct backend **backend, const struct raft_config *config, int64_t awake_ms,
                       int64_t checkpoint_ms, const struct clock *flush_clock,
                       const struct log *log)
{
    char text[backend_text_max] = "";
    struct backend_mark mark;
    enum err err;

    memset(self, 0, sizeof(*self));
    self->machine = (struct machine){
        .apply = apply, .applied = applied, .flushed = flushed, .install = install};
    self->backend = *backend;
    *backend = NULL;
    self->log = log;
    self->config = *config;
    self->awake_ms = awake_ms;
    self->lessor = lessor_new(checkpoint_ms);
    mark = self->backend->mark(self->backend);
    self->flushed =
        (struct machine_position){.index = mark.index, .term = mark.term, .config = *config};
    err = mvcc_new(settings, self->backend, &self->mvcc, text);
    if (err != ERR_OK) {
        log_event(log, LOG_ERROR, "store_refused", text);
        return err;
    }
    err = members_restore(&self->members, self->backend);
    if (err != ERR_OK) {
        log_event(log, LOG_ERROR, "store_refused", "the members' records can't be read");
        return err;
    }
    err = flusher_new(&self->flusher, self->backend, flush_clock);
    if (err != ERR_OK) {
        log_event(log, LOG_ERROR, "store_refused", "no thread that flushes is to be had",
                  log_text("error", strerror(errno)));
        return err;
    }
    begin_leases(self);
    return ERR_OK;
}

void keyspace_fini(struct keyspace *self)
{
    flusher_destroy(&self->flusher);
    mvcc_destroy(&self->mvcc);
    lessor_destroy(&self->lessor);
    members_fini(&self->members);
    backend_close(&self->backend);
    arena_fini(&self->arena);
}
