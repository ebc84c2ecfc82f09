#include "tests/store/sim/edge.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum { request_ms = 5000 };

void edge_turn(struct upstream *self, const struct now *now, struct outbox *out)
{
    upstream_enter(self, now, out);
    upstream_turn(self, now);
    watches_turn(self->watches);
}

static void on_turn_begin(void *state, const struct now *now, struct outbox *out)
{
    upstream_enter(state, now, out);
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    (void)from;
    (void)index;
    upstream_answer(state, msg, now, out);
}

static int64_t due_ms(void *state, const struct now *now)
{
    return upstream_due_ms(state, now);
}

static struct position position(void *state)
{
    return ((const struct upstream *)state)->publisher.at;
}

const struct actor_spec edge_spec = {
    .name = ACTOR_ETCD,
    .answer = on_answer,
    .turn_begin = on_turn_begin,
    .due_ms = due_ms,
    .position = position,
};

struct upstream *edge_new(struct plan *plan, const struct now *now)
{
    const struct upstream_options options = {
        .watches = {.to = ACTOR_STORE,
                    .watchers_max = plan->watchers_max,
                    .stream_watchers_max = plan->watchers_max,
                    .waiting_max = plan->watch_waiting_max,
                    .stream_waiting_max = plan->watch_waiting_max,
                    .keys_max = (size_t)1 << 20,
                    .request_max = plan->fragment_bytes,
                    .response_max = (size_t)512 << 20,
                    .progress_interval_ms = plan->progress_ms,
                    .seed = plan_below(plan, UINT64_MAX)},
        .relay = {.to = ACTOR_STORE,
                  .calls_max = plan->calls_max,
                  .kept_max = plan->kept_max,
                  .answer_ms = request_ms + 2 * plan->election_ms,
                  .wait_ms = plan->election_ms},
        .election_ms = plan->election_ms,
        .boot = 1,
    };
    struct upstream *self = heap_new(sizeof(*self));

    upstream_init(self, &options, now);
    return self;
}

void edge_destroy(struct upstream **self)
{
    if (*self != NULL) {
        upstream_fini(*self);
        free(*self);
        *self = NULL;
    }
}
