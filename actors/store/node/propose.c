#include "actors/store/node/propose.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/store/node/call_codec.h"

enum { batch_max = 64 /* entries in one proposal */ };

static uint64_t cost_of(const struct call *call)
{
    return (uint64_t)call->len + call_head_bytes;
}

/* Calls that wait, as many as an entry holds; marked as tried in this term. Empty: none waits. */
static struct buf pack(struct raft_node *self)
{
    struct buf data = {0};
    struct call *call;

    while ((call = calls_waiting(&self->calls)) != NULL) {
        struct machine_call one = {
            self->settings.member, self->settings.boot, call->number, {call->body, call->len}};

        if (call->deadline_ms <= self->now_ms) { /* too late to be tried */
            node_answer(self, call->number, ERR_TIMEOUT, 0, self->bodies.len);
            calls_answered(&self->calls, call);
            continue;
        }
        if (data.len > 0 && data.len + cost_of(call) > self->settings.entry_bytes_max) {
            break;
        }
        call_add(&data, &one);
        calls_tried(&self->calls, call, self->term);
    }
    return data;
}

static void in_flight(struct raft_node *self, uint64_t bytes)
{
    if (self->flight_term != self->term) { /* what an earlier term proposed may never be applied */
        self->flight_term = self->term;
        self->flight_bytes = 0;
        self->origin_count = 0;
    }
    self->flight_bytes += bytes;
}

static bool has_room(const struct raft_node *self, uint64_t bytes)
{
    uint64_t used = self->flight_term == self->term ? self->flight_bytes : 0;

    return used == 0 || used + bytes <= self->settings.flight_bytes_max;
}

/* Another entry beside those of the same proposal. */
static bool has_room_beside(const struct raft_node *self, uint64_t bytes)
{
    return bytes == 0 ? has_room(self, self->settings.entry_bytes_max)
                      : bytes + self->settings.entry_bytes_max <= self->settings.flight_bytes_max &&
                            has_room(self, bytes + self->settings.entry_bytes_max);
}

static enum err propose(struct raft_node *self, struct raft_entry *entries, unsigned count)
{
    enum err err = raft_propose(self->raft, self->term, entries, count);

    for (unsigned i = 0; i < count; i++) {
        if (err == ERR_OK) {
            in_flight(self, entries[i].len + node_entry_bytes);
        } else {
            free(entries[i].data);
        }
    }
    return err;
}

static bool propose_own(struct raft_node *self)
{
    struct raft_entry entries[batch_max];
    unsigned count = 0;
    uint64_t bytes = 0;

    calls_begin(&self->calls);
    while (count < batch_max && has_room_beside(self, bytes)) {
        struct buf data = pack(self);

        if (data.len == 0) {
            break;
        }
        entries[count++] = (struct raft_entry){
            .type = RAFT_ENTRY_NORMAL, .len = (uint32_t)data.len, .data = data.data};
        bytes += data.len + node_entry_bytes;
    }
    if (count == 0) {
        return false;
    }
    if (propose(self, entries, count) != ERR_OK) {
        calls_refused(&self->calls);
        return false;
    }
    return true;
}

/* Each member has its part of what a leader takes. */
static bool may_forward(const struct raft_node *self)
{
    return self->calls.tried_bytes < self->settings.flight_bytes_max / raft_members_max;
}

/* To the leader it went to in the same term, which takes no notice of what it has had: to no other
 * may it go before it is proven lost. */
static void forward_again(struct raft_node *self, const struct raft_sink *sink)
{
    struct buf data = {0};
    struct call *call = calls_under_way(&self->calls, 0);

    for (; call != NULL; call = calls_under_way(&self->calls, call->number)) {
        struct machine_call one = {
            self->settings.member, self->settings.boot, call->number, {call->body, call->len}};

        if (call->term != self->term) {
            continue;
        }
        if (data.len > 0 && data.len + cost_of(call) > self->settings.entry_bytes_max) {
            sink->forward(sink->context, self->lead, self->term, buf_str(&data));
            data.len = 0;
        }
        call_add(&data, &one);
    }
    if (data.len > 0) {
        sink->forward(sink->context, self->lead, self->term, buf_str(&data));
    }
    buf_fini(&data);
}

static bool forward(struct raft_node *self, const struct raft_sink *sink)
{
    bool any = false;

    if (self->again_term == self->term) {
        forward_again(self, sink);
    }
    self->again_term = 0;
    while (may_forward(self) && calls_waiting(&self->calls) != NULL) {
        struct buf data = pack(self);

        if (data.len > 0) {
            sink->forward(sink->context, self->lead, self->term, buf_str(&data));
            any = true;
        }
        buf_fini(&data);
    }
    return any;
}

bool node_propose(struct raft_node *self, const struct raft_sink *sink)
{
    if (self->lead == 0) {
        return false;
    }
    return self->role == RAFT_LEADER ? propose_own(self) : forward(self, sink);
}

bool node_may_propose(struct raft_node *self)
{
    return self->role == RAFT_LEADER && has_room_beside(self, 0) &&
           calls_waiting(&self->calls) != NULL;
}

/* ── for others ─────────────────────────────────────────────────────────────*/

static struct node_origin *origin_of(struct raft_node *self, const struct machine_call *call)
{
    for (unsigned i = 0; i < self->origin_count; i++) {
        struct node_origin *origin = &self->origins[i];

        if (origin->member == call->member && origin->boot == call->boot) {
            return origin;
        }
    }
    if (self->origin_count == node_origins_max) {
        return NULL;
    }
    self->origins[self->origin_count] = (struct node_origin){call->member, call->boot, 0};
    return &self->origins[self->origin_count++];
}

static enum err check_calls(uint64_t from, struct str calls)
{
    struct machine_call call;

    while (call_next(&calls, &call)) {
        if (call.member != from) {
            return ERR_MALFORMED;
        }
    }
    return calls.len == 0 ? ERR_OK : ERR_MALFORMED;
}

/* Those not proposed in this term yet. */
static enum err take_new(struct raft_node *self, struct str calls, struct buf *data)
{
    struct machine_call call;

    in_flight(self, 0);
    while (call_next(&calls, &call)) {
        struct node_origin *origin = origin_of(self, &call);

        if (origin == NULL) {
            return ERR_FULL;
        }
        if (call.number > origin->number) {
            call_add(data, &call);
        }
    }
    return ERR_OK;
}

static void note_proposed(struct raft_node *self, struct str calls)
{
    struct machine_call call;

    while (call_next(&calls, &call)) {
        struct node_origin *origin = origin_of(self, &call);

        assert(origin != NULL);
        origin->number = call.number > origin->number ? call.number : origin->number;
    }
}

enum err raft_node_forwarded(struct raft_node *self, uint64_t from, uint64_t term, struct str calls)
{
    enum err err = check_calls(from, calls);
    struct raft_entry entry = {.type = RAFT_ENTRY_NORMAL};
    struct buf data = {0};

    if (err == ERR_OK && (self->role != RAFT_LEADER || term != self->term)) {
        err = ERR_NOT_LEADER;
    }
    if (err == ERR_OK && calls.len > log_entry_bytes_max) {
        err = ERR_TOO_LARGE;
    }
    if (err == ERR_OK && disk_log_is_short(self->log)) {
        err = ERR_NO_ROOM;
    }
    if (err == ERR_OK && !has_room(self, calls.len + node_entry_bytes)) {
        err = ERR_FULL;
    }
    err = err == ERR_OK ? take_new(self, calls, &data) : err;
    if (err != ERR_OK || data.len == 0) {
        buf_fini(&data);
        return err;
    }
    entry.data = data.data;
    entry.len = (uint32_t)data.len;
    err = propose(self, &entry, 1);
    if (err == ERR_OK) {
        note_proposed(self, calls);
    }
    return err;
}
