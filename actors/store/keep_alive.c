#include "actors/store/keep_alive.h"

#include <stdlib.h>

#include "actors/store/local.h"
#include "actors/store/parts.h"
#include "actors/store/propose.h"
#include "actors/store/reply.h"
#include "actors/store/store_state.h"
#include "common/base/array.h"

enum { first_cap = 16 };

void keep_alives_fini(struct keep_alives *self)
{
    free(self->items);
    *self = (struct keep_alives){0};
}

static void done(struct store *self, struct waiter *waiter, enum etcd_error error,
                 struct outbox *out)
{
    if (error == ETCD_OK) {
        self->packed.len = 0;
        local_keep_alive(self, waiter->lease, &self->packed);
        store_answer(self, &waiter->from, waiter->id, OUTBOX_SYNCED, buf_str(&self->packed), out);
    } else {
        self->refused_total++;
        store_refuse(&waiter->from, waiter->id, OUTBOX_SYNCED, error, out);
    }
    waiting_done(&self->waiting, waiter);
}

/* One that is written down, or on its way there: a start would count on from it. */
static bool has_rest(const struct store *self, int64_t id)
{
    struct mvcc_lease lease;

    return (mvcc_lease(self->keyspace.mvcc, id, &lease) && lease.rest_s > 0) ||
           (self->checkpointing && lessor_rest_is_last(self->keyspace.lessor, id));
}

/* False: it is not the time yet. */
static bool may_renew(const struct store *self, int64_t id)
{
    return !lessor_is_ending(self->keyspace.lessor, id) && !has_rest(self, id);
}

void keep_alive_serve(struct store *self, uint64_t number, struct waiter *waiter,
                      struct outbox *out)
{
    struct keep_alives *waits = &self->keep_alives;

    if (may_renew(self, waiter->lease)) {
        done(self, waiter, ETCD_OK, out);
    } else if (waits->count == keep_alives_max) {
        done(self, waiter, ETCD_ERROR_TOO_MANY_REQUESTS, out);
    } else {
        ARRAY_ROOM(waits->items, waits->count, waits->cap, first_cap);
        waits->items[waits->count++] = (struct keep_alive){.number = number};
    }
}

/* What can't be proposed now is tried again. */
static bool take_rest_back(struct store *self, int64_t id, int64_t deadline_ms)
{
    const struct lease_rest none = {.id = id};

    self->body.len = 0;
    keyspace_checkpoint(&self->body, &none, 1);
    return store_propose(self, deadline_ms) != 0;
}

bool keep_alives_turn(struct store *self, const struct now *now, struct outbox *out)
{
    struct keep_alives *waits = &self->keep_alives;
    bool proposed = false;
    size_t kept = 0;

    for (size_t i = 0; i < waits->count; i++) {
        struct keep_alive *item = &waits->items[i];
        struct waiter *waiter = waiting_find(&self->waiting, item->number);

        assert(waiter != NULL);
        if (may_renew(self, waiter->lease)) {
            done(self, waiter, ETCD_OK, out);
            continue;
        }
        if (now->mono_ms >= waiter->deadline_ms) {
            done(self, waiter, ETCD_ERROR_TIMEOUT, out);
            continue;
        }
        if (!item->proposed && !lessor_is_ending(self->keyspace.lessor, waiter->lease)) {
            item->proposed = take_rest_back(self, waiter->lease, waiter->deadline_ms);
            proposed = proposed || item->proposed;
        }
        waits->items[kept++] = *item;
    }
    waits->count = kept;
    return proposed;
}
