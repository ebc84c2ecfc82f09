#include "gateway/discovery/early.h"

#include <stdlib.h>

#include "common/base/deadlines.h"
#include "common/base/heap.h"
#include "gateway/discovery/replica.h"

struct waiter {
    struct parked parked;     /* first: the request's user */
    struct deadline deadline; /* second: found by it */
    struct request *request;
    route_fn *serve;
};

struct early {
    struct deadlines deadlines;
    bool serving; /* one whose wait is over: it does not wait again */
};

struct early *early_new(void)
{
    struct early *self = heap_new(sizeof(*self));

    return self;
}

static struct waiter *first_of(const struct early *self)
{
    struct deadline *first = deadlines_first(&self->deadlines);

    return first == NULL
               ? NULL
               : (struct waiter *)(void *)((char *)first - offsetof(struct waiter, deadline));
}

static void forget(struct early *self, struct waiter *waiter)
{
    deadlines_remove(&self->deadlines, &waiter->deadline);
    free(waiter);
}

void early_destroy(struct early **self)
{
    struct early *it = *self;

    *self = NULL;
    if (it != NULL) {
        while (first_of(it) != NULL) {
            forget(it, first_of(it));
        }
        deadlines_fini(&it->deadlines);
        free(it);
    }
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    forget(gateway->early, (struct waiter *)(void *)parked);
}

static int64_t wait_ms(const struct gateway *gateway, const struct request *request)
{
    int64_t most_ms = gateway->config->gateway_write_deadline;
    int64_t theirs_ms;

    most_ms = most_ms < early_wait_max_ms ? most_ms : early_wait_max_ms;
    if (str_to_i64(request_header(request, HEADER_BMSPY_TIMEOUT), &theirs_ms) == ERR_OK &&
        theirs_ms >= 0 && theirs_ms < most_ms) {
        return theirs_ms;
    }
    return most_ms;
}

bool early_waits(struct gateway *gateway, struct request *request, route_fn *serve,
                 const struct now *now)
{
    struct early *self = gateway->early;
    struct waiter *waiter;

    if (self->serving || self->deadlines.count >= early_max ||
        !replica_protect(gateway->replica, now).syncing) {
        return false;
    }
    waiter = heap_new(sizeof(*waiter));
    waiter->parked.gone = on_gone;
    waiter->request = request;
    waiter->serve = serve;
    deadlines_set(&self->deadlines, &waiter->deadline, now->mono_ms + wait_ms(gateway, request));
    request_set_user(request, waiter);
    request_await(request);
    return true;
}

void early_turn(struct gateway *gateway, const struct now *now)
{
    struct early *self = gateway->early;
    struct waiter *waiter;

    while ((waiter = first_of(self)) != NULL && (waiter->deadline.due_ms <= now->mono_ms ||
                                                 !replica_protect(gateway->replica, now).syncing)) {
        struct request *request = waiter->request;
        route_fn *serve = waiter->serve;

        request_set_user(request, NULL);
        forget(self, waiter);
        self->serving = true;
        serve(gateway, request, now);
        self->serving = false;
    }
}

int64_t early_due_ms(const struct early *self)
{
    const struct deadline *first = deadlines_first(&self->deadlines);

    return first == NULL ? INT64_MAX : first->due_ms;
}

uint32_t early_count(const struct early *self)
{
    return (uint32_t)self->deadlines.count;
}
