#include "gateway/etcd/relay.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/deadlines.h"
#include "common/base/heap.h"

struct entry {
    struct deadline due; /* first */
    struct rpc *call;    /* NULL: free */
    uint32_t use;        /* how often this place was used: part of its id */
    uint32_t next_free;
    int64_t clients_ms;   /* the client's own deadline; INT64_MAX: none */
    bool waits;           /* for the store; else it was sent */
    struct buf request;   /* while it waits */
    struct buf parts;     /* of its response, so far */
    uint32_t taken;       /* how many they are */
    struct entry *before; /* of those that wait, the oldest first */
    struct entry *next;
};

enum { first_cap = 256 };

struct relay {
    struct relay_options options;
    struct entry **entries; /* each stays where it is: call->user and deadlines point to it */
    uint32_t cap;
    uint32_t free; /* index of the first; cap: none */
    struct entry *first_waiting;
    struct entry *last_waiting;
    uint64_t boot; /* of the store; 0: never seen */
    bool up;
    struct deadlines deadlines;
    struct relay_counts counts;
};

static void grow(struct relay *self)
{
    uint32_t cap = self->cap == 0 ? first_cap : self->cap * 2;
    struct entry *block = heap_array(cap - self->cap, sizeof(*block));

    self->entries = heap_resize(self->entries, cap * sizeof(struct entry *));
    for (uint32_t i = self->cap; i < cap; i++) {
        self->entries[i] = &block[i - self->cap];
        self->entries[i]->next_free = i + 1;
    }
    self->free = self->cap;
    self->cap = cap;
}

struct relay *relay_new(const struct relay_options *options)
{
    struct relay *self = heap_new(sizeof(*self));

    self->options = *options;
    grow(self);
    return self;
}

void relay_destroy(struct relay **self)
{
    struct relay *relay = *self;

    if (relay == NULL) {
        return;
    }
    deadlines_fini(&relay->deadlines);
    for (uint32_t i = 0; i < relay->cap; i++) {
        buf_fini(&relay->entries[i]->request);
        buf_fini(&relay->entries[i]->parts);
    }
    free(relay->entries[0]);
    for (uint32_t block = first_cap; block < relay->cap; block *= 2) {
        free(relay->entries[block]);
    }
    free(relay->entries);
    free(relay);
    *self = NULL;
}

static void wait_in_line(struct relay *self, struct entry *entry)
{
    entry->waits = true;
    entry->before = self->last_waiting;
    entry->next = NULL;
    *(entry->before != NULL ? &entry->before->next : &self->first_waiting) = entry;
    self->last_waiting = entry;
    self->counts.waiting++;
    self->counts.kept_bytes += entry->request.len;
}

static void leave_line(struct relay *self, struct entry *entry)
{
    entry->waits = false;
    *(entry->before != NULL ? &entry->before->next : &self->first_waiting) = entry->next;
    *(entry->next != NULL ? &entry->next->before : &self->last_waiting) = entry->before;
    self->counts.waiting--;
    self->counts.kept_bytes -= entry->request.len;
    buf_fini(&entry->request);
}

static void release(struct relay *self, struct entry *entry, uint32_t index)
{
    if (entry->waits) {
        leave_line(self, entry);
    }
    self->counts.parts_bytes -= entry->parts.len;
    buf_fini(&entry->parts);
    entry->taken = 0;
    deadlines_remove(&self->deadlines, &entry->due);
    entry->call = NULL;
    entry->use++;
    entry->next_free = self->free;
    self->free = index;
    self->counts.under_way--;
}

/* An id is a place and how often it was used, so that a late answer finds nobody. */
static uint64_t id_of(const struct entry *entry, uint32_t index)
{
    return (uint64_t)entry->use << 32 | index;
}

static uint32_t index_of(const struct rpc *call)
{
    return (uint32_t)((uintptr_t)call->user - 1);
}

static void refuse(struct relay *self, struct rpc *call)
{
    self->counts.refused_total++;
    rpc_end_error(call, ETCD_ERROR_TOO_MANY_REQUESTS);
}

static int64_t at_most(int64_t due_ms, int64_t limit_ms)
{
    return due_ms < limit_ms ? due_ms : limit_ms;
}

static enum err pass_on(struct relay *self, struct entry *entry, uint32_t index,
                        const struct rpc *call, struct str request, const struct now *now,
                        struct outbox *out)
{
    int64_t due_ms = at_most(entry->clients_ms, now->mono_ms + self->options.answer_ms);
    int64_t left_ms = due_ms - now->mono_ms;
    const struct msg msg = {.type = MSG_TYPE_CALL,
                            .as_call = {.id = id_of(entry, index),
                                        .boot = self->boot,
                                        .method = (uint32_t)call->method,
                                        .left_ms = left_ms > 0 ? left_ms : 1,
                                        .token = call->token,
                                        .request = request}};
    enum err err = outbox_command(out, self->options.to, 0, &msg);

    if (err == ERR_OK) {
        deadlines_set(&self->deadlines, &entry->due, due_ms);
        self->counts.sent_total++;
    }
    return err;
}

void relay_send(struct relay *self, struct rpc *call, struct str request, const struct now *now,
                struct outbox *out)
{
    struct entry *entry;
    uint32_t index;

    if (self->counts.under_way >= self->options.calls_max ||
        (!self->up && self->counts.kept_bytes + request.len > self->options.kept_max)) {
        refuse(self, call);
        return;
    }
    if (self->free == self->cap) {
        grow(self);
    }
    index = self->free;
    entry = self->entries[index];
    entry->clients_ms = call->timeout_ms >= 0 ? now->mono_ms + call->timeout_ms : INT64_MAX;
    if (!self->up) {
        buf_add_str(&entry->request, request);
        wait_in_line(self, entry);
        deadlines_set(&self->deadlines, &entry->due,
                      at_most(entry->clients_ms, now->mono_ms + self->options.wait_ms));
    } else if (pass_on(self, entry, index, call, request, now, out) != ERR_OK) {
        refuse(self, call);
        return;
    }
    self->free = entry->next_free;
    entry->call = call;
    call->user = (void *)(uintptr_t)(index + 1);
    self->counts.under_way++;
}

static void end_sent(struct relay *self)
{
    for (uint32_t i = 0; i < self->cap; i++) {
        struct entry *entry = self->entries[i];
        struct rpc *call = entry->call;

        if (call != NULL && !entry->waits) {
            release(self, entry, i);
            rpc_end_error(call, ETCD_ERROR_TIMEOUT_LEADER_FAILED);
        }
    }
}

void relay_up(struct relay *self, uint64_t boot, const struct now *now, struct outbox *out)
{
    assert(boot != 0);
    if (boot != self->boot) {
        end_sent(self);
    }
    self->boot = boot;
    self->up = true;
    while (self->first_waiting != NULL) {
        struct entry *entry = self->first_waiting;
        struct rpc *call = entry->call;
        uint32_t index = index_of(call);

        if (pass_on(self, entry, index, call, buf_str(&entry->request), now, out) == ERR_OK) {
            leave_line(self, entry);
        } else {
            release(self, entry, index);
            refuse(self, call);
        }
    }
}

void relay_down(struct relay *self)
{
    self->up = false;
}

bool relay_is_up(const struct relay *self)
{
    return self->up;
}

uint64_t relay_boot(const struct relay *self)
{
    return self->boot;
}

void relay_gone(struct relay *self, struct rpc *call)
{
    if (call->user != NULL) {
        uint32_t index = index_of(call);

        release(self, self->entries[index], index);
    }
}

static enum err tell_taken(const struct relay *self, uint64_t id, uint32_t taken, bool wanted,
                           struct outbox *out)
{
    const struct msg msg = {
        .type = MSG_TYPE_PART_TAKEN,
        .as_part_taken = {.id = id, .boot = self->boot, .taken = taken, .wanted = wanted}};

    return outbox_command(out, self->options.to, 0, &msg);
}

/* False: it is too much. */
static bool add_part(struct relay *self, struct entry *entry, struct str part)
{
    if (part.len > self->options.parts_max - self->counts.parts_bytes) {
        return false;
    }
    buf_add_str(&entry->parts, part);
    self->counts.parts_bytes += part.len;
    return true;
}

/* There is no room for what it was answered. Only a Range has surely done nothing. */
static void drop_answer(struct relay *self, struct rpc *call)
{
    self->counts.refused_total++;
    rpc_end_error(call, call->method == ETCD_METHOD_RANGE ? ETCD_ERROR_TOO_MANY_REQUESTS
                                                          : ETCD_ERROR_TIMEOUT);
}

/* The first of the parts, or one that goes on. */
static void take_part(struct relay *self, struct entry *entry, const struct msg_answered *answer,
                      const struct now *now, struct outbox *out)
{
    entry->taken++;
    if (add_part(self, entry, answer->response) &&
        tell_taken(self, answer->id, entry->taken, true, out) == ERR_OK) {
        deadlines_set(&self->deadlines, &entry->due,
                      at_most(entry->clients_ms, now->mono_ms + self->options.answer_ms));
    } else {
        struct rpc *call = entry->call;

        (void)tell_taken(self, answer->id, entry->taken, false, out);
        release(self, entry, (uint32_t)answer->id);
        drop_answer(self, call);
    }
}

/* All of it is here. */
static void end_with(struct relay *self, struct entry *entry, const struct msg_answered *answer)
{
    struct rpc *call = entry->call;
    struct buf whole = {0};

    if (entry->taken > 0 && answer->code == GRPC_OK) {
        if (!add_part(self, entry, answer->response)) {
            release(self, entry, (uint32_t)answer->id);
            drop_answer(self, call);
            return;
        }
        self->counts.parts_bytes -= entry->parts.len;
        whole = entry->parts;
        entry->parts = (struct buf){0};
    }
    release(self, entry, (uint32_t)answer->id);
    if (answer->code == GRPC_OK) {
        rpc_send(call, whole.len > 0 ? buf_str(&whole) : answer->response);
    }
    buf_fini(&whole);
    rpc_end(call, answer->code < GRPC_END ? (enum grpc_code)answer->code : GRPC_UNKNOWN,
            answer->text);
}

void relay_answer(struct relay *self, const struct msg *msg, const struct now *now,
                  struct outbox *out)
{
    const struct msg_answered *answer = &msg->as_answered;
    uint32_t index = (uint32_t)answer->id;
    struct entry *entry = index < self->cap ? self->entries[index] : NULL;

    if (entry == NULL || entry->call == NULL || id_of(entry, index) != answer->id) {
        self->counts.late_total++;
        if (answer->more) {
            (void)tell_taken(self, answer->id, 0, false, out);
        }
    } else if (answer->more && answer->code == GRPC_OK) {
        take_part(self, entry, answer, now, out);
    } else {
        end_with(self, entry, answer);
    }
}

void relay_turn(struct relay *self, const struct now *now)
{
    struct deadline *first;

    while ((first = deadlines_first(&self->deadlines)) != NULL && first->due_ms <= now->mono_ms) {
        struct entry *entry = (struct entry *)first;
        struct rpc *call = entry->call;

        bool waited = entry->waits;

        release(self, entry, index_of(call));
        self->counts.expired_total++;
        if (entry->clients_ms <= now->mono_ms) {
            rpc_end(call, GRPC_DEADLINE_EXCEEDED, STR("context deadline exceeded"));
        } else {
            rpc_end_error(call, waited ? ETCD_ERROR_STOPPED : ETCD_ERROR_TIMEOUT);
        }
    }
}

int64_t relay_due_ms(const struct relay *self)
{
    const struct deadline *first = deadlines_first(&self->deadlines);

    return first != NULL ? first->due_ms : INT64_MAX;
}

void relay_counts(const struct relay *self, struct relay_counts *counts)
{
    *counts = self->counts;
}
