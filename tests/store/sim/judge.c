#include "tests/store/sim/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "actors/store/keyspace.h"
#include "actors/store/mvcc/key_value.h"
#include "actors/store/mvcc/request.h"
#include "common/base/array.h"
#include "common/base/hash.h"
#include "common/etcdapi/lease.pb-c.h"

enum { first_cap = 256, tag_bytes = 6 };

void judge_init(struct judge *self, struct plan *plan, struct trace *trace)
{
    memset(self, 0, sizeof(*self));
    self->plan = plan;
    self->trace = trace;
    self->told = 1;
    self->next_index = 2;
    ARRAY_ROOM(self->first_calls, self->index_count, self->index_cap, first_cap);
    self->first_calls[self->index_count++] = 0; /* entry 1 is the members', before any call */
    model_init(&self->model, (3 * plan->election_ms + 1999) / 2000);
}

void judge_fini(struct judge *self)
{
    model_fini(&self->model);
    arena_fini(&self->arena);
    arena_fini(&self->scratch);
    free(self->ops);
    free(self->calls);
    free(self->first_calls);
    free(self->events);
    free(self->asked);
}

void judge_fail(struct judge *self, const char *format, ...)
{
    va_list args;

    if (self->failed) {
        return;
    }
    self->failed = true;
    self->failed_ms = self->now_ms;
    va_start(args, format);
    (void)vsnprintf(self->failure, sizeof(self->failure), format, args);
    va_end(args);
    trace_add(self->trace, self->now_ms, -1, "FAILED: %s", self->failure);
}

/* ── forms ── */

struct str judge_pack(struct arena *arena, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_get(arena, len + 1);

    (void)protobuf_c_message_pack(message, bytes);
    return (struct str){(char *)bytes, len};
}

/* A response without what the model does not know of its header. NULL: it is none. */
ProtobufCMessage *judge_plain(struct judge *self, enum etcd_method method, struct str response)
{
    ProtobufCAllocator allocator = arena_allocator(&self->scratch);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(etcd_method_row(method)->response, &allocator, response.len,
                                  (const uint8_t *)response.data);
    Etcdserverpb__ResponseHeader *header;

    if (message == NULL) {
        return NULL;
    }
    header = *(Etcdserverpb__ResponseHeader **)(void *)((char *)message +
                                                        message->descriptor->fields[0].offset);
    if (header == NULL) {
        return NULL;
    }
    header->cluster_id = 0;
    header->member_id = 0;
    header->raft_term = 0;
    return message;
}

void op_tag(struct buf *request, uint32_t id)
{
    /* A field that nobody knows, 1999, of four bytes. */
    const unsigned char bytes[tag_bytes] = {0xfd,
                                            0x7c,
                                            (unsigned char)id,
                                            (unsigned char)(id >> 8),
                                            (unsigned char)(id >> 16),
                                            (unsigned char)(id >> 24)};

    buf_add(request, bytes, sizeof(bytes));
}

struct op *judge_op_of(struct judge *self, struct str request)
{
    const unsigned char *tag = (const unsigned char *)request.data + request.len - tag_bytes;

    if (request.len < tag_bytes || tag[0] != 0xfd || tag[1] != 0x7c) {
        return NULL;
    }
    return judge_op(self, (uint32_t)tag[2] | (uint32_t)tag[3] << 8 | (uint32_t)tag[4] << 16 |
                              (uint32_t)tag[5] << 24);
}

static uint64_t hash_of(struct str s)
{
    return hash128(s.data, s.len).lo;
}

/* ── leases ── */

static struct judged_lease *lease_of(struct judge *self, int64_t id)
{
    for (size_t i = 0; i < self->lease_count; i++) {
        if (self->leases[i].id == id) {
            return &self->leases[i];
        }
    }
    return NULL;
}

static void lease_begins(struct judge *self, int64_t id)
{
    struct judged_lease *lease = lease_of(self, id);
    bool again = lease != NULL;

    if (lease == NULL) {
        assert(self->lease_count < model_leases_max);
        lease = &self->leases[self->lease_count++];
    }
    *lease = (struct judged_lease){.id = id, .since_ms = self->now_ms, .again = again};
}

/* Somebody was told so now. */
void judge_promised(struct judge *self, int64_t id, int64_t rest_s)
{
    struct judged_lease *lease = lease_of(self, id);

    if (lease != NULL && self->now_ms + rest_s * 1000 > lease->promise_ms) {
        lease->promise_ms = self->now_ms + rest_s * 1000;
    }
}

static int64_t take_number(struct str *rest)
{
    uint64_t taken = 0;

    for (size_t i = 0; i < 8 && rest->len > 0; i++) {
        taken = taken << 8 | (unsigned char)rest->data[0];
        *rest = (struct str){rest->data + 1, rest->len - 1};
    }
    return (int64_t)taken;
}

/* An expiry says an id: of a lease that was granted anew while it was on its way it ends the new
 * one, as etcd's does. */
static bool is_just_granted(const struct judge *self, const struct judged_lease *lease)
{
    enum { on_its_way_ms = 1000 };

    return lease->again && self->now_ms - lease->since_ms < on_its_way_ms;
}

static void expire(struct judge *self, struct str ids)
{
    while (ids.len > 0) {
        int64_t id = take_number(&ids);
        const struct judged_lease *lease = lease_of(self, id);

        trace_add(self->trace, self->now_ms, -1, "lease %" PRId64 " expires", id);
        if (model_has_lease(&self->model, id) && lease != NULL &&
            self->now_ms < lease->promise_ms && !is_just_granted(self, lease)) {
            judge_fail(self, "lease %" PRId64 " ends %" PRId64 " ms before its holder was told", id,
                       lease->promise_ms - self->now_ms);
        }
        model_expire(&self->model, id);
    }
}

static void checkpoint(struct judge *self, struct str rests)
{
    while (rests.len > 0) {
        int64_t id = take_number(&rests);

        model_checkpoint(&self->model, id, take_number(&rests));
    }
}

void judge_leases_ended(struct judge *self, int64_t calm_ms)
{
    for (size_t i = 0; i < self->model.lease_count; i++) {
        const struct mvcc_lease *lease = &self->model.leases[i];

        if (lease->ttl_s * 1000 + 3 * (int64_t)self->plan->election_ms < calm_ms) {
            judge_fail(self,
                       "lease %" PRId64 " of %" PRId64 " s still stands after %" PRId64
                       " ms of calm in which nobody kept it alive",
                       lease->id, lease->ttl_s, calm_ms);
        }
    }
}

/* ── what is applied ── */

static void note_events(struct judge *self, size_t from)
{
    const struct model *model = &self->model;

    for (size_t i = from; i < model->count; i++) {
        const struct model_change *change = &model->changes[i];
        const struct model_change *before =
            model_at(model, str_of_bytes(change->kv.key), change->main - 1);
        Mvccpb__KeyValue kv = change->kv;
        struct judged_event *event;

        ARRAY_ROOM(self->events, self->event_count, self->event_cap, first_cap);
        event = &self->events[self->event_count++];
        kv.mod_revision = change->main;
        *event = (struct judged_event){.revision = change->main,
                                       .deletes = change->tombstone,
                                       .key = str_of_bytes(change->kv.key),
                                       .kv = judge_pack(&self->arena, &kv.base)};
        if (before != NULL && (change->tombstone || change->kv.version > 1)) {
            event->prev = judge_pack(&self->arena, &before->kv.base);
        }
    }
}

static void apply_op(struct judge *self, enum etcd_method method, struct str bytes,
                     struct str answer, size_t place)
{
    struct op *op = judge_op_of(self, bytes);
    struct call call = {.method = method};
    struct mvcc_answer expected;
    struct str response;
    enum etcd_error error = keyspace_answer(answer, &response);
    ProtobufCMessage *got = NULL;

    if (op == NULL || request_unpack(method, bytes, &self->scratch, &call.request) != ERR_OK) {
        judge_fail(self, "a call that nobody has made is applied");
        return;
    }
    if (op->applied != 0) {
        judge_fail(self, "call %u is applied twice, as call %zu and %zu of the log", op->id,
                   op->applied, place);
    }
    if (op->refused) {
        judge_fail(self, "call %u was refused, and is applied", op->id);
    }
    op->applied = place;
    expected = model_call(&self->model, &call, &self->scratch);
    op->error = expected.error;
    trace_add(self->trace, self->now_ms, -1, "applied call %u: %s, revision %" PRId64 ": %s",
              op->id, etcd_method_row(method)->method.data, self->model.revision,
              expected.error == ETCD_OK ? "ok" : etcd_error_text(expected.error).data);
    if (error != expected.error) {
        judge_fail(self, "call %u: \"%s\" is right, \"%s\" was the answer", op->id,
                   etcd_error_text(expected.error).data, etcd_error_text(error).data);
        return;
    }
    if (error == ETCD_OK) {
        op->response = judge_pack(&self->arena, expected.message);
        got = judge_plain(self, method, response);
        if (got == NULL || !str_eq(op->response, judge_pack(&self->scratch, got))) {
            judge_fail(self, "call %u, %s: its answer is not the model's", op->id,
                       etcd_method_row(method)->method.data);
        }
        if (method == ETCD_METHOD_LEASE_GRANT) {
            lease_begins(self, ((Etcdserverpb__LeaseGrantResponse *)expected.message)->id);
        }
    }
}

static void apply_first(struct judge *self, const struct machine_call *call, struct str answer)
{
    struct str bytes = {call->body.data + 1, call->body.len - 1};
    unsigned kind = (unsigned char)call->body.data[0];
    size_t change_count = self->model.count;

    if (kind == KEYSPACE_EXPIRE) {
        expire(self, bytes);
    } else if (kind == KEYSPACE_CHECKPOINT) {
        checkpoint(self, bytes);
    } else {
        apply_op(self, (enum etcd_method)kind, bytes, answer, self->call_count);
    }
    note_events(self, change_count);
}

/* An answer is compared without its header: terms differ. */
static uint64_t answer_hash(struct judge *self, unsigned kind, struct str answer)
{
    struct str response;
    ProtobufCMessage *message;

    if (keyspace_answer(answer, &response) != ETCD_OK || kind == KEYSPACE_EXPIRE ||
        kind == KEYSPACE_CHECKPOINT) {
        return hash_of(answer);
    }
    message = judge_plain(self, (enum etcd_method)kind, response);
    return message == NULL ? 0 : hash_of(judge_pack(&self->scratch, message));
}

void judge_applied(struct judge *self, uint64_t index, const struct machine_call *call,
                   struct str answer)
{
    unsigned kind = (unsigned char)call->body.data[0];
    struct judged_call *known;
    struct judged_call now = {.index = index, .body_hash = hash_of(call->body)};

    now.answer_hash = answer_hash(self, kind, answer);
    if (index != self->next_index) {
        judge_fail(self, "entry %" PRIu64 " is applied, %" PRIu64 " was to come", index,
                   self->next_index);
        return;
    }
    if (self->next_call == self->call_count) {
        ARRAY_ROOM(self->calls, self->call_count, self->call_cap, first_cap);
        self->calls[self->call_count++] = now;
        apply_first(self, call, answer);
    } else {
        known = &self->calls[self->next_call];
        if (known->index != index || known->body_hash != now.body_hash) {
            judge_fail(self, "call %zu of the log, in entry %" PRIu64 ", was another one before",
                       self->next_call + 1, index);
        } else if (known->answer_hash != now.answer_hash) {
            judge_fail(self, "call %zu of the log, applied again, has another answer",
                       self->next_call + 1);
        }
    }
    self->next_call++;
    arena_reset(&self->scratch);
}

void judge_entry(struct judge *self, uint64_t index)
{
    if (index != self->next_index) {
        judge_fail(self, "entry %" PRIu64 " ends, %" PRIu64 " was to", index, self->next_index);
        return;
    }
    self->next_index++;
    if (index > self->index_count) { /* for the first time */
        ARRAY_ROOM(self->first_calls, self->index_count, self->index_cap, first_cap);
        self->first_calls[self->index_count++] = self->next_call;
    } else if (self->first_calls[index - 1] != self->next_call) {
        judge_fail(self, "entry %" PRIu64 " has lost some of its calls", index);
    }
}

void judge_started(struct judge *self, uint64_t flushed)
{
    if (flushed == 0 || flushed > self->index_count) {
        judge_fail(self, "the backend holds entry %" PRIu64 ", %zu were applied", flushed,
                   self->index_count);
        return;
    }
    self->next_index = flushed + 1;
    self->next_call = self->first_calls[flushed - 1];
    self->asked_count = 0;
}
