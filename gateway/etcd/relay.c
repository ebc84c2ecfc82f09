#include "gateway/etcd/relay.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/deadlines.h"
#include "common/base/heap.h"

struct entry {
    struct deadline due;  /* first */
    struct h2_call *call; /* NULL: free */
    uint32_t use;         /* how often this place was used: part of its id */
    bool clients_own;     /* the deadline is the client's */
    uint32_t next_free;
};

enum { first_cap = 256 };

struct relay {
    struct relay_options options;
    struct entry **entries; /* each stays where it is: call->user and deadlines point to it */
    uint32_t cap;
    uint32_t free; /* index of the first; cap: none */
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
    free(relay->entries[0]);
    for (uint32_t block = first_cap; block < relay->cap; block *= 2) {
        free(relay->entries[block]);
    }
    free(relay->entries);
    free(relay);
    *self = NULL;
}

static void release(struct relay *self, struct entry *entry, uint32_t index)
{
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

static uint32_t index_of(const struct h2_call *call)
{
    return (uint32_t)((uintptr_t)call->user - 1);
}

void relay_send(struct relay *self, struct h2_call *call, uint64_t boot, struct str request,
                const struct now *now, struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_CALL};
    int64_t left_ms = self->options.answer_ms;
    struct entry *entry;
    uint32_t index;

    if (self->counts.under_way >= self->options.calls_max) {
        self->counts.refused_total++;
        h2_end_error(call, ETCD_ERROR_TOO_MANY_REQUESTS);
        return;
    }
    if (self->free == self->cap) {
        grow(self);
    }
    index = self->free;
    entry = self->entries[index];
    entry->clients_own = call->timeout_ms >= 0 && call->timeout_ms < left_ms;
    left_ms = entry->clients_own ? call->timeout_ms : left_ms;
    msg.as_call = (struct msg_call){.id = id_of(entry, index),
                                    .boot = boot,
                                    .method = (uint32_t)call->method,
                                    .left_ms = left_ms > 0 ? left_ms : 1,
                                    .token = call->token,
                                    .request = request};
    if (outbox_command(out, self->options.to, 0, &msg) != ERR_OK) {
        self->counts.refused_total++;
        h2_end_error(call, ETCD_ERROR_TOO_MANY_REQUESTS);
        return;
    }
    self->free = entry->next_free;
    entry->call = call;
    call->user = (void *)(uintptr_t)(index + 1);
    deadlines_set(&self->deadlines, &entry->due, now->mono_ms + left_ms);
    self->counts.under_way++;
    self->counts.sent_total++;
}

void relay_gone(struct relay *self, struct h2_call *call)
{
    if (call->user != NULL) {
        uint32_t index = index_of(call);

        release(self, self->entries[index], index);
    }
}

void relay_answer(struct relay *self, const struct msg *msg)
{
    const struct msg_answered *answer = &msg->as_answered;
    uint32_t index = (uint32_t)answer->id;
    struct entry *entry = index < self->cap ? self->entries[index] : NULL;
    struct h2_call *call;

    if (entry == NULL || entry->call == NULL || id_of(entry, index) != answer->id) {
        self->counts.late_total++;
        return;
    }
    call = entry->call;
    release(self, entry, index);
    if (answer->code == GRPC_OK) {
        h2_send(call, answer->response);
    }
    h2_end(call, answer->code < GRPC_END ? (enum grpc_code)answer->code : GRPC_UNKNOWN,
           answer->text);
}

void relay_lost(struct relay *self)
{
    for (uint32_t i = 0; i < self->cap; i++) {
        struct entry *entry = self->entries[i];
        struct h2_call *call = entry->call;

        if (call != NULL) {
            release(self, entry, i);
            h2_end_error(call, ETCD_ERROR_TIMEOUT_LEADER_FAILED);
        }
    }
}

void relay_turn(struct relay *self, const struct now *now)
{
    struct deadline *first;

    while ((first = deadlines_first(&self->deadlines)) != NULL && first->due_ms <= now->mono_ms) {
        struct entry *entry = (struct entry *)first;
        struct h2_call *call = entry->call;

        release(self, entry, index_of(call));
        self->counts.expired_total++;
        if (entry->clients_own) {
            h2_end(call, GRPC_DEADLINE_EXCEEDED, STR("context deadline exceeded"));
        } else {
            h2_end_error(call, ETCD_ERROR_TIMEOUT);
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
