#include "gateway/operate/asker.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/heap.h"

static void unlink_it(struct asker *self)
{
    *(self->before != NULL ? &self->before->next : &self->operate->askers) = self->next;
    if (self->next != NULL) {
        self->next->before = self->before;
    }
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    struct asker *self = (struct asker *)(void *)parked;

    (void)gateway;
    round_leave(self->operate->view.round, &self->waiter);
    unlink_it(self);
    free(self);
}

static void on_done(struct round_waiter *waiter, const struct round *round, const struct now *now)
{
    struct asker *self = (struct asker *)(void *)((char *)waiter - offsetof(struct asker, waiter));

    unlink_it(self);
    self->answer(self, round, now);
    free(self);
}

void asker_begin(struct operate *self, const struct operate_ask *ask, size_t after,
                 asker_fn *answer)
{
    struct asker *asker = heap_new(sizeof(*asker));

    asker->parked.gone = on_gone;
    asker->waiter.done = on_done;
    asker->operate = self;
    asker->request = ask->request;
    asker->answer = answer;
    asker->limit = ask->args.number[OPERATE_LIMIT];
    asker->after = after;
    asker->next = self->askers;
    if (asker->next != NULL) {
        asker->next->before = asker;
    }
    self->askers = asker;
    request_set_user(ask->request, asker);
    request_park(ask->request);
    round_join(self->view.round, &asker->waiter, ask->now, ask->out);
}

void askers_end(struct operate *self)
{
    while (self->askers != NULL) {
        struct asker *asker = self->askers;

        round_leave(self->view.round, &asker->waiter);
        self->askers = asker->next;
        free(asker);
    }
}
